// The commands a bus obeys: hold at the next stop, and leave at once. Between the display and the doors stands a driver.
import type { CommandDescription } from '../../telemetry/description.ts';
import type { Command } from '../../telemetry/messages.ts';
import type { CommandAnswer, Reporter } from '../fleet.ts';
import type { Random } from '../random.ts';
import { DRAW } from './draws.ts';
import type { Bus } from './state.ts';

/** A driver reads the display: lognormal (engineering estimate). */
const REACTION_MEDIAN_S = 4;
const REACTION_SIGMA = 0.5;
const HOLD_MAX_S = 600;

export const COMMANDS: { readonly [name: string]: CommandDescription } = {
  hold: {
    label: 'Hold at the stop',
    labels: { zh: '在站等待' },
    args: {
      type: 'object',
      properties: {
        durationS: { type: 'integer', title: 'Duration, s', minimum: 1, maximum: HOLD_MAX_S, default: 60 },
      },
      required: ['durationS'],
      additionalProperties: false,
    },
  },
  departNow: {
    label: 'Leave now',
    labels: { zh: '立即发车' },
    args: { type: 'object', properties: {}, additionalProperties: false },
  },
};

export function obey(bus: Bus, command: Command, random: Random, nowMs: number, report: Reporter): CommandAnswer {
  if (command.name === 'hold') return takeHold(bus, command, random, nowMs, report);
  if (command.name === 'departNow') return takeDepartNow(bus, command, random, nowMs, report);
  return { state: 'rejected', reason: `unknown command ${command.name}, expected hold or departNow` };
}

function takeHold(bus: Bus, { id, args }: Command, random: Random, nowMs: number, report: Reporter): CommandAnswer {
  const { durationS } = args;
  if (typeof durationS !== 'number' || !Number.isInteger(durationS) || durationS < 1 || durationS > HOLD_MAX_S) {
    const got = durationS === undefined ? 'nothing' : JSON.stringify(durationS);
    return { state: 'rejected', reason: `durationS must be 1…${HOLD_MAX_S}, got ${got}` };
  }
  if (bus.mode === 'layover' || bus.mode === 'depot')
    return { state: 'rejected', reason: 'the bus is at its terminal' };
  if (bus.mode === 'empty') return { state: 'rejected', reason: 'the bus runs empty' };
  if (bus.brokenUntilMs !== undefined) return { state: 'rejected', reason: 'the bus has broken down' };
  if (bus.stop === bus.side.lastStop) return { state: 'rejected', reason: 'the next stop is the terminal' };
  endHold(bus, nowMs, report, 'expired', 'replaced by a newer hold');
  bus.hold = {
    id,
    durationS,
    reactMs: nowMs + reactionMs(bus, random),
    fromMs: Infinity,
    untilMs: undefined,
    departId: undefined,
  };
  return { state: 'accepted' };
}

function takeDepartNow(bus: Bus, { id }: Command, random: Random, nowMs: number, report: Reporter): CommandAnswer {
  const { hold } = bus;
  if (hold === undefined) return { state: 'rejected', reason: 'the bus is not held' };
  if (hold.untilMs === undefined) {
    endHold(bus, nowMs, report, 'expired', 'ended by departNow before it began');
    return { state: 'done' };
  }
  if (hold.departId !== undefined) return { state: 'rejected', reason: 'the bus is already leaving' };
  hold.untilMs = Math.min(hold.untilMs, nowMs + reactionMs(bus, random));
  hold.departId = id;
  return { state: 'accepted' };
}

/** At its stop a driver who has understood begins to hold, once the doors could close. */
export function beginHold(bus: Bus, nowMs: number): void {
  const { hold } = bus;
  if (hold === undefined || hold.untilMs !== undefined || nowMs < hold.reactMs) return;
  hold.fromMs = Math.max(nowMs, bus.readyMs);
  hold.untilMs = hold.fromMs + 1000 * hold.durationS;
}

/** Answers the hold, if there is one, and the command that ended it early. */
export function endHold(bus: Bus, nowMs: number, report: Reporter, state: 'done' | 'expired', reason?: string): void {
  const { hold } = bus;
  if (hold === undefined) return;
  bus.hold = undefined;
  report.ack(bus.index, nowMs, hold.id, state, reason);
  if (hold.departId !== undefined) report.ack(bus.index, nowMs, hold.departId, 'done');
}

function reactionMs(bus: Bus, random: Random): number {
  return 1000 * random.lognormal(REACTION_MEDIAN_S, REACTION_SIGMA, bus.index, DRAW.reaction, bus.holds++);
}
