// Weather that a scenario lays over the season's: how far it has come at a moment and what it makes of the air. Between its first and its
// last moment only: before and after, nothing moves by a bit. Decides nothing about streets, people or light.
import { dewPointC, relativeHumidityPct } from '../physics/humidity.ts';
import type { WorldEvent } from '../world.ts';
import { calendar, climateOf } from './climate.ts';
import type { Air } from './weather.ts';

/** Arguments of a weather event. Absent: as the season has it. */
export interface WeatherArgs {
  readonly preset?: keyof typeof WEATHER_PRESETS;
  readonly rainMmPerH?: number;
  readonly cloud?: number;
  readonly windMps?: number;
  readonly tempShiftK?: number;
  readonly visibilityM?: number;
  readonly rampS?: number;
}

interface Preset extends WeatherArgs {
  /** Temperature shift in standard deviations of the month's daily means. */
  readonly tempShiftSigmas?: number;
  readonly humidityPct?: number;
  readonly pressureShiftHpa?: number;
}

const HOUR_S = 3600;
const RAMP_S = 600;

/**
 * Typical weather of the lower Yangtze, engineering estimates: plum rain, a June wet day's 15 mm and a third more over ten hours; typhoon,
 * 100–200 mm in 24 h with gusts of 20–32 m/s; cold wave, −8…−12 K within 48 h; heat wave, daily means 1.5 standard deviations up; radiation
 * fog, visibility 50–500 m in still moist air, from below an overcast sky; thunderstorm, most of a wet day's rain within the hour.
 */
export const WEATHER_PRESETS = {
  'plum-rain': { rainMmPerH: 2, cloud: 0.97, tempShiftK: -1.5, rampS: HOUR_S },
  typhoon: { rainMmPerH: 8, cloud: 1, windMps: 16, tempShiftK: -3, pressureShiftHpa: -25, rampS: 6 * HOUR_S },
  'cold-wave': { tempShiftK: -10, windMps: 6, pressureShiftHpa: 12, rampS: 48 * HOUR_S },
  'heat-wave': { tempShiftSigmas: 1.5, rampS: 24 * HOUR_S },
  fog: { visibilityM: 200, cloud: 1, windMps: 1, humidityPct: 98, rampS: HOUR_S },
  thunderstorm: { rainMmPerH: 40, cloud: 1, windMps: 10, tempShiftK: -5, rampS: 300 },
} satisfies { readonly [preset: string]: Preset };

/** Rain comes from a closed sky and moistens the air. */
const RAIN_CLOUD = 0.9;
const RAIN_HUMIDITY_PCT = 92;

/** 0 before an event, 1 in its midst, linear in between; both slopes lie inside it and take at most half of it each. */
export function eventWeight(fromMs: number, untilMs: number, rampMs: number, nowMs: number): number {
  if (nowMs < fromMs || nowMs >= untilMs) return 0;
  const slopeMs = Math.min(rampMs, (untilMs - fromMs) / 2);
  if (slopeMs <= 0) return 1;
  return Math.min(1, (nowMs - fromMs) / slopeMs, (untilMs - nowMs) / slopeMs);
}

/** The air with the events laid over it, in their order. nowMs: simulated; civilMs: for the season of a preset. Unchanged when none is on. */
export function imposeWeather(air: Air, events: readonly WorldEvent[], nowMs: number, civilMs: number): Air {
  let imposed = air;
  for (const { fromMs, untilMs, args } of events) {
    if (nowMs < fromMs || nowMs >= untilMs) continue;
    const wanted = wantedOf(args);
    const weight = eventWeight(fromMs, untilMs, (wanted.rampS ?? RAMP_S) * 1000, nowMs);
    if (weight > 0) imposed = towards(imposed, wanted, weight, civilMs);
  }
  return imposed;
}

function wantedOf(args: WeatherArgs): Preset {
  return args.preset === undefined ? args : { ...WEATHER_PRESETS[args.preset], ...args };
}

function towards(air: Air, wanted: Preset, weight: number, civilMs: number): Air {
  const mix = (from: number, to: number) => from + weight * (to - from);
  const rainWanted = wanted.rainMmPerH ?? 0;
  const cloudWanted = Math.max(wanted.cloud ?? air.cloud, rainWanted > 0 ? RAIN_CLOUD : 0);
  const shiftK = weight * shiftOf(wanted, civilMs);
  const tempC = air.tempC + shiftK;
  const humidityPct = relativeHumidityPct(air.tempC, air.dewPointC);
  const humidityWanted = Math.max(humidityPct, wanted.humidityPct ?? 0, rainWanted > 0 ? RAIN_HUMIDITY_PCT : 0);
  return {
    ...air,
    tempC,
    dewPointC: Math.min(tempC, dewPointC(tempC, mix(humidityPct, humidityWanted))),
    pressureHpa: air.pressureHpa + weight * (wanted.pressureShiftHpa ?? 0),
    rainMmPerH: wanted.rainMmPerH === undefined ? air.rainMmPerH : mix(air.rainMmPerH, wanted.rainMmPerH),
    cloud: mix(air.cloud, cloudWanted),
    windMps: wanted.windMps === undefined ? air.windMps : mix(air.windMps, wanted.windMps),
    ...(wanted.visibilityM === undefined ? {} : { imposedVisibility: { visibilityM: wanted.visibilityM, weight } }),
  };
}

function shiftOf({ tempShiftK = 0, tempShiftSigmas = 0 }: Preset, civilMs: number): number {
  const { month } = calendar(Math.floor(civilMs / 86_400_000));
  return tempShiftK + tempShiftSigmas * climateOf(month).sigmaK;
}
