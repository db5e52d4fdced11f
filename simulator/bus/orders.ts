// Takes the commands of the dispatch centre and lets the drivers act on them: each is accepted or refused at once, and answered as done or
// expired later. Nothing here moves a bus along its way.
import type { Command } from '../../telemetry/messages.ts';
import type { CommandAnswer, Reporter } from '../fleet.ts';
import type { Random } from '../random.ts';
import { COMMANDS } from './commands.ts';
import { DID_NOT_FOLLOW, hear } from './drivers.ts';
import { endHold, takeDepartNow, takeHold } from './holds.ts';
import type { LineNetwork } from './network.ts';
import type { Order, ReassignOrder } from './order.ts';
import { closeOrder, orderOf, putOrder } from './order-list.ts';
import type { Priority } from './priority.ts';
import { dropPriority } from './priority.ts';
import { deadheadOf, engineOffOf, reassignOf, shortTurnOf, skipOf, speedAdviceOf } from './requests.ts';
import type { Request } from './requests.ts';
import type { Trip } from './schedule.ts';
import { isHeld } from './state.ts';
import type { Bus } from './state.ts';

export interface Desk {
  readonly networks: readonly LineNetwork[];
  readonly random: Random;
  readonly priority: Priority;
  /** Of a line, today. */
  tripsOf(lineIndex: number): readonly Trip[];
  /** Seconds from civil midnight. */
  timeS(nowMs: number): number;
  /** The bus leaves its line. */
  reassign(bus: Bus, order: ReassignOrder, nowMs: number): void;
}

export function obey(bus: Bus, command: Command, desk: Desk, nowMs: number, report: Reporter): CommandAnswer {
  if (!Object.hasOwn(COMMANDS, command.name)) {
    const known = Object.keys(COMMANDS).join(', ');
    return { state: 'rejected', reason: `unknown command ${command.name}, expected one of ${known}` };
  }
  if (command.name === 'requestPriority') return desk.priority.ask(bus, command, nowMs);
  if (command.name === 'departNow') return takeDepartNow(bus, command, desk.random, nowMs, report);
  if (command.name === 'hold') return takeHold(bus, command, desk.random, nowMs, report);
  if (bus.brokenUntilMs !== undefined) return { state: 'rejected', reason: 'the bus has broken down' };
  const request = requestOf(bus, command, desk, nowMs);
  if (typeof request === 'string') return { state: 'rejected', reason: request };
  const order = { ...request, id: command.id, ...hear(bus, desk.random, nowMs), read: false } as Order;
  putOrder(bus, order, nowMs, report);
  return { state: 'accepted' };
}

function requestOf(bus: Bus, { name, args }: Command, desk: Desk, nowMs: number): Request<Order> {
  const { networks } = desk;
  const { lineIndex } = bus.side;
  switch (name) {
    case 'shortTurn':
      return shortTurnOf(bus, args, networks[lineIndex]!, desk.tripsOf(lineIndex), desk.timeS(nowMs));
    case 'skip':
      return skipOf(bus, args);
    case 'deadhead':
      return deadheadOf(bus, args, networks[lineIndex]!);
    case 'speedAdvice':
      return speedAdviceOf(bus, args);
    case 'engineOffAdvice':
      return engineOffOf(bus, nowMs);
    default:
      return reassignOf(bus, args, networks);
  }
}

/** Lets the driver act on what he has read. Short turns and empty runs wait for their place. */
export function heed(bus: Bus, desk: Desk, nowMs: number, report: Reporter): void {
  for (const order of bus.orders.slice()) {
    if (nowMs < order.reactMs) continue;
    if (order.name === 'reassign' && order.follows) heedReassign(bus, order, desk, nowMs, report);
    if (order.name === 'deadhead' && bus.mode === 'depot') {
      closeOrder(bus, order, nowMs, report, 'expired', 'the bus went to the depot');
      continue;
    }
    if (order.read) continue;
    order.read = true;
    if (order.follows) act(bus, order, nowMs, report);
    else closeOrder(bus, order, nowMs, report, 'expired', DID_NOT_FOLLOW);
  }
}

