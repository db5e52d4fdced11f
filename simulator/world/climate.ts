// The climate of Wuxi: what the weather generator draws from. Normals of about 1991–2020, rounded; hourly shapes and residuals from the
// typical year of Shanghai-Hongqiao (TMYx 1956–2023), 100 km east. No trend, no El Niño.

const DAY_MS = 86_400_000;

export interface MonthClimate {
  /** Share of days with 0.1 mm or more. */
  readonly wetShare: number;
  /** Gamma law of a wet day's rain above 0.1 mm. */
  readonly rainShape: number;
  readonly rainScaleMm: number;
  /** Standard deviation of the daily mean temperature around the season's. */
  readonly sigmaK: number;
  /** How much warmer a wet day is than a dry one. */
  readonly wetShiftK: number;
  /** Daily maximum minus minimum. */
  readonly rangeDryK: number;
  readonly rangeWetK: number;
  /** Weibull law of the hourly mean wind at street level. */
  readonly windShape: number;
  readonly windScaleMps: number;
}

// wet days, days, shape, scale mm, sigma K, wet shift K, range dry K, range wet K, wind shape, wind scale m/s
const MONTHS: readonly MonthClimate[] = [
  month(10.3, 31, 0.6, 10.4, 3.0, 0.3, 8.6, 5.2, 1.9, 2.8),
  month(10.0, 28.25, 0.6, 10.5, 3.4, 0.0, 8.9, 5.4, 1.9, 2.9),
  month(12.3, 31, 0.6, 12.3, 3.5, -0.8, 9.4, 5.8, 1.9, 3.2),
  month(11.0, 30, 0.58, 12.8, 3.3, -1.2, 9.8, 6.2, 1.9, 3.1),
  month(11.3, 31, 0.58, 14.8, 2.8, -1.4, 9.4, 6.0, 2.0, 3.0),
  month(13.3, 30, 0.52, 29.4, 2.5, -1.5, 7.8, 5.6, 2.0, 2.9),
  month(12.4, 31, 0.5, 29.6, 2.5, -1.8, 7.6, 6.0, 1.8, 3.0),
  month(12.4, 31, 0.5, 26.4, 1.9, -1.3, 7.3, 5.8, 2.0, 3.0),
  month(8.9, 30, 0.52, 20.3, 2.3, -0.6, 7.8, 5.3, 1.8, 2.8),
  month(7.9, 31, 0.56, 14.1, 2.4, 0.2, 8.9, 5.4, 1.9, 2.6),
  month(9.1, 30, 0.58, 10.8, 2.9, 0.6, 9.1, 5.4, 1.8, 2.6),
  month(7.9, 31, 0.6, 8.9, 3.3, 0.7, 9.1, 5.3, 1.8, 2.6),
];

/** Mean cloud of dry and wet days, winter, spring, summer, autumn. */
const CLOUD_DRY = [0.37, 0.31, 0.65, 0.43];
const CLOUD_WET = [0.73, 0.73, 0.82, 0.85];

/** Temperature through the day relative to 0.85 of its range; mean of the hours 0…23. */
// prettier-ignore
const SHAPE_WINTER = [
  -0.25, -0.34, -0.35, -0.37, -0.41, -0.39, -0.4, -0.39, -0.27, -0.15, 0.24, 0.38,
  0.48, 0.59, 0.58, 0.59, 0.48, 0.33, 0.07, 0.04, -0.01, -0.06, -0.17, -0.21,
];
// prettier-ignore
const SHAPE_SUMMER = [
  -0.34, -0.36, -0.39, -0.41, -0.42, -0.44, -0.31, -0.18, -0.05, 0.1, 0.24, 0.39,
  0.45, 0.5, 0.56, 0.48, 0.4, 0.32, 0.17, 0.03, -0.11, -0.16, -0.22, -0.28,
];
const WARMEST_DAY = 203.9;

/** Day of the year 1…366 and month 0…11 of a civil day (days since 1970-01-01). */
export function calendar(day: number): { year: number; dayOfYear: number; month: number } {
  const date = new Date(day * DAY_MS);
  const year = date.getUTCFullYear();
  return { year, dayOfYear: day - Date.UTC(year, 0, 1) / DAY_MS + 1, month: date.getUTCMonth() };
}

export function climateOf(month: number): MonthClimate {
  return MONTHS[month]!;
}

/** Normal daily mean temperature, °C. dayOfYear 1…366. Mean-preserving fit to the monthly normals, largest monthly error 0.56 K. */
export function seasonTempC(dayOfYear: number): number {
  return (
    16.99 +
    12.18 * yearWave(1, dayOfYear, WARMEST_DAY) +
    0.86 * yearWave(2, dayOfYear, 83.1) +
    0.5 * yearWave(3, dayOfYear, 85.0)
  );
}

/** Share of wet days, interpolated between the middles of the months so that no month begins with a jump. */
export function wetShare(dayOfYear: number): number {
  const position = ((dayOfYear - 15.5) / 365.25) * 12 + 12;
  const before = Math.floor(position);
  const part = position - before;
  return MONTHS[before % 12]!.wetShare * (1 - part) + MONTHS[(before + 1) % 12]!.wetShare * part;
}

/** 0 in the depth of winter … 1 at the height of summer. */
export function summerShare(dayOfYear: number): number {
  return 0.5 + 0.5 * yearWave(1, dayOfYear, WARMEST_DAY);
}

/** 0 winter, 1 spring, 2 summer, 3 autumn. month 0…11 */
export function seasonOf(month: number): number {
  return Math.floor(((month + 1) % 12) / 3);
}

export function cloudMean(month: number, wet: boolean): number {
  return (wet ? CLOUD_WET : CLOUD_DRY)[seasonOf(month)]!;
}

/** Departure of an hour's temperature from the day's mean, in ranges. hour 0…23 */
export function hourShape(hour: number, summer: number): number {
  return SHAPE_WINTER[hour]! + summer * (SHAPE_SUMMER[hour]! - SHAPE_WINTER[hour]!);
}

function yearWave(order: number, dayOfYear: number, peakDay: number): number {
  return Math.cos((2 * Math.PI * order * (dayOfYear - peakDay)) / 365);
}

function month(
  wetDays: number,
  days: number,
  rainShape: number,
  rainScaleMm: number,
  sigmaK: number,
  wetShiftK: number,
  rangeDryK: number,
  rangeWetK: number,
  windShape: number,
  windScaleMps: number,
): MonthClimate {
  const wetShare = wetDays / days;
  return { wetShare, rainShape, rainScaleMm, sigmaK, wetShiftK, rangeDryK, rangeWetK, windShape, windScaleMps };
}
