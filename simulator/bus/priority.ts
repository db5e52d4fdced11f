// Signal priority: the light that a bus comes to stays green a little longer for it, or turns green a little sooner. Only the bus's own head
// changes (a queue-jump lane); other traffic keeps its light. Limits after TCRP Synthesis 110 and common practice.
import type { City } from '../city.ts';
import type { Command } from '../../telemetry/messages.ts';
import type { CommandAnswer, Reporter } from '../fleet.ts';
import { CYCLE_MS } from '../traffic/signals.ts';
import type { Light, Signals } from '../traffic/signals.ts';
import type { Motion } from './driving.ts';
import type { Bus } from './state.ts';

/** A light that is farther ahead is not asked yet, m. */
const REACH_M = 400;
/** Longest extension of green and truncation of red, ms. */
const HELP_MS = 10_000;
/** A light helps once in so long: two cycles. */
const REST_MS = 2 * CYCLE_MS;

export class Priority {
  readonly #city: City;
  readonly #signals: Signals;
  /** When the lights of a junction were last asked, by approach. */
  readonly #askedMs = new Map<number, number>();

  constructor(city: City, signals: Signals) {
    this.#city = city;
    this.#signals = signals;
  }

  ask(bus: Bus, { id }: Command, nowMs: number): CommandAnswer {
    if (bus.mode !== 'moving' && bus.mode !== 'empty')
      return rejected('the bus stands: a light is asked from under way');
    if (bus.brokenUntilMs !== undefined) return rejected('the bus has broken down');
    if (bus.priority !== undefined) return rejected('the light ahead has been asked already');
    const linkIndex = lightAhead(bus, this.#signals);
    if (linkIndex === undefined) return rejected(`there is no light on its way within ${REACH_M} m`);
    const { to } = this.#city.links[bus.side.links[linkIndex]!]!;
    const sinceMs = nowMs - (this.#askedMs.get(to) ?? -Infinity);
    if (sinceMs < REST_MS) {
      const waitedS = Math.round(sinceMs / 1000);
      return rejected(`the light was asked ${waitedS} s ago, expected at least ${REST_MS / 1000} s`);
    }
    this.#askedMs.set(to, nowMs);
    bus.priority = { id, linkIndex, untilMs: nowMs + REST_MS, action: undefined };
    return { state: 'accepted' };
  }
}

/** Answers the request once the bus has passed the light, or has not come in time. */
export function passLight(bus: Bus, nowMs: number, report: Reporter): void {
  const { priority } = bus;
  if (priority === undefined) return;
  if (bus.linkIndex > priority.linkIndex) dropPriority(bus, nowMs, report, 'done');
  else if (nowMs >= priority.untilMs) dropPriority(bus, nowMs, report, 'expired', 'the bus did not come in two cycles');
}

export function dropPriority(
  bus: Bus,
  nowMs: number,
  report: Reporter,
  state: 'done' | 'expired',
  reason?: string,
): void {
  const { priority } = bus;
  if (priority === undefined) return;
  bus.priority = undefined;
  report.ack(bus.index, nowMs, priority.id, state, reason);
}

/** What the bus sees at the end of its link. lineM: to the stop line */
export function lightFor(bus: Motion, signals: Signals, nowMs: number, lineM: number): Light {
  const link = bus.side.links[bus.linkIndex]!;
  const light = signals.light(link, nowMs);
  const { priority } = bus;
  if (priority === undefined || priority.linkIndex !== bus.linkIndex || light === 'green') return light;
  if (priority.action === undefined) {
    // Green that has just ended helps a bus that can still make it; any other waits for the end of red.
    const canMakeIt = lineM <= bus.speedMps * (HELP_MS / 1000);
    priority.action = light === 'amber' && canMakeIt ? 'extension' : 'truncation';
  }
  return signals.light(link, priority.action === 'extension' ? nowMs - HELP_MS : nowMs + HELP_MS) === 'green'
    ? 'green'
    : light;
}

/** Index into the side's links, of the next one with a light at its end on the way. */
function lightAhead({ side, atM, linkIndex }: Bus, signals: Signals): number | undefined {
  for (let i = linkIndex; i + 1 < side.links.length; i++) {
    const endM = side.linkStartM[i + 1]!;
    if (endM - atM > REACH_M || endM >= side.lengthM) return undefined;
    if (signals.has(side.links[i]!)) return i;
  }
  return undefined;
}

function rejected(reason: string): CommandAnswer {
  return { state: 'rejected', reason };
}
