// The telemetry of a scenario as a spool for the load tester: the simulator lives a stretch of the city, without a broker, and what its devices
// say is written down with the moment of each message.
import { setImmediate as nextTurn } from 'node:timers/promises';
import { SpoolWriter } from '../loadtest/spool.ts';
import { loadCity } from '../simulator/city/load.ts';
import { TICK_MS } from '../simulator/clock.ts';
import { deviceId } from '../simulator/devices.ts';
import { describe, loadModels } from '../simulator/kinds.ts';
import { hashText } from '../simulator/random.ts';
import type { Sink } from '../simulator/sink.ts';
import { RecordEncoder } from '../telemetry/json-codec.ts';
import { deviceTopic } from '../telemetry/topics.ts';
import { cityOf } from './city.ts';
import { UsageError } from './options.ts';
import { fleetsOf, scenarioNamed, startOfRun } from './scenario.ts';
import { Shard } from './shard.ts';
import type { RunTask } from './shard.ts';

export interface CityWish {
  readonly scenario: string;
  readonly scale: number;
  readonly seed: number;
  /** Civil time HH:MM; absent: the usual hour where the scenario has it. */
  readonly start: string | undefined;
  /** Simulated. */
  readonly lengthS: number;
  readonly stopped: () => boolean;
  readonly onProgress: (share: number) => void;
}

export interface SpooledCity {
  readonly messages: number;
  /** `ordinary-day from 08:00`. */
  readonly text: string;
}

const DAY_MS = 86_400_000;
/** A day is busy then. */
const USUAL_START = '08:00';
/** Fractional part of the golden ratio: neighbours in a fleet speak at different moments of a second, without chance. */
const GOLDEN = 0.618_033_988_749_895;
const TICKS_PER_TURN = 10;

interface Said {
  readonly offsetMs: number;
  readonly topic: string;
  readonly payload: Uint8Array;
}

/**
 * Writes `lengthS` seconds of the city into the file. The simulator's tick is a second: within it every device has a moment of its own, always
 * the same. @throws UsageError for a scenario that is none, or does not have that hour
 */
export async function spoolCity(file: string, wish: CityWish): Promise<SpooledCity> {
  const models = await loadModels();
  const city = loadCity();
  const scenario = await scenarioNamed(wish.scenario, city, models, wish.seed);
  const startMs = startWithin(scenario.name, startOfRun(scenario, city), scenario.durationMs, city.utcOffsetMin, wish);
  const fleets = fleetsOf(scenario, models, wish.scale, city);
  const endMs = startMs + Math.ceil(wish.lengthS) * 1000;
  const task: RunTask = {
    scenario: { ...scenario, expect: [] },
    fleets,
    seed: wish.seed,
    startMs,
    endMs,
    utcOffsetMin: city.utcOffsetMin,
    control: scenario.control,
  };
  const said: Said[] = [];
  let tickMs = 0;
  const sink = listener(scenario.city, Object.keys(fleets), models, (kind, device, topic, payload) =>
    said.push({ offsetMs: tickMs + momentOf(kind, device), topic, payload: Uint8Array.from(payload) }),
  );
  const shard = new Shard(task, Object.keys(fleets), { city: await cityOf(task), models, extra: sink });
  const writer = new SpoolWriter(file);
  let messages = 0;
  try {
    for (; tickMs < endMs - startMs && !wish.stopped(); tickMs += TICK_MS) {
      shard.advanceTo(startMs + tickMs + TICK_MS);
      said.sort((a, b) => a.offsetMs - b.offsetMs);
      for (const { offsetMs, topic, payload } of said) writer.write(offsetMs, topic, payload);
      messages += said.length;
      said.length = 0;
      if ((tickMs / TICK_MS) % TICKS_PER_TURN > 0) continue;
      wish.onProgress(tickMs / (endMs - startMs));
      await nextTurn();
    }
  } finally {
    writer.close();
  }
  const civil = new Date(startMs + city.utcOffsetMin * 60_000).toISOString().slice(11, 16);
  return { messages, text: `${scenario.name} from ${civil}` };
}

/** ms of the second at which a device speaks. */
function momentOf(kind: string, device: number): number {
  const phase = (device * GOLDEN + (hashText(kind) % 1000) / 1000) % 1;
  return phase * TICK_MS;
}

type Hear = (kind: string, device: number, topic: string, payload: Uint8Array) => void;

function listener(
  city: string,
  kinds: readonly string[],
  models: Awaited<ReturnType<typeof loadModels>>,
  hear: Hear,
): Sink {
  const encoders = new Map(kinds.map((kind) => [kind, new RecordEncoder(describe(models.get(kind)!))]));
  return {
    record: (kind, device, ts, seq, readings) => {
      const topic = deviceTopic(city, kind, deviceId(kind, device), 'telemetry');
      hear(kind, device, topic, encoders.get(kind)!.encode(ts, seq, readings));
    },
    event: (kind, device, ts, seq, name, state, readings) => {
      const topic = deviceTopic(city, kind, deviceId(kind, device), 'event');
      hear(kind, device, topic, encoders.get(kind)!.encodeEvent(ts, seq, name, state, readings));
    },
    ack: () => {},
  };
}

function startWithin(
  name: string,
  startMs: number,
  durationMs: number,
  utcOffsetMin: number,
  { start, lengthS }: CityWish,
): number {
  const [hours = 0, minutes = 0] = (start ?? USUAL_START).split(':').map(Number);
  const civilMs = (startMs + utcOffsetMin * 60_000) % DAY_MS;
  const waitMs = ((hours * 60 + minutes) * 60_000 - civilMs + DAY_MS) % DAY_MS;
  if (waitMs + lengthS * 1000 <= durationMs) return startMs + waitMs;
  if (start !== undefined)
    throw new UsageError(
      `--start ${start}: ${name} takes ${Math.round(durationMs / 60_000)} min and has not ${lengthS} s from then on`,
    );
  if (lengthS * 1000 <= durationMs) return startMs;
  throw new UsageError(`${name} takes ${Math.round(durationMs / 1000)} s, but ${lengthS} s of it are asked for`);
}
