// What kind of day it is: working day, weekend or Chinese public holiday, with the weekend days that are worked to make up for bridges, and
// whether schools teach. 2025 and 2026 as announced by the State Council; other years by the statute's days and the usual bridges.
// Lunar holidays are known for 2020–2040. No regional holidays.
import type { Calendar, DayType } from '../world.ts';

const DAY_MS = 86_400_000;

/** Month and day of the first and of the last free day, then of the weekend days that are worked instead. */
type Announced = readonly [name: string, first: string, last: string, ...worked: string[]];

/** Source: General Office of the State Council, notices of 12 November 2024 and 4 November 2025. */
const ANNOUNCED: { readonly [year: number]: readonly Announced[] } = {
  2025: [
    ["New Year's Day", '01-01', '01-01'],
    ['Spring Festival', '01-28', '02-04', '01-26', '02-08'],
    ['Qingming Festival', '04-04', '04-06'],
    ['Labour Day', '05-01', '05-05', '04-27'],
    ['Dragon Boat Festival', '05-31', '06-02'],
    ['National Day', '10-01', '10-08', '09-28', '10-11'],
  ],
  2026: [
    ["New Year's Day", '01-01', '01-03', '01-04'],
    ['Spring Festival', '02-15', '02-23', '02-14', '02-28'],
    ['Qingming Festival', '04-04', '04-06'],
    ['Labour Day', '05-01', '05-05', '05-09'],
    ['Dragon Boat Festival', '06-19', '06-21'],
    ['Mid-Autumn Festival', '09-25', '09-27'],
    ['National Day', '10-01', '10-07', '09-20', '10-10'],
  ],
};

/** Days of the year's lunar holidays, month-day: first of the first, fifth of the fifth, fifteenth of the eighth lunar month. */
const FIRST_LUNAR_YEAR = 2020;
// prettier-ignore
const LUNAR: readonly string[] = [
  '01-25 06-25 10-01', '02-12 06-14 09-21', '02-01 06-03 09-10', '01-22 06-22 09-29', '02-10 06-10 09-17', '01-29 05-31 10-06',
  '02-17 06-19 09-25', '02-06 06-09 09-15', '01-26 05-28 10-03', '02-13 06-16 09-22', '02-03 06-05 09-12', '01-23 06-24 10-01',
  '02-11 06-12 09-19', '01-31 06-01 09-08', '02-19 06-20 09-27', '02-08 06-10 09-16', '01-28 05-30 10-04', '02-15 06-18 09-24',
  '02-04 06-07 09-13', '01-24 05-27 10-02', '02-12 06-14 09-20',
];

/** Winter holidays begin about two weeks before Spring Festival and end two weeks after; summer holidays are July and August. */
const WINTER_HOLIDAY_DAYS = 14;

/** The day as it is, or as a scenario wants every day to be: a holiday on an ordinary date has no name. day: civil days since 1970. */
export function calendarOf(day: number, dayType?: DayType): Calendar {
  const date = new Date(day * DAY_MS);
  const year = date.getUTCFullYear();
  const { holidays, worked } = yearOf(year);
  const holiday = holidays.get(day);
  const isWeekend = date.getUTCDay() % 6 === 0;
  const own: DayType = holiday !== undefined ? 'holiday' : isWeekend && !worked.has(day) ? 'weekend' : 'workday';
  const actual = dayType ?? own;
  return {
    dayType: actual,
    ...(actual === 'holiday' && holiday !== undefined ? { holiday } : {}),
    school: actual === 'workday' && isTerm(day, year, date.getUTCMonth()),
    dayOfYear: day - Date.UTC(year, 0, 1) / DAY_MS + 1,
  };
}

/** The same where no public holidays are known: Saturdays are weekends, and Sundays are what holidays are like. */
export function weekdayCalendarOf(day: number, dayType?: DayType): Calendar {
  const date = new Date(day * DAY_MS);
  const own: DayType = ({ 0: 'holiday', 6: 'weekend' } as const)[date.getUTCDay()] ?? 'workday';
  const actual = dayType ?? own;
  const isSummer = date.getUTCMonth() === 6 || date.getUTCMonth() === 7;
  const dayOfYear = day - Date.UTC(date.getUTCFullYear(), 0, 1) / DAY_MS + 1;
  return { dayType: actual, school: actual === 'workday' && !isSummer, dayOfYear };
}

