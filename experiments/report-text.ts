// The report on a terminal: claim, numbers by KPI, checks, verdict. Every line fits 100 columns where the experiment's own words do.
import { decimalsFor, interval, loneFigure, percent, plusMinus, signed } from './figures.ts';
import type { Kpi } from './experiment.ts';
import { cautions } from './report.ts';
import type { Difference, Effect, Report } from './report.ts';

const WIDTH = 100;

const WORDS: { readonly [effect in Effect]: string } = {
  better: 'better',
  worse: 'worse',
  differs: 'differs',
  unclear: 'unclear',
  none: 'no difference',
};
const WISHES: { readonly [better in Kpi['better']]: string } = {
  less: ', less is better',
  more: ', more is better',
  neither: '',
};

export const effectWord = (effect: Effect): string => WORDS[effect];

/** "Excess waiting time [s], less is better" */
export function kpiTitle({ label, unit, better }: Kpi): string {
  return `${label}${unit === '' ? '' : ` [${unit}]`}${WISHES[better]}`;
}

export function reportLines(report: Report): string[] {
  const { title, claim, seeds, firstSeed, arms, wallSeconds } = report;
  const compared = arms.length > 1 ? `; differences are to "${arms[0]!.label}", paired by seed` : '';
  const which = seeds === 1 ? `seed ${firstSeed}` : `seeds ${firstSeed} to ${firstSeed + seeds - 1}`;
  return [
    title,
    ...wrapped(`Claim: ${claim}`),
    '',
    `${which}, mean ± half of the 95 % interval${compared}`,
    ...report.kpis.flatMap((kpi) => ['', ...kpiLines(kpi, report)]),
    ...checkLines(report),
    '',
    ...cautions(report).flatMap((caution) => wrapped(`Note: ${caution}`)),
    ...wrapped(`Verdict: ${report.verdict}`),
    '',
    `${counted(arms.length, 'arm')} × ${counted(seeds, 'seed')} in ${wallSeconds.toFixed(1)} s; again: ${report.command}`,
  ];
}

const counted = (count: number, word: string) => `${count} ${word}${count === 1 ? '' : 's'}`;

function kpiLines(kpi: Kpi, { arms, differences }: Report): string[] {
  const own = arms.map((arm) => arm.kpis[kpi.name]!);
  const compared = differences.filter((difference) => difference.kpi === kpi.name);
  const decimals = decimalsFor(own);
  const rows = arms.map(({ label, name }, index) => [
    `  ${label}`,
    plusMinus(own[index]!, decimals),
    ...differenceCells(
      compared.find(({ arm }) => arm === name),
      decimalsFor(compared),
    ),
  ]);
  return [kpiTitle(kpi), ...columns(rows, ['left', 'right', 'right', 'left', 'right', 'left'])];
}

function differenceCells(difference: Difference | undefined, decimals: number): string[] {
  if (difference === undefined || difference.n === 0) return [];
  const { mean, share, effect } = difference;
  return [signed(mean, decimals), interval(difference, decimals), percent(share.mean), effectWord(effect)];
}

function checkLines({ checks }: Report): string[] {
  if (checks.length === 0) return [];
  const rows = checks.map(({ id, name, target, measured, tolerance, ok }) => [
    ok ? 'ok  ' : 'FAIL',
    id,
    name,
    loneFigure(measured),
    `target ${target}${tolerance === '' ? '' : `, ${tolerance}`}`,
  ]);
  return ['', 'Checks', ...columns(rows, ['left', 'left', 'left', 'right', 'left'])];
}

function columns(rows: readonly (readonly string[])[], sides: readonly ('left' | 'right')[]): string[] {
  const widths = sides.map((_, column) => Math.max(0, ...rows.map((row) => row[column]?.length ?? 0)));
  return rows.map((row) =>
    row
      .map((cell, column) =>
        sides[column] === 'right' ? cell.padStart(widths[column]!) : cell.padEnd(widths[column]!),
      )
      .join('  ')
      .trimEnd(),
  );
}

/** Lines of at most WIDTH columns. */
export function wrapped(text: string): string[] {
  const lines = [''];
  for (const word of text.split(/\s+/)) {
    const line = lines.at(-1)!;
    if (line !== '' && line.length + 1 + word.length > WIDTH) lines.push(word);
    else lines[lines.length - 1] = line === '' ? word : `${line} ${word}`;
  }
  return lines;
}

/** How far an interrupted experiment came. */
export function interruptedLine(done: { readonly [arm: string]: number }, seeds: number): string {
  const arms = Object.entries(done).map(([arm, count]) => `${arm} ${count}`);
  return `interrupted: seeds done of ${seeds}: ${arms.join(', ')}`;
}
