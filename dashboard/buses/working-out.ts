// From what is known to what is shown: runs of each direction of the shown line, regularity over the hour, decisions in order. Live positions
// and decisions are taken here as they come; the state changes when it is worked out next.
import type { EventItem } from '../answers.ts';
import type { Fields } from '../live/fleet.ts';
import { clock } from '../session.ts';
import { labelOf } from '../i18n/text.ts';
import type { LineAnswer, LineSummary } from './answers.ts';
import { runsOf } from './crossings.ts';
import { decisionOf, type Decision } from './decision-words.ts';
import { departuresOf, hourOf, type Departure } from './quality.ts';
import {
  chosenLine,
  decisions,
  departures,
  hours,
  lineAnswers,
  lines,
  shownLine,
  sides,
  tracesOf,
  type Side,
} from './state.ts';
import { LineTraces } from './traces.ts';

/** Traces are kept longer than they are drawn: regularity looks back from an hour ago, ms. */
const KEPT_MS = 5_800_000;
export const DECISIONS_KEPT = 500;

export function tracesFor(line: string): LineTraces {
  let traces = tracesOf.get(line);
  if (traces === undefined) tracesOf.set(line, (traces = new LineTraces()));
  return traces;
}

export function takeBus(device: string, ts: number, { line, trip, direction, alongM }: Fields): void {
  if (typeof line !== 'string' || typeof trip !== 'string' || typeof alongM !== 'number') return;
  tracesFor(line).add(device, trip, String(direction), ts, alongM);
}

let fresh: Decision[] = [];

/** At high speed they come in bursts. */
export function takeDecision(event: EventItem): void {
  const decision = decisionOf(event);
  if (decision !== undefined) fresh.push(decision);
}

export function keepDecisions(more: readonly Decision[]): void {
  const known = new Map([...more, ...decisions.peek()].map((decision) => [`${decision.ts} ${decision.seq}`, decision]));
  decisions.value = [...known.values()].sort((a, b) => b.ts - a.ts || b.seq - a.seq).slice(0, DECISIONS_KEPT);
}

export function workOut(): void {
  if (fresh.length > 0) {
    keepDecisions(fresh);
    fresh = [];
  }
  const answer = lineAnswers.peek()[shownLine.peek() ?? ''];
  sides.value = answer === undefined ? [] : sidesOf(answer);
}

/** One for each direction: its longest pattern says where the stops are. */
function sidesOf({ line, patterns, stops }: LineAnswer): Side[] {
  const traces = tracesOf.get(line)?.all ?? [];
  return ['out', 'back'].flatMap((direction) => {
    const pattern = patterns
      .filter((other) => other.direction === direction)
      .sort((a, b) => b.stops.length - a.stops.length)[0];
    if (pattern === undefined) return [];
    const places = pattern.stops.map(({ stop, alongM }) => {
      const known = stops[stop];
      return { id: known?.id ?? '', label: known === undefined ? '' : labelOf(known), alongM };
    });
    const runs = runsOf(
      traces.filter((trace) => trace.direction === direction),
      places.map(({ alongM }) => alongM),
    );
    // A headsign has one language, the name of the last stop has the reader's.
    return [{ direction, headsign: places.at(-1)?.label || pattern.headsign, stops: places, runs }];
  });
}

export function workOutTrends(): void {
  const nowMs = clock.peek()?.simTimeMs;
  const known = lines.peek();
  if (nowMs === undefined || known === null) return;
  for (const traces of tracesOf.values()) traces.prune(nowMs - KEPT_MS);
  departures.value = Object.fromEntries(known.map((summary) => [summary.line, departuresOn(summary)]));
  const line = chosenLine.peek();
  hours.value = {
    '': hourOf(Object.values(departures.peek()).flat(), nowMs),
    ...(line === null ? {} : { [line]: hourOf(departures.peek()[line] ?? [], nowMs) }),
  };
}

function departuresOn({ line, targetHeadwayS }: LineSummary): Departure[] {
  const answer = lineAnswers.peek()[line];
  if (answer === undefined || typeof targetHeadwayS !== 'number' || !(targetHeadwayS > 0)) return [];
  return sidesOf(answer).flatMap(({ runs }) => departuresOf(runs, targetHeadwayS));
}
