// The rows of the fault matrix that run on every commit: a few seconds of each fault, the whole comparison afterwards.
import { describe, expect, it } from 'vitest';
import { partsRequired } from '../parts.ts';
import { QUICK, missingFor, rows } from './matrix.ts';
import { holds, lineOf, runRow } from './row.ts';

const SEED = 1;
const PATIENCE_MS = 90_000;

describe('faults, each for a few seconds', () => {
  for (const row of rows.filter(({ number, part }) => QUICK.has(number) && part === undefined)) {
    const title = `${row.number}: ${row.fault}: ${row.criterion}`;
    const missing = missingFor(row);
    if (missing.length > 0 && !partsRequired) {
      console.warn(`SKIPPED fault ${title}: needs ${missing.join(', ')}, not here`);
      it.skip(title, () => undefined);
      continue;
    }
    it(
      title,
      async () => {
        const result = await runRow(row, '', 'quick', SEED);
        expect(holds(result), result.error ?? lineOf(result)).toBe(true);
      },
      PATIENCE_MS,
    );
  }
});
