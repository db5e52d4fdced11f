// What the Buses view shows and knows: the chosen line, lines and their details, the runs of each direction, decisions. Signals only; who
// fills them is loading.ts.
import { computed, signal } from '@preact/signals';
import type { HistoryAnswer } from '../answers.ts';
import { fleets } from '../live/fleet.ts';
import { fleetStep, initialUrl, kinds, selection } from '../session.ts';
import type { DockTab } from '../url-state.ts';
import type { LineAnswer, LineSummary } from './answers.ts';
import { CENTRE, type CentreSeen } from './centre.ts';
import type { Run } from './crossings.ts';
import type { Decision } from './decision-words.ts';
import type { Departure, Regularity } from './quality.ts';
import type { LineTraces } from './traces.ts';

export type DockSize = 'closed' | 'half' | 'tall';

/** Null: the whole city. */
export const chosenLine = signal(initialUrl.line);
export const dockTab = signal<DockTab>(initialUrl.dock);
export const dockSize = signal<DockSize>('half');
/** The list of buses instead of the service. */
export const fleetShown = signal(false);

export const lines = signal<readonly LineSummary[] | null>(null);
export const linesProblem = signal<string | null>(null);
/** The line in the strip while nobody has chosen one: the most irregular when the page first heard of the lines. */
export const featuredLine = signal<string | null>(null);

/** Line of the chosen bus, else the chosen line, else the featured one. */
export const shownLine = computed(() => selectedBusLine.value ?? chosenLine.value ?? featuredLine.value);
const selectedBusLine = computed(() => {
  const chosen = selection.value;
  if (chosen?.kind !== 'bus') return null;
  void fleetStep.value;
  const fleet = fleets.get('bus');
  const line = fleet?.fields[fleet.indexOf.get(chosen.device) ?? -1]?.line;
  return typeof line === 'string' ? line : null;
});

export const lineAnswers = signal<{ readonly [line: string]: LineAnswer }>({});
export const lineProblem = signal<string | null>(null);

/** By line. Outside the component tree: it changes with every frame. */
export const tracesOf = new Map<string, LineTraces>();
/** Lines whose past was asked for and came. */
export const pastKnown = signal<ReadonlySet<string>>(new Set());

/** A direction of the shown line, as the strip draws it. */
export interface Side {
  readonly direction: string;
  readonly headsign: string;
  readonly stops: readonly { readonly id: string; readonly label: string; readonly alongM: number }[];
  readonly runs: readonly Run[];
}
export const sides = signal<readonly Side[]>([]);

/** Departures seen by the page: by line. */
export const departures = signal<{ readonly [line: string]: readonly Departure[] }>({});
/** The last hour by minute, of the city (key empty) and of the chosen line. */
export const hours = signal<{ readonly [line: string]: readonly (Regularity | undefined)[] }>({});
/** Means by minute from the store: `field line`, line empty for the city. */
export const means = signal<{ readonly [fieldAndLine: string]: readonly (number | null)[] }>({});

export const decisions = signal<readonly Decision[]>([]);
/** The centre's own records of the last hour. */
export const centreHistory = signal<HistoryAnswer | null>(null);

export const centreKind = computed(() => kinds.value?.find(({ kind }) => kind === CENTRE));

/** Its newest record, as the live stream brought it. */
export function centreSeen(): CentreSeen | undefined {
  const fleet = fleets.get(CENTRE);
  const index = fleet?.indexOf.get(CENTRE);
  if (fleet === undefined || index === undefined) return undefined;
  return { fields: fleet.fields[index]!, ts: fleet.ts[index]!, heardMs: fleet.heardMs[index]! };
}

/** Planned headway of a line, s. */
export function targetOf(line: string | null): number | undefined {
  const target = lines.peek()?.find((other) => other.line === line)?.targetHeadwayS;
  return typeof target === 'number' && target > 0 ? target : undefined;
}

export function chooseLine(line: string | null): void {
  chosenLine.value = line;
  if (selection.value?.kind === 'bus') selection.value = null;
}

/** The next or previous line of the list; from the whole city the first. */
export function stepLine(step: 1 | -1): void {
  const all = lines.value ?? [];
  if (all.length === 0) return;
  const at = all.findIndex(({ line }) => line === shownLine.value);
  chooseLine(all[(at + step + all.length) % all.length]!.line);
}
