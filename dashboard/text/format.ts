// Numbers, units, times and ages as people read them, in the reader's language. Pure.
import type { Language } from '../url-state.ts';

const LOCALE: { readonly [language in Language]: string } = { en: 'en-GB', zh: 'zh-CN' };
const THIN_SPACE = '\u2009';
/** SI prefixes, largest first. */
const PREFIXES = [
  [1e9, 'G'],
  [1e6, 'M'],
  [1e3, 'k'],
] as const;
/** Units that take no SI prefix: they are prefixed already, or nobody says it so. */
const UNPREFIXED = new Set([
  '',
  'Cel',
  '°C',
  '%',
  'deg',
  's',
  'min',
  'h',
  'lat',
  'lon',
  '%RH',
  'km/h',
  'm/s',
  'count',
  '/',
]);
const SHOWN_UNITS: { readonly [unit: string]: string } = {
  Cel: '°C',
  deg: '°',
  '%RH': '%',
  count: '',
  '/': '',
  m3: 'm³',
  'm3/s': 'm³/s',
  'm3/h': 'm³/h',
  m2: 'm²',
  lon: '°',
  lat: '°',
  'mm/h': 'mm/h',
};

/** Three significant digits, never an exponent; whole numbers under 100,000 stay whole. */
export function formatNumber(value: number, language: Language): string {
  if (!Number.isFinite(value)) return '–';
  const whole = Number.isInteger(value) && Math.abs(value) < 100_000;
  const digits = whole ? 0 : fractionDigits(value);
  return new Intl.NumberFormat(LOCALE[language], {
    minimumFractionDigits: whole ? 0 : Math.min(digits, 1),
    maximumFractionDigits: digits,
  }).format(value === 0 ? 0 : value);
}

function fractionDigits(value: number): number {
  const size = Math.abs(value);
  if (size >= 100 || size === 0) return 0;
  return size >= 10 ? 1 : size >= 1 ? 2 : 3;
}

export function shownUnit(unit: string): string {
  return SHOWN_UNITS[unit] ?? unit;
}

/** 1234.5 W → ["1.23", "kW"]. */
export function formatQuantity(value: number, unit: string, language: Language): { value: string; unit: string } {
  const factor = UNPREFIXED.has(unit) ? undefined : PREFIXES.find(([size]) => Math.abs(value) >= 10 * size);
  if (factor === undefined || !/^[A-Za-z]/.test(unit) || /^[kMG]/.test(unit) || /\d/.test(unit)) {
    return { value: formatNumber(value, language), unit: shownUnit(unit) };
  }
  return { value: formatNumber(value / factor[0], language), unit: factor[1] + shownUnit(unit) };
}

export function formatValue(value: unknown, unit: string, language: Language, resolution?: number): string {
  if (typeof value === 'boolean') return value ? (language === 'zh' ? '是' : 'yes') : language === 'zh' ? '否' : 'no';
  if (typeof value === 'string') return value;
  if (typeof value !== 'number') return '–';
  if (unit === 'lat' || unit === 'lon') return value.toFixed(5);
  const rounded = resolution !== undefined && resolution >= 1 ? Math.round(value) : value;
  const { value: text, unit: shown } = formatQuantity(rounded, unit, language);
  return shown === '' ? text : `${text}${shown === '°' ? '' : THIN_SPACE}${shown}`;
}

/** Large counts: 12,345 → 12.3 k and 1,500,000 → 1.5 M in English, 1.2万 in Chinese. */
export function formatCount(value: number, language: Language): string {
  const format = new Intl.NumberFormat(LOCALE[language], {
    notation: Math.abs(value) >= 10_000 ? 'compact' : 'standard',
    maximumFractionDigits: Math.abs(value) >= 10_000 ? 1 : 0,
  });
  if (language === 'zh') return format.format(value);
  // British English writes a million as m, which reads as milli or metres here.
  const written = ({ type, value: part }: Intl.NumberFormatPart): string =>
    type === 'compact' ? THIN_SPACE + (part === 'm' ? 'M' : part) : part;
  return format.formatToParts(value).map(written).join('');
}

