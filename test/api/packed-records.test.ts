// Records as columns: they come out as they went in, in their order, however often the columns were used before.
import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { PackedRecords } from '../../api/packed-records.ts';
import type { Value } from '../../telemetry/description.ts';
import type { TelemetryRecord } from '../../telemetry/messages.ts';
import { record } from './records.ts';

/** A field has one type for good, as of a described kind; each may be missing. */
const fields = fc
  .record(
    {
      speedMps: fc.double({ noNaN: true, noDefaultInfinity: true }),
      doorOpen: fc.boolean(),
      lineName: fc.string({ unit: 'binary' }),
      constructor: fc.integer(),
    },
    { requiredKeys: [] },
  )
  .map((some): { [name: string]: Value } => ({ ...some }));
const records = fc.array(
  fc
    .tuple(fc.constantFrom('bus', 'tram', 'bin'), fc.constantFrom('d-1', 'd-2', 'd-3'), fc.nat(), fc.nat(), fields)
    .map(([kind, device, ts, seq, some]): TelemetryRecord => ({ kind, device, ts, seq, fields: some })),
  { maxLength: 200 },
);

it('any records come out as they went in, one by one too, also when the columns were used before', () => {
  const packed = new PackedRecords();
  fc.assert(
    fc.property(records, (some) => {
      packed.clear();
      for (const one of some) packed.add(one);
      expect(packed.length).toBe(some.length);
      expect([...packed]).toEqual(some);
      expect(some.map((_, index) => packed.at(index))).toEqual(some);
      expect(packed.at(some.length)).toBe(undefined);
      expect(packed.kinds.map(({ kind }) => kind).toSorted()).toEqual(
        [...new Set(some.map(({ kind }) => kind))].toSorted(),
      );
    }),
    { seed: 3, numRuns: 300 },
  );
});

it('those that are left out leave their places empty', () => {
  const packed = new PackedRecords();
  const [first, last] = [record('b-1', 1, 1, { speedMps: 1 }), record('b-1', 3, 3, { speedMps: 3 })];
  packed.add(first, 0);
  packed.add(last, 2);
  expect([packed.at(0), packed.at(1), packed.at(2), packed.at(3)]).toEqual([first, undefined, last, undefined]);
  expect([...packed]).toEqual([first, last]);
});

it.each([
  ['another type', { lineName: 'x', speedMps: 'fast' }, 'speedMps of bus must be a finite number, got "fast"'],
  ['no number', { lineName: 'x', speedMps: NaN }, 'speedMps of bus must be a finite number, got NaN'],
  ['no value at all', { lineName: 'x', speedMps: null as never }, 'speedMps of bus must be a finite number, got null'],
])('a record with %s is refused, and nothing of it stays', (_, wrong, reason) => {
  const packed = new PackedRecords();
  const good = [record('b-1', 1, 1, { speedMps: 1, lineName: 'K1' }), record('b-1', 3, 3, {})];
  packed.add(good[0]!);
  expect(() => packed.add(record('b-1', 2, 2, wrong))).toThrow(reason);
  packed.add(good[1]!);
  expect([...packed]).toEqual(good);
});
