// How many records a second are stored, beside others that do the same on the same machine in the same run; prints tables in markdown.
// `node benchmarks/ingest/run.ts --help`
import { cpus, loadavg } from 'node:os';
import { parseArgs } from 'node:util';
import type { Measured } from './measure.ts';
import { measureReplay } from './measure.ts';
import { NODE_RED } from './node-red.ts';
import type { Load } from './systems.ts';
import {
  cityIntoDuckDb,
  cityIntoInflux,
  nodeRedIntoInflux,
  pythonIntoInflux,
  pythonVersion,
  withInflux,
} from './systems.ts';

const HELP = `node benchmarks/ingest/run.ts [options]
  --parts duckdb,influx   duckdb: into DuckDB, at full speed and by the clock; influx: into InfluxDB, beside replay and peers
  --only a,b              of influx: replay, city, python, node-red
  --rounds 3              every system is measured once a round, in turn
  --seconds 60            of a measurement into DuckDB
  --influx-seconds 15     of a measurement into InfluxDB
  --rate 80000            records a second by the clock
  --devices 1000          a multiple of the connections, at most 10,000
  --connections 20
  --window 8000           records on their way to be acknowledged, of all connections together
  --node-args=--cpu-prof  for our process`;

const WARM_UP_S = 5;
const REPLAY_TRIED = [
  { linesAtOnce: 5000, inFlight: 1 },
  { linesAtOnce: 5000, inFlight: 2 },
  { linesAtOnce: 10_000, inFlight: 2 },
  { linesAtOnce: 20_000, inFlight: 1 },
  { linesAtOnce: 20_000, inFlight: 2 },
];
const TRIED_LINES = 400_000;
const REPLAY_LINES_PER_S = 100_000;

const { values } = parseArgs({
  options: {
    help: { type: 'boolean', default: false },
    parts: { type: 'string', default: 'duckdb,influx' },
    only: { type: 'string', default: 'replay,city,python,node-red' },
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '60' },
    'influx-seconds': { type: 'string', default: '15' },
    rate: { type: 'string', default: '80000' },
    devices: { type: 'string', default: '1000' },
    connections: { type: 'string', default: '20' },
    window: { type: 'string', default: '8000' },
    'node-args': { type: 'string', default: '' },
  },
});
const nodeArguments = values['node-args'].split(' ').filter(Boolean);
const rounds = Number(values.rounds);
const load: Load = {
  connections: Number(values.connections),
  devices: Number(values.devices),
  window: Number(values.window),
  warmUpS: WARM_UP_S,
  measureS: Number(values.seconds),
};

if (values.help) console.log(HELP);
else {
  console.log(
    `${new Date().toISOString().slice(0, 10)}, ${cpus()[0]!.model}, ${cpus().length} cores, Node ${process.version}, load ${loadavg()[0]!.toFixed(1)} at the start\n`,
  );
  if (values.parts.includes('duckdb')) await intoDuckDb();
  if (values.parts.includes('influx')) await intoInflux();
}

async function intoDuckDb(): Promise<void> {
  const loads = { 'as fast as it goes': load, 'by the clock': { ...load, ratePerS: Number(values.rate) } };
  console.log(
    '| into DuckDB | acked/s | ack p50 · p99 · p99.9 · max, ms | stored/s | backlog, drained in | CPU s per million: city · publisher | peak MB | sent − rows |',
  );
  console.log('|---|---|---|---|---|---|---|---|');
  for (let round = 0; round < rounds; round++) {
    for (const [name, one] of Object.entries(loads)) {
      const { rows, ...measured } = await cityIntoDuckDb(one, nodeArguments);
      const { ackedPerS, ackMs, storedPerS, backlog, drainS, cpuSPerMillion, peakMb, sent } = measured;
      const cells = [
        name,
        thousands(ackedPerS),
        `${ackMs.p50} · ${ackMs.p99} · ${ackMs.p999} · ${ackMs.max}`,
        thousands(storedPerS),
        `${thousands(backlog)}, ${drainS} s`,
        `${cpuSPerMillion.city} · ${cpuSPerMillion.publisher}`,
        peakMb.city,
        sent - rows,
      ];
      console.log(`| ${cells.join(' | ')} |`);
    }
  }
}

