// Asks the server about lines, their past, means over the fleet and the dispatch centre, and puts the answers into the view's state. What
// fails leaves the state as it was; only the lines themselves are missed loudly.
import type { AggregateAnswer, EventItem, HistoryAnswer } from '../answers.ts';
import { devicePath, getJson } from '../rest.ts';
import { clock } from '../session.ts';
import type { LineAnswer, LineSummary, Passage } from './answers.ts';
import { CENTRE } from './centre.ts';
import { decisionOf } from './decision-words.ts';
import {
  centreHistory,
  centreKind,
  chosenLine,
  featuredLine,
  lineAnswers,
  lineProblem,
  lines,
  linesProblem,
  means,
  pastKnown,
  shownLine,
} from './state.ts';
import { byMinute } from './quality.ts';
import { DECISIONS_KEPT, keepDecisions, tracesFor } from './working-out.ts';

const HOUR_MS = 3_600_000;
/** Regularity an hour ago looks back from there. */
const PAST_MINUTES = 95;
/** More lines than this are followed only while they are shown. */
const FOLLOWED_LINES = 40;

export async function askLines(): Promise<void> {
  try {
    const { items } = await getJson<{ items: readonly LineSummary[] }>('/api/lines');
    lines.value = items;
    linesProblem.value = null;
    featuredLine.value ??= mostIrregular(items);
  } catch (error) {
    linesProblem.value = (error as Error).message;
  }
}

function mostIrregular(items: readonly LineSummary[]): string | null {
  const ranked = [...items].sort((a, b) => (b.headwayCv ?? 0) - (a.headwayCv ?? 0));
  return ranked[0]?.line ?? null;
}

export async function askShown(): Promise<void> {
  const line = shownLine.peek();
  if (line === null) return;
  await Promise.all([askLine(line), askPast(line)]);
}

async function askLine(line: string): Promise<void> {
  try {
    const answer = await getJson<LineAnswer>(`/api/lines/${encodeURIComponent(line)}`);
    lineAnswers.value = { ...lineAnswers.peek(), [line]: answer };
    if (line === shownLine.peek()) lineProblem.value = null;
  } catch (error) {
    if (line === shownLine.peek()) lineProblem.value = (error as Error).message;
  }
}

async function askPast(line: string): Promise<void> {
  try {
    const path = `/api/lines/${encodeURIComponent(line)}/passages?minutes=${PAST_MINUTES}`;
    const { items } = await getJson<{ items: readonly Passage[] }>(path);
    for (const passage of items) tracesFor(line).take(passage);
    if (!pastKnown.peek().has(line)) pastKnown.value = new Set([...pastKnown.peek(), line]);
  } catch {
    // The strip fills from now on; the line's own answer says what is wrong.
  }
}

/** One after the other: the shown line must not wait. */
export async function askOthers(): Promise<void> {
  for (const { line } of (lines.peek() ?? []).slice(0, FOLLOWED_LINES)) {
    if (line === shownLine.peek()) continue;
    if (lineAnswers.peek()[line] === undefined) await askLine(line);
    await askPast(line);
  }
}

export async function askMeans(): Promise<void> {
  await Promise.all(['delayS', 'occupancyRatio'].map(askMean));
}

async function askMean(field: string): Promise<void> {
  const line = chosenLine.peek();
  const to = Math.round(clock.peek()?.simTimeMs ?? Date.now());
  const groupBy = line === null ? 'kind' : 'line';
  const query = `kind=bus&field=${field}&every=1m&agg=mean&groupBy=${groupBy}&from=${to - HOUR_MS}&to=${to}`;
  try {
    const { groups } = await getJson<AggregateAnswer>(`/api/aggregate?${query}`);
    const group = groups.find(({ key }) => line === null || key === line);
    const value = group === undefined ? [] : byMinute(group.ts, group.value, to);
    means.value = { ...means.peek(), [`${field} ${line ?? ''}`]: value };
  } catch {
    // The card keeps its live value; a line without history stays empty.
  }
}

export async function askCentre(): Promise<void> {
  if (centreKind.peek() === undefined) return;
  const to = Math.round(clock.peek()?.simTimeMs ?? Date.now()) + 1;
  const query = `field=policy,etaErrorS,headwayCv,excessWaitS,bunchedShare&from=${to - HOUR_MS}&to=${to}`;
  try {
    centreHistory.value = await getJson<HistoryAnswer>(`${devicePath(CENTRE, CENTRE)}/history?${query}`);
  } catch {
    // A centre that has said nothing yet has no history.
  }
}

export async function askDecisions(): Promise<void> {
  if (centreKind.peek() === undefined) return;
  const to = Math.round(clock.peek()?.simTimeMs ?? Date.now()) + 1;
  try {
    const path = `/api/events?kind=${CENTRE}&from=${to - HOUR_MS}&to=${to}&limit=${DECISIONS_KEPT}`;
    const { items } = await getJson<{ items: readonly EventItem[] }>(path);
    keepDecisions(items.map(decisionOf).filter((decision) => decision !== undefined));
  } catch {
    // None was stored: the list says so.
  }
}
