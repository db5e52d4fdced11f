// The civil dates around a moment and what sort of day each is: what a published timetable covers. Knows the calendar, no timetable.
import type { ServiceDate } from './fleet.ts';
import type { DayType } from './world.ts';
import { calendarOf } from './world/calendar.ts';

const DAY_MS = 86_400_000;
/** From yesterday, whose last trips may still run, to two weeks ahead. */
const FIRST = -1;
const LAST = 14;

/** today: the sort of day it has become, whatever the calendar says; wanted: what a scenario makes of every day. */
export function serviceDates(civilMs: number, today: DayType, wanted: DayType | undefined): ServiceDate[] {
  const day = Math.floor(civilMs / DAY_MS);
  return Array.from({ length: LAST - FIRST + 1 }, (_, i) => {
    const which = day + FIRST + i;
    const date = new Date(which * DAY_MS).toISOString().slice(0, 10);
    return { date, dayType: which === day ? today : calendarOf(which, wanted).dayType };
  });
}
