// Shapes of what the server answers about lines, stops and experiments, as far as the page reads them. Types only.
import type { Labels } from '../../telemetry/description.ts';
import type { TimetablePattern, TimetableStop } from '../../telemetry/timetable.ts';

/** An item of `GET /api/lines`: the last 30 simulated minutes. Numbers are absent or null while there is nothing to count. */
export interface LineSummary {
  readonly line: string;
  readonly label: string;
  readonly labels?: Labels;
  readonly color: string;
  readonly buses: number;
  readonly headwayCv?: number | null;
  readonly excessWaitS?: number | null;
  readonly bunchedShare?: number | null;
  readonly meanDelayS?: number | null;
  readonly targetHeadwayS?: number | null;
}

/** `GET /api/lines/{line}` */
export interface LineAnswer {
  readonly line: string;
  readonly label: string;
  readonly labels?: Labels;
  readonly color: string;
  readonly stops: readonly TimetableStop[];
  readonly patterns: readonly TimetablePattern[];
  readonly loads?: readonly StopLoad[];
}

/** What one stop of a direction saw in the last hour. */
export interface StopLoad {
  readonly direction: string;
  /** Stop id. */
  readonly stop: string;
  readonly departures: number;
  /** Mean number of people on board when buses left; null when no bus counts. */
  readonly meanLoad: number | null;
  readonly boarded: number;
  readonly alighted: number;
  /** People left behind by full buses, and so still waiting. */
  readonly denied: number;
}

/** An item of `GET /api/lines/{line}/passages`. */
export interface Passage {
  readonly bus: string;
  readonly trip: string;
  readonly direction: string;
  readonly points: readonly (readonly [ts: number, alongM: number])[];
}

/** `GET /api/stops/{stop}/arrivals` */
export interface ArrivalsAnswer {
  readonly stop: string;
  readonly label: string;
  readonly labels?: Labels;
  readonly items: readonly Arrival[];
}

export interface Arrival {
  readonly line: string;
  readonly headsign: string;
  readonly bus?: string;
  readonly trip?: string;
  readonly expectedMs: number;
  readonly scheduledMs?: number;
  readonly uncertaintyS?: number;
  /** `scheduled` with a bus: the timetable and the delay that the bus has now. */
  readonly source: 'predicted' | 'scheduled';
}

/** An item of `GET /api/experiments`, newest first. */
export interface ExperimentReport {
  readonly name: string;
  readonly title?: string;
  readonly claim: string;
  readonly sources?: readonly string[];
  readonly seeds: number;
  readonly kpis?: readonly ExperimentKpi[];
  readonly arms: readonly ExperimentArm[];
  readonly differences: readonly ExperimentDifference[];
  readonly checks?: readonly ExperimentCheck[];
  readonly verdict: string;
  /** Repeats it. */
  readonly command?: string;
  readonly version?: string;
  /** ISO 8601 */
  readonly date?: string;
  readonly wallSeconds?: number;
}

export interface ExperimentKpi {
  readonly name: string;
  readonly label: string;
  readonly unit: string;
  readonly better: 'less' | 'more' | 'neither';
}

/** NaN travels as null. */
export interface KpiEstimate {
  readonly mean: number | null;
  readonly ci95: readonly [low: number | null, high: number | null];
}

export interface ExperimentArm {
  readonly name: string;
  readonly label?: string;
  readonly kpis: { readonly [kpi: string]: KpiEstimate };
}

/** Arm minus baseline, paired by seed. */
export interface ExperimentDifference extends KpiEstimate {
  readonly arm: string;
  readonly baseline: string;
  readonly kpi: string;
  /** Of the baseline: arm ÷ baseline − 1. */
  readonly share?: KpiEstimate;
  readonly effect?: 'better' | 'worse' | 'differs' | 'unclear' | 'none';
}

export interface ExperimentCheck {
  readonly id: string;
  readonly name: string;
  readonly target: string;
  readonly measured: number | null;
  readonly tolerance: string;
  readonly ok: boolean;
}
