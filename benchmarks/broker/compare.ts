// Compares brokers on one machine: every round runs each of them once, in turn, so that all see the same weather; medians over the rounds.
// `node benchmarks/broker/compare.ts [--rounds 5] [--seconds 3] [--only citytwin,mosquitto] [--shapes fan-in,qos-1] [--node-args="--cpu-prof"]`
import { cpus } from 'node:os';
import { parseArgs } from 'node:util';
import { run } from './load.ts';
import type { Shape } from './load.ts';
import { PEERS, start, versionOf } from './peers.ts';
import type { PeerName } from './peers.ts';

const SHAPES: { readonly [name: string]: Shape } = {
  'fan-in': { qos: 0, subscribers: 1, subscriberQos: 0 },
  'fan-out': { qos: 0, subscribers: 10, subscriberQos: 0 },
  'qos-1': { qos: 1, subscribers: 1, subscriberQos: 0 },
  'qos-1-to-1': { qos: 1, subscribers: 1, subscriberQos: 1 },
};
const WARM_UP_S = 1;

interface Result {
  readonly deliveredPerS: number;
  readonly lost: number;
  /** CPU of the broker per delivered message [µs]. */
  readonly cpuUs: number;
}

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    seconds: { type: 'string', default: '3' },
    only: { type: 'string', default: PEERS.join(',') },
    shapes: { type: 'string', default: Object.keys(SHAPES).join(',') },
    'node-args': { type: 'string', default: '' },
  },
});
const names = values.only.split(',').filter((name) => versionOf(name as PeerName) !== undefined) as PeerName[];
const results = new Map<string, Result[]>();
for (let round = 0; round < Number(values.rounds); round++) {
  for (const shape of values.shapes.split(',')) {
    for (const name of names) {
      const key = `${shape} ${name}`;
      const result = await once(name, SHAPES[shape]!);
      results.set(key, [...(results.get(key) ?? []), result]);
      process.stderr.write(`${key}: ${JSON.stringify(result)}\n`);
    }
  }
}
print();

async function once(name: PeerName, shape: Shape): Promise<Result> {
  const peer = await start(name, values['node-args'].split(' ').filter(Boolean));
  try {
    const before = peer.cpuS();
    const seconds = Number(values.seconds);
    const { deliveredPerS, lost } = await run(peer.target, shape, WARM_UP_S, seconds);
    const cpuUs = ((peer.cpuS() - before) * 1e6) / (deliveredPerS * (WARM_UP_S + seconds)); // the warm-up counts as if as fast
    return { deliveredPerS: Math.round(deliveredPerS), lost, cpuUs: Number(cpuUs.toFixed(2)) };
  } finally {
    await peer.end();
  }
}

function print(): void {
  console.log(
    `${new Date().toISOString().slice(0, 10)}, ${cpus()[0]!.model}, ${cpus().length} cores, Node ${process.version}`,
  );
  console.log(names.map((name) => `${name} ${versionOf(name)}`).join(', '));
  console.log(
    '\n| load | broker | delivered/s: median (min … max) | of mosquitto | CPU µs each | lost |\n|---|---|---|---|---|---|',
  );
  for (const shape of values.shapes.split(',')) {
    const reference = medianOf(results.get(`${shape} mosquitto`), 'deliveredPerS');
    for (const name of names) {
      const all = results.get(`${shape} ${name}`)!;
      const rates = all.map(({ deliveredPerS }) => deliveredPerS);
      const median = medianOf(all, 'deliveredPerS')!;
      const ratio = reference === undefined ? '' : `${(median / reference).toFixed(2)}×`;
      const lost = all.reduce((sum, result) => sum + result.lost, 0);
      const spread = `${thousands(median)} (${thousands(Math.min(...rates))} … ${thousands(Math.max(...rates))})`;
      console.log(`| ${shape} | ${name} | ${spread} | ${ratio} | ${medianOf(all, 'cpuUs')} | ${lost} |`);
    }
  }
}

function medianOf(all: readonly Result[] | undefined, key: keyof Result): number | undefined {
  const sorted = all?.map((result) => result[key]).toSorted((a, b) => a - b);
  return sorted?.[Math.floor(sorted.length / 2)];
}

function thousands(value: number): string {
  return value.toLocaleString('en-GB');
}