/** What can be done at once. */
function act(bus: Bus, order: Order, nowMs: number, report: Reporter): void {
  if (order.name === 'speedAdvice') bus.capMps = order.speedMps;
  else if (order.name === 'engineOffAdvice') heedEngineOff(bus, order, nowMs, report);
  else if (order.name === 'shortTurn' && isBehind(bus, order.stop))
    closeOrder(bus, order, nowMs, report, 'expired', 'the bus was there before the driver had read it');
  else if ((order.name === 'skip' || order.name === 'shortTurn') && bus.mode === 'moving') bus.halt = haltOf(bus);
}

function isBehind({ mode, stop }: Bus, other: number): boolean {
  return other < stop || (other === stop && mode === 'atStop');
}

function heedEngineOff(bus: Bus, order: Order, nowMs: number, report: Reporter): void {
  if (bus.mode !== 'layover' && !isHeld(bus, nowMs))
    return closeOrder(bus, order, nowMs, report, 'expired', 'it had left');
  bus.tank.isSwitchedOff = true;
  closeOrder(bus, order, nowMs, report, 'done');
}

/** Once the rest is over, unless a trip came first. */
function heedReassign(bus: Bus, order: ReassignOrder, desk: Desk, nowMs: number, report: Reporter): void {
  order.read = true;
  if (bus.mode === 'shuttle') return; // On its way.
  if (bus.mode !== 'layover' && bus.mode !== 'depot')
    return closeOrder(bus, order, nowMs, report, 'expired', 'it had left');
  if (bus.brokenUntilMs === undefined && nowMs >= bus.readyMs) desk.reassign(bus, order, nowMs);
}

/** The next stop at which the bus does not pass by: from its next one on. */
export function haltOf(bus: Bus): number {
  const skip = orderOf(bus, 'skip');
  if (skip?.read !== true) return bus.stop;
  const turn = orderOf(bus, 'shortTurn');
  let stop = bus.stop;
  while (skip.stops.includes(stop) && bus.onBoard[stop] === 0 && stop !== turn?.stop) stop++;
  return stop;
}

/** A stop lies behind the bus: answers the order to skip stops after the last one of them. */
export function leaveBehind(bus: Bus, stop: number, isPassed: boolean, nowMs: number, report: Reporter): void {
  const skip = orderOf(bus, 'skip');
  if (skip === undefined || !skip.stops.includes(stop)) return;
  if (isPassed) skip.passed++;
  if (stop < skip.stops.at(-1)!) return;
  if (skip.passed > 0) closeOrder(bus, skip, nowMs, report, 'done');
  else closeOrder(bus, skip, nowMs, report, 'expired', 'somebody got out at each of these stops');
}

/** The way of the bus ends here: what was asked for it is over. reason: why what has not been done no longer can. */
export function endWay(bus: Bus, nowMs: number, report: Reporter, reason: string): void {
  if (bus.hold !== undefined) endHold(bus, nowMs, report, 'expired', reason);
  if (bus.priority !== undefined) dropPriority(bus, nowMs, report, 'expired', reason);
  if (bus.orders.length === 0) return;
  const skip = orderOf(bus, 'skip');
  if (skip !== undefined) closeOrder(bus, skip, nowMs, report, skip.passed > 0 ? 'done' : 'expired', reason);
  const turn = orderOf(bus, 'shortTurn');
  if (turn !== undefined) closeOrder(bus, turn, nowMs, report, 'expired', reason);
}

/** A bus begins to serve where its trip begins: an order to do so elsewhere is over. */
export function startTrip(bus: Bus, nowMs: number, report: Reporter): void {
  const order = orderOf(bus, 'deadhead');
  if (order === undefined) return;
  const isLate = !order.read;
  closeOrder(bus, order, nowMs, report, 'expired', isLate ? 'it had left' : 'its trip does not go there');
}

/** A bus is at its terminal: advice about speed has been followed, and whatever was for the other terminal is over. */
export function endRun(bus: Bus, nowMs: number, report: Reporter): void {
  bus.capMps = Infinity;
  if (bus.orders.length === 0) return;
  startTrip(bus, nowMs, report);
  const advice = orderOf(bus, 'speedAdvice');
  if (advice?.read === true) closeOrder(bus, advice, nowMs, report, 'done');
  else if (advice !== undefined) closeOrder(bus, advice, nowMs, report, 'expired', 'reached the terminal first');
}
