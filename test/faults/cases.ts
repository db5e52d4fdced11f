// Makes tests of rows: one that cannot be run here is skipped by name, loudly; where parts are required, a missing part fails it.
import { expect, it } from 'vitest';
import { partsRequired } from '../parts.ts';
import { missingFor, partsMissing } from './matrix.ts';
import type { MatrixRow } from './matrix.ts';
import { holds, lineOf, runRow } from './row.ts';
import type { Length } from './row.ts';

const SEED = 1;

export function testRows(rows: readonly MatrixRow[], length: Length, patienceMs: number): void {
  for (const row of rows) {
    const { number, part = '', fault, criterion } = row;
    const title = `${number}${part}: ${fault}: ${criterion}`;
    const missing = missingFor(row);
    if (missing.length > 0 && !(partsRequired && partsMissing(row).length > 0)) {
      console.warn(`SKIPPED fault ${title}: needs ${missing.join(', ')}, not here`);
      it.skip(title, () => undefined);
      continue;
    }
    const run = async () => {
      const result = await runRow(row, part, length, SEED);
      expect(holds(result), result.error ?? lineOf(result)).toBe(true);
    };
    it(title, run, patienceMs);
  }
}
