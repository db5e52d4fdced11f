// When a bus comes to the stops ahead of it: as the dispatch centre expects it, else by the timetable and the delay that it has. Times
// always increase, and nothing lies in the past but the arrival at the stop where it stands.
import type { BusArrivals } from '../../telemetry/timetable.ts';
import { stopAt } from './running.ts';
import type { RunningTrip } from './running.ts';
import type { DatedTrip } from './timetables.ts';

/** Feeds tell whole seconds, and no two stops at the same one. */
const APART_MS = 1000;

export interface Call {
  readonly stop: string;
  readonly sequence: number;
  readonly scheduledMs: number;
  readonly arrivalMs: number;
  readonly departureMs: number;
  /** Of a prediction. */
  readonly uncertaintyS: number | undefined;
  readonly source: 'predicted' | 'scheduled';
}

/** The stops from where it is to the end. A bus that has broken down has no times: nobody knows. */
export function callsAhead(running: RunningTrip, arrivals: BusArrivals | undefined, nowMs: number): Call[] {
  const { bus, dated, next, atStop } = running;
  if (bus.status === 'broken') return [];
  const expected = new Map(
    arrivals?.trip === dated.trip.id ? arrivals.stops.map((arrival) => [arrival.sequence, arrival] as const) : [],
  );
  // A bus that should have been there by now is at least that late.
  const lateMs = atStop ? 0 : nowMs - scheduledMs(dated, next);
  let delayMs = Math.max(1000 * (bus.delayS ?? 0), lateMs);
  let freeMs = -Infinity;
  const calls: Call[] = [];
  for (let sequence = next; sequence < dated.pattern.stops.length; sequence++) {
    const stop = stopAt(dated, sequence)!;
    const planned = scheduledMs(dated, sequence);
    const standsHere = atStop && sequence === next;
    const predicted = standsHere ? undefined : expected.get(sequence);
    const wantedMs = standsHere ? bus.arrivedMs! : (predicted?.arrivalMs ?? planned + delayMs);
    const arrivalMs = wholeSecond(standsHere ? wantedMs : Math.max(wantedMs, nowMs, freeMs));
    // The timetable lets a bus leave when it comes; one that waits for its time leaves then, and one that still stands has not left.
    const departureMs = standsHere
      ? Math.max(arrivalMs, wholeSecond(nowMs), departureOfFirst(planned, sequence))
      : arrivalMs;
    // Where the prediction ends, the rest is as late as its last stop.
    if (predicted !== undefined || standsHere) delayMs = departureMs - planned;
    freeMs = departureMs + APART_MS;
    calls.push({
      stop,
      sequence,
      scheduledMs: planned,
      arrivalMs,
      departureMs,
      uncertaintyS: predicted?.uncertaintyS,
      source: predicted === undefined ? 'scheduled' : 'predicted',
    });
  }
  return calls;
}

export function scheduledMs({ startMs, plan }: DatedTrip, sequence: number): number {
  // Whole seconds, as the static feed tells them.
  return Math.round((startMs + plan[sequence]! * 1000) / 1000) * 1000;
}

/** Only from its first stop a bus never leaves early. */
function departureOfFirst(plannedMs: number, sequence: number): number {
  return sequence === 0 ? plannedMs : -Infinity;
}

function wholeSecond(ms: number): number {
  return Math.ceil(ms / 1000) * 1000;
}
