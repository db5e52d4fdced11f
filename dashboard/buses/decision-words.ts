// What the dispatch centre decided, as one sentence in the reader's language, composed from the fields of its event `decision`. An action
// that has no words here is told in the centre's own.
import type { EventItem } from '../answers.ts';
import { t } from '../i18n/text.ts';
import { language } from '../session.ts';
import { formatDuration } from '../text/format.ts';
import { CENTRE } from './centre.ts';

export interface Decision {
  readonly ts: number;
  readonly seq: number;
  readonly action: string;
  readonly bus?: string;
  readonly line?: string;
  readonly stop?: string;
  readonly durationS?: number;
  readonly gapS?: number;
  readonly targetS?: number;
  readonly leader?: string;
  readonly policy?: string;
  readonly why?: string;
}

/** Undefined for an event that is none. */
export function decisionOf(event: EventItem): Decision | undefined {
  if (event.kind !== CENTRE || event.name !== 'decision') return undefined;
  const { ts, seq, fields = {} } = event;
  const text = (name: string) =>
    typeof fields[name] === 'string' && fields[name] !== '' ? { [name]: fields[name] } : {};
  const number = (name: string) => (typeof fields[name] === 'number' ? { [name]: fields[name] } : {});
  return {
    ts,
    seq,
    action: typeof fields.action === 'string' ? fields.action : '',
    ...text('bus'),
    ...text('line'),
    ...text('stop'),
    ...text('leader'),
    ...text('policy'),
    ...text('why'),
    ...number('durationS'),
    ...number('gapS'),
    ...number('targetS'),
  };
}

const ACTIONS = {
  hold: 'didHold',
  departNow: 'didDepart',
  shortTurn: 'didShortTurn',
  skip: 'didSkip',
  deadhead: 'didDeadhead',
  speedAdvice: 'didSlow',
  engineOffAdvice: 'didEngineOff',
  reassign: 'didReassign',
  requestPriority: 'didPriority',
} as const;

/** stopName: what riders call the stop. */
export function decisionWords(decision: Decision, stopName: (stop: string) => string): string {
  const key = ACTIONS[decision.action as keyof typeof ACTIONS];
  if (key === undefined || decision.bus === undefined) return decision.why ?? decision.action;
  const said = t(key, {
    bus: decision.bus,
    stop: decision.stop === undefined ? t('theNextStop') : stopName(decision.stop),
    duration: formatDuration(decision.durationS ?? 0, language.value),
    line: decision.line ?? '',
  });
  const reason = reasonWords(decision);
  return reason === undefined ? said : t('saidBecause', { said, reason });
}

/** Why, as far as the fields say it: each policy looks at something else. */
function reasonWords(decision: Decision): string | undefined {
  const { action, policy } = decision;
  if (policy === 'schedule') return t('becauseEarly');
  if (policy === 'self-equalizing') return t('becauseNextFar');
  if (action === 'deadhead') return t('becauseLeftBehind');
  if (action === 'requestPriority' && !isFarBehind(decision)) return t('becauseLate');
  return gapWords(decision);
}

/** More than this many planned headways behind its leader. */
const FAR = 1.3;

function isFarBehind({ gapS, targetS }: Decision): boolean {
  return gapS !== undefined && targetS !== undefined && gapS > FAR * targetS;
}

function gapWords({ gapS, targetS, leader, policy }: Decision): string | undefined {
  if (gapS === undefined) return undefined;
  const words = {
    gap: formatDuration(gapS, language.value),
    target: targetS === undefined ? '' : formatDuration(targetS, language.value),
    leader: leader ?? t('itsLeader'),
  };
  if (policy === 'two-way-headway') return t('becauseGapBehind', words);
  return targetS === undefined ? t('becauseGap', words) : t('becauseGapPlanned', words);
}
