// Bytes of numbers and texts: what is written stands for the same value, in as few digits, whatever was expected of its decimals.
import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { ByteWriter, MAX_DECIMALS } from '../../telemetry/byte-writer.ts';

const number = fc.oneof(
  fc.double({ noNaN: true, noDefaultInfinity: true }),
  fc.maxSafeInteger(),
  fc.tuple(fc.integer(), fc.integer({ min: 0, max: 12 })).map(([digits, decimals]) => digits / 10 ** decimals),
  fc.constantFrom(0, 0.1, 1e-7, 120.3012345, 1e15, 999_999_999_999_999, 1e21, -1.5e-300, 2 ** 31, 2 ** 32, 1 / 3),
);

it('any number, and -0 as such, in the fewest digits that stand for it', () => {
  const bytes = new ByteWriter(1);
  const property = fc.property(number, fc.integer({ min: 0, max: MAX_DECIMALS }), (value, decimals) => {
    bytes.cut(0);
    bytes.number(value, decimals);
    const text = bytes.written().toString();
    expect(Number(text)).toBe(value);
    // Small ones have zeros where JavaScript has an exponent.
    if (!String(value).includes('e')) expect(text).toBe(Object.is(value, -0) ? '-0' : String(value));
  });
  fc.assert(property, { seed: 7, numRuns: 20_000 });
});

it('says how many decimals were enough, so that the next number is tried with them first', () => {
  const bytes = new ByteWriter();
  expect([bytes.number(31.5712), bytes.number(31.5, 4), bytes.number(1 / 3, 4), bytes.number(12)]).toEqual([
    4, 4, 0, 0,
  ]);
});

it('a number rounded to decimals, unless it is too large for that', () => {
  const rounded = (value: number, decimals: number): string => {
    const bytes = new ByteWriter();
    const isWritten = bytes.rounded(value, decimals);
    return isWritten ? bytes.written().toString() : 'no';
  };
  expect(rounded(12.3456, 2)).toBe('12.35');
  expect(rounded(-0.004, 2)).toBe('0');
  expect(rounded(-0.1, 1)).toBe('-0.1');
  expect(rounded(3.05, 9)).toBe('3.05');
  expect(rounded(1e14, 1)).toBe('no');
  expect(rounded(99_999_999_999_999, 1)).toBe('99999999999999');
});

it('integers with zeros in front, texts of any language, and what was cut is gone', () => {
  const bytes = new ByteWriter(1);
  bytes.integer(42, 6);
  bytes.byte(0x20);
  bytes.integer(9_007_199_254_740_991);
  const { length } = bytes;
  bytes.text('gone');
  bytes.cut(length);
  bytes.text(' 无锡 🚌');
  bytes.bytes(new Uint8Array(100).fill(0x2e));
  expect(bytes.written().toString()).toBe(`000042 9007199254740991 无锡 🚌${'.'.repeat(100)}`);
});
