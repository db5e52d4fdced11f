// How many records a second are stored, beside others that do the same on the same machine in the same run; prints tables in markdown.
// `node benchmarks/ingest/run.ts --help`
import { cpus, loadavg } from 'node:os';
import { parseArgs } from 'node:util';
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
import type { Stored } from './tables.ts';
import { DUCKDB_HEAD, duckDbRow, influxTable } from './tables.ts';

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
const REPLAYS = ['replay, one request at a time', 'replay, several'] as const;
interface ReplaySize {
  readonly linesAtOnce: number;
  readonly inFlight: number;
}
const REPLAY_TRIED: readonly ReplaySize[] = [
  { linesAtOnce: 5000, inFlight: 1 },
  { linesAtOnce: 10_000, inFlight: 1 },
  { linesAtOnce: 10_000, inFlight: 2 },
  { linesAtOnce: 20_000, inFlight: 1 },
  { linesAtOnce: 20_000, inFlight: 2 },
];
const TRIED_LINES = 400_000;
const REPLAY_LINES_PER_S = 150_000;

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
  console.log(DUCKDB_HEAD);
  for (let round = 0; round < rounds; round++) {
    for (const [name, one] of Object.entries(loads)) {
      const { rows, ...measured } = await cityIntoDuckDb(one, nodeArguments);
      console.log(duckDbRow(name, measured, rows));
    }
  }
}

async function intoInflux(): Promise<void> {
  const some = { ...load, measureS: Number(values['influx-seconds']) };
  const only = values.only.split(',');
  // Without paho it throws: before anything is measured.
  const python = only.includes('python') ? pythonVersion() : 'no Python';
  const [one, several] = only.includes('replay') ? await bestReplays() : [];
  const systems: { readonly [name: string]: (() => Promise<Stored>) | undefined } = {
    [REPLAYS[0]]: one && (() => replayOnce(one)),
    [REPLAYS[1]]: several && (() => replayOnce(several)),
    city: () => cityIntoInflux(some, nodeArguments),
    python: () => pythonIntoInflux(some),
    'node-red': () => nodeRedIntoInflux(some),
  };
  const all = new Map<string, Stored[]>();
  for (let round = 0; round < rounds; round++) {
    for (const [name, measureIt] of Object.entries(systems)) {
      if (!measureIt || !only.includes(name.split(',', 1)[0]!)) continue;
      const result = await measureIt();
      process.stderr.write(`${name}: ${JSON.stringify(result)}\n`);
      all.set(name, [...(all.get(name) ?? []), result]);
    }
  }
  const nodeRed = only.includes('node-red') ? `Node-RED ${NODE_RED}` : 'no Node-RED';
  console.log(`\n${nodeRed}, ${python}; replays: ${JSON.stringify(one)} ${JSON.stringify(several)}\n`);
  console.log(influxTable(all, REPLAYS));
}

/** The quickest with one request at a time, as every writer that keeps an order does it, and the quickest of all. */
async function bestReplays(): Promise<ReplaySize[]> {
  const results: (ReplaySize & Stored)[] = [];
  for (const tried of REPLAY_TRIED) results.push({ ...tried, ...(await replayOnce(tried, TRIED_LINES)) });
  process.stderr.write(`replay tried: ${JSON.stringify(results)}\n`);
  const best = results.toSorted((a, b) => b.storedPerS - a.storedPerS);
  return [best.find(({ inFlight }) => inFlight === 1)!, best[0]!].map(({ linesAtOnce, inFlight }) => ({
    linesAtOnce,
    inFlight,
  }));
}

function replayOnce(size: ReplaySize, lines = Number(values['influx-seconds']) * REPLAY_LINES_PER_S): Promise<Stored> {
  return withInflux(async ({ program, port, stored }) => ({
    storedPerS: await measureReplay(
      { programs: { influxd: program }, stored },
      { ...size, lines, port, devices: load.devices },
    ),
  }));
}
