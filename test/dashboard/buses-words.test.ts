// What the dispatch centre decided, said in both languages. The page's language is a signal that reads the address, so one is given first.
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import type { EventItem } from '../../dashboard/answers.ts';
import type * as Words from '../../dashboard/buses/decision-words.ts';
import type * as Session from '../../dashboard/session.ts';

const STOPS: { readonly [language: string]: string } = { en: 'Renmin Road', zh: '人民路' };

describe('decisions', () => {
  let words: typeof Words;
  let session: typeof Session;
  beforeAll(async () => {
    vi.stubGlobal('location', { search: '' });
    vi.stubGlobal('matchMedia', () => ({ matches: false, addEventListener() {} }));
    words = await import('../../dashboard/buses/decision-words.ts');
    session = await import('../../dashboard/session.ts');
  });

  afterAll(() => void vi.unstubAllGlobals());

  const event = (fields: EventItem['fields']): EventItem => ({
    kind: 'bus-dispatch',
    device: 'bus-dispatch',
    ts: 0,
    seq: 1,
    name: 'decision',
    ...(fields === undefined ? {} : { fields }),
  });
  const said = (language: 'en' | 'zh', fields: EventItem['fields']): string => {
    session.language.value = language;
    return words.decisionWords(words.decisionOf(event(fields))!, (stop) =>
      stop === 'stop-7' ? STOPS[language]! : stop,
    );
  };

  const held = { bus: '608-07', action: 'hold', line: '608', stop: 'stop-7', durationS: 40, gapS: 180, targetS: 300 };

  test('a hold says who, where, how long and how close', () => {
    const fields = { ...held, policy: 'forward-headway' };
    expect(said('en', fields)).toBe('held 608-07 at Renmin Road for 40 secs: 3 mins behind its leader, planned 5 mins');
    expect(said('zh', fields)).toBe('608-07 在人民路停留 40秒:距前车 3分钟,计划 5分钟');
    expect(said('en', { ...fields, leader: '608-06' })).toMatch(/3 mins behind 608-06/);
  });

  test('each policy has its own reason', () => {
    expect(said('en', { ...held, policy: 'schedule' })).toMatch(/: it was ahead of its timetable$/);
    expect(said('en', { ...held, policy: 'self-equalizing' })).toMatch(/: the next bus is still far behind$/);
    expect(said('en', { ...held, policy: 'two-way-headway' })).toMatch(/and the gap behind it is wider$/);
  });

  test('priority is asked for the late and for those far behind', () => {
    const asked = {
      bus: 'b',
      action: 'requestPriority',
      line: '2',
      stop: 'stop-7',
      targetS: 300,
      policy: 'signal-priority',
    };
    expect(said('en', { ...asked, gapS: 200 })).toBe('asked the lights for priority for b: it is late');
    expect(said('en', { ...asked, gapS: 600, leader: 'a' })).toMatch(/: 10 mins behind a, planned 5 mins$/);
  });

  test('an action without words here is told in those of the centre', () => {
    expect(said('zh', { bus: 'b', action: 'fly', why: 'b flies over the jam' })).toBe('b flies over the jam');
  });

  test('an event of another name is no decision', () => {
    expect(words.decisionOf({ ...event({}), name: 'restart' })).toBeUndefined();
  });
});
