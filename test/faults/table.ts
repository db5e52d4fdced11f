// Results of the fault matrix as a Markdown table. It reads and writes no file.
import { missingFor, rows } from './matrix.ts';
import { holds } from './row.ts';
import type { Result } from './row.ts';

export const idOf = ({ number, part = '' }: { number: number; part?: string }): string => `${number}${part}`;

function cellsOf(result: Result | undefined): [string, string] {
  if (result === undefined) return ['not run', ''];
  const failed = result.checks.filter(({ ok }) => !ok);
  const shown = failed.length > 0 ? failed : result.checks;
  const words = shown.map(({ name, value, limit }) => `${name} ${value} (${limit})`);
  const all = [...words, ...(result.error === undefined ? [] : [result.error])].join(' · ');
  const length = result.length === 'quick' ? ', short' : '';
  return [`${holds(result) ? 'holds' : '**broken**'}${length}`, all.replaceAll('|', '\\|')];
}

/** Markdown: a line for each row, whether it was run or not, and what is done in part. */
export function table(kept: ReadonlyMap<string, Result>): string {
  const lines = rows.map((row) => {
    const [verdict, figures] = cellsOf(kept.get(idOf(row)));
    const missing = missingFor(row);
    const skipped = verdict === 'not run' && missing.length > 0 ? `not run: needs ${missing.join(', ')}` : verdict;
    return `| ${idOf(row)} | ${row.fault} | ${row.criterion} | ${skipped} | ${figures} |`;
  });
  const gaps = rows.filter(({ gap }) => gap !== undefined).map((row) => `- ${idOf(row)}: ${row.gap}.`);
  const head = ['| # | fault | must hold | verdict | figures (limit) |', '|---|---|---|---|---|'];
  return [...head, ...lines, '', 'Done in part:', '', ...gaps].join('\n');
}
