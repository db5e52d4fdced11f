// A recording as NDJSON, from a file or stdin, plain or gzip. It is read once, in small parts, whatever its size; a line in the wrong place
// of time comes where it stands.
import { createReadStream } from 'node:fs';
import { open } from 'node:fs/promises';
import type { Readable } from 'node:stream';
import { pipeline } from 'node:stream';
import { createGunzip } from 'node:zlib';
import { show } from '../../telemetry/description.ts';
import type { Description } from '../../telemetry/description.ts';
import { decodeRecordingLine } from '../../telemetry/ndjson.ts';
import type { RecordingHeader, RecordingLine } from '../../telemetry/ndjson.ts';
import { UsageError } from '../options.ts';
import { STDOUT as STDIN } from './sink.ts';
import { recordOf, selectKinds } from './source.ts';
import type { Message, Selection, Source } from './source.ts';

/** A header with many kinds is long, a line that has no end is no recording. */
const MAX_LINE_LENGTH = 16_000_000;
const GZIP_MAGIC = [0x1f, 0x8b];

/** @param path `-` for stdin. @throws UsageError for a file that is none, with the line */
export async function openNdjsonSource(path: string, selection: Selection): Promise<Source> {
  const stream = await openText(path);
  const lines = decoded(path, stream);
  const first = await lines.next();
  const begin = first.done ? undefined : first.value[0];
  if (begin?.type !== 'header') {
    stream.destroy();
    const found = begin === undefined ? 'nothing' : show(recordOf(begin));
    throw new UsageError(
      `${path} line 1: a recording begins with {"citytwin":1,"city":…,"descriptions":[…]}, got ${found}`,
    );
  }
  const descriptions = selectKinds(begin.header.descriptions, selection);
  return {
    header: { ...begin.header, descriptions },
    messages: async function* () {
      const kinds = new Map(descriptions.map((description) => [description.kind, description]));
      for (let part: readonly RecordingLine[] | undefined = first.done ? [] : first.value.slice(1); part;) {
        yield selected(part, kinds, selection);
        const next = await lines.next();
        part = next.done ? undefined : next.value;
      }
    },
    close: async () => {
      stream.destroy();
    },
  };
}

/** Without what was not asked for. Further headers, of recordings put together, must say the same. */
function selected(
  lines: readonly RecordingLine[],
  kinds: ReadonlyMap<string, Description>,
  { kinds: wanted, fromMs, toMs }: Selection,
): Message[] {
  const messages: Message[] = [];
  for (const line of lines) {
    if (line.type === 'header') {
      checkSame(line.header, kinds, wanted);
      continue;
    }
    const { kind, ts } = recordOf(line);
    if (ts < fromMs || ts >= toMs) continue;
    if (kinds.has(kind)) messages.push(line);
    else if (wanted === undefined) throw new UsageError(`kind ${kind} is not in the recording's header`);
  }
  return messages;
}

function checkSame(
  { descriptions }: RecordingHeader,
  kinds: ReadonlyMap<string, Description>,
  wanted?: readonly string[],
): void {
  for (const { kind, fields } of descriptions) {
    if (wanted !== undefined && !wanted.includes(kind)) continue;
    if (JSON.stringify(kinds.get(kind)?.fields) !== JSON.stringify(fields))
      throw new UsageError(`a second header describes kind ${kind} in another way than the first`);
  }
}

async function* decoded(path: string, stream: Readable): AsyncGenerator<RecordingLine[]> {
  let number = 0;
  for await (const texts of linesOf(path, stream)) {
    const lines: RecordingLine[] = [];
    for (const text of texts) {
      number++;
      if (text.trim() === '') continue;
      try {
        lines.push(decodeRecordingLine(text, number));
      } catch (error) {
        throw new UsageError(`${path} ${(error as Error).message}`);
      }
    }
    if (lines.length > 0) yield lines;
  }
}

async function* linesOf(path: string, stream: Readable): AsyncGenerator<string[]> {
  const decoder = new TextDecoder();
  let rest = '';
  try {
    for await (const chunk of stream as AsyncIterable<Uint8Array>) {
      const lines = (rest + decoder.decode(chunk, { stream: true })).split('\n');
      rest = lines.pop()!;
      if (rest.length > MAX_LINE_LENGTH) throw new Error(`a line is longer than ${MAX_LINE_LENGTH} characters`);
      yield lines;
    }
  } catch (error) {
    throw new UsageError(`cannot read ${path} to its end: ${(error as Error).message}`);
  }
  if (rest !== '') yield [rest];
}

async function openText(path: string): Promise<Readable> {
  if (path === STDIN) return process.stdin;
  let head: Uint8Array;
  try {
    const file = await open(path);
    try {
      head = (await file.read(new Uint8Array(2), 0, 2, 0)).buffer;
    } finally {
      await file.close();
    }
  } catch (error) {
    throw new UsageError(`cannot read ${path}: ${(error as Error).message}`);
  }
  const stream = createReadStream(path);
  // The error of either side reaches whoever reads the end.
  return GZIP_MAGIC.every((byte, at) => head[at] === byte) ? pipeline(stream, createGunzip(), () => undefined) : stream;
}
