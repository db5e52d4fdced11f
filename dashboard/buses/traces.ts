// Where the buses of one line were: a polyline of (time, metres along the way) for each trip, from the server's past and the live stream.
// Pure; it knows neither stops nor pixels.
import type { Passage } from './answers.ts';

/** A bend smaller than this is not seen, m. */
const BEND_M = 4;
/** Straight stretches are cut so that errors do not add up, ms. */
const STRAIGHT_MS = 60_000;
/** A position this far behind one before is another place, not noise, m. */
const BACK_M = 300;

export interface Trace {
  readonly bus: string;
  readonly trip: string;
  readonly direction: string;
  /** Simulated ms, ascending, one for each of `alongM`. */
  readonly ts: number[];
  readonly alongM: number[];
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
    if (trace === undefined) this.#traces.set(key, (trace = { bus, trip, direction, ts: [], alongM: [] }));
    return trace;
  }
}

/** The same trip runs again tomorrow, but a window is never a day long. */
function keyOf(bus: string, trip: string, direction: string): string {
  return `${trip} ${direction} ${bus}`;
}

function append({ ts: times, alongM: places }: Trace, ts: number, alongM: number): void {
  const last = times.length - 1;
  if (last >= 0 && ts <= times[last]!) return;
  if (last >= 0 && alongM < places[last]! - BACK_M) {
    // The same trip from its start: another day, or a bus that was put back.
    times.length = 0;
    places.length = 0;
  }
  if (times.length > 1 && isStraight(times, places, ts, alongM)) {
    times.pop();
    places.pop();
  }
  times.push(ts);
  places.push(alongM);
}

function isStraight(times: readonly number[], places: readonly number[], ts: number, alongM: number): boolean {
  const [from, middle] = [times.at(-2)!, times.at(-1)!];
  const expectedM = places.at(-2)! + ((alongM - places.at(-2)!) * (middle - from)) / (ts - from);
  return ts - from <= STRAIGHT_MS && Math.abs(places.at(-1)! - expectedM) < BEND_M;
}

/** Position at a time, m; undefined before the first point and after the last. */
export function alongAt({ ts: times, alongM }: Trace, ts: number): number | undefined {
  const after = times.findIndex((time) => time >= ts);
  if (after === -1 || (after === 0 && times[0]! > ts)) return undefined;
  if (after === 0) return alongM[0];
  const share = (ts - times[after - 1]!) / (times[after]! - times[after - 1]!);
  return alongM[after - 1]! + share * (alongM[after]! - alongM[after - 1]!);
}