interface Year {
  readonly holidays: ReadonlyMap<number, string>;
  /** Weekend days that are worked. */
  readonly worked: ReadonlySet<number>;
}

const YEARS = new Map<number, Year>();

function yearOf(year: number): Year {
  let known = YEARS.get(year);
  if (known === undefined) {
    const announced = ANNOUNCED[year];
    known = announced === undefined ? usualYear(year) : announcedYear(year, announced);
    YEARS.set(year, known);
  }
  return known;
}

function announcedYear(year: number, announced: readonly Announced[]): Year {
  const holidays = new Map<number, string>();
  const worked = new Set<number>();
  for (const [name, first, last, ...instead] of announced) {
    for (let day = dayOf(year, first); day <= dayOf(year, last); day++) holidays.set(day, name);
    for (const day of instead) worked.add(dayOf(year, day));
  }
  return { holidays, worked };
}

function usualYear(year: number): Year {
  const holidays = new Map<number, string>();
  const worked = new Set<number>();
  const free = (name: string, first: number, days: number) => {
    for (let day = first; day < first + days; day++) if (!holidays.has(day)) holidays.set(day, name);
  };
  const [spring, dragonBoat, midAutumn] = lunarDays(year) ?? [];
  single("New Year's Day", dayOf(year, '01-01'), free);
  if (spring !== undefined) {
    free('Spring Festival', spring - 1, 8);
    worked.add(weekendDay(spring - 2, -1)).add(weekendDay(spring + 7, 1));
  }
  single('Qingming Festival', qingming(year), free);
  free('Labour Day', dayOf(year, '05-01'), 5);
  worked.add(weekendDay(dayOf(year, '04-30'), -1));
  if (dragonBoat !== undefined) single('Dragon Boat Festival', dragonBoat, free);
  const national = dayOf(year, '10-01');
  const joined = midAutumn !== undefined && midAutumn >= national - 1 && midAutumn <= national + 7;
  free('National Day', national, joined ? 8 : 7);
  worked.add(weekendDay(national - 1, -1)).add(weekendDay(national + 8, 1));
  if (midAutumn !== undefined) single('Mid-Autumn Festival', midAutumn, free);
  for (const day of holidays.keys()) worked.delete(day);
  return { holidays, worked };
}

/** A holiday of one day: with the weekend beside it, and the Monday after when it falls on a weekend. */
function single(name: string, day: number, free: (name: string, first: number, days: number) => void): void {
  const first = { 0: day - 1, 1: day - 2, 5: day, 6: day }[weekdayOf(day)];
  if (first === undefined) free(name, day, 1);
  else free(name, first, 3);
}

/** True outside the school holidays; weekends are not asked. */
function isTerm(day: number, year: number, month: number): boolean {
  if (month === 6 || month === 7) return false;
  const spring = lunarDays(year)?.[0] ?? dayOf(year, '02-06');
  return Math.abs(day - spring) > WINTER_HOLIDAY_DAYS;
}

function lunarDays(year: number): [spring: number, dragonBoat: number, midAutumn: number] | undefined {
  const dates = LUNAR[year - FIRST_LUNAR_YEAR]?.split(' ');
  return dates && [dayOf(year, dates[0]!), dayOf(year, dates[1]!), dayOf(year, dates[2]!)];
}

/** The sun reaches 15° of longitude. Rule of thumb of the almanacs for the years 2000…2099. */
function qingming(year: number): number {
  const ofCentury = year % 100;
  return dayOf(year, '04-01') + Math.floor(ofCentury * 0.2422 + 4.81) - Math.floor(ofCentury / 4) - 1;
}

/** The nearest Saturday or Sunday, this day included. */
function weekendDay(day: number, step: 1 | -1): number {
  let found = day;
  while (weekdayOf(found) % 6 !== 0) found += step;
  return found;
}

/** 0 = Sunday */
function weekdayOf(day: number): number {
  return (((day + 4) % 7) + 7) % 7; // 1970-01-01 was a Thursday
}

/** Civil days since 1970. monthDay: `02-17` */
function dayOf(year: number, monthDay: string): number {
  return Date.UTC(year, Number(monthDay.slice(0, 2)) - 1, Number(monthDay.slice(3))) / DAY_MS;
}
