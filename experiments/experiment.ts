// What an experiment is: a claim about a smart city, arms that differ in one thing, and numbers that decide. The same seed lives through the
// same world in every arm, so differences are paired. Who runs them, and in how many threads, is not its business.

/** Something about an experiment that `--set name=value` changes. */
export type Parameter = { readonly name: string; readonly label: string } & (
  | {
      readonly type: 'number';
      readonly default: number;
      readonly min: number;
      readonly max: number;
      readonly whole?: boolean;
      /** SenML or UCUM; absent: a ratio or a count. */
      readonly unit?: string;
    }
  | { readonly type: 'choice'; readonly default: string; readonly choices: readonly string[] }
  /** One or more, separated by commas: each becomes an arm. */
  | { readonly type: 'list'; readonly default: readonly string[]; readonly choices: readonly string[] }
);

export type Setting = number | string | readonly string[];
export type ExperimentSettings = { readonly [parameter: string]: Setting };

export interface Kpi {
  /** With its unit as the last part: `excessWaitS`. */
  readonly name: string;
  readonly label: string;
  /** Shown behind the value; empty for a ratio or a count. */
  readonly unit: string;
  /** What a rider or a taxpayer would want. */
  readonly better: 'less' | 'more' | 'neither';
}

export interface Arm {
  /** kebab-case, unique in the experiment. */
  readonly name: string;
  readonly label: string;
}

export interface Experiment {
  /** kebab-case; the file's name. */
  readonly name: string;
  readonly title: string;
  /** What somebody said, and where. */
  readonly claim: string;
  readonly sources: readonly string[];
  /** Paired seeds when nobody says how many. */
  readonly seeds: number;
  readonly parameters: readonly Parameter[];
  readonly kpis: readonly Kpi[];
  /** What is wrong with settings each of which is fine by itself; absent, or undefined: nothing. */
  clash?(settings: ExperimentSettings): string | undefined;
  /** The first one is the baseline of all differences. */
  arms(settings: ExperimentSettings): readonly Arm[];
  /** One life: pure, the same on every machine. @returns every KPI by name; NaN where there is none */
  live(arm: string, seed: number, settings: ExperimentSettings): { readonly [kpi: string]: number };
  /** Compares with published and golden values; those that the settings do not allow are left out. */
  checks?(outcome: Outcome): readonly Check[];
  /** One or two sentences with the numbers in them. */
  verdict(outcome: Outcome): string;
}

export interface Estimate {
  readonly mean: number;
  /** [low, high] by Student's t over the seeds; both equal the mean when one seed was run. */
  readonly ci95: readonly [low: number, high: number];
}

/** What the arms came to. */
export interface Outcome {
  readonly settings: ExperimentSettings;
  readonly seeds: number;
  /** By arm, then KPI. */
  readonly arms: { readonly [arm: string]: { readonly [kpi: string]: Estimate } };
  /** Arm minus baseline, paired by seed: by arm, then KPI; not of the baseline. */
  readonly differences: { readonly [arm: string]: { readonly [kpi: string]: Estimate } };
  /** Mean of the arm ÷ mean of the baseline − 1, its interval paired by seed. */
  readonly shares: { readonly [arm: string]: { readonly [kpi: string]: Estimate } };
  /** By arm, then KPI, one number a seed. */
  readonly samples: { readonly [arm: string]: { readonly [kpi: string]: Float64Array } };
}

/** Target, measured, tolerance: one row of the validation table. */
export interface Check {
  /** e.g. `B3` */
  readonly id: string;
  readonly name: string;
  readonly target: string;
  readonly measured: number;
  readonly tolerance: string;
  readonly ok: boolean;
}
