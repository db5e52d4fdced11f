// Hold at the next stop, and leave at once.
import type { Command } from '../../telemetry/messages.ts';
import type { CommandAnswer, Reporter } from '../fleet.ts';
import type { Random } from '../random.ts';
import { HOLD_MAX_S } from './commands.ts';
import { DID_NOT_FOLLOW, hear } from './drivers.ts';
import { orderOf } from './order-list.ts';
import { notInService } from './state.ts';
import type { Bus } from './state.ts';

export function takeHold(
  bus: Bus,
  { id, args }: Command,
  random: Random,
  nowMs: number,
  report: Reporter,
): CommandAnswer {
  const { durationS } = args;
  if (typeof durationS !== 'number' || !Number.isInteger(durationS) || durationS < 1 || durationS > HOLD_MAX_S) {
    const got = durationS === undefined ? 'nothing' : JSON.stringify(durationS);
    return { state: 'rejected', reason: `durationS must be 1…${HOLD_MAX_S}, got ${got}` };
  }
  const idle = notInService(bus);
  if (idle !== undefined) return { state: 'rejected', reason: idle };
  if (bus.brokenUntilMs !== undefined) return { state: 'rejected', reason: 'the bus has broken down' };
  if (bus.stop === bus.side.lastStop) return { state: 'rejected', reason: 'the next stop is the terminal' };
  if (orderOf(bus, 'shortTurn')?.stop === bus.stop)
    return { state: 'rejected', reason: 'the bus turns at its next stop' };
  endHold(bus, nowMs, report, 'expired', 'replaced by a newer hold');
  bus.hold = {
    id,
    durationS,
    ...hear(bus, random, nowMs),
    fromMs: Infinity,
    untilMs: undefined,
    departure: undefined,
  };
  return { state: 'accepted' };
}

export function takeDepartNow(
  bus: Bus,
  { id }: Command,
  random: Random,
  nowMs: number,
  report: Reporter,
): CommandAnswer {
  const { hold } = bus;
  if (hold === undefined) return { state: 'rejected', reason: 'the bus is not held' };
  if (hold.untilMs === undefined) {
    endHold(bus, nowMs, report, 'expired', 'ended by departNow before it began');
    return { state: 'done' };
  }
  if (hold.departure !== undefined) return { state: 'rejected', reason: 'the bus is already leaving' };
  const { reactMs, follows } = hear(bus, random, nowMs);
  if (follows) hold.untilMs = Math.min(hold.untilMs, reactMs);
  hold.departure = { id, follows };
  return { state: 'accepted' };
}

/** At its stop a driver who has understood begins to hold, once the doors could close, or does not. */
export function beginHold(bus: Bus, nowMs: number, report: Reporter): void {
  const { hold } = bus;
  if (hold === undefined || hold.untilMs !== undefined || nowMs < hold.reactMs) return;
  if (!hold.follows) return endHold(bus, nowMs, report, 'expired', DID_NOT_FOLLOW);
  hold.fromMs = Math.max(nowMs, bus.readyMs);
  hold.untilMs = hold.fromMs + 1000 * hold.durationS;
}

/** Answers the hold, if there is one, and the command that was to end it early. */
export function endHold(bus: Bus, nowMs: number, report: Reporter, state: 'done' | 'expired', reason?: string): void {
  const { hold } = bus;
  if (hold === undefined) return;
  bus.hold = undefined;
  report.ack(bus.index, nowMs, hold.id, state, reason);
  const { departure } = hold;
  if (departure?.follows === true) report.ack(bus.index, nowMs, departure.id, 'done');
  else if (departure !== undefined) report.ack(bus.index, nowMs, departure.id, 'expired', DID_NOT_FOLLOW);
}
