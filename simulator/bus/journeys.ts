// How the buses of a fleet live from step to step: they drive, arrive, let people in and out, wait, leave, turn, rest. Who gets which trip, and
// when a day begins, is not decided here.
import type { Reporter } from '../fleet.ts';
import { BOARDING_S, dwellS } from '../physics/dwell.ts';
import type { Random } from '../random.ts';
import type { Signals } from '../traffic/signals.ts';
import type { World } from '../world.ts';
import { repairWhenDue, wearOut } from './breakdowns.ts';
import { drive } from './driving.ts';
import { watchBraking, watchStarting } from './driving-style.ts';
import { doorsClose } from './faults.ts';
import { beginHold, endHold } from './holds.ts';
import { LAYOVER_MIN_S } from './made-timetable.ts';
import type { LineNetwork } from './network.ts';
import type { ShortTurnOrder } from './order.ts';
import { closeOrder, orderOf } from './order-list.ts';
import { endRun, endWay, haltOf, heed, leaveBehind, startTrip } from './orders.ts';
import type { Desk } from './orders.ts';
import { drawPace } from './pace.ts';
import { passLight } from './priority.ts';
import { watch } from './records.ts';
import type { Records } from './records.ts';
import type { Service } from './service.ts';
import { advance, secondsOf, turnBetween } from './shuttle.ts';
import { CAPACITY, SEATS } from './state.ts';
import type { Bus } from './state.ts';
import { checkBattery, park, rest, run, settle } from './tank.ts';

/** Two buses never leave a stop on one way closer than this, ms. */
const APART_MS = 5_000;
/** Rain of more than this slows boarding (umbrellas, wet floors) by this factor (engineering estimate). */
const WET_MM_PER_H = 2.5;
const WET_DWELL = 1.1;

export interface JourneysOptions {
  readonly service: Service;
  readonly random: Random;
  readonly signals: Signals;
  readonly records: Records;
  readonly desk: Desk;
  /** [side][stop], kept up to date */
  readonly lastDepartureMs: readonly Float64Array[];
  /** Days since 1970. */
  civilDay(nowMs: number): number;
}

export class Journeys {
  readonly #options: JourneysOptions;
  #tempC = 20;

  constructor(options: JourneysOptions) {
    this.#options = options;
  }

