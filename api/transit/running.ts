// Which bus is on which trip of the timetable: what positions, predictions and boards agree on. A bus whose trip no timetable knows, or
// which stands where its trip does not go, is on none; a trip has one bus at most.
import type { TimetablePattern } from '../../telemetry/timetable.ts';
import type { BusNow } from './buses.ts';
import type { DatedTrip, Timetables } from './timetables.ts';

export interface RunningTrip {
  readonly bus: BusNow;
  readonly dated: DatedTrip;
  /** Position of the stop at which it stands, else of the one that it comes to next. */
  readonly next: number;
  readonly atStop: boolean;
}

/** buses: in any order. @returns in the order of the buses */
export function runningTrips(buses: readonly BusNow[], timetables: Timetables): RunningTrip[] {
  const byTrip = new Map<string, RunningTrip>();
  for (const bus of buses) {
    const running = runningTrip(bus, timetables);
    if (running === undefined) continue;
    const key = tripKey(running.dated);
    const other = byTrip.get(key);
    // Two claim it: who is farther along has the longer claim.
    if (other === undefined || running.next > other.next) byTrip.set(key, running);
  }
  return [...byTrip.values()];
}

export function runningTrip(bus: BusNow, timetables: Timetables): RunningTrip | undefined {
  if (!bus.onDuty || bus.trip === undefined || bus.sequence === undefined) return undefined;
  const dated = timetables.datedAt(bus.trip, bus.ts);
  if (dated === undefined || stopAt(dated, bus.sequence) !== bus.stop) return undefined;
  const next = bus.hasLeft ? bus.sequence + 1 : bus.sequence;
  return next < dated.pattern.stops.length ? { bus, dated, next, atStop: bus.atStop } : undefined;
}

/** Id of a stop by its position in the trip; undefined beyond the last. */
export function stopAt({ timetable, pattern }: DatedTrip, sequence: number): string | undefined {
  const call = pattern.stops[sequence];
  return call && timetable.stops[call.stop]!.id;
}

export function tripKey({ trip, date }: DatedTrip): string {
  return `${trip.id}@${date}`;
}

/** `out` is 0, as in the static feed. */
export function directionId({ direction }: TimetablePattern): 0 | 1 {
  return direction === 'out' ? 0 : 1;
}
