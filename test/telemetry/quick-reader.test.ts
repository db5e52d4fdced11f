// The quick reader beside JSON.parse: what it reads is the same to the last bit, and it reads nothing that must be refused.
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Description } from '../../telemetry/description.ts';
import { RecordEncoder } from '../../telemetry/json-codec.ts';
import { QuickReader } from '../../telemetry/quick-reader.ts';

const description: Description = {
  kind: 'probe',
  label: 'Probe',
  fields: {
    lat: { label: 'Latitude', unit: 'deg', min: -90, max: 90, resolution: 1e-7 },
    la: { label: 'A beginning of another name', unit: '' },
    open: { label: 'Open', unit: '', type: 'boolean' },
    state: { label: 'State', unit: '', type: 'string', enum: ['ok', 'o', 'a "quoted" one'] },
    note: { label: 'Note', unit: '', type: 'string' },
  },
};

function read(text: string) {
  return new QuickReader(description).read('d', Buffer.from(text));
}

/** What JSON.parse makes of it. */
function parsed(text: string) {
  const { ts, seq = 0, ...fields } = JSON.parse(text) as { ts: number; seq?: number };
  return { kind: 'probe', device: 'd', ts, seq, fields };
}

describe('QuickReader', () => {
  it('reads everything that our encoder writes in ASCII, as JSON.parse does', () => {
    const fields = fc.record(
      {
        lat: fc.integer({ min: -900_000_000, max: 900_000_000 }).map((n) => n / 1e7),
        la: fc.integer({ min: -1e9, max: 1e9 }).map((n) => n / 1e4),
        open: fc.boolean(),
        state: fc.constantFrom('ok', 'o', 'a "quoted" one'),
        note: fc.string({ maxLength: 60 }).filter((text) => !/["\\]/.test(text)),
      },
      { requiredKeys: [] },
    );
    const encoder = new RecordEncoder(description);
    const reader = new QuickReader(description);
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 2e12 }),
        fc.integer({ min: 0, max: 2 ** 32 - 1 }),
        fields,
        (ts, seq, some) => {
          const payload = Buffer.from(encoder.encode(ts, seq, some));
          expect(reader.read('d', payload)).toEqual(parsed(payload.toString()));
        },
      ),
    );
  });

  it('reads numbers to the last bit, or leaves them to JSON.parse', () => {
    const digits = fc.stringMatching(/^-?(0|[1-9]\d{0,17})(\.\d{1,18})?$/);
    fc.assert(
      fc.property(digits, (text) => {
        const record = read(`{"ts":1,"seq":1,"la":${text}}`);
        if (record) expect(record.fields.la).toBe(JSON.parse(text));
      }),
    );
    expect(read('{"ts":1,"seq":1,"la":-0.00000001234567}')?.fields.la).toBe(-0.00000001234567);
    expect(Object.is(read('{"ts":1,"seq":1,"la":-0}')?.fields.la, -0)).toBe(true);
  });

  it('agrees with JSON.parse on every payload with changed bytes that it reads', () => {
    const good = '{"ts":1795296095973,"seq":1000002,"lat":31.57,"la":-12,"open":true,"state":"ok","note":"a b"}';
    const byte = fc.oneof(
      fc.constantFrom(...Buffer.from('{}[]":,.-+eE0129tfn\\ \t')),
      fc.integer({ min: 0, max: 255 }),
    );
    const change = fc.record({ at: fc.nat(good.length - 1), remove: fc.nat(2), byte });
    fc.assert(
      fc.property(fc.array(change, { minLength: 1, maxLength: 3 }), (changes) => {
        const bytes = [...Buffer.from(good)];
        for (const one of changes) bytes.splice(one.at, one.remove, one.byte);
        const record = new QuickReader(description).read('d', Uint8Array.from(bytes));
        if (record) expect(record).toEqual(parsed(Buffer.from(bytes).toString('latin1')));
      }),
      { numRuns: 2000 },
    );
  });

  it('is the same for fields in another order, or other ones, than in the payload before', () => {
    const reader = new QuickReader(description);
    for (const text of [
      '{"ts":1,"seq":2,"lat":3,"la":4}',
      '{"ts":2,"seq":3,"la":4,"lat":3}',
      '{"ts":3,"seq":4,"la":4}',
      '{"ts":4,"lat":3,"open":false}',
      '{"ts":5,"seq":6}',
    ])
      expect(reader.read('d', Buffer.from(text))).toEqual(parsed(text));
  });

  it.each([
    ['a field twice', '{"ts":1,"seq":1,"la":1,"la":2}'],
    ['an unknown field', '{"ts":1,"seq":1,"lo":1}'],
    ['a value out of its range', '{"ts":1,"seq":1,"lat":91}'],
    ['a value of another type', '{"ts":1,"seq":1,"open":1}'],
    ['null', '{"ts":1,"seq":1,"la":null}'],
    ['a text that is not in the list', '{"ts":1,"seq":1,"state":"okay"}'],
    ['an escape', '{"ts":1,"seq":1,"note":"\\n"}'],
    ['a text beyond ASCII', '{"ts":1,"seq":1,"note":"街"}'],
    ['a text that is too long', `{"ts":1,"seq":1,"note":"${'x'.repeat(257)}"}`],
    ['blanks', '{"ts":1, "seq":1}'],
    ['an exponent', '{"ts":1,"seq":1,"la":1e3}'],
    ['a leading zero', '{"ts":1,"seq":1,"la":01}'],
    ['a number that ends with its point', '{"ts":1,"seq":1,"la":1.}'],
    ['a ts that is no integer', '{"ts":1.5,"seq":1}'],
    ['a ts below 0', '{"ts":-1,"seq":1}'],
    ['a seq beyond 32 bits', '{"ts":1,"seq":4294967296}'],
    ['something behind the end', '{"ts":1,"seq":1}}'],
    ['a payload that ends early', '{"ts":1,"seq":1,"la":1'],
    ['nothing', ''],
  ])('leaves %s to JSON.parse', (_, text) => {
    expect(read(text)).toBeUndefined();
  });
});
