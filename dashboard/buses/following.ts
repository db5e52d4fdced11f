// Follows the buses while their view is on screen: turns of asking, live positions and decisions as they come, and working out once a second
// at most. It knows when, not what.
import { effect } from '@preact/signals';
import { recordListeners } from '../live/fleet.ts';
import { connection, eventListeners, language } from '../session.ts';
import { askCentre, askDecisions, askLines, askMeans, askOthers, askShown } from './asking.ts';
import { CENTRE } from './centre.ts';
import { centreKind, chosenLine, lines, shownLine } from './state.ts';
import { takeBus, takeDecision, workOut, workOutTrends } from './working-out.ts';

/** Wall ms between two looks at each. */
const EVERY = { lines: 5_000, shown: 15_000, others: 120_000, means: 10_000, centre: 10_000 } as const;
const WORK_OUT_MS = 1_000;
const TRENDS_MS = 4_000;

/** @returns stops it */
export function followBuses(): () => void {
  recordListeners.set('bus', takeBus);
  eventListeners.set(CENTRE, takeDecision);
  const timers = [
    every(EVERY.lines, askLines),
    every(EVERY.shown, askShown),
    every(EVERY.others, askOthers),
    every(EVERY.means, askMeans),
    every(EVERY.centre, askCentre),
    every(WORK_OUT_MS, async () => workOut()),
    every(TRENDS_MS, async () => workOutTrends()),
  ];
  const stops = reactions();
  return () => {
    recordListeners.delete('bus');
    eventListeners.delete(CENTRE);
    timers.forEach(clearInterval);
    for (const stop of stops) stop();
  };
}

function reactions(): (() => void)[] {
  return [
    effect(() => {
      if (shownLine.value !== null) void askShown().then(workOut);
    }),
    effect(() => {
      if (chosenLine.value !== undefined) void askMeans();
      workOutTrends();
    }),
    effect(() => {
      if (lines.value !== null && lines.value.length > 0 && !othersAsked) {
        othersAsked = true;
        void askOthers().then(workOutTrends);
      }
    }),
    // What was missed while the line was down, and the centre's past when it is heard first.
    effect(() => {
      if (connection.value !== 'live' || centreKind.value === undefined) return;
      void askDecisions();
      void askCentre();
    }),
    effect(() => {
      if (language.value) workOut();
    }),
  ];
}
let othersAsked = false;

/** At once, then again and again while the page is seen; a turn that takes longer than the pause is not doubled. */
function every(ms: number, ask: () => Promise<void>): ReturnType<typeof setInterval> {
  let busy = false;
  const turn = (): void => {
    if (busy || document.visibilityState === 'hidden') return;
    busy = true;
    void ask().finally(() => (busy = false));
  };
  turn();
  return setInterval(turn, ms);
}
