// Line protocol as InfluxDB's reference says: exact texts, and a reader of our own that takes any line apart again.
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX_TS_MS, eventLine, kindLine, timestamp } from '../../api/stores/line-protocol.ts';
import type { Value } from '../../telemetry/description.ts';
import { recordLine } from './record-line.ts';
import { description, event, record } from './records.ts';

describe('line protocol', () => {
  it('writes tags, seq, fields and the timestamp in ns', () => {
    const line = recordLine(
      'wuxi',
      record('bus-7', 1_763_600_000_123, 42, { speedMps: 8, doorOpen: false, lineName: 'K1' }),
    );
    expect(line).toBe('bus,city=wuxi,device=bus-7 seq=42,speedMps=8,doorOpen=false,lineName="K1" 1763600000123000042');
  });

  it('writes events and descriptions as texts', () => {
    expect(eventLine('wuxi', event('bus-7', 5, 1, 'arrived'))).toBe(
      '_event,city=wuxi,device=bus-7,kind=bus seq=1,name="arrived",fields="{}" 5000001',
    );
    const raised = eventLine('wuxi', event('bus-7', 5, 1, 'brokenDown', 'raised', { lineName: 'a"b' }));
    expect(raised).toBe(
      String.raw`_event,city=wuxi,device=bus-7,kind=bus seq=1,name="brokenDown",state="raised",fields="{\"lineName\":\"a\\\"b\"}" 5000001`,
    );
    expect(kindLine('wuxi', { kind: 'bus', label: 'Bus', fields: {} })).toBe(
      String.raw`_kind,city=wuxi,kind=bus description="{\"kind\":\"bus\",\"label\":\"Bus\",\"fields\":{}}" 7258118400000000000`,
    );
  });

  it('gives each seq below a million its own ns, also beyond 2^53', () => {
    expect(timestamp(1_763_600_000_123, 0)).toBe('1763600000123000000');
    expect(timestamp(1_763_600_000_123, 999_999)).toBe('1763600000123999999');
    expect(timestamp(1_763_600_000_123, 1_000_001)).toBe('1763600000123000001');
    expect(timestamp(0, 7)).toBe('7');
    expect(BigInt(timestamp(MAX_TS_MS, 999_999)) <= 2n ** 63n - 1n).toBe(true);
  });

  it('gives a record the same timestamp, whatever its seq', () => {
    for (const ts of [0, 1, 1_763_600_000_123, MAX_TS_MS]) {
      for (const seq of [0, 7, 999_999, 1_000_000, 1_000_001, 4_294_967_295]) {
        expect(recordLine('wuxi', record('bus-1', ts, seq, {}))).toBe(
          `bus,city=wuxi,device=bus-1 seq=${seq} ${timestamp(ts, seq)}`,
        );
      }
    }
  });

  it('refuses names outside the grammar, numbers that are none and times InfluxDB cannot hold', () => {
    const good = record('bus-1', 1, 1, {});
    for (const kind of ['Bus', 'a b', 'a,b', '', 'clock', '_event', 'a\n']) {
      expect(() => recordLine('wuxi', { ...good, kind })).toThrow(/^kind must/);
      expect(() => eventLine('wuxi', { ...good, name: 'x', kind })).toThrow(/^kind must/);
      expect(() => kindLine('wuxi', { ...description('bus'), kind })).toThrow(/^kind must/);
    }
    for (const device of ['a b', 'a,b', 'a=b', 'a\n', '', 'a\\']) {
      expect(() => recordLine('wuxi', { ...good, device })).toThrow(/^device must/);
    }
    for (const city of ['Wuxi', 'a b', '']) expect(() => recordLine(city, good)).toThrow(/^city must/);
    for (const name of ['a b', 'a=b', 'ts', 'city', '1a', '', '__proto__ x']) {
      expect(() => recordLine('wuxi', { ...good, fields: { [name]: 1 } })).toThrow(/^field must/);
    }
    for (const value of [NaN, Infinity, -Infinity]) {
      expect(() => recordLine('wuxi', { ...good, fields: { speedMps: value } })).toThrow(
        /^speedMps of bus must be a finite number/,
      );
    }
    for (const ts of [-1, 1.5, NaN, MAX_TS_MS + 1])
      expect(() => recordLine('wuxi', { ...good, ts })).toThrow(/^ts must/);
  });

  it('writes any values so that a reader gets them back', () => {
    const values = fc.dictionary(
      fc.stringMatching(/^x[A-Za-z0-9_]{0,12}$/),
      fc.oneof(
        fc.double({ noNaN: true, noDefaultInfinity: true }),
        fc.boolean(),
        fc.string({ unit: 'binary' }),
        hostileText,
      ),
    );
    fc.assert(
      fc.property(values, (fields) => {
        const line = recordLine('wuxi', record('bus-1', 1, 1, fields));
        expect(readFields(line)).toEqual(new Map<string, Value>([['seq', 1], ...Object.entries(fields)]));
      }),
      { seed: 11, numRuns: 2_000 },
    );
  });
});

const hostileText = fc
  .array(fc.constantFrom('\\', '"', ',', '=', ' ', '\n', 'a', '无', '🚌'))
  .map((parts) => parts.join(''));

/** Reads the field set of a line: in quotes `\"` and `\\` are escapes, everything else stands for itself. */
function readFields(line: string): Map<string, Value> {
  const fields = new Map<string, Value>();
  let at = line.indexOf(' ') + 1;
  for (;;) {
    const equals = line.indexOf('=', at);
    const name = line.slice(at, equals);
    let end = equals + 1;
    if (line[end] === '"') {
      let text = '';
      for (end++; line[end] !== '"'; end++) {
        if (line[end] === '\\' && (line[end + 1] === '"' || line[end + 1] === '\\')) end++;
        text += line[end];
      }
      end++;
      fields.set(name, text);
    } else {
      while (line[end] !== ',' && line[end] !== ' ') end++;
      const word = line.slice(equals + 1, end);
      fields.set(name, word === 'true' ? true : word === 'false' ? false : Number(word));
    }
    if (line[end] === ' ') {
      expect(line.slice(end + 1)).toMatch(/^\d+$/);
      return fields;
    }
    at = end + 1;
  }
}
