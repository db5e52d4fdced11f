import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Description } from '../../telemetry/description.ts';
import { descriptionProblems } from '../../telemetry/description.ts';
import { RecordDecoder, RecordEncoder, Rejection } from '../../telemetry/json-codec.ts';
import { decodeLiveFrame, encodeLiveFrame, liveColumns } from '../../telemetry/live-frame.ts';
import { parseTopic } from '../../telemetry/topics.ts';

const gauge: Description = {
  kind: 'flood-gauge',
  label: 'Flood gauge',
  fields: {
    lat: { label: 'Latitude', unit: 'deg', min: -90, max: 90, resolution: 1e-7 },
    levelM: { label: 'Level', unit: 'm', min: -5, max: 20, resolution: 0.001 },
    volumeM3: { label: 'Volume', unit: 'm3', min: 0, resolution: 0.01 },
    wet: { label: 'Wet', unit: '', type: 'boolean' },
    state: { label: 'State', unit: '', type: 'string', enum: ['ok', 'blocked'] },
    note: { label: 'Note', unit: '', type: 'string' },
  },
  events: { overflow: { label: 'Overflow', severity: 'critical' } },
};
const bytes = (text: string) => new TextEncoder().encode(text);

describe('the JSON codec', () => {
  const decoder = new RecordDecoder(gauge);
  const encoder = new RecordEncoder(gauge);

  it('brings every quantised reading back unchanged', () => {
    const reading = fc.record(
      {
        lat: fc.integer({ min: -900_000_000, max: 900_000_000 }).map((n) => n / 1e7),
        levelM: fc.integer({ min: -5000, max: 20_000 }).map((n) => n / 1e3),
        volumeM3: fc.integer({ min: 0, max: 10_000_000_000 }).map((n) => n / 100),
        wet: fc.boolean(),
        state: fc.constantFrom('ok', 'blocked'),
        note: fc.string({ maxLength: 60, unit: 'grapheme' }),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(
        reading,
        fc.integer({ min: 0, max: 4e12 }),
        fc.integer({ min: 0, max: 4_294_967_295 }),
        (fields, ts, seq) => {
          const record = decoder.decode('g-1', encoder.encode(ts, seq, fields));
          const expected = Object.fromEntries(
            Object.entries(fields).map(([name, value]) => [name, value === 0 ? 0 : value]),
          );
          expect(record).toEqual({ kind: 'flood-gauge', device: 'g-1', ts, seq, fields: expected });
        },
      ),
      { seed: 7, numRuns: 500 },
    );
  });

  it('writes what JSON.parse reads, whatever the number', () => {
    fc.assert(
      fc.property(fc.double({ noNaN: true, noDefaultInfinity: true }), (volumeM3) => {
        const parsed = JSON.parse(new TextDecoder().decode(encoder.encode(1, 1, { volumeM3 }))) as { volumeM3: number };
        expect(Math.abs(parsed.volumeM3 - volumeM3)).toBeLessThanOrEqual(0.005 + Math.abs(volumeM3) * 1e-15);
      }),
      { seed: 7 },
    );
  });

  const bad: [string, string, string][] = [
    ['not JSON', '{"ts":1,', 'not-json'],
    ['an array', '[1]', 'not-an-object'],
    ['no ts', '{"levelM":1}', 'bad-ts'],
    ['a fractional ts', '{"ts":1.5}', 'bad-ts'],
    ['a negative seq', '{"ts":1,"seq":-1}', 'bad-seq'],
    ['NaN', '{"ts":1,"levelM":NaN}', 'not-json'],
    ['1e400', '{"ts":1,"volumeM3":1e400}', 'wrong-type'],
    ['text in a number', '{"ts":1,"levelM":"high"}', 'wrong-type'],
    ['null', '{"ts":1,"levelM":null}', 'wrong-type'],
    ['an object', '{"ts":1,"levelM":{}}', 'wrong-type'],
    ['an unknown field', '{"ts":1,"depthM":1}', 'unknown-field'],
    ['a prototype key', '{"ts":1,"__proto__":{"a":1}}', 'unknown-field'],
    ['a value above its maximum', '{"ts":1,"levelM":20.001}', 'out-of-range'],
    ['a word outside the enum', '{"ts":1,"state":"broken"}', 'out-of-range'],
    ['a number for a boolean', '{"ts":1,"wet":1}', 'wrong-type'],
  ];
  it.each(bad)('refuses %s', (_name, text, cause) => {
    expect(causeOf(() => decoder.decode('g-1', bytes(text)))).toBe(cause);
  });
  it('refuses bytes that are not UTF-8 and payloads that are too large', () => {
    expect(causeOf(() => decoder.decode('g-1', Uint8Array.of(0x7b, 0xc3, 0x28)))).toBe('bad-utf8');
    expect(causeOf(() => decoder.decode('g-1', bytes(`{"ts":1,"note":"${'x'.repeat(17_000)}"}`)))).toBe('too-large');
  });
  it('takes listed events and refuses others', () => {
    const event = decoder.decodeEvent('g-1', encoder.encodeEvent(5, 2, 'overflow', 'raised', { levelM: 3 }));
    expect(event).toEqual({
      kind: 'flood-gauge',
      device: 'g-1',
      ts: 5,
      seq: 2,
      name: 'overflow',
      state: 'raised',
      fields: { levelM: 3 },
    });
    expect(causeOf(() => decoder.decodeEvent('g-1', bytes('{"ts":1,"name":"fire"}')))).toBe('bad-event');
    expect(causeOf(() => decoder.decodeEvent('g-1', bytes('{"ts":1,"name":"overflow","state":"on"}')))).toBe(
      'bad-event',
    );
  });
});

function causeOf(run: () => unknown): string {
  try {
    run();
  } catch (error) {
    if (error instanceof Rejection) return error.reason;
    throw error;
  }
  return 'accepted';
}

describe('a description', () => {
  it('is accepted when it is whole', () => {
    expect(descriptionProblems(gauge)).toEqual([]);
  });
  it('names everything that is wrong with it at once', () => {
    const problems = descriptionProblems({
      kind: 'clock',
      label: '',
      fields: { ts: {}, ok: { label: 'x', unit: 'm', type: 'int' } },
    });
    expect(problems.join('\n')).toMatch(/"clock"[\s\S]*label[\s\S]*"ts"[\s\S]*"int"/);
  });
  it('may not bring regular expressions, but may have a field of that name', () => {
    const withArgs = (properties: object) => ({
      ...gauge,
      commands: { c: { label: 'C', args: { type: 'object', properties } } },
    });
    expect(descriptionProblems(withArgs({ x: { type: 'string', pattern: '^(a+)+$' } }))).toEqual([
      'args of command c may not use pattern',
    ]);
    expect(descriptionProblems(withArgs({ pattern: { type: 'string', enum: ['a'] } }))).toEqual([]);
  });
  it.each(['constructor', 'toString', 'valueOf', 'hasOwnProperty', 'isPrototypeOf', 'ts', 'device', '_x'])(
    'may not call a field, an event or a command %s',
    (name) => {
      const field = { label: 'x', unit: '' };
      const events = { [name]: { label: 'x', severity: 'info' } };
      const commands = { [name]: { label: 'x', args: {} } };
      const problems = descriptionProblems({ kind: 'a', label: 'A', fields: { [name]: field }, events, commands });
      expect(problems).toHaveLength(3);
      for (const problem of problems) expect(problem).toMatch(new RegExp(`not be reserved, got "${name}"$`));
    },
  );
  it('may not have two fields that differ in case only', () => {
    const field = { label: 'x', unit: '' };
    expect(descriptionProblems({ kind: 'a', label: 'A', fields: { ab: field, aB: field } })).toHaveLength(1);
  });
});

describe('a topic', () => {
  it('is taken apart', () => {
    expect(parseTopic('city/wuxi/bus/bus-0007/telemetry')).toEqual({
      type: 'telemetry',
      city: 'wuxi',
      kind: 'bus',
      device: 'bus-0007',
    });
    expect(parseTopic('city/wuxi/kinds/bus')).toEqual({ type: 'kind', city: 'wuxi', kind: 'bus' });
    expect(parseTopic('city/wuxi/scenario/command')).toEqual({ type: 'scenarioCommand', city: 'wuxi' });
  });
  it.each([
    '',
    'city',
    'city/wuxi/bus',
    'city/wuxi/bus/a/b/telemetry',
    'city/wuxi/kinds/a/telemetry',
    'city/wuxi/Bus/a/telemetry',
    'x/wuxi/clock',
  ])('is refused when it is %j', (topic) => {
    expect(parseTopic(topic)).toBeUndefined();
  });
});

describe('a live frame', () => {
  const columns = liveColumns(gauge);
  it('brings rows back, absent values absent', () => {
    const rows = [
      {
        handle: 3,
        ts: 1_800_000_000_000,
        fields: { lat: 31.5712345, levelM: 1.5, wet: true, state: 'ok', note: '水位' },
      },
      { handle: 70_000, ts: 1_799_999_999_000, fields: { volumeM3: 123_456_789.12, note: 'ok' } },
    ];
    const frame = decodeLiveFrame(encodeLiveFrame(4, columns, rows, true), () => columns);
    expect(frame).toEqual({ kindIndex: 4, skipped: true, rows });
  });
  it('takes what every object has for no value', () => {
    const inherited = (['number', 'boolean', 'string'] as const).map((type, at) => ({
      name: ['constructor', 'valueOf', 'toString'][at]!,
      type: ({ number: 'f64', boolean: 'bool', string: 'text' } as const)[type],
    }));
    const rows = [{ handle: 1, ts: 2, fields: {} }];
    expect(decodeLiveFrame(encodeLiveFrame(0, inherited, rows, false), () => inherited).rows).toEqual(rows);
  });
  it('of another version is refused', () => {
    const frame = encodeLiveFrame(0, columns, [{ handle: 0, ts: 0, fields: {} }], false);
    frame[0] = 9;
    expect(() => decodeLiveFrame(frame, () => columns)).toThrow('version 9');
  });
});
