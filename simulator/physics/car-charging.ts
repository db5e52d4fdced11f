// An electric car charged at home: every other evening on average, for what it has driven. A pure function of the home and the civil day; it
// knows no battery, no trip and no other car.
import type { Random } from '../random.ts';
import { calendar, seasonTempC } from '../world/climate.ts';

const MIN_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;

export const CHARGER_KW = 7;
/** Distance a day, lognormal (engineering estimates). */
const DAY_MEDIAN_KM = 32;
const DAY_SIGMA = 0.6;
const KWH_PER_KM = 0.15;
/** The heater of a car adds this at 0 °C, nothing from 20 °C on. */
const COLD_SHARE = 0.25;
const MILD_C = 20;
/** Plugged in on this share of days, for what was driven since on average. */
const PLUG_IN_SHARE = 0.5;
const BATTERY_KWH = 60;
/** Home after work, standard deviation and range, civil hours. */
const ARRIVAL_H = { mean: 18.5, sd: 1.8, least: 12, most: 23.5 } as const;
/** Cheap hours of the home tariff in Jiangsu start at 21:00; this share of cars waits for them, with a little jitter. */
const VALLEY_SHARE = 0.6;
const VALLEY_H = 21;
const VALLEY_JITTER_MS = 30 * MIN_MS;

// Purposes of the random draws.
const VALLEY = 211;
const PLUG_IN = 212;
const DISTANCE = 213;
const ARRIVAL = 214;
const JITTER = 215;

/** Energy drawn between two moments of civil time (ms since 1970, as if civil time were UTC), kWh. Spans of at most a day. */
export function chargingKwh(random: Random, home: number, fromMs: number, untilMs: number): number {
  let drawnMs = 0;
  // A full charge takes less than nine hours: it may have begun yesterday, not earlier.
  for (let day = Math.floor(fromMs / DAY_MS) - 1; day * DAY_MS < untilMs; day++) {
    if (random.uniform(home, PLUG_IN, day) >= PLUG_IN_SHARE) continue;
    const startMs = day * DAY_MS + startOfDayMs(random, home, day);
    const endMs = startMs + (sessionKwh(random, home, day) / CHARGER_KW) * HOUR_MS;
    drawnMs += Math.max(0, Math.min(untilMs, endMs) - Math.max(fromMs, startMs));
  }
  return (CHARGER_KW * drawnMs) / HOUR_MS;
}

/** When a car that is plugged in on this day starts to charge, ms after midnight. */
function startOfDayMs(random: Random, home: number, day: number): number {
  if (random.uniform(home, VALLEY, 0) < VALLEY_SHARE) {
    return VALLEY_H * HOUR_MS + VALLEY_JITTER_MS * random.uniform(home, JITTER, day);
  }
  const { mean, sd, least, most } = ARRIVAL_H;
  return HOUR_MS * Math.min(most, Math.max(least, mean + sd * random.normal(home, ARRIVAL, day)));
}

function sessionKwh(random: Random, home: number, day: number): number {
  const drivenKm = random.lognormal(DAY_MEDIAN_KM, DAY_SIGMA, home, DISTANCE, day) / PLUG_IN_SHARE;
  const { dayOfYear } = calendar(day);
  const cold = Math.min(1, Math.max(0, (MILD_C - seasonTempC(dayOfYear)) / MILD_C));
  return Math.min(BATTERY_KWH, drivenKm * KWH_PER_KM * (1 + COLD_SHARE * cold));
}