async function intoInflux(): Promise<void> {
  const seconds = Number(values['influx-seconds']);
  const some = { ...load, measureS: seconds };
  const best = await bestReplay();
  const replay = () => replayOnce({ ...best, lines: seconds * REPLAY_LINES_PER_S });
  const systems: { readonly [name: string]: () => Promise<{ readonly storedPerS: number } & Partial<Measured>> } = {
    replay: async () => ({ storedPerS: await replay() }),
    city: () => cityIntoInflux(some, nodeArguments),
    python: () => pythonIntoInflux(some),
    'node-red': () => nodeRedIntoInflux(some),
  };
  const all = new Map<string, ({ readonly storedPerS: number } & Partial<Measured>)[]>();
  for (let round = 0; round < rounds; round++) {
    for (const name of values.only.split(',')) {
      const result = await systems[name]!();
      process.stderr.write(`${name}: ${JSON.stringify(result)}\n`);
      all.set(name, [...(all.get(name) ?? []), result]);
    }
  }
  console.log(
    `\nNode-RED ${NODE_RED}, ${pythonVersion()}; replay: ${best.linesAtOnce} lines a request, ${best.inFlight} at once\n`,
  );
  console.log(
    '| into InfluxDB | stored/s: median (min … max) | of replay | CPU s per million | ack p50 · p99, ms | missing |',
  );
  console.log('|---|---|---|---|---|---|');
  const reference = medianOf(all.get('replay') ?? []);
  for (const [name, results] of all) {
    const rates = results.map(({ storedPerS }) => storedPerS);
    const median = medianOf(results);
    const { cpuSPerMillion = {}, ackMs } = results.find(({ storedPerS }) => storedPerS === median)!;
    const cpu = Object.entries(cpuSPerMillion).map(([program, cpuS]) => `${program} ${cpuS}`);
    const missing = results.map(({ sent = 0, stored = 0 }) => sent - stored);
    const cells = [
      name,
      `${thousands(median)} (${thousands(Math.min(...rates))} … ${thousands(Math.max(...rates))})`,
      `${(median / reference).toFixed(2)}×`,
      cpu.join(' · '),
      ackMs && ackMs.max > 0 ? `${ackMs.p50} · ${ackMs.p99}` : '',
      missing.join(' · '),
    ];
    console.log(`| ${cells.join(' | ')} |`);
  }
}

async function bestReplay(): Promise<(typeof REPLAY_TRIED)[number]> {
  if (!values.only.includes('replay')) return REPLAY_TRIED[0]!;
  const rates: number[] = [];
  for (const tried of REPLAY_TRIED) rates.push(await replayOnce({ ...tried, lines: TRIED_LINES }));
  process.stderr.write(
    `replay tried: ${rates.map((rate, at) => `${JSON.stringify(REPLAY_TRIED[at])} ${rate}`).join(', ')}\n`,
  );
  return REPLAY_TRIED[rates.indexOf(Math.max(...rates))]!;
}

function replayOnce(job: { linesAtOnce: number; inFlight: number; lines: number }): Promise<number> {
  return withInflux(({ program, port, stored }) =>
    measureReplay({ programs: { influxd: program }, stored }, { ...job, port, devices: load.devices }),
  );
}

function medianOf(results: readonly { readonly storedPerS: number }[]): number {
  const sorted = results.map(({ storedPerS }) => storedPerS).toSorted((a, b) => a - b);
  return sorted[sorted.length >> 1] ?? NaN;
}

function thousands(value: number): string {
  return value.toLocaleString('en-GB');
}
