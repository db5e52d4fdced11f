// When buses are expected at their stops, as the dispatch centre said it last. Kept by line, newest only; whether it is still fresh is
// asked with the time at hand.
import { DEVICE_PATTERN, isObject, show } from '../../telemetry/description.ts';
import { Rejection, parsePayload } from '../../telemetry/json-codec.ts';
import type { BusArrivals, LineArrivals } from '../../telemetry/timetable.ts';

const MAX_LINES = 1000;
const MAX_PAYLOAD_BYTES = 1_048_576;
const MAX_TOTAL_BYTES = 64 * 1_048_576;
/** Older than this a prediction is worse than none: the age to which consumers of GTFS-Realtime hold trip updates, ms. */
export const FRESH_MS = 90_000;
/** A city that sends on other connections than its clock may be ahead of it, ms. */
const AHEAD_MS = 120_000;

interface Entry {
  readonly ts: number;
  readonly bytes: number;
  readonly byBus: ReadonlyMap<string, BusArrivals>;
}

export class ArrivalBoard {
  readonly #entries = new Map<string, Entry>();

  /** An empty payload takes the line's arrivals away. @throws Rejection */
  take(line: string, payload: Uint8Array): void {
    if (payload.length === 0) {
      this.#entries.delete(line);
      return;
    }
    const value = parsePayload(payload, MAX_PAYLOAD_BYTES);
    const problem = arrivalsProblem(value, line);
    if (problem !== undefined) throw new Rejection('wrong-type', `arrivals of line ${line}: ${problem}`);
    this.#checkRoom(line, payload.length);
    const { ts, buses } = value as unknown as LineArrivals;
    this.#entries.set(line, { ts, bytes: payload.length, byBus: new Map(buses.map((bus) => [bus.bus, bus])) });
  }

  /** Of one bus, when they are fresh at `nowMs` (city time). */
  of(line: string, bus: string, nowMs: number): BusArrivals | undefined {
    return this.#fresh(line, nowMs)?.byBus.get(bus);
  }

  /** Of all buses of a line, when they are fresh. */
  ofLine(line: string, nowMs: number): BusArrivals[] {
    return [...(this.#fresh(line, nowMs)?.byBus.values() ?? [])];
  }

  /** The city's clock went back: what was predicted after `ms` is of another life. */
  forgetAfter(ms: number): void {
    for (const [line, { ts }] of this.#entries) if (ts > ms) this.#entries.delete(line);
  }

  #fresh(line: string, nowMs: number): Entry | undefined {
    const entry = this.#entries.get(line);
    const ageMs = nowMs - (entry?.ts ?? -Infinity);
    return ageMs <= FRESH_MS && ageMs >= -AHEAD_MS ? entry : undefined;
  }

  #checkRoom(line: string, bytes: number): void {
    if (!this.#entries.has(line) && this.#entries.size >= MAX_LINES)
      throw new Rejection('out-of-range', `at most ${MAX_LINES} lines may have arrivals, got ${show(line)}`);
    let total = bytes;
    for (const [name, entry] of this.#entries) if (name !== line) total += entry.bytes;
    if (total > MAX_TOTAL_BYTES)
      throw new Rejection('too-large', `all arrivals may have ${MAX_TOTAL_BYTES} bytes, got ${total}`);
  }
}

type Fields = { readonly [key: string]: unknown };

function arrivalsProblem({ line, ts, buses }: Fields, named: string): string | undefined {
  if (line !== named) return `line must be ${show(named)} as in the topic, got ${show(line)}`;
  if (!isTime(ts)) return `ts must be ms since 1970, got ${show(ts)}`;
  if (!Array.isArray(buses)) return `buses must be an array, got ${show(buses)}`;
  for (const [at, bus] of (buses as unknown[]).entries()) {
    const problem = busProblem(bus);
    if (problem !== undefined) return `buses[${at}]${problem}`;
  }
  return undefined;
}

function busProblem(value: unknown): string | undefined {
  if (!isObject(value)) return ` must be an object, got ${show(value)}`;
  for (const name of ['bus', 'trip'] as const)
    if (!isName(value[name])) return `.${name} must be a name like a device's, got ${show(value[name])}`;
  if (!Array.isArray(value.stops)) return `.stops must be an array, got ${show(value.stops)}`;
  let last = -1;
  for (const [at, stop] of (value.stops as unknown[]).entries()) {
    const problem = stopProblem(stop, last);
    if (problem !== undefined) return `.stops[${at}]${problem}`;
    last = (stop as { sequence: number }).sequence;
  }
  return undefined;
}

function stopProblem(value: unknown, last: number): string | undefined {
  if (!isObject(value)) return ` must be an object, got ${show(value)}`;
  const { stop, sequence, arrivalMs, uncertaintyS } = value;
  if (!isName(stop)) return `.stop must be a name like a device's, got ${show(stop)}`;
  if (!Number.isInteger(sequence) || (sequence as number) <= last)
    return `.sequence must be an integer above ${last}, got ${show(sequence)}`;
  if (!isTime(arrivalMs)) return `.arrivalMs must be ms since 1970, got ${show(arrivalMs)}`;
  if (!Number.isFinite(uncertaintyS) || (uncertaintyS as number) < 0)
    return `.uncertaintyS must be a number from 0 on, got ${show(uncertaintyS)}`;
  return undefined;
}

function isName(value: unknown): boolean {
  return typeof value === 'string' && DEVICE_PATTERN.test(value);
}

function isTime(value: unknown): boolean {
  return typeof value === 'number' && value >= 0 && value <= 8.64e15;
}
