// How records become columns: one that no column takes is found, whatever is wrong with it, and holds nobody else's up.
import { expect, it } from 'vitest';
import { DeviceIndex } from '../../api/device-index.ts';
import { Latest } from '../../api/latest.ts';
import { packBatch } from '../../api/stores/columns.ts';
import type { FieldType } from '../../telemetry/description.ts';
import { batch, record } from './records.ts';

// As an older version let them be described.
const INHERITED: [string, FieldType][] = [
  ['constructor', 'number'],
  ['valueOf', 'boolean'],
  ['toString', 'string'],
];
const types = new Map([['bus', new Map<string, FieldType>([...INHERITED, ['speedMps', 'number']])]]);

it('what every object has is no value of a record', () => {
  const own = Object.fromEntries([
    ['constructor', 1],
    ['valueOf', true],
    ['toString', 'x'],
  ]);
  const packed = packBatch(batch([record('b-1', 1, 1, { speedMps: 3 }), record('b-1', 2, 2, own)]), types);
  expect(packed.refused).toEqual([]);
  const [{ numbers, numeric, texts }] = packed.batch.kinds as [(typeof packed.batch.kinds)[number]];
  expect(numeric).toEqual(['speedMps', 'constructor', 'valueOf']);
  expect([...numbers]).toEqual([1, 2, 1, 2, 3, NaN, NaN, 1, NaN, 1]);
  expect(texts).toEqual([[null, 'x']]);
});

it('nor of the newest one that is shown', () => {
  const devices = new DeviceIndex();
  const fields = Object.fromEntries(INHERITED.map(([name, type]) => [name, { label: name, unit: '', type }]));
  const latest = new Latest(devices, { kind: 'bus', label: 'Bus', fields });
  latest.update(devices.add('b-1'), record('b-1', 1, 1, {}), 1);
  expect(Object.keys(latest.fieldsAt(0))).toEqual([]);
});

it('a record that cannot be packed is refused with the reason, also one that looks right, and all others are packed', () => {
  const bad = { speedMps: 'fast' };
  const records = [{ speedMps: 1 }, null as never, bad, { speedMps: 4 }].map((fields, at) =>
    record('b-1', at, at, fields),
  );
  const packed = packBatch({ ...batch(records), suspects: [1, 3] }, types);
  expect(packed.refused).toEqual([
    { record: 1, reason: expect.stringContaining('null') },
    { record: 2, reason: expect.stringContaining('bus.speedMps of b-1 must be a finite number, got "fast"') },
  ]);
  expect(packed.batch.kinds[0]!.numbers.slice(-2)).toEqual(new Float64Array([1, 4]));
  expect(packed.batch.kinds[0]!.suspects).toEqual([1]);
});
