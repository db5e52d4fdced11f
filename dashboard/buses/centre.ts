// The dispatch centre as the page sees it: what it reported last, whether it is still there, and when its policy changed. Pure but for fleets.
import type { Fields } from '../live/fleet.ts';
import type { HistoryAnswer } from '../answers.ts';
import type { SentCommand } from '../commands.ts';

export const CENTRE = 'bus-dispatch';
/** No word for this long, wall s: it is gone. */
export const SILENT_AFTER_S = 60;

export interface CentreSeen {
  readonly fields: Readonly<Fields>;
  /** Simulated time of its newest record, ms. */
  readonly ts: number;
  /** performance.now of its arrival. */
  readonly heardMs: number;
}

export interface Now {
  readonly simMs: number;
  /** performance.now */
  readonly wallMs: number;
  /** Simulated seconds per second; 0 while paused. */
  readonly speed: number;
}

/** Wall seconds since it was heard. A page that is just opened hears old news: then the age of the news counts. */
export function silenceS(seen: CentreSeen, now: Now): number {
  const sinceHeardS = (now.wallMs - seen.heardMs) / 1000;
  const newsAgeS = (now.simMs - seen.ts) / 1000 / Math.max(1, now.speed);
  return Math.max(0, sinceHeardS, newsAgeS);
}

/** While the city is paused nobody has anything to say. */
export function isSilent(seen: CentreSeen, now: Now): boolean {
  return now.speed > 0 && silenceS(seen, now) > SILENT_AFTER_S;
}

export interface PolicySwitch {
  /** Simulated ms. */
  readonly ts: number;
  readonly policy: string;
  /** Absent: the whole city. */
  readonly line?: string;
}

/** Two accounts of one switch are at most this far apart, simulated ms. */
const SAME_MS = 180_000;

/** From the centre's own record of its policy (which says `mixed` when lines differ) and from the commands of this page. Ascending. */
export function policySwitches(history: HistoryAnswer | null, sent: readonly SentCommand[]): PolicySwitch[] {
  const own = sent.flatMap(ownSwitch);
  const told = changesOf(history).filter(({ ts }) => !own.some((other) => Math.abs(other.ts - ts) < SAME_MS));
  return [...own, ...told].sort((a, b) => a.ts - b.ts);
}

function ownSwitch({ kind, name, state, ackedAtMs, args }: SentCommand): PolicySwitch[] {
  const { policy, line } = args as { readonly policy?: string; readonly line?: string };
  if (kind !== CENTRE || name !== 'setPolicy' || state !== 'done' || ackedAtMs === undefined) return [];
  return [{ ts: ackedAtMs, policy: String(policy), ...(line === undefined ? {} : { line }) }];
}

function changesOf(history: HistoryAnswer | null): PolicySwitch[] {
  const policies = history?.policy ?? [];
  const said = policies.flatMap((policy, index) =>
    typeof policy === 'string' ? [{ ts: history!.ts[index]!, policy }] : [],
  );
  return said.filter(({ policy }, index) => index > 0 && policy !== said[index - 1]!.policy);
}

/** Those that a line has felt. */
export function switchesOf(switches: readonly PolicySwitch[], line: string | null): PolicySwitch[] {
  return switches.filter((other) => other.line === undefined || other.line === line);
}
