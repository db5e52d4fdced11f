// Times as a scenario writes them: a civil start, a moment of the run, a stretch of it. Everything comes out as ms from the start; whether
// it lies within the run is not checked here.
import { durationMs } from '../duration.ts';
import type { Window } from '../scenario.ts';

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;

const CLOCK = '(?:(?:[01]?\\d|2[0-3]):[0-5]\\d(?::[0-5]\\d)?|24:00)';
const LENGTH = '(?:\\d+(?:\\.\\d+)?\\s*(?:ms|s|m|h|d)\\s*)+';
const MOMENT = `(?:\\+\\s*${LENGTH}|(?:\\d{1,3}d\\s+)?${CLOCK})`;

/** What may stand where, for the schema and for messages. */
export const PATTERNS = {
  duration: { pattern: `^${LENGTH}$`, description: 'a duration such as 24h, 1d 2h, 90m or 30s' },
  start: {
    pattern: '^\\d{4}-\\d{2}-\\d{2}[T ]\\d{2}:\\d{2}(?::\\d{2})?$',
    description: 'a civil date and time such as 2026-05-20T06:00',
  },
  moment: {
    pattern: `^${MOMENT}$`,
    description:
      'a time of day such as 17:30 (the next after the start), a day and time such as 1d 08:00 (0d is the day of the start), or a time after the start such as +90m',
  },
} as const;

const STRETCH = new RegExp(`^(${MOMENT})\\s*-\\s*(${MOMENT})$`);

/** Civil ms, as if civil time were UTC; undefined for a day or an hour that does not exist, and before 1970 or after 2099. */
export function civilMs(text: string): number | undefined {
  const parts = /^(\d{4})-(\d{2})-(\d{2})[T ](\d{2}):(\d{2})(?::(\d{2}))?$/.exec(text)?.slice(1);
  if (parts === undefined) return undefined;
  const [year = 0, month = 0, day = 0, hour = 0, minute = 0, second = 0] = parts.map((part) => Number(part ?? 0));
  const ms = Date.UTC(year, month - 1, day, hour, minute, second);
  const date = new Date(ms);
  const exists =
    date.getUTCMonth() === month - 1 && date.getUTCDate() === day && hour < 24 && minute < 60 && second < 60;
  return exists && year >= 1970 && year < 2100 ? ms : undefined;
}

/** Ms from the start, negative before it; undefined when the text is no moment. A bare time of day is the next one at or after `afterMs`. */
export function momentMs(text: string, startCivilMs: number, afterMs = 0): number | undefined {
  const trimmed = text.trim();
  if (trimmed.startsWith('+')) return durationMs(trimmed.slice(1));
  const match = new RegExp(`^(?:(\\d{1,3})d\\s+)?(${CLOCK})$`).exec(trimmed);
  if (match === null) return undefined;
  const [hours = 0, minutes = 0, seconds = 0] = match[2]!.split(':').map(Number);
  const timeMs = hours * HOUR_MS + minutes * 60_000 + seconds * 1000;
  const sinceMidnightMs = startCivilMs % DAY_MS;
  if (match[1] !== undefined) return Number(match[1]) * DAY_MS + timeMs - sinceMidnightMs;
  const firstMs = timeMs - sinceMidnightMs;
  return firstMs + Math.max(0, Math.ceil((afterMs - firstMs) / DAY_MS)) * DAY_MS;
}

/** `08:00-09:00`, `+1h-+2h`, `1d 08:00-1d 09:00`; undefined when the text is no stretch. An end as time of day is the next after the beginning. */
export function stretchMs(text: string, startCivilMs: number): Window | undefined {
  const match = STRETCH.exec(text.trim());
  if (match === null) return undefined;
  const fromMs = momentMs(match[1]!, startCivilMs);
  const untilMs = fromMs === undefined ? undefined : momentMs(match[2]!, startCivilMs, fromMs + 1);
  return fromMs === undefined || untilMs === undefined ? undefined : { fromMs, untilMs };
}
