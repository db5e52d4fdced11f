// `node test/faults/run.ts [--quick] [--seed N] [--list] [--keep MACHINE] [ROW …]`: rows of the fault matrix by hand, one line each;
// without names all of them. --keep writes this run's and earlier results into docs/faults.md.
// Exit 1 when one does not hold. Build the page first: a city that finds it out of date builds it, and that is measured as its start.
import { parseArgs } from 'node:util';
import { installMissing } from '../../bin/prepare.js';
import { keepResults } from './kept-results.ts';
import { missingFor, rows } from './matrix.ts';
import { holds, runRow } from './row.ts';

const { values, positionals } = parseArgs({
  options: {
    quick: { type: 'boolean', default: false },
    seed: { type: 'string', default: '1' },
    list: { type: 'boolean', default: false },
    keep: { type: 'string' },
  },
  allowPositionals: true,
});
// Of a clone without its packages the first city would install them, and that would be measured as its memory.
installMissing();
const length = values.quick ? 'quick' : 'long';
for (const row of rows) {
  const { number, part = '' } = row;
  if (positionals.length > 0 && !positionals.includes(`${number}${part}`)) continue;
  const missing = missingFor(row);
  if (values.list) console.log(`${number}${part} ${row.fault}: ${row.criterion}`);
  else if (missing.length > 0) console.warn(`SKIPPED fault ${number}${part} ${row.fault}: needs ${missing.join(', ')}`);
  else if (!holds(await runRow(row, part, length, Number(values.seed)))) process.exitCode = 1;
}
if (values.keep !== undefined) keepResults(values.keep);
process.exit();
