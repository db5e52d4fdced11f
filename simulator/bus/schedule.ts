// The fixed timetable of the city's lines by sort of day: which trips run, when they start, when they are planned at each stop. Made once for
// the buses there are, or as an imported line was published; what really happens never changes it.
import type { PlannedTrip } from '../city.ts';
import type { DayType } from '../world.ts';
import { remember } from '../world/remember.ts';
import type { Side } from './side.ts';

/** A planned gap between two trips of a way is never shorter than this, s; beyond the other it is a break in the service. */
const HEADWAY_MIN_S = 30;
export const BREAK_S = 4 * 3600;
/** Planned headway of a trip that is the only one of its way. */
const LONE_HEADWAY_S = 3600;
/** A trip is never given up earlier after its start, s, and always later than the other: who would run it would be late all day (EE). */
const PATIENCE_MIN_S = 120;
const PATIENCE_MAX_S = 1200;

export interface Trip {
  /** Unique in the city. */
  readonly id: string;
  readonly side: Side;
  /** Seconds from civil midnight; may pass 86,400. */
  readonly startS: number;
  /** Seconds from the start to the arrival at each stop; the first is 0. */
  readonly planS: Float64Array;
  /** After the trip of the same way before it; for the first one of a service, before the one after it. */
  readonly headwayS: number;
  /** Cancelled when no bus has come for it by then: the next one of its way is due, or it is hopelessly late. */
  readonly patienceS: number;
}

/** Of one line. */
export interface Timetable {
  /** Trips of a sort of day, by their start; always the same ones. */
  on(dayType: DayType): readonly Trip[];
}

export type Start = Pick<Trip, 'id' | 'side' | 'startS' | 'planS'>;

/** Puts the trips of one line and day in order, with their headways. */
export function inService(starts: readonly Start[]): Trip[] {
  const sorted = starts.toSorted((a, b) => a.startS - b.startS || a.side.way - b.side.way || (a.id < b.id ? -1 : 1));
  const last = new Map<Side, number>();
  const beforeS = sorted.map(({ side, startS }) => {
    const before = last.get(side);
    last.set(side, startS);
    return gapS(startS - (before ?? -Infinity));
  });
  const next = new Map<Side, number>();
  const afterS = sorted.toReversed().map(({ side, startS }) => {
    const after = next.get(side);
    next.set(side, startS);
    return gapS((after ?? Infinity) - startS);
  });
  return sorted.map((start, i) => {
    const ahead = beforeS[i];
    const behind = afterS[sorted.length - 1 - i];
    const headwayS = ahead ?? behind ?? LONE_HEADWAY_S;
    return { ...start, headwayS, patienceS: Math.min(PATIENCE_MAX_S, Math.max(PATIENCE_MIN_S, behind ?? headwayS)) };
  });
}

/** An imported line's timetable, as published. */
export function publishedTimetable(trips: readonly PlannedTrip[], sides: readonly Side[]): Timetable {
  const plans = new Map<readonly number[], Float64Array>();
  const of = (dayType: DayType) =>
    inService(
      trips
        .filter(({ days }) => days.includes(dayType))
        .map(({ id, way, startS, planS }) => {
          const known = plans.get(planS) ?? Float64Array.from(planS);
          plans.set(planS, known);
          return { id, side: sides[way]!, startS, planS: known };
        }),
    );
  return perDayType(of);
}

/** A timetable whose days are planned when they are first asked for. */
export function perDayType(plan: (dayType: DayType) => Trip[]): Timetable {
  const known = new Map<DayType, Trip[]>();
  return { on: (dayType) => remember(known, Infinity, dayType, () => plan(dayType)) };
}

/** undefined across a break in the service. */
function gapS(seconds: number): number | undefined {
  return seconds > BREAK_S ? undefined : Math.max(HEADWAY_MIN_S, seconds);
}
