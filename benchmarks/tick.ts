// What one second of the city costs: CPU time of each fleet's tick and of the world, in the demo city, at the morning peak and at night.
// Records are made and thrown away: no sensor, no codec, no network. `node benchmarks/tick.ts [kind …]`
import { cpus } from 'node:os';
import { loadCity } from '../simulator/city/load.ts';
import type { City } from '../simulator/city.ts';
import type { Model, Reporter } from '../simulator/fleet.ts';
import { loadModels } from '../simulator/kinds.ts';
import { Random } from '../simulator/random.ts';
import { TimingWheel } from '../simulator/timing-wheel.ts';
import type { World } from '../simulator/world.ts';
import { createWorld } from '../simulator/world/create.ts';

const SEED = 1;
const UTC_OFFSET_MIN = 480;
const TICK_MS = 1000;
/** Before the measurement: compiled code, queues at the lights. */
const WARM_UP_MIN = 10;
const MEASURED_MIN = 30;
const TICKS_PER_MIN = 60_000 / TICK_MS;
/** Civil times of a Wednesday. */
const MOMENTS = { 'peak 08:00': Date.UTC(2026, 4, 20, 8), 'night 03:00': Date.UTC(2026, 4, 20, 3) };

interface Part {
  readonly name: string;
  readonly tick: (nowMs: number) => void;
  /** Milliseconds of the minute under way. */
  spentMs: number;
  /** Mean of each measured minute, µs per tick. */
  readonly minutesUs: number[];
}

let records = 0;
const count = () => void records++;
const report: Reporter = { record: count, event: count, ack: count };

/** The city with the given kinds, each part with its clock. */
function partsOf(kinds: readonly Model[], startMs: number): Part[] {
  const city = loadCity();
  const root = new Random(SEED);
  const world = createWorld({ city, random: root.fork('world'), startMs, utcOffsetMin: UTC_OFFSET_MIN });
  const part = (name: string, tick: (nowMs: number) => void): Part => ({ name, tick, spentMs: 0, minutesUs: [] });
  const fleets = kinds.map((model) => part(model.description.kind, fleetTick(model, city, root, world)));
  return [part('world', (nowMs) => world.advance(nowMs)), ...fleets];
}

/** Wakes and moves the devices of one kind, as a run does. */
function fleetTick(model: Model, city: City, root: Random, world: World): (nowMs: number) => void {
  const { kind } = model.description;
  const wheel = new TimingWheel(model.demoCount, world.simTimeMs);
  const fleet = model.createFleet({
    count: model.demoCount,
    city,
    random: root.fork(kind),
    startMs: world.simTimeMs,
    utcOffsetMin: UTC_OFFSET_MIN,
    deviceId: (index) => `${kind}-${index}`,
    wakeAt: (device, atMs) => wheel.schedule(device, atMs),
  });
  if (fleet.firstWakeMs !== undefined)
    for (let device = 0; device < model.demoCount; device++) wheel.schedule(device, fleet.firstWakeMs(device));
  return (nowMs) => {
    if (fleet.wake !== undefined) wheel.advance(nowMs, (device, atMs) => fleet.wake!(device, atMs, world, report));
    fleet.tick?.(nowMs, TICK_MS, world, report);
  };
}

function measure(parts: readonly Part[], startMs: number): void {
  let nowMs = startMs;
  for (let minute = 0; minute < WARM_UP_MIN + MEASURED_MIN; minute++) {
    for (let tick = 0; tick < TICKS_PER_MIN; tick++) {
      nowMs += TICK_MS;
      for (const part of parts) {
        const began = performance.now();
        part.tick(nowMs);
        part.spentMs += performance.now() - began;
      }
    }
    for (const part of parts) {
      if (minute >= WARM_UP_MIN) part.minutesUs.push((1000 * part.spentMs) / TICKS_PER_MIN);
      part.spentMs = 0;
    }
  }
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!;
}

const wanted = process.argv.slice(2);
const models = [...(await loadModels()).values()].filter(
  ({ description }) => wanted.length === 0 || wanted.includes(description.kind),
);
console.log(
  `${cpus()[0]?.model}, Node ${process.versions.node}; µs per tick of 1 s, median (min … max) of ${MEASURED_MIN} minutes`,
);
for (const [moment, civilMs] of Object.entries(MOMENTS)) {
  const startMs = civilMs - UTC_OFFSET_MIN * 60_000;
  const parts = partsOf(models, startMs);
  records = 0;
  measure(parts, startMs);
  for (const { name, minutesUs } of parts) {
    const [low, middle, high] = [Math.min(...minutesUs), median(minutesUs), Math.max(...minutesUs)];
    console.log(
      `${moment.padEnd(12)} ${name.padEnd(16)} ${middle.toFixed(1).padStart(8)}  (${low.toFixed(1)} … ${high.toFixed(1)})`,
    );
  }
  console.log(
    `${moment.padEnd(12)} ${'records a tick'.padEnd(16)} ${(records / ((WARM_UP_MIN + MEASURED_MIN) * TICKS_PER_MIN)).toFixed(1).padStart(8)}`,
  );
}
