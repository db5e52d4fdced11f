import { describe, expect, test } from 'vitest';
import { calendarOf } from '../../simulator/world/calendar.ts';

const DAY_MS = 86_400_000;
const dayOf = (date: string) => Date.parse(`${date}T00:00:00Z`) / DAY_MS;
const on = (date: string) => calendarOf(dayOf(date));
const daysOf = (year: number) =>
  Array.from({ length: dayOf(`${year + 1}-01-01`) - dayOf(`${year}-01-01`) }, (_, i) => dayOf(`${year}-01-01`) + i);

describe('announced years', () => {
  test('holidays have a name, and weekend days that make up for bridges are worked', () => {
    expect(on('2026-02-17')).toEqual({ dayType: 'holiday', holiday: 'Spring Festival', school: false, dayOfYear: 48 });
    expect(on('2026-02-14').dayType).toBe('workday'); // a Saturday
    expect(on('2026-02-24').dayType).toBe('workday');
    expect(on('2026-10-10').dayType).toBe('workday'); // a Saturday
    expect(on('2026-10-11').dayType).toBe('weekend');
    expect(on('2025-10-06').holiday).toBe('National Day'); // Mid-Autumn, joined
    expect(on('2026-09-25').holiday).toBe('Mid-Autumn Festival');
  });

  // The notices give 365 days less weekends, free weekdays added and weekend days worked.
  test('2025 and 2026 have 248 working days each', () => {
    for (const year of [2025, 2026]) {
      expect(daysOf(year).filter((day) => calendarOf(day).dayType === 'workday')).toHaveLength(248);
    }
  });

  test('an ordinary week has five working days and a weekend without a name', () => {
    const week = Array.from({ length: 7 }, (_, i) => calendarOf(dayOf('2026-05-18') + i));
    expect(week.map(({ dayType }) => dayType)).toEqual([...Array(5).fill('workday'), 'weekend', 'weekend']);
    expect(week.every((day) => !('holiday' in day))).toBe(true);
  });
});

describe('other years', () => {
  test('each has its holidays, and 246 to 252 working days', () => {
    for (let year = 2027; year <= 2040; year++) {
      const days = daysOf(year).map((day) => calendarOf(day));
      const names = new Set(days.flatMap(({ holiday }) => (holiday === undefined ? [] : [holiday])));
      expect(names.size).toBeGreaterThanOrEqual(6);
      const worked = days.filter(({ dayType }) => dayType === 'workday').length;
      expect(worked).toBeGreaterThanOrEqual(246);
      expect(worked).toBeLessThanOrEqual(252);
    }
  });

  test('Spring Festival runs from the eve to the seventh, Qingming takes the weekend beside it', () => {
    expect(on('2027-02-05').holiday).toBe('Spring Festival');
    expect(on('2027-02-12').holiday).toBe('Spring Festival');
    expect(on('2027-02-04').dayType).toBe('workday');
    expect(['2027-04-03', '2027-04-04', '2027-04-05'].map((date) => on(date).holiday)).toEqual(
      Array(3).fill('Qingming Festival'),
    );
  });

  test('lunar holidays are where the astronomical calendar of the runtime has them', () => {
    const lunar = new Intl.DateTimeFormat('en-u-ca-chinese', { timeZone: 'UTC', month: 'numeric', day: 'numeric' });
    const wanted: { readonly [monthDay: string]: string } = {
      '1/1': 'Spring Festival',
      '5/5': 'Dragon Boat Festival',
      '8/15': 'Mid-Autumn Festival',
    };
    const wrong: string[] = [];
    for (let year = 2020; year <= 2040; year++) {
      for (const day of daysOf(year)) {
        const name = wanted[lunar.format(day * DAY_MS)];
        const { holiday } = calendarOf(day);
        const joined = name === 'Mid-Autumn Festival' && holiday === 'National Day';
        // Where the rule decides, the eve is free and the day before it is not.
        const first =
          name !== 'Spring Festival' ||
          year < 2027 ||
          (calendarOf(day - 1).holiday === name && calendarOf(day - 2).holiday === undefined);
        if (name !== undefined && ((holiday !== name && !joined) || !first))
          wrong.push(new Date(day * DAY_MS).toISOString().slice(0, 10));
      }
    }
    // New moons within ten minutes of midnight, which runtimes get wrong: the almanac has 6 February 2027 and 3 February 2030.
    expect(['2027-02-07', '2030-02-02']).toEqual(expect.arrayContaining(wrong));
  });
});

test('schools rest on weekends, in July and August, and about four weeks around Spring Festival', () => {
  expect(on('2026-06-30').school).toBe(true);
  expect(on('2026-07-01').school).toBe(false);
  expect(on('2026-08-31').school).toBe(false);
  expect(on('2026-09-01').school).toBe(true);
  expect(on('2026-02-02').school).toBe(true);
  expect(on('2026-02-10')).toMatchObject({ dayType: 'workday', school: false });
  expect(on('2026-03-04').school).toBe(true);
  expect(on('2026-05-23').school).toBe(false);
});

test('a scenario may want every day to be of one type', () => {
  expect(calendarOf(dayOf('2026-02-17'), 'workday')).toEqual({ dayType: 'workday', school: false, dayOfYear: 48 });
  expect(calendarOf(dayOf('2026-05-20'), 'holiday')).toEqual({ dayType: 'holiday', school: false, dayOfYear: 140 });
  expect(calendarOf(dayOf('2026-05-23'), 'workday')).toMatchObject({ dayType: 'workday', school: true });
});
