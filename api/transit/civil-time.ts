// Civil days and the zone in which the static feed tells them. A city's clock may be any number of minutes from UTC; a feed needs a zone
// that exists and has no summer time. Instants always agree; clock times and dates agree where such a zone does.

const DAY_MIN = 1440;
const DAY_MS = 86_400_000;

/** Asked for with every record of a bus, and always for the same few days. */
const dates = new Map<number, string>();
const MAX_DATES = 1000;

/** civil day → date `2026-11-21`. day: whole days since 1970. */
export function civilDate(day: number): string {
  let date = dates.get(day);
  if (date !== undefined) return date;
  date = new Date(day * DAY_MS).toISOString().slice(0, 10);
  if (dates.size >= MAX_DATES) dates.clear();
  dates.set(day, date);
  return date;
}

/** → whole days since 1970 in civil time. */
export function civilDay(ms: number, utcOffsetMin: number): number {
  return Math.floor((ms + utcOffsetMin * 60_000) / DAY_MS);
}

/** → ms since 1970 of the civil midnight at which the day begins. */
export function civilDayStartMs(day: number, utcOffsetMin: number): number {
  return day * DAY_MS - utcOffsetMin * 60_000;
}

export interface FeedZone {
  /** In the tz database. */
  readonly name: string;
  readonly utcOffsetMin: number;
}

/** All without summer time; `Etc/GMT` names have the sign the other way round. */
const ZONES: readonly FeedZone[] = [
  { name: 'Asia/Shanghai', utcOffsetMin: 480 },
  ...Array.from({ length: 27 }, (_, at) => at - 12).map((hours) => ({
    name: hours === 0 ? 'Etc/UTC' : `Etc/GMT${hours > 0 ? '-' : '+'}${Math.abs(hours)}`,
    utcOffsetMin: hours * 60,
  })),
];

/** The zone of a feed for a city's clock: the same offset, else one whole days away, else the next one to the east. */
export function feedZone(utcOffsetMin: number): FeedZone {
  const eastMin = (zone: FeedZone) => modulo(zone.utcOffsetMin - utcOffsetMin, DAY_MIN);
  const distance = (zone: FeedZone) => Math.abs(zone.utcOffsetMin - utcOffsetMin);
  return ZONES.toSorted((a, b) => eastMin(a) - eastMin(b) || distance(a) - distance(b))[0]!;
}

/** How times of a timetable are told in the feed's zone: its dates move by whole days, its times by less than a day, never below 0. */
export interface Shift {
  readonly days: number;
  readonly extraS: number;
}

export function shiftInto(zone: FeedZone, utcOffsetMin: number): Shift {
  const eastMin = zone.utcOffsetMin - utcOffsetMin;
  return { days: Math.floor(eastMin / DAY_MIN), extraS: modulo(eastMin, DAY_MIN) * 60 };
}

/** `2026-11-21` → `20261121`, moved. */
export function feedDate(date: string, { days }: Shift): string {
  return civilDate(Date.parse(`${date}T00:00:00Z`) / DAY_MS + days).replaceAll('-', '');
}

/** Seconds from civil midnight → `25:10:00`, moved. */
export function feedTime(s: number, { extraS }: Shift): string {
  const whole = Math.round(s) + extraS;
  const two = (value: number) => String(value).padStart(2, '0');
  return `${two(Math.floor(whole / 3600))}:${two(Math.floor(whole / 60) % 60)}:${two(whole % 60)}`;
}

function modulo(value: number, by: number): number {
  return ((value % by) + by) % by;
}