/** Always the same number of decimals, so that a number that changes does not jump: 0.6 → `0.60`. */
export function formatFixed(value: number, decimals: number, language: Language): string {
  const format = { minimumFractionDigits: decimals, maximumFractionDigits: decimals };
  const rounded = Math.round(value * 10 ** decimals) / 10 ** decimals;
  // −0 is 0.
  return new Intl.NumberFormat(LOCALE[language], format).format(rounded === 0 ? 0 : rounded).replace('-', '−');
}

export function formatWhole(value: number, language: Language): string {
  return new Intl.NumberFormat(LOCALE[language], { maximumFractionDigits: 0 }).format(value);
}

/** Civil time = ms + offset, shown as if it were UTC: the browser's own zone never matters. */
export function formatClock(ms: number, utcOffsetMin: number, language: Language, seconds = true): string {
  return new Intl.DateTimeFormat(LOCALE[language], {
    timeZone: 'UTC',
    hour: '2-digit',
    minute: '2-digit',
    ...(seconds ? { second: '2-digit' } : {}),
    hourCycle: 'h23',
  }).format(ms + utcOffsetMin * 60_000);
}

export function formatDate(ms: number, utcOffsetMin: number, language: Language): string {
  const format = new Intl.DateTimeFormat(LOCALE[language], {
    timeZone: 'UTC',
    weekday: 'short',
    day: 'numeric',
    month: language === 'zh' ? 'long' : 'short',
    year: 'numeric',
  });
  return format.format(ms + utcOffsetMin * 60_000);
}

/** 75 → "75 s", 300 → "5 min", 7200 → "2 h". */
export function formatDuration(seconds: number, language: Language): string {
  const size = Math.abs(seconds);
  const [value, unit] =
    size < 100
      ? [seconds, 'second']
      : size < 5400
        ? [seconds / 60, 'minute']
        : size < 172_800
          ? [seconds / 3600, 'hour']
          : [seconds / 86_400, 'day'];
  return new Intl.NumberFormat(LOCALE[language], {
    style: 'unit',
    unit,
    unitDisplay: 'short',
    maximumFractionDigits: unit === 'hour' && Math.abs(value) < 10 ? 1 : 0,
  }).format(value);
}

/** 850 → "850 m", 1600 → "1.6 km". */
export function formatDistance(m: number, language: Language): string {
  return m < 1000 ? `${formatNumber(m, language)}${THIN_SPACE}m` : `${formatNumber(m / 1000, language)}${THIN_SPACE}km`;
}

/** Hours and minutes; with the weekday when the civil day is not that of `nowMs`. */
export function formatMoment(ms: number, nowMs: number, utcOffsetMin: number, language: Language): string {
  const dayOf = (at: number): number => Math.floor((at + utcOffsetMin * 60_000) / 86_400_000);
  const time = formatClock(ms, utcOffsetMin, language, false);
  if (dayOf(ms) === dayOf(nowMs)) return time;
  const day = new Intl.DateTimeFormat(LOCALE[language], { timeZone: 'UTC', weekday: 'short', day: 'numeric' });
  return `${day.format(ms + utcOffsetMin * 60_000)} ${time}`;
}

const SIGNS: readonly (readonly [written: string, shown: string])[] = [
  ['>=', '≥'],
  ['<=', '≤'],
  ['==', '='],
  ['!=', '≠'],
];

/** `>= 4.5` → `≥ 4.5`, `between 1 and 2` → `1 – 2`. */
export function formatLimit(limit: string): string {
  const [, low, high] = /^between (\S+) and (\S+)$/.exec(limit) ?? [];
  if (low !== undefined && high !== undefined) return `${low} – ${high}`;
  return SIGNS.reduce((text, [written, shown]) => text.replace(written, shown), limit);
}
