// Where the buses of one line were: a polyline of (time, metres along the way) for each trip, from the server's past and the live stream.
// Pure; it knows neither stops nor pixels.
import type { Passage } from './answers.ts';

/** What is drawn is never further than this from where a bus was, m. */
export const BEND_M = 4;
/** A position this far behind one before is another place, not noise, m. */
const BACK_M = 300;

export interface Trace {
  readonly bus: string;
  readonly trip: string;
  readonly direction: string;
  /** Simulated ms, ascending, one for each of `alongM`. */
  readonly ts: number[];
  readonly alongM: number[];
  /** Speeds from the last point but one that pass every position since within `BEND_M`, m/ms. */
  readonly door: { low: number; high: number };
}

export class LineTraces {
  readonly #traces = new Map<string, Trace>();
  /** Counts every change. */
  version = 0;

  get all(): readonly Trace[] {
    return [...this.#traces.values()];
  }

  /** A live position. One that is not newer than the last of its trip is ignored. */
  add(bus: string, trip: string, direction: string, ts: number, alongM: number): void {
    append(this.#traceOf(bus, trip, direction), ts, alongM);
    this.version++;
  }

  /** The server's past of a trip takes the place of what was seen live; newer live positions stay. */
  take({ bus, trip, direction, points }: Passage): void {
    const live = this.#traces.get(keyOf(bus, trip, direction));
    this.#traces.delete(keyOf(bus, trip, direction));
    const trace = this.#traceOf(bus, trip, direction);
    for (const [ts, alongM] of points) append(trace, ts, alongM);
    live?.ts.forEach((ts, index) => append(trace, ts, live.alongM[index]!));
    this.version++;
  }

  /** Forgets trips that ended before. */
  prune(beforeMs: number): void {
    for (const [key, { ts }] of this.#traces) if (ts.length === 0 || ts.at(-1)! < beforeMs) this.#traces.delete(key);
  }

  #traceOf(bus: string, trip: string, direction: string): Trace {
    const key = keyOf(bus, trip, direction);
    let trace = this.#traces.get(key);
    if (trace === undefined)
      this.#traces.set(key, (trace = { bus, trip, direction, ts: [], alongM: [], door: openDoor() }));
    return trace;
  }
}

/** The same trip runs again tomorrow, but a window is never a day long. */
function keyOf(bus: string, trip: string, direction: string): string {
  return `${trip} ${direction} ${bus}`;
}

function openDoor(): Trace['door'] {
  return { low: -Infinity, high: Infinity };
}

function append({ ts: times, alongM: places, door }: Trace, ts: number, alongM: number): void {
  const last = times.length - 1;
  if (last >= 0 && ts <= times[last]!) return;
  if (last >= 0 && alongM < places[last]! - BACK_M) {
    // The same trip from its start: another day, or a bus that was put back.
    times.length = 0;
    places.length = 0;
  }
  if (!passes(times, places, door, ts, alongM)) Object.assign(door, openDoor());
  else if (times.length > 1) {
    times.pop();
    places.pop();
  }
  times.push(ts);
  places.push(alongM);
  narrow(times, places, door);
}

/** True when a straight line from the last corner to the new position is true to all between. Swinging door after Bristol, US patent 4669097, 1987. */
function passes(
  times: readonly number[],
  places: readonly number[],
  { low, high }: Trace['door'],
  ts: number,
  alongM: number,
): boolean {
  if (times.length < 2) return false;
  const speed = (alongM - places.at(-2)!) / (ts - times.at(-2)!);
  return speed >= low && speed <= high;
}

function narrow(times: readonly number[], places: readonly number[], door: Trace['door']): void {
  if (times.length < 2) return;
  const sinceMs = times.at(-1)! - times.at(-2)!;
  const wayM = places.at(-1)! - places.at(-2)!;
  door.low = Math.max(door.low, (wayM - BEND_M) / sinceMs);
  door.high = Math.min(door.high, (wayM + BEND_M) / sinceMs);
}

/** Position at a time, m; undefined before the first point and after the last. */
export function alongAt({ ts: times, alongM }: Trace, ts: number): number | undefined {
  const after = times.findIndex((time) => time >= ts);
  if (after === -1 || (after === 0 && times[0]! > ts)) return undefined;
  if (after === 0) return alongM[0];
  const share = (ts - times[after - 1]!) / (times[after]! - times[after - 1]!);
  return alongM[after - 1]! + share * (alongM[after]! - alongM[after - 1]!);
}
