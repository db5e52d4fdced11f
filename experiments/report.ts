// The report of an experiment: one document with everything that the text, the page and other programs show of it. How it looks is said in
// report-text.ts and report-html.ts.
import { commandLine } from './settings.ts';
import type { Arm, Check, Experiment, ExperimentSettings, Kpi } from './experiment.ts';
import type { Lived } from './runner.ts';
import { outcomeOf } from './statistics.ts';
import type { Counted, CountedOutcome } from './statistics.ts';
import type { Assignment } from './task-board.ts';

/** What a difference means for whom the KPI is measured; `unclear`: its interval holds zero; `none`: equal with every seed. */
export type Effect = 'better' | 'worse' | 'differs' | 'unclear' | 'none';

export interface ArmReport extends Arm {
  readonly kpis: { readonly [kpi: string]: Counted };
}

export interface Difference extends Counted {
  readonly arm: string;
  readonly baseline: string;
  readonly kpi: string;
  /** Mean of the arm ÷ mean of the baseline − 1. */
  readonly share: Counted;
  readonly effect: Effect;
}

export interface Report {
  readonly name: string;
  readonly title: string;
  readonly claim: string;
  readonly sources: readonly string[];
  readonly seeds: number;
  readonly firstSeed: number;
  readonly settings: ExperimentSettings;
  readonly kpis: readonly Kpi[];
  readonly arms: readonly ArmReport[];
  readonly differences: readonly Difference[];
  readonly checks: readonly Check[];
  readonly verdict: string;
  /** By arm, then KPI, one number a seed. */
  readonly samples: { readonly [arm: string]: { readonly [kpi: string]: readonly number[] } };
  /** Repeats it. */
  readonly command: string;
  readonly version: string;
  readonly node: string;
  /** Of the wall clock, ISO 8601. */
  readonly date: string;
  readonly wallSeconds: number;
}

/** What the numbers do not say. */
export type Circumstances = Pick<Report, 'version' | 'node' | 'date'> & {
  /** When the report is done: checks may take their time too. */
  readonly wallSeconds: () => number;
};

/** lived: all of it, not an interrupted one. */
export function reportOf(
  experiment: Experiment,
  { settings, seeds, firstSeed }: Assignment,
  { samples }: Lived,
  circumstances: Circumstances,
): Report {
  const { name, title, claim, sources, kpis } = experiment;
  const outcome = outcomeOf({ settings, seeds }, kpis, samples);
  return {
    name,
    title,
    claim,
    sources,
    seeds,
    firstSeed,
    settings,
    kpis,
    arms: experiment.arms(settings).map((arm) => ({ ...arm, kpis: outcome.arms[arm.name]! })),
    differences: differencesOf(kpis, outcome),
    checks: experiment.checks?.(outcome) ?? [],
    verdict: experiment.verdict(outcome),
    samples: Object.fromEntries(Object.entries(samples).map(([arm, own]) => [arm, plain(own)])),
    command: commandLine(experiment, { settings, seeds, firstSeed }),
    ...circumstances,
    wallSeconds: circumstances.wallSeconds(),
  };
}

function plain(samples: { readonly [kpi: string]: Float64Array }): { [kpi: string]: number[] } {
  return Object.fromEntries(Object.entries(samples).map(([kpi, values]) => [kpi, [...values]]));
}

function differencesOf(kpis: readonly Kpi[], outcome: CountedOutcome): Difference[] {
  const baseline = Object.keys(outcome.arms)[0]!;
  return Object.entries(outcome.differences).flatMap(([arm, differences]) =>
    kpis.map((kpi) => {
      const difference = differences[kpi.name]!;
      const share = outcome.shares[arm]![kpi.name]!;
      return { arm, baseline, kpi: kpi.name, ...difference, share, effect: effectOf(kpi, difference) };
    }),
  );
}

/** One seed is no evidence: its effect is unclear. */
function effectOf({ better }: Kpi, { mean, ci95: [low, high], n }: Counted): Effect {
  if (n > 1 && low === 0 && high === 0) return 'none';
  if (n < 2 || !(low > 0 || high < 0)) return 'unclear';
  if (better === 'neither') return 'differs';
  return mean < 0 === (better === 'less') ? 'better' : 'worse';
}

/** The document that scripts read; what is no number is null. */
export function jsonOf(report: Report, indent?: number): string {
  return `${JSON.stringify(report, undefined, indent)}\n`;
}

/** What has to be said about the evidence itself. */
export function cautions({ seeds, arms, kpis }: Pick<Report, 'seeds' | 'arms' | 'kpis'>): string[] {
  const missing = arms.flatMap((arm) =>
    kpis.flatMap(({ name }) => {
      const n = arm.kpis[name]!.n;
      // Of what an arm never has, the dash in its place says enough.
      return n > 0 && n < seeds
        ? [`${arm.name} has no ${name} with ${seeds - n} of ${seeds} seeds; their pairs are left out.`]
        : [];
    }),
  );
  return seeds === 1 ? ['One seed proves nothing: no interval can be given.', ...missing] : missing;
}
