// What the departures of the last hour say of a line: how even its service is and how full its buses leave each stop. A rolling memory,
// filled by time of the records, so that neither the city's speed nor late records matter.
import { Headways } from '../../telemetry/headways.ts';
import type { TelemetryRecord } from '../../telemetry/messages.ts';
import { numberOf, textOf } from './values.ts';

const QUALITY_MS = 30 * 60_000;
const KEPT_MS = 60 * 60_000;
const AHEAD_MS = 120_000;
/** Above it the oldest go first: an hour of 130 buses that leave a stop every minute. */
const MAX_OF_LINE = 8192;

interface Departure {
  readonly ts: number;
  readonly direction: string;
  readonly stop: string;
  readonly headwayS: number | undefined;
  readonly targetHeadwayS: number | undefined;
  readonly delayS: number | undefined;
  readonly load: number | undefined;
  readonly boarded: number;
  readonly alighted: number;
  readonly denied: number;
}

/** Of the last 30 minutes; null where nothing was measured. */
export interface LineQuality {
  readonly headwayCv: number | null;
  readonly excessWaitS: number | null;
  readonly bunchedShare: number | null;
  readonly meanDelayS: number | null;
  readonly targetHeadwayS: number | null;
}

/** What one stop saw in the last hour. */
export interface StopLoad {
  readonly direction: string;
  readonly stop: string;
  readonly departures: number;
  /** On board when they left; null when no bus counts. */
  readonly meanLoad: number | null;
  readonly boarded: number;
  readonly alighted: number;
  /** Left behind by full buses, and so still waiting. */
  readonly denied: number;
}

export class Departures {
  readonly #byLine = new Map<string, Departure[]>();

  /** nowMs: city time. Lines are bounded by who calls. */
  observe(line: string, { ts, fields }: TelemetryRecord, nowMs: number): void {
    const stop = textOf(fields.nextStop);
    if (stop === undefined || ts < nowMs - KEPT_MS) return;
    let kept = this.#byLine.get(line);
    if (kept === undefined || kept.length >= MAX_OF_LINE) {
      // A quarter at once, so that the sweep costs next to nothing a record.
      kept = kept?.filter((departure) => departure.ts >= nowMs - KEPT_MS).slice(-0.75 * MAX_OF_LINE) ?? [];
      this.#byLine.set(line, kept);
    }
    kept.push({
      ts,
      direction: textOf(fields.direction) ?? 'out',
      stop,
      headwayS: numberOf(fields.headwayS),
      targetHeadwayS: numberOf(fields.targetHeadwayS),
      delayS: numberOf(fields.delayS),
      load: numberOf(fields.load),
      boarded: numberOf(fields.boarded) ?? 0,
      alighted: numberOf(fields.alighted) ?? 0,
      denied: numberOf(fields.denied) ?? 0,
    });
  }

  quality(line: string, nowMs: number): LineQuality {
    const headways = new Headways();
    const targets: number[] = [];
    const delays: number[] = [];
    for (const { headwayS, targetHeadwayS, delayS } of this.#within(line, nowMs, QUALITY_MS)) {
      if (delayS !== undefined) delays.push(delayS);
      if (targetHeadwayS === undefined || !(targetHeadwayS > 0)) continue;
      targets.push(targetHeadwayS);
      if (headwayS !== undefined && headwayS >= 0) headways.add(headwayS, targetHeadwayS);
    }
    return {
      headwayCv: measured(headways.cv),
      excessWaitS: measured(headways.excessWaitS),
      bunchedShare: measured(headways.bunchedShare),
      meanDelayS: mean(delays),
      targetHeadwayS: mean(targets),
    };
  }

  /** By direction and stop, in the order of first sight. */
  loads(line: string, nowMs: number): StopLoad[] {
    const byStop = Map.groupBy(this.#within(line, nowMs, KEPT_MS), ({ direction, stop }) => `${direction}/${stop}`);
    return [...byStop.values()].map((departures) => {
      const { direction, stop } = departures[0]!;
      const sum = (name: 'boarded' | 'alighted' | 'denied') =>
        departures.reduce((total, departure) => total + departure[name], 0);
      const loads = departures.flatMap(({ load }) => load ?? []);
      return {
        direction,
        stop,
        departures: departures.length,
        meanLoad: mean(loads),
        boarded: sum('boarded'),
        alighted: sum('alighted'),
        denied: sum('denied'),
      };
    });
  }

  forgetLine(line: string): void {
    this.#byLine.delete(line);
  }

  /** The city's clock went back. */
  forgetAfter(ms: number): void {
    for (const [line, kept] of this.#byLine)
      this.#byLine.set(
        line,
        kept.filter(({ ts }) => ts <= ms),
      );
  }

  #within(line: string, nowMs: number, spanMs: number): Departure[] {
    const kept = this.#byLine.get(line) ?? [];
    return kept.filter(({ ts }) => ts > nowMs - spanMs && ts <= nowMs + AHEAD_MS);
  }
}

function mean(values: readonly number[]): number | null {
  return values.length === 0 ? null : values.reduce((sum, value) => sum + value, 0) / values.length;
}

function measured(value: number): number | null {
  return Number.isFinite(value) ? value : null;
}