  live(bus: Bus, nowMs: number, dtS: number, world: World, report: Reporter): void {
    // Nothing happens at the depot but charging, which is counted from record to record.
    if (bus.mode === 'depot' && bus.orders.length === 0 && bus.brokenUntilMs === undefined) return;
    if (bus.brokenUntilMs !== undefined) repairWhenDue(bus, this.#options.random, nowMs, report);
    this.#live(bus, nowMs, dtS, world, report);
  }

  #live(bus: Bus, nowMs: number, dtS: number, world: World, report: Reporter): void {
    this.#tempC = world.sky.tempC;
    const beforeM = bus.odometerM;
    if (bus.orders.length > 0) heed(bus, this.#options.desk, nowMs, report);
    if (bus.mode === 'moving' || bus.mode === 'empty') this.#move(bus, nowMs, dtS, world, report);
    else if (bus.mode === 'shuttle') this.#shuttle(bus, nowMs, dtS, world, report);
    else if (bus.mode === 'atStop' && bus.brokenUntilMs === undefined) this.#serveStop(bus, nowMs, world, report);
    if (bus.brokenUntilMs !== undefined) bus.tank.engineOn = false;
    else if (bus.mode === 'layover') rest(bus.tank, bus.layoverSinceMs, nowMs, dtS);
    else if (bus.mode !== 'depot') run(bus.tank, bus.odometerM - beforeM, dtS);
  }

  report(bus: Bus, nowMs: number, report: Reporter): void {
    settle(bus.tank, bus.load, this.#tempC);
    if (bus.mode === 'depot' && bus.brokenUntilMs === undefined) park(bus.tank, (nowMs - bus.lastRecordMs) / 1000);
    this.#options.records.report(bus, nowMs, report);
  }

  /** A bus at the first stop has got a trip. */
  start(bus: Bus, nowMs: number, report: Reporter): void {
    settle(bus.tank, 0, this.#tempC);
    bus.tank.isSwitchedOff = false;
    if (this.#beginsEmpty(bus, nowMs)) return;
    if (bus.orders.length > 0) startTrip(bus, nowMs, report);
    bus.boarded = this.#board(bus);
    this.#depart(bus, nowMs, report);
  }

  /** Whether it runs empty to a stop of its trip where it begins to serve. */
  #beginsEmpty(bus: Bus, nowMs: number): boolean {
    const order = orderOf(bus, 'deadhead');
    if (order?.read !== true) return false;
    const stop = bus.side.stopIds.indexOf(order.toStop, 1);
    if (stop === -1 || stop === bus.side.lastStop) return false;
    bus.mode = 'empty';
    bus.pace = 1;
    bus.delayS = delayS(bus, nowMs);
    bus.stop = stop;
    bus.halt = stop;
    return true;
  }

  #move(bus: Bus, nowMs: number, dtS: number, world: World, report: Reporter): void {
    if (bus.brokenUntilMs === undefined) wearOut(bus, nowMs, report);
    const isThere = drive(bus, nowMs, dtS, world.streets, this.#options.signals, bus.brokenUntilMs !== undefined);
    if (bus.priority !== undefined) passLight(bus, nowMs, report);
    while (bus.stop < bus.halt && bus.atM >= bus.side.stopAtM[bus.stop]!) this.#pass(bus, nowMs, report);
    if (!isThere) return;
    if (bus.service === undefined) return this.#rest(bus, nowMs, report);
    if (bus.mode === 'empty') this.#beginService(bus, nowMs, report);
    this.#arrive(bus, nowMs, world, report);
  }

  #shuttle(bus: Bus, nowMs: number, dtS: number, world: World, report: Reporter): void {
    if (bus.brokenUntilMs !== undefined) return;
    const { movedM, isThere } = advance(bus.shuttle!, dtS);
    bus.odometerM += movedM;
    if (!isThere) return;
    bus.shuttle = undefined;
    if (bus.service === undefined) {
      const order = orderOf(bus, 'reassign');
      if (order !== undefined) closeOrder(bus, order, nowMs, report, 'done');
      return this.#rest(bus, nowMs, report);
    }
    bus.mode = 'moving';
    this.#arrive(bus, nowMs, world, report);
  }

  /** A bus that has run empty is where its trip begins for passengers. */
  #beginService(bus: Bus, nowMs: number, report: Reporter): void {
    bus.mode = 'moving';
    const order = orderOf(bus, 'deadhead');
    if (order !== undefined) closeOrder(bus, order, nowMs, report, 'done');
  }

  /** Past a stop, which is skipped. */
  #pass(bus: Bus, nowMs: number, report: Reporter): void {
    const { side, stop } = bus;
    bus.delayS = delayS(bus, nowMs);
    settle(bus.tank, bus.load, this.#tempC);
    this.#options.records.reportUnserved(
      bus,
      nowMs,
      this.#options.service.passengers.waiting(side.index, stop),
      report,
    );
    bus.stop = stop + 1;
    leaveBehind(bus, stop, true, nowMs, report);
    drawPace(bus, this.#options.random, this.#options.civilDay(nowMs));
  }

  #arrive(bus: Bus, nowMs: number, world: World, report: Reporter): void {
    const last = bus.stop === bus.side.lastStop;
    const turn = this.#turnAt(bus);
    settle(bus.tank, bus.load, this.#tempC);
    bus.mode = 'atStop';
    bus.arrivedMs = nowMs;
    bus.alighted = turn === undefined ? bus.onBoard[bus.stop]! : bus.load;
    bus.onBoard[bus.stop] = 0;
    bus.load -= bus.alighted;
    if (turn !== undefined) this.#options.service.passengers.transfer(bus.side.index, bus.stop, bus.onBoard);
    bus.boarded = last || turn !== undefined ? 0 : this.#board(bus);
    bus.readyMs = nowMs + 1000 * wetFactor(world) * dwellS(bus.boarded, bus.alighted, bus.load > SEATS);
    bus.delayS = delayS(bus, nowMs);
    if (last) endWay(bus, nowMs, report, 'reached the terminal first');
    this.#options.records.report(bus, nowMs, report);
    const { stop, side } = bus;
    if (stop > 0) watchBraking(bus, this.#options.random, side.stopAtM[stop]! - side.stopAtM[stop - 1]!, nowMs, report);
  }

  /** The order to turn at the stop where the bus is, when the driver turns. */
  #turnAt(bus: Bus): ShortTurnOrder | undefined {
    const order = orderOf(bus, 'shortTurn');
    return order?.read === true && order.stop === bus.stop ? order : undefined;
  }

  /** At a stop: late passengers get in, then the driver waits for the hold and for the bus ahead. */
  #serveStop(bus: Bus, nowMs: number, world: World, report: Reporter): void {
    const last = bus.stop === bus.side.lastStop;
    const turn = this.#turnAt(bus);
    if (!last && turn === undefined) beginHold(bus, nowMs, report);
    if (nowMs < bus.readyMs) return;
    if (!last && turn === undefined) {
      const late = this.#board(bus);
      bus.boarded += late;
      bus.readyMs = Math.max(bus.readyMs, nowMs + 1000 * wetFactor(world) * BOARDING_S * late);
    }
    if (nowMs < bus.readyMs || nowMs < (bus.hold?.untilMs ?? 0) || !doorsClose(bus, nowMs, report)) return;
    if (turn !== undefined) return this.#turn(bus, turn, nowMs, report);
    if (nowMs - this.#options.lastDepartureMs[bus.side.index]![bus.stop]! < APART_MS) return;
    this.#depart(bus, nowMs, report);
  }

  #board(bus: Bus): number {
    const { side, stop, load, onBoard } = bus;
    settle(bus.tank, load, this.#tempC);
    const boarded = this.#options.service.passengers.board(side.index, stop, CAPACITY - load, onBoard);
    bus.load += boarded;
    return boarded;
  }

  #depart(bus: Bus, nowMs: number, report: Reporter): void {
    const { side, stop } = bus;
    const departures = this.#options.lastDepartureMs[side.index]!;
    const headwayS = (nowMs - departures[stop]!) / 1000;
    departures[stop] = nowMs;
    const last = stop === side.lastStop;
    bus.mode = 'atStop';
    bus.delayS = delayS(bus, nowMs);
    const denied = last ? 0 : this.#options.service.passengers.waiting(side.index, stop);
    this.#options.records.reportDeparture(bus, nowMs, { headwayS, denied }, report);
    if (bus.hold?.untilMs !== undefined) endHold(bus, nowMs, report, 'done');
    bus.tank.isSwitchedOff = false;
    watch(bus, nowMs, headwayS, report);
    bus.boarded = 0;
    bus.alighted = 0;
    if (last) return this.#rest(bus, nowMs, report);
    bus.mode = 'moving';
    bus.stop = stop + 1;
    if (bus.orders.length > 0) leaveBehind(bus, stop, false, nowMs, report);
    bus.halt = haltOf(bus);
    drawPace(bus, this.#options.random, this.#options.civilDay(nowMs));
    watchStarting(bus, this.#options.random, side.stopAtM[stop + 1]! - side.stopAtM[stop]!, nowMs, report);
  }

  /** Leaves the stop where everybody got out, for the other side of the street. */
  #turn(bus: Bus, order: ShortTurnOrder, nowMs: number, report: Reporter): void {
    const { side, stop } = bus;
    const { to, toStop, like } = order;
    this.#options.records.reportUnserved(
      bus,
      nowMs,
      this.#options.service.passengers.waiting(side.index, stop),
      report,
    );
    closeOrder(bus, order, nowMs, report, 'done');
    endWay(bus, nowMs, report, 'the bus turned first');
    bus.alighted = 0;
    bus.mode = 'shuttle';
    bus.shuttle = turnBetween(side.stopPlaces[stop]!, to.stopPlaces[toStop]!);
    bus.side = to;
    bus.stop = toStop;
    bus.halt = toStop;
    bus.atM = to.stopAtM[toStop]!;
    bus.linkIndex = to.linkAt(bus.atM, 0);
    bus.terminal = this.#options.desk.networks[to.lineIndex]!.to[to.way]!;
    const arrivesMs = nowMs + 1000 * secondsOf(bus.shuttle);
    bus.service = { trip: like, slotMs: arrivesMs - 1000 * like.planS[toStop]!, isExtra: true };
    bus.delayS = 0;
  }

  /** At the end of a way: ready for another one after the driver's rest, or to charge. */
  #rest(bus: Bus, nowMs: number, report: Reporter): void {
    const operation = this.#options.service.operations[bus.side.lineIndex]!;
    endRun(bus, nowMs, report);
    bus.layoverSinceMs = nowMs;
    bus.readyMs = nowMs + 1000 * LAYOVER_MIN_S;
    checkBattery(bus.tank, longestM(operation.network));
    bus.mode = bus.tank.mustCharge ? 'depot' : 'layover';
    operation.receive(bus);
  }
}

/** Against the plan of the bus's trip. */
function delayS({ service, stop }: Bus, nowMs: number): number {
  return (nowMs - service!.slotMs) / 1000 - service!.trip.planS[stop]!;
}

function longestM({ sides }: LineNetwork): number {
  return Math.max(...sides.map(({ lengthM }) => lengthM));
}

function wetFactor({ sky }: World): number {
  return sky.rainMmPerH > WET_MM_PER_H ? WET_DWELL : 1;
}
