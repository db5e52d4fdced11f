// A scenario's timeline as a picture: which stretch of time is shown, where each event lies in it and in which row. Pure.
import type { ExpectationState, ScenarioEventState, ScenarioState } from '../../telemetry/messages.ts';

const HOUR_MS = 3_600_000;
/** A live city has no end: this much of the past, and at most this much of the future, is shown. */
const PAST_MS = 3 * HOUR_MS;
const FUTURE_MS = 12 * HOUR_MS;
/** More events at the same time share the last row. */
const MOST_ROWS = 6;

export interface Stretch {
  readonly fromMs: number;
  readonly toMs: number;
}

export interface Block {
  readonly event: ScenarioEventState;
  readonly row: number;
  /** Of the stretch, 0…1. */
  readonly left: number;
  readonly width: number;
}

/** The whole run; of a live city what lies around now, with all that is scheduled within twelve hours. */
export function stretchOf({ startMs, endMs, timeline }: ScenarioState, nowMs: number): Stretch {
  if (endMs !== undefined) return { fromMs: startMs, toMs: Math.max(endMs, startMs + 1) };
  const fromMs = Math.max(startMs, nowMs - PAST_MS);
  const edges = timeline.flatMap(({ fromMs: from, untilMs }) => [from, untilMs ?? from]);
  const latest = Math.max(nowMs + HOUR_MS, ...edges.filter((ms) => ms <= nowMs + FUTURE_MS));
  return { fromMs, toMs: latest + 0.05 * (latest - fromMs) };
}

/** Events within the stretch, each in the first row that is free; events without an end reach to the edge. */
export function blocksOf(timeline: readonly ScenarioEventState[], { fromMs, toMs }: Stretch): Block[] {
  const rowEnds: number[] = [];
  const seen = timeline.filter((event) => event.fromMs < toMs && (event.untilMs ?? Infinity) >= fromMs);
  return seen
    .toSorted((a, b) => a.fromMs - b.fromMs)
    .map((event) => {
      const start = Math.max(fromMs, event.fromMs);
      const end = Math.min(toMs, event.untilMs ?? toMs);
      const free = rowEnds.findIndex((rowEnd) => rowEnd <= start);
      const row = free >= 0 ? free : Math.min(rowEnds.length, MOST_ROWS - 1);
      rowEnds[row] = Math.max(end, rowEnds[row] ?? 0);
      return { event, row, left: (start - fromMs) / (toMs - fromMs), width: (end - start) / (toMs - fromMs) };
    });
}

/** Share of the stretch that lies behind, 0…1. */
export function shareAt({ fromMs, toMs }: Stretch, nowMs: number): number {
  return Math.min(1, Math.max(0, (nowMs - fromMs) / (toMs - fromMs)));
}

export interface ScenarioGroups {
  readonly happening: readonly ScenarioEventState[];
  readonly scheduled: readonly ScenarioEventState[];
  /** Newest first. */
  readonly over: readonly ScenarioEventState[];
}

export function groupsOf(timeline: readonly ScenarioEventState[]): ScenarioGroups {
  const sorted = timeline.toSorted((a, b) => a.fromMs - b.fromMs);
  const of = (state: ScenarioEventState['state']) => sorted.filter((event) => event.state === state);
  return { happening: of('happening'), scheduled: of('scheduled'), over: of('over').toReversed() };
}

/** The worst of all expectations; undefined when nothing is expected. */
export function verdictOf(expectations: readonly ExpectationState[]): 'good' | 'watch' | 'bad' | undefined {
  if (expectations.length === 0) return undefined;
  if (expectations.some(({ state }) => state === 'failed')) return 'bad';
  return expectations.some(({ state }) => state === 'failing') ? 'watch' : 'good';
}
