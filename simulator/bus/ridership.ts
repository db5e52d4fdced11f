// How many people ride a way of a line in a day: in proportion to the kilometres that its timetable offers on a working day, so that a fleet
// of any size carries alike. When they come is the city's rhythm, who they are is in the demand.
import type { DayType } from '../world.ts';
import { BOARDING, atHour } from '../world/rhythms.ts';
import { BREAK_S } from './schedule.ts';
import type { Timetable, Trip } from './schedule.ts';
import type { Side } from './side.ts';

/** Boardings per km of service: 2.1 in all of Wuxi (bus company, 2012: 800,000 on 380,000 km a day), twice that on trunk lines (EE). */
const BOARDINGS_PER_KM = 2.1 * 2;
const STEP_S = 900;
/** Of a line that runs when hardly anybody travels. */
const LEAST_SHARE = 0.01;

/** Boardings on so many trips of a way. */
export function dailyBoardings(lengthM: number, trips: number): number {
  return BOARDINGS_PER_KM * (lengthM / 1000) * trips;
}

/** Times of day in which people come for these trips of one way: from half a headway before a trip to its start. Merged, by time. */
export function servedTimes(trips: readonly Trip[]): { fromS: number; untilS: number }[] {
  const times: { fromS: number; untilS: number }[] = [];
  for (const { startS, headwayS } of trips) {
    const last = times.at(-1);
    if (last !== undefined && startS - last.untilS <= BREAK_S) last.untilS = startS;
    else times.push({ fromS: startS - headwayS / 2, untilS: startS });
  }
  return times;
}

/** Share of a working day's boardings that falls into the times of these trips of one way, 0.01…1. */
export function serviceShare(trips: readonly Trip[]): number {
  let percentHours = 0;
  for (const { fromS, untilS } of servedTimes(trips)) {
    const steps = Math.max(1, Math.round((untilS - fromS) / STEP_S));
    const stepS = (untilS - fromS) / steps;
    for (let i = 0; i < steps; i++) {
      const hour = (fromS + (i + 0.5) * stepS) / 3600 + 24;
      percentHours += atHour(BOARDING.workday, hour % 24) * (stepS / 3600);
    }
  }
  return Math.max(LEAST_SHARE, Math.min(1, percentHours / 100));
}

/** Boardings of a whole working day of the city's rhythm, of which the way gets those in its times. 0 without trips. */
export function ridersADay(timetable: Timetable, side: Side): number {
  const days: readonly DayType[] = ['workday', 'weekend', 'holiday'];
  for (const dayType of days) {
    const trips = timetable.on(dayType).filter((trip) => trip.side === side);
    if (trips.length > 0) return dailyBoardings(side.lengthM, trips.length) / serviceShare(trips);
  }
  return 0;
}
