// Ten million water meters in one thread: what they cost in memory, how long their birth takes, and how much faster than real time they get
// through the night in which each sends 24 hourly records. No sensors, no codec, no network: records are counted and thrown away.
// `node --expose-gc benchmarks/sleeping-fleet.ts [devices] [minutes of the window]`
import { availableParallelism, cpus } from 'node:os';
import type { Fields, Fleet, Reporter } from '../simulator/fleet.ts';
import { loadCity } from '../simulator/city/load.ts';
import { model } from '../simulator/models/water-meter.ts';
import { Random } from '../simulator/random.ts';
import { TimingWheel } from '../simulator/timing-wheel.ts';
import { createWorld } from '../simulator/world/create.ts';

const TICK_MS = 1000;
const UTC_OFFSET_MIN = 480;
/** 08:00 civil time on a Wednesday, when the last meter has reported. */
const START_MS = Date.UTC(2026, 4, 20);
const MIDNIGHT_MS = START_MS + 16 * 3_600_000;

/** Machines are shared: what the thread itself used says more than the time that passed. */
interface Took {
  readonly wallS: number;
  readonly cpuS: number;
}

function stopwatch(): () => Took {
  const startedAt = performance.now();
  const before = process.threadCpuUsage();
  return () => {
    const { user, system } = process.threadCpuUsage(before);
    return { wallS: (performance.now() - startedAt) / 1000, cpuS: (user + system) / 1e6 };
  };
}

const devices = Number(process.argv[2] ?? 10_000_000);
const minutes = Number(process.argv[3] ?? 480);

const city = loadCity();
const random = new Random(1);
const world = createWorld({ city, random: random.fork('world'), startMs: START_MS, utcOffsetMin: UTC_OFFSET_MIN });

globalThis.gc?.();
const before = process.memoryUsage();
const birth = stopwatch();
const holder: { wheel?: TimingWheel } = {};
const fleet: Fleet = model.createFleet({
  count: devices,
  city,
  random: random.fork('water-meter'),
  startMs: START_MS,
  utcOffsetMin: UTC_OFFSET_MIN,
  deviceId: String,
  wakeAt: (device, atMs) => holder.wheel!.schedule(device, atMs),
});
const wheel = (holder.wheel = new TimingWheel(devices, START_MS));
const seq = new Uint32Array(devices);
for (let device = 0; device < devices; device++) wheel.schedule(device, fleet.firstWakeMs!(device));
// A page that was never written takes no memory.
seq.fill(0);
const born = birth();
globalThis.gc?.();
const after = process.memoryUsage();

let records = 0;
let litres = 0;
const report: Reporter = {
  record: (device, _tsMs, fields: Fields) => {
    seq[device]!++;
    records++;
    litres += (fields.flowLph as number | undefined) ?? 0;
  },
  event: (device) => void seq[device]!++,
  ack: () => {},
};

function run(untilMs: number): Took {
  const took = stopwatch();
  for (let nowMs = world.simTimeMs + TICK_MS; nowMs <= untilMs; nowMs += TICK_MS) {
    world.advance(nowMs);
    wheel.advance(nowMs, (device, atMs) => fleet.wake!(device, atMs, world, report));
    fleet.tick?.(nowMs, TICK_MS, world, report);
  }
  return took();
}

const asleep = run(MIDNIGHT_MS);
const said = records;
const awake = run(MIDNIGHT_MS + minutes * 60_000);
const sent = records - said;
const tenth = (value: number) => Math.round(value * 10) / 10;
const fasterBy = (seconds: number, { wallS, cpuS }: Took) => ({
  wall: Math.round(seconds / wallS),
  cpu: Math.round(seconds / cpuS),
});
const perDevice = (bytes: number) => tenth(bytes / devices);
console.log(
  JSON.stringify(
    {
      node: process.version,
      cpu: `${cpus()[0]?.model ?? 'unknown'}, ${availableParallelism()} cores`,
      devices,
      bytesPerDevice: {
        arrayBuffers: perDevice(after.arrayBuffers - before.arrayBuffers),
        residentSet: perDevice(after.rss - before.rss),
        heap: perDevice(after.heapUsed - before.heapUsed),
      },
      createdS: { wall: tenth(born.wallS), cpu: tenth(born.cpuS) },
      /** Nobody wakes: what the world costs by itself. */
      asleep: { hours: 16, fasterThanRealTime: fasterBy(16 * 3600, asleep) },
      awake: {
        minutes,
        records: sent,
        recordsPerS: { wall: Math.round(sent / awake.wallS), cpu: Math.round(sent / awake.cpuS) },
        nsPerRecord: { wall: Math.round((awake.wallS * 1e9) / sent), cpu: Math.round((awake.cpuS * 1e9) / sent) },
        fasterThanRealTime: fasterBy(minutes * 60, awake),
      },
      litresPerHomeAndHour: Math.round((litres / records) * 100) / 100,
    },
    undefined,
    2,
  ),
);
