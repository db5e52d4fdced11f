// The whole fault matrix at full length, one row after the other, and all of it once more at the end.
import { afterAll, describe, expect, it } from 'vitest';
import { partsRequired } from '../parts.ts';
import { missingFor, rows } from './matrix.ts';
import { allResults, holds, lineOf, runRow } from './row.ts';

const SEED = 1;
const PATIENCE_MS = 900_000;

afterAll(() => {
  console.log(`\nthe fault matrix\n${allResults('long').map(lineOf).join('\n')}`);
});

describe('faults at full length', () => {
  for (const row of rows) {
    const { number, part = '', fault, criterion } = row;
    const title = `${number}${part}: ${fault}: ${criterion}`;
    const missing = missingFor(row);
    if (missing.length > 0 && !partsRequired) {
      console.warn(`SKIPPED fault ${title}: needs ${missing.join(', ')}, not here`);
      it.skip(title, () => undefined);
      continue;
    }
    it(
      title,
      async () => {
        const result = await runRow(row, part, 'long', SEED);
        expect(holds(result), result.error ?? lineOf(result)).toBe(true);
      },
      PATIENCE_MS,
    );
  }
});
