import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Description } from '../../telemetry/description.ts';
import { RecordingEncoder, decodeRecordingLine } from '../../telemetry/ndjson.ts';

const number = { label: 'Number', unit: '' };
const text = { label: 'Text', unit: '', type: 'string' as const };
const gauge: Description = {
  kind: 'flood-gauge',
  label: 'Flood gauge',
  fields: { levelM: { label: 'Level', unit: 'm' }, wet: { label: 'Wet', unit: '', type: 'boolean' }, note: text },
  events: { overflow: { label: 'Overflow', severity: 'critical' } },
};
/** Its fields are called like words of a line. */
const awkward: Description = {
  kind: 'awkward',
  label: 'Awkward',
  fields: { event: text, state: text, truth: { ...number, type: 'boolean' }, fields: number, name: text },
  events: { odd: { label: 'Odd', severity: 'info' } },
};
const header = {
  city: 'wuxi',
  scenario: 'rain',
  seed: 7,
  startMs: 5,
  utcOffsetMin: 480,
  descriptions: [gauge, awkward],
};
const encoder = new RecordingEncoder(header);

const finite = fc.double({ noNaN: true, noDefaultInfinity: true });
const texts = fc.string({ maxLength: 60, unit: 'binary' });
const fieldsOf = {
  'flood-gauge': fc.record({ levelM: finite, wet: fc.boolean(), note: texts }, { requiredKeys: [] }),
  awkward: fc.record(
    { event: texts, state: texts, truth: fc.boolean(), fields: finite, name: texts },
    { requiredKeys: [] },
  ),
};
const identity = fc.record({
  device: fc.stringMatching(/^[A-Za-z0-9_.:-]{1,64}$/),
  ts: fc.maxSafeNat(),
  seq: fc.integer({ min: 0, max: 4_294_967_295 }),
});

describe.each(['flood-gauge', 'awkward'] as const)('a recording of %s', (kind) => {
  const fields = fieldsOf[kind].map((made) => ({ ...made }));

  it('gives records back exactly, one a line', () => {
    fc.assert(
      fc.property(identity, fields, ({ device, ts, seq }, values) => {
        const line = encoder.record(kind, device, ts, seq, values);
        expect(line.indexOf('\n')).toBe(line.length - 1);
        const record = { kind, device, ts, seq, fields: values };
        expect(decodeRecordingLine(line, 2)).toStrictEqual({ type: 'record', record });
        expect(encoder.record(kind, device, ts, seq, values)).toBe(line);
      }),
      { seed: 7, numRuns: 500 },
    );
  });

  it('gives events back exactly, with and without a state', () => {
    const states = fc.constantFrom('raised' as const, 'cleared' as const, undefined);
    fc.assert(
      fc.property(identity, fields, states, ({ device, ts, seq }, values, state) => {
        const line = encoder.event(kind, device, ts, seq, 'overflow', state, values);
        const event = { kind, device, ts, seq, fields: values, name: 'overflow', ...(state && { state }) };
        expect(decodeRecordingLine(line, 2)).toStrictEqual({ type: 'event', event });
      }),
      { seed: 7, numRuns: 500 },
    );
  });

  it('gives the truth back exactly, with fields that the kind does not show', () => {
    fc.assert(
      fc.property(identity, fields, ({ device, ts, seq }, values) => {
        const all = { ...values, hiddenM: 0.1, faults: 'stuck,drift' };
        const line = encoder.truth(kind, device, ts, seq, all);
        const truth = { kind, device, ts, seq, fields: all };
        expect(decodeRecordingLine(line, 2)).toStrictEqual({ type: 'truth', truth });
      }),
      { seed: 7, numRuns: 500 },
    );
  });
});

describe('a recording', () => {
  it('begins with what was recorded', () => {
    expect(decodeRecordingLine(encoder.header(), 1)).toStrictEqual({ type: 'header', header });
  });

  it('is plain JSON that others read without us', () => {
    const line = encoder.event('flood-gauge', 'g-1', 1000, 3, 'overflow', 'raised', { levelM: 2.5 });
    expect(JSON.parse(line)).toEqual({
      kind: 'flood-gauge',
      device: 'g-1',
      ts: 1000,
      seq: 3,
      event: 'overflow',
      state: 'raised',
      levelM: 2.5,
    });
  });

  it('refuses to write a kind that its header does not have', () => {
    expect(() => encoder.record('tram', 't-1', 1, 1, {})).toThrow(/tram.*flood-gauge, awkward/);
  });

  it('refuses to write a number that JSON does not have', () => {
    expect(() => encoder.truth('flood-gauge', 'g-1', 1, 1, { levelM: Number.NaN })).toThrow('finite, got NaN');
  });

  it.each([
    ['{"kind":"bus","device":"b-1","ts":1', /line 17: .*JSON/],
    ['[1]', /line 17: expected a JSON object, got \[1\]/],
    ['{"kind":"Bus","device":"b-1","ts":1}', /line 17: kind .* "Bus"/],
    ['{"kind":"bus","device":"b/1","ts":1}', /line 17: device .* "b\/1"/],
    ['{"kind":"bus","device":"b-1","ts":1.5}', /line 17: ts .* 1\.5/],
    ['{"kind":"bus","device":"b-1","ts":1,"seq":-1}', /line 17: seq .* -1/],
    ['{"kind":"bus","device":"b-1","ts":1,"speedMps":null}', /line 17: speedMps .* null/],
    ['{"kind":"bus","device":"b-1","ts":1,"speedMps":1e999}', /line 17: speedMps .* Infinity/],
    ['{"kind":"bus","device":"b-1","ts":1,"speed mps":1}', /line 17: a field .* "speed mps"/],
    ['{"kind":"bus","device":"b-1","ts":1,"event":"x","state":"on"}', /line 17: state .* "on"/],
    ['{"kind":"bus","device":"b-1","ts":1,"fields":{},"speedMps":1}', /line 17: "speedMps" stands beside fields/],
    ['{"citytwin":2,"city":"wuxi","descriptions":[]}', /line 17: .*format 2, expected 1/],
    ['{"citytwin":1,"city":"wuxi"}', /line 17: descriptions .* nothing/],
    ['{"citytwin":1,"city":"wuxi","descriptions":[{"kind":"bus"}]}', /line 17: label .*fields/],
    ['{"citytwin":1,"city":"wuxi","descriptions":[],"seed":"7"}', /line 17: seed .* "7"/],
  ])('refuses %s naming line, value and what was expected', (line, message) => {
    expect(() => decodeRecordingLine(line, 17)).toThrow(message);
  });

  it('counts a record without seq as one that does not count', () => {
    expect(decodeRecordingLine('{"kind":"bus","device":"b-1","ts":1}', 2)).toMatchObject({ record: { seq: 0 } });
  });
});
