// The rows of the fault matrix that run on every commit: a few seconds of each fault, the whole comparison afterwards.
import { describe } from 'vitest';
import { testRows } from './cases.ts';
import { QUICK, rows } from './matrix.ts';

describe('faults, each for a few seconds', () => {
  testRows(
    rows.filter(({ number, part }) => QUICK.has(number) && part === undefined),
    'quick',
    90_000,
  );
});
