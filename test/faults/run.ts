// `node test/faults/run.ts [--quick] [--seed N] [ROW …]`: rows of the fault matrix by hand, one line each; without names all of them.
// Exit 1 when one does not hold.
import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { missingFor, rows } from './matrix.ts';
import { holds, runRow } from './row.ts';

const { values, positionals } = parseArgs({
  options: { quick: { type: 'boolean', default: false }, seed: { type: 'string', default: '1' } },
  allowPositionals: true,
});
// A city that finds its page out of date builds it first, which would be measured as its start.
const root = fileURLToPath(new URL('../..', import.meta.url));
spawnSync('npx', ['vite', 'build', '--config', 'dashboard/vite.config.ts', '--logLevel', 'warn'], { cwd: root });
const length = values.quick ? 'quick' : 'long';
for (const row of rows) {
  const { number, part = '' } = row;
  if (positionals.length > 0 && !positionals.includes(`${number}${part}`)) continue;
  const missing = missingFor(row);
  if (missing.length > 0) console.warn(`SKIPPED fault ${number}${part} ${row.fault}: needs ${missing.join(', ')}`);
  else if (!holds(await runRow(row, part, length, Number(values.seed)))) process.exitCode = 1;
}
process.exit();
