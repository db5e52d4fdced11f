// What it costs to wake one of ten million sleeping devices and put it to sleep again: our timing wheel against a binary heap of typed
// arrays (flatqueue), the same events on both, in turns in one process. Devices have no state here: only the queue is measured.
// `node benchmarks/timing-wheel.ts [devices] [rounds]`
import { availableParallelism, cpus } from 'node:os';
import FlatQueue from 'flatqueue';
import { TimingWheel } from '../simulator/timing-wheel.ts';

const HOUR_MS = 3_600_000;
const TICK_MS = 1000;
/** Simulated time measured; before it, as much again to get warm. */
const MEASURED_MS = 300_000;

interface Queue {
  /** Visits everything due. */
  advance(nowMs: number): void;
  bytes(): number;
}

interface Tally {
  events: number;
  /** Order-free sum over (device, time), equal when both queues woke the same devices at the same times. */
  sum: number;
}

function mix(value: number): number {
  let x = value | 0;
  x = Math.imul(x ^ (x >>> 16), 0x21f0aaad);
  x = Math.imul(x ^ (x >>> 15), 0x735a2d97);
  return (x ^ (x >>> 15)) >>> 0;
}

/** Gaps are uniform in two hours: one report an hour in the mean. */
function gapMs(device: number, atMs: number): number {
  return 1 + (mix(Math.imul(device, 0x9e3779b9) + atMs) % (2 * HOUR_MS));
}

function visitor(tally: Tally): (device: number, atMs: number) => number {
  return (device, atMs) => {
    tally.events++;
    tally.sum = (tally.sum + mix(device ^ atMs)) | 0;
    return atMs + gapMs(device, atMs);
  };
}

function wheelQueue(devices: number, visit: (device: number, atMs: number) => number): Queue {
  const before = process.memoryUsage().arrayBuffers;
  const wheel = new TimingWheel(devices, 0);
  const bytes = process.memoryUsage().arrayBuffers - before;
  for (let device = 0; device < devices; device++) wheel.schedule(device, gapMs(device, 0));
  return { advance: (nowMs) => wheel.advance(nowMs, visit), bytes: () => bytes };
}

function heapQueue(devices: number, visit: (device: number, atMs: number) => number): Queue {
  const heap = new FlatQueue(devices);
  for (let device = 0; device < devices; device++) heap.push(device, gapMs(device, 0));
  return {
    advance(nowMs) {
      for (;;) {
        const atMs = heap.peekValue();
        if (atMs === undefined || atMs > nowMs) return;
        const device = heap.pop() as number;
        heap.push(device, visit(device, atMs));
      }
    },
    bytes: () => devices * (Float64Array.BYTES_PER_ELEMENT + Uint32Array.BYTES_PER_ELEMENT),
  };
}

function measure(queueOf: typeof wheelQueue, devices: number): { nsPerEvent: number; bytes: number; tally: Tally } {
  const tally = { events: 0, sum: 0 };
  const queue = queueOf(devices, visitor(tally));
  const run = (fromMs: number) => {
    for (let nowMs = fromMs + TICK_MS; nowMs <= fromMs + MEASURED_MS; nowMs += TICK_MS) queue.advance(nowMs);
  };
  run(0);
  const warm = tally.events;
  const started = performance.now();
  run(MEASURED_MS);
  const nsPerEvent = ((performance.now() - started) * 1e6) / (tally.events - warm);
  return { nsPerEvent, bytes: queue.bytes() / devices, tally };
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!;
}

const devices = Number(process.argv[2] ?? 10_000_000);
const rounds = Number(process.argv[3] ?? 5);
const wheels: number[] = [];
const heaps: number[] = [];
let bytes = { wheel: 0, heap: 0 };
let events = 0;
for (let round = 0; round < rounds; round++) {
  const wheel = measure(wheelQueue, devices);
  const heap = measure(heapQueue, devices);
  if (wheel.tally.events !== heap.tally.events || wheel.tally.sum !== heap.tally.sum)
    throw new Error(`the queues disagree: ${JSON.stringify(wheel.tally)} and ${JSON.stringify(heap.tally)}`);
  wheels.push(wheel.nsPerEvent);
  heaps.push(heap.nsPerEvent);
  bytes = { wheel: wheel.bytes, heap: heap.bytes };
  events = wheel.tally.events;
}
const round1 = (value: number) => Math.round(value * 10) / 10;
const spread = (values: readonly number[]) => ({
  median: round1(median(values)),
  min: round1(Math.min(...values)),
  max: round1(Math.max(...values)),
});
console.log(
  JSON.stringify(
    {
      node: process.version,
      cpu: `${cpus()[0]?.model ?? 'unknown'}, ${availableParallelism()} cores`,
      devices,
      rounds,
      eventsPerRound: events,
      nsPerEvent: { wheel: spread(wheels), heap: spread(heaps) },
      ratio: round1(median(heaps) / median(wheels)),
      bytesPerDevice: { wheel: round1(bytes.wheel), heap: bytes.heap },
    },
    undefined,
    2,
  ),
);
