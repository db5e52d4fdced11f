// The whole fault matrix at full length, one row after the other, and all of it once more at the end.
import { afterAll, beforeAll, describe } from 'vitest';
import { testRows } from './cases.ts';
import { rows } from './matrix.ts';
import { allResults, forgetResults, lineOf } from './row.ts';

beforeAll(() => forgetResults('long'));
afterAll(() => {
  console.log(`\nthe fault matrix\n${allResults('long').map(lineOf).join('\n')}`);
});

describe('faults at full length', () => {
  testRows(rows, 'long', 900_000);
});
