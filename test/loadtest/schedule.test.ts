import { mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import type { Plan } from '../../loadtest/plan.ts';
import { timetableOf } from '../../loadtest/schedule.ts';
import { SpoolWriter, readSpool } from '../../loadtest/spool.ts';
import { PLAIN } from './plans.ts';

const folder = mkdtempSync(join(tmpdir(), 'citytwin-spool-'));
afterAll(() => rmSync(folder, { recursive: true }));

interface Due {
  readonly atMs: number;
  readonly publisher: number;
  readonly text?: string;
}

/** All parts together, in the order of time. */
function dueOf(plan: Plan, parts: number): Due[] {
  const due: Due[] = [];
  for (let part = 0; part < parts; part++) {
    const timetable = timetableOf(plan, part, parts);
    for (; timetable.atNs < Infinity; timetable.advance()) {
      const text = timetable.frame && `${timetable.frame.topic} ${timetable.frame.payload.toString()}`;
      due.push({ atMs: timetable.atNs / 1e6, publisher: timetable.publisher, ...(text === undefined ? {} : { text }) });
    }
  }
  return due.sort((a, b) => a.atMs - b.atMs);
}

describe('a schedule', () => {
  it('is the same whatever the number of workers', () => {
    for (const schedule of [
      { kind: 'constant', perS: 997 },
      { kind: 'poisson', perS: 997 },
      { kind: 'ramp', fromPerS: 100, toPerS: 900 },
    ] as const) {
      const plan = { ...PLAIN, publishers: 7, warmUpS: 0.5, durationS: 2, schedule };
      expect(dueOf(plan, 3)).toEqual(dueOf(plan, 1));
    }
  });

  it('has a warm-up however short a part of a round it is', () => {
    const plan = {
      ...PLAIN,
      publishers: 50,
      warmUpS: 2,
      durationS: 2,
      schedule: { kind: 'constant', perS: 10 },
    } as const;
    const due = dueOf(plan, 3);
    expect(due.slice(0, 21).map(({ atMs }) => Math.round(atMs))).toEqual(
      Array.from({ length: 21 }, (_, at) => (at - 20) * 100),
    );
    expect(due.slice(18, 22).map(({ publisher }) => publisher)).toEqual([48, 49, 0, 1]);
    expect(dueOf({ ...plan, warmUpS: 0.05 }, 1)[0]).toEqual({ atMs: 0, publisher: 0 });
    const ramp = { ...plan, schedule: { kind: 'ramp', fromPerS: 30, toPerS: 60 } } as const;
    expect(dueOf(ramp, 2).filter(({ atMs }) => atMs < 0)).toHaveLength(60);
  });

  it('has nothing for a worker without publishers', () => {
    for (const kind of ['constant', 'poisson'] as const) {
      const plan = { ...PLAIN, publishers: 2, schedule: { kind, perS: 100 } };
      expect(timetableOf(plan, 2, 3).atNs).toBe(Infinity);
      expect(dueOf(plan, 3).length).toBe(dueOf(plan, 1).length);
    }
  });

  it('spaces a constant rate evenly and starts at 0', () => {
    const due = dueOf({ ...PLAIN, publishers: 4, durationS: 1, schedule: { kind: 'constant', perS: 200 } }, 1);
    expect(due.map(({ atMs }) => Math.round(atMs))).toEqual(Array.from({ length: 200 }, (_, at) => at * 5));
    expect(due.slice(0, 5).map(({ publisher }) => publisher)).toEqual([0, 1, 2, 3, 0]);
  });

  it('gives a ramp the integral of its rate', () => {
    const due = dueOf({ ...PLAIN, durationS: 4, schedule: { kind: 'ramp', fromPerS: 0, toPerS: 1000 } }, 1);
    expect(due.length).toBe(2000);
    expect(due.filter(({ atMs }) => atMs < 2000).length).toBe(500);
    const falling = dueOf({ ...PLAIN, durationS: 4, schedule: { kind: 'ramp', fromPerS: 1000, toPerS: 0 } }, 2);
    expect(falling.filter(({ atMs }) => atMs < 2000).length).toBe(1500);
  });

  it('draws Poisson gaps of which mean and deviation are equal, another seed other ones', () => {
    const plan: Plan = { ...PLAIN, durationS: 20, schedule: { kind: 'poisson', perS: 1000 } };
    const times = dueOf(plan, 1).map(({ atMs }) => atMs);
    const gaps = times.slice(1).map((atMs, at) => atMs - times[at]!);
    const mean = gaps.reduce((sum, gap) => sum + gap, 0) / gaps.length;
    const deviation = Math.sqrt(gaps.reduce((sum, gap) => sum + (gap - mean) ** 2, 0) / gaps.length);
    expect(mean).toBeCloseTo(1, 1);
    expect(deviation / mean).toBeCloseTo(1, 1);
    expect(dueOf({ ...plan, seed: 2 }, 1)[0]).not.toEqual(dueOf(plan, 1)[0]);
  });
});

describe('a spool', () => {
  it('is played as it was recorded, faster when asked, each topic by one publisher', () => {
    const file = join(folder, 'played');
    const writer = new SpoolWriter(file);
    for (let at = 0; at < 100; at++) writer.write(at * 10, `city/${at % 5}`, Buffer.from(`p${at}`));
    writer.close();
    const plan: Plan = { ...PLAIN, publishers: 3, durationS: 10, schedule: { kind: 'spool', file, speed: 2 } };
    const due = dueOf(plan, 2);
    expect(due.map(({ atMs }) => atMs)).toEqual(Array.from({ length: 100 }, (_, at) => at * 5));
    expect(due.map(({ text }) => text)).toEqual(Array.from({ length: 100 }, (_, at) => `city/${at % 5} p${at}`));
    for (const one of due)
      expect(one.publisher).toBe(due.find(({ text }) => text?.slice(0, 6) === one.text?.slice(0, 6))?.publisher);
  });

  it('gives back what was written, beyond its own buffers', () => {
    const file = join(folder, 'large');
    const writer = new SpoolWriter(file);
    const sizes = [0, 1, 500_000, 2_500_000, 3];
    for (const [at, size] of sizes.entries()) writer.write(at + 0.25, `主题/${at}`, Buffer.alloc(size, at));
    writer.close();
    const frames = [...readSpool(file)].map(({ offsetMs, topic, payload }) => [offsetMs, topic, payload.length]);
    expect(frames).toEqual(sizes.map((size, at) => [at + 0.25, `主题/${at}`, size]));
  });

  it('refuses time that goes back, and files that are no spool or cut short', () => {
    const file = join(folder, 'bad');
    const writer = new SpoolWriter(file);
    writer.write(5, 'a', Buffer.from('x'));
    expect(() => writer.write(4, 'a', Buffer.from('x'))).toThrow('4 ms after 5 ms');
    expect(() => writer.write(6, '', Buffer.from('x'))).toThrow('a topic has 1 to 65535 bytes, got 0');
    writer.close();
    truncateSync(file, 20);
    expect(() => [...readSpool(file)]).toThrow(`${file} is cut short`);
    writeFileSync(file, 'something else');
    expect(() => [...readSpool(file)]).toThrow(`${file} is no spool`);
  });
});
