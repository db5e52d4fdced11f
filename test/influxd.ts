// Starts a real InfluxDB 1.x server for tests, on free ports of 127.0.0.1 with its data in a temporary folder.
import { spawn, spawnSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { partsRequired } from './parts.ts';
import { freePort } from './ports.ts';

export interface Influxd {
  readonly url: string;
  /** Where its data lies. */
  readonly folder: string;
  /** Ends the server and removes its data. */
  stop(): Promise<void>;
  /** Ends the server at once and starts it again on the same port with the same data. */
  restart(): Promise<void>;
}

const START_DEADLINE_MS = 20_000;
const POLL_MS = 50;

/** True where the `influxd` binary of InfluxDB 1.x is installed. */
function hasInfluxd(): boolean {
  const { status, stdout } = spawnSync('influxd', ['version'], { encoding: 'utf8' });
  return status === 0 && stdout.includes('InfluxDB v1');
}

/** @returns undefined when InfluxDB 1.x is not installed. @throws Error when it is required, or does not start. */
export async function startInfluxd(): Promise<Influxd | undefined> {
  if (!hasInfluxd()) {
    if (partsRequired)
      throw new Error('influxd (InfluxDB 1.x) is required here and not installed: apt-get install influxdb');
    return undefined;
  }
  const folder = await mkdtemp(join(tmpdir(), 'citytwin-influxd-'));
  const [http, rpc] = await Promise.all([freePort(), freePort()]);
  const url = `http://127.0.0.1:${http}`;
  await writeFile(join(folder, 'influxd.conf'), configuration(folder, http, rpc));
  let server = await launch(folder, url);
  return {
    url,
    folder,
    async stop() {
      await server.kill('SIGTERM');
      await rm(folder, { recursive: true, force: true });
    },
    async restart() {
      await server.kill('SIGKILL');
      server = await launch(folder, url);
    },
  };
}

async function launch(folder: string, url: string): Promise<{ kill(signal: NodeJS.Signals): Promise<void> }> {
  const child = spawn('influxd', ['-config', join(folder, 'influxd.conf')], { stdio: ['ignore', 'ignore', 'pipe'] });
  let log = '';
  child.stderr.on('data', (chunk: Buffer) => {
    log = (log + chunk.toString()).slice(-2000);
  });
  const ended = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
  });
  const endWithUs = (): void => {
    child.kill('SIGKILL');
  };
  process.once('exit', endWithUs);
  for (const deadline = Date.now() + START_DEADLINE_MS; !(await answers(url));) {
    if (child.exitCode !== null || Date.now() > deadline) {
      child.kill('SIGKILL');
      throw new Error(`influxd does not start at ${url}: ${log}`);
    }
    await new Promise((resolve) => setTimeout(resolve, POLL_MS));
  }
  return {
    async kill(signal) {
      process.off('exit', endWithUs);
      child.kill(signal);
      await ended;
    },
  };
}

async function answers(url: string): Promise<boolean> {
  try {
    const response = await fetch(`${url}/ping`, { signal: AbortSignal.timeout(1_000) });
    return response.status === 204;
  } catch {
    return false;
  }
}

function configuration(folder: string, http: number, rpc: number): string {
  return `reporting-enabled = false
bind-address = "127.0.0.1:${rpc}"
[meta]
  dir = "${folder}/meta"
  logging-enabled = false
[data]
  dir = "${folder}/data"
  wal-dir = "${folder}/wal"
  query-log-enabled = false
[monitor]
  store-enabled = false
[http]
  bind-address = "127.0.0.1:${http}"
  log-enabled = false
[continuous_queries]
  enabled = false
[logging]
  level = "warn"
`;
}
