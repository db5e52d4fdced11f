// What people do at this hour: ride, drive, park, use water, gather. Rhythms of the day's type, thinned by holidays and school holidays and
// changed by rain and heat; people do not react to delays, prices or each other.
import type { LandUse } from '../city.ts';
import type { Random } from '../random.ts';
import type { Calendar, Crowd, People, Sky } from '../world.ts';
import { calendarOf } from './calendar.ts';
import { remember } from './remember.ts';
import { BOARDING, PARKING, TRAFFIC, WATER } from './rhythms.ts';
import type { Rhythm } from './rhythms.ts';

const HOUR_MS = 3_600_000;

/** Days differ in boardings more than chance explains. */
const BOARDING_DAY_SIGMA = 0.08;
const BOARDING_DAY = 1;

// All shares are engineering estimates.

/** What is left of a holiday's life when much of the city is with its family elsewhere. */
const SPRING_FESTIVAL = {
  boardings: 0.6,
  water: 0.75,
  traffic: 0.65,
  parking: { retail: 0.9, office: 0.5, industry: 0.4, housing: 0.8 },
};
/** Working days without school have fewer cars in these hours. */
const SCHOOL_HOURS = [7, 8];
const NO_SCHOOL_TRAFFIC = 0.92;

/** Share that full rain adds: who cycles or walks when it is dry rides and drives; who need not go shopping stays at home. */
const RAIN_BOARDINGS = 0.03;
const RAIN_TRAFFIC = 0.03;
const RAIN_RETAIL_PARKING = -0.15;
/** The rain that makes people think again. */
const RAIN_FULL_MM_PER_H = 2.5;
/** Share that full heat adds: people walk 15 % less, to stops and shops too. */
const HEAT_BOARDINGS = -0.05;
const HEAT_RETAIL_PARKING = -0.1;
const HEAT_FROM_C = 33;
const HEAT_FULL_C = 35;

export interface PeopleContext {
  readonly random: Random;
  /** Civil time, ms since 1970. */
  readonly civilMs: number;
  readonly sky: Sky;
  readonly crowds: readonly Crowd[];
  /** day: civil days since 1970. */
  readonly calendarOf: (day: number) => Calendar;
}

type DayShare = (calendar: Calendar, hour: number, day: number) => number;

export function peopleAt({ random, civilMs, sky, crowds, calendarOf: dayOf }: PeopleContext): People {
  const rain = Math.min(1, sky.rainMmPerH / RAIN_FULL_MM_PER_H);
  const heat = Math.max(0, Math.min(1, (sky.tempC - HEAT_FROM_C) / (HEAT_FULL_C - HEAT_FROM_C)));
  const boardingDay: DayShare = (calendar, _, day) => boardingDayFactor(random, day) * seasonal(calendar).boardings;
  const parking = (use: LandUse) =>
    between(PARKING[use], civilMs, dayOf, (calendar) => seasonal(calendar).parking[use]);
  return {
    boardingShare: between(BOARDING, civilMs, dayOf, boardingDay) * (1 + RAIN_BOARDINGS * rain + HEAT_BOARDINGS * heat),
    waterFactor: between(WATER, civilMs, dayOf, (calendar) => seasonal(calendar).water),
    parkingFactor: {
      retail: parking('retail') * (1 + RAIN_RETAIL_PARKING * rain + HEAT_RETAIL_PARKING * heat),
      office: parking('office'),
      industry: parking('industry'),
      housing: parking('housing'),
    },
    traffic: Math.min(1, between(TRAFFIC, civilMs, dayOf, trafficDay) * (1 + RAIN_TRAFFIC * rain)),
    crowds,
  };
}

const CALENDAR = new Map<number, Calendar>();
const REMEMBERED_DAYS = 64;

/** Parking arrivals in fair weather at a moment relative to the mean of a working day, by the calendar alone. */
export function parkingFactor(use: LandUse, civilMs: number): number {
  const dayOf = (day: number) => remember(CALENDAR, REMEMBERED_DAYS, day, () => calendarOf(day));
  return between(PARKING[use], civilMs, dayOf, (calendar) => seasonal(calendar).parking[use]);
}

/** Highest value a parking factor takes, for thinning. */
export function parkingPeak(use: LandUse): number {
  return Math.max(...Object.values(PARKING[use]).flat());
}

const ORDINARY = { boardings: 1, water: 1, traffic: 1, parking: { retail: 1, office: 1, industry: 1, housing: 1 } };

function seasonal({ holiday }: Calendar): typeof ORDINARY {
  return holiday === 'Spring Festival' ? SPRING_FESTIVAL : ORDINARY;
}

function trafficDay(calendar: Calendar, hour: number): number {
  const withoutSchool = calendar.dayType === 'workday' && !calendar.school && SCHOOL_HOURS.includes(hour);
  return seasonal(calendar).traffic * (withoutSchool ? NO_SCHOOL_TRAFFIC : 1);
}

/** Mean 0.01: the rhythm is in percent. */
function boardingDayFactor(random: Random, day: number): number {
  const middle = Math.exp((BOARDING_DAY_SIGMA * BOARDING_DAY_SIGMA) / 2);
  return (0.01 * random.lognormal(1, BOARDING_DAY_SIGMA, 0, BOARDING_DAY, day)) / middle;
}

/** Linear between the middles of the hours, over midnight too; every hour takes the rhythm and the share of its own day. */
function between(rhythm: Rhythm, civilMs: number, dayOf: PeopleContext['calendarOf'], share: DayShare): number {
  const position = civilMs / HOUR_MS - 0.5;
  const index = Math.floor(position);
  const a = nodeAt(rhythm, index, dayOf, share);
  return a + (position - index) * (nodeAt(rhythm, index + 1, dayOf, share) - a);
}

function nodeAt(rhythm: Rhythm, index: number, dayOf: PeopleContext['calendarOf'], share: DayShare): number {
  const day = Math.floor(index / 24);
  const hour = index - 24 * day;
  const calendar = dayOf(day);
  return rhythm[calendar.dayType][hour]! * share(calendar, hour, day);
}
