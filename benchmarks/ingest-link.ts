// Records a second through a broker and an api in processes of their own, into DuckDB: the broker acknowledges by itself, or only what the api
// has acknowledged (--await-api). `node benchmarks/ingest-link.ts [rounds] [seconds] [window]`; both are measured once a round, in turn.
import { mkdtempSync } from 'node:fs';
import { cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { measure } from './ingest/measure.ts';
import type { Measured } from './ingest/measure.ts';
import { Program } from './ingest/program.ts';

const LAUNCHER = join(import.meta.dirname, '../bin/citytwin.js');
const WARM_UP_S = 4;
const LOAD = { connections: 20, devices: 1000, warmUpS: WARM_UP_S, qos: 1, needsCredit: false } as const;

const [rounds = 3, seconds = 12, window = 8000] = process.argv.slice(2).map(Number);
console.log(
  `${new Date().toISOString().slice(0, 10)}, ${cpus()[0]!.model}, ${cpus().length} cores, Node ${process.version}, load ${loadavg()[0]!.toFixed(1)} at the start, window ${window}\n`,
);
console.log(
  '| the broker acknowledges | acked/s | ack p50 · p99 · p99.9 · max, ms | stored/s | not stored at the end, drained in | CPU s per million: broker · api · publisher | peak MB: broker · api | sent − stored |',
);
console.log('|---|---|---|---|---|---|---|---|');
for (let round = 0; round < rounds; round++) {
  for (const flags of [[], ['--await-api']]) {
    const { ackMs, cpuSPerMillion, peakMb, ...measured } = await apart(flags);
    const cells = [
      flags.length > 0 ? 'with the api (`--await-api`)' : 'by itself',
      measured.ackedPerS.toLocaleString('en'),
      `${ackMs.p50} · ${ackMs.p99} · ${ackMs.p999} · ${ackMs.max}`,
      measured.storedPerS.toLocaleString('en'),
      `${measured.backlog.toLocaleString('en')}, ${measured.drainS} s`,
      `${cpuSPerMillion.broker} · ${cpuSPerMillion.api} · ${cpuSPerMillion.publisher}`,
      `${peakMb.broker} · ${peakMb.api}`,
      measured.sent - measured.stored,
    ];
    console.log(`| ${cells.join(' | ')} |`);
  }
}
process.exit();

async function apart(flags: readonly string[]): Promise<Measured> {
  const broker = await service('broker', ['--mqtt-port', '0', ...flags]);
  const { mqtt } = JSON.parse(broker.stdout) as { mqtt: string };
  const data = mkdtempSync(join(tmpdir(), 'citytwin-link-'));
  try {
    const api = await service('api', ['--broker', mqtt, '--data', data], data);
    try {
      const { http } = JSON.parse(api.stdout) as { http: string };
      const stored = async () => {
        const response = await fetch(`${http}/api/counters`);
        return ((await response.json()) as { ingest: { stored: number } }).ingest.stored;
      };
      const job = { ...LOAD, window, measureS: seconds, port: Number(new URL(mqtt).port) };
      return await measure({ programs: { broker, api }, stored }, job);
    } finally {
      await api.end();
    }
  } finally {
    await broker.end();
  }
}

function service(name: string, args: readonly string[], folder?: string): Promise<Program> {
  return Program.start({
    command: process.execPath,
    args: [LAUNCHER, name, '--port', '0', '--json', '--log-level', 'warn', ...args],
    ...(folder !== undefined && { folder }),
    isReady: (stdout) => stdout.includes('"ready":true'),
  });
}
