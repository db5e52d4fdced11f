// A server that answers writes as a test says, and everything else like an InfluxDB of either version that has what it needs.
import { createServer } from 'node:http';
import type { IncomingHttpHeaders } from 'node:http';
import type { AddressInfo } from 'node:net';
import { gunzipSync } from 'node:zlib';

export interface FakeAnswer {
  /** 0: the connection breaks off in the middle of an answer that began well. */
  readonly status: number;
  readonly body?: string;
  readonly headers?: { readonly [name: string]: string };
}

export interface FakeInflux {
  readonly url: string;
  /** Bodies of the writes so far, line by line. */
  readonly writes: string[][];
  readonly headers: IncomingHttpHeaders[];
  /** Writes that were asked and not answered, by clients that are still there. */
  readonly openWrites: number;
  close(): void;
}

/** @param answer undefined: never answers that write */
export async function fakeInflux(
  answer: (lines: string[]) => FakeAnswer | undefined | Promise<FakeAnswer>,
): Promise<FakeInflux> {
  const writes: string[][] = [];
  const headers: IncomingHttpHeaders[] = [];
  let openWrites = 0;
  const server = createServer((request, response) => {
    const chunks: Buffer[] = [];
    request.on('data', (chunk: Buffer) => chunks.push(chunk));
    request.on('end', () => {
      const { pathname } = new URL(request.url!, 'http://x');
      if (pathname !== '/write' && pathname !== '/api/v2/write') {
        response.setHeader('content-type', 'application/json');
        response.end(JSON.stringify(others(pathname, request.url!)));
        return;
      }
      const body = Buffer.concat(chunks);
      const lines = (request.headers['content-encoding'] === 'gzip' ? gunzipSync(body) : body).toString().split('\n');
      openWrites++;
      response.once('close', () => openWrites--);
      writes.push(lines);
      headers.push(request.headers);
      void Promise.resolve(answer(lines)).then((told) => {
        if (told?.status === 0) request.socket.end('HTTP/1.1 204 No Con');
        else if (told) response.writeHead(told.status, told.headers).end(told.body);
      });
    });
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    writes,
    headers,
    get openWrites() {
      return openWrites;
    },
    close() {
      server.closeAllConnections();
      server.close();
    },
  };
}

function others(pathname: string, url: string): unknown {
  if (pathname === '/api/v2/buckets') return { buckets: [{ id: 'b'.repeat(16), orgID: 'a'.repeat(16), name: 'x' }] };
  if (pathname === '/api/v2/dbrps')
    return { content: [{ database: 'x', retention_policy: 'autogen', default: true, bucketID: 'b'.repeat(16) }] };
  const databases = { series: [{ name: 'databases', columns: ['name'], values: [['x']] }] };
  return { results: [url.includes('DATABASES') ? databases : {}] };
}
