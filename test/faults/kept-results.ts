// Keeps the newest results of the fault matrix in benchmarks/results/faults.json and writes them into the table of docs/faults.md, between its
// two marks. It measures nothing.
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { allResults } from './row.ts';
import type { Result } from './row.ts';
import { idOf, table } from './table.ts';

interface Kept extends Result {
  readonly machine: string;
}

const KEPT = fileURLToPath(new URL('../../benchmarks/results/faults.json', import.meta.url));
const PAGE = fileURLToPath(new URL('../../docs/faults.md', import.meta.url));
const [BEGIN, END] = ['<!-- results: begin -->', '<!-- results: end -->'];

/** The full length where it was run, else the short one; what an earlier run left stays. */
function newest(machine: string): Map<string, Kept> {
  const earlier = existsSync(KEPT) ? (JSON.parse(readFileSync(KEPT, 'utf8')) as Kept[]) : [];
  const kept = new Map(earlier.map((result) => [idOf(result), result]));
  for (const length of ['quick', 'long'] as const) {
    for (const result of allResults(length)) {
      if (length === 'quick' && kept.get(idOf(result))?.length === 'long') continue;
      kept.set(idOf(result), {
        ...result,
        ...(result.error && { error: result.error.split('\n', 1)[0]! }),
        machine,
      });
    }
  }
  return kept;
}

/** machine: what it was measured on, in words */
export function keepResults(machine: string): void {
  const kept = newest(machine);
  const results = [...kept.values()].toSorted((a, b) => a.number - b.number || a.part.localeCompare(b.part));
  writeFileSync(KEPT, `[\n${results.map((result) => JSON.stringify(result)).join(',\n')}\n]\n`);
  const page = readFileSync(PAGE, 'utf8');
  const [before, rest] = page.split(BEGIN);
  const after = rest?.split(END)[1];
  if (before === undefined || after === undefined) throw new Error(`${PAGE} lacks its marks ${BEGIN} … ${END}`);
  const dates = [...new Set(results.map(({ date, machine }) => `${date}, ${machine}`))].join('; ');
  writeFileSync(PAGE, `${before}${BEGIN}\n\nMeasured ${dates}.\n\n${table(kept)}\n\n${END}${after}`);
}
