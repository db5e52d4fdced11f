// The fleet of buses, step by step: passengers come, buses drive, serve stops and leave them, terminals release trips, records go out. Open
// this file first; each part of a bus's life stands in a file beside it.
import type { Command } from '../../telemetry/messages.ts';
import type { LineTimetable } from '../../telemetry/timetable.ts';
import type { City, Point } from '../city.ts';
import type { CommandAnswer, Fleet, FleetContext, Happening, Reporter, ServiceDate } from '../fleet.ts';
import { BOARDING_S, dwellS } from '../physics/dwell.ts';
import type { Random } from '../random.ts';
import { LinkTable } from '../traffic/link-table.ts';
import { NOBODY_DUE, Rota } from '../traffic/rota.ts';
import { Signals } from '../traffic/signals.ts';
import type { DayType, World } from '../world.ts';
import { linesOfBuses } from './allotment.ts';
import { befallBreakdown, planBreakdown, repairWhenDue, wearOut } from './breakdowns.ts';
import { DRAW } from './draws.ts';
import { drive, fuelAtTerminalL, fuelOnRoadL } from './driving.ts';
import { busesNeededByLine, slotsOf } from './duties.ts';
import type { Slot } from './duties.ts';
import { beginHold, endHold, obey } from './holds.ts';
import { LAYOVER_MIN_S } from './made-timetable.ts';
import { networksOf } from './network.ts';
import type { LineNetwork } from './network.ts';
import type { Operation } from './operation.ts';
import { expectedReadyMs, lookAhead } from './outlook.ts';
import { drawPace } from './pace.ts';
import type { Passengers } from './passengers.ts';
import { publicationOf } from './publication.ts';
import { Records, watch } from './records.ts';
import { planService } from './service.ts';
import type { Service } from './service.ts';
import { CAPACITY, SEATS, newBus } from './state.ts';
import type { Bus } from './state.ts';
import { startLine } from './warm-start.ts';

const STEP_MS = 500;
const RECORD_MS = 5_000;
const LOOK_AHEAD_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
/** Two buses never leave a stop on one way closer than this, ms. */
const APART_MS = 5_000;
/** Rain of more than this slows boarding (umbrellas, wet floors) by this factor (engineering estimate). */
const WET_MM_PER_H = 2.5;
const WET_DWELL = 1.1;

export class Buses implements Fleet {
  readonly #city: City;
  readonly #random: Random;
  readonly #utcOffsetMs: number;
  readonly #signals: Signals;
  readonly #networks: readonly LineNetwork[];
  readonly #buses: readonly Bus[];
  readonly #records: Records;
  readonly #rota: Rota;
  /** [side][stop] */
  readonly #lastDepartureMs: readonly Float64Array[];
  #service: Service | undefined;
  #awake = false;
  #day = Number.NaN;
  #dayType: DayType | undefined;
  #lookAheadMs = -Infinity;

  constructor({ city, random, count, startMs, utcOffsetMin }: FleetContext) {
    this.#city = city;
    this.#random = random;
    this.#utcOffsetMs = utcOffsetMin * 60_000;
    this.#signals = new Signals(city);
    this.#networks = networksOf(city, new LinkTable(city), this.#signals);
    const lines = linesOfBuses(count, busesNeededByLine(city, this.#networks));
    this.#buses = lines.map((line, i) => newBus(i, this.#networks[line]!.sides[0]!, random, startMs));
    for (const bus of this.#buses) planBreakdown(bus, random);
    this.#records = new Records(city, count, random);
    this.#rota = new Rota(count, RECORD_MS, startMs, random, DRAW.phase);
    this.#lastDepartureMs = this.#networks.flatMap(({ sides }) =>
      sides.map(({ stopAtM }) => new Float64Array(stopAtM.length).fill(-Infinity)),
    );
  }

  tick(nowMs: number, dtMs: number, world: World, report: Reporter): void {
    const fromMs = nowMs - dtMs;
    const service = this.#plan(world);
    this.#turnDay(nowMs, fromMs, world);
    const steps = Math.ceil(dtMs / STEP_MS);
    const dtS = dtMs / steps / 1000;
    for (let step = 1; step <= steps; step++) {
      const stepMs = fromMs + Math.round((dtMs * step) / steps);
      if (stepMs >= this.#lookAheadMs) this.#lookAhead(stepMs, service);
      service.passengers.advance(dtS, world.people);
      for (const bus of this.#buses) this.#live(bus, stepMs, dtS, world, report);
      for (const operation of service.operations) this.#release(operation, stepMs, report);
      this.#reportDue(stepMs, report);
    }
  }

  placeOf(index: number): Point {
    const { side, atM, linkIndex } = this.#buses[index]!;
    return side.placeAt(atM, linkIndex);
  }

  command(index: number, command: Command, nowMs: number, report: Reporter): CommandAnswer {
    return obey(this.#buses[index]!, command, this.#random, nowMs, report);
  }

  befall(index: number, happening: Happening, nowMs: number, report: Reporter): void {
    if (happening.name === 'breakdown') befallBreakdown(this.#buses[index]!, happening, nowMs, report);
  }

  timetables(world: World, dates: readonly ServiceDate[]): LineTimetable[] {
    const utcOffsetMin = this.#utcOffsetMs / 60_000;
    return this.#plan(world).operations.map(({ network, timetable }) =>
      publicationOf({ city: this.#city, network, timetable, utcOffsetMin, dates }),
    );
  }

  #plan({ streets }: World): Service {
    return (this.#service ??= planService(this.#networks, this.#buses, streets, this.#random));
  }

  /** Opens the timetable of a new day, or of the same day that has become one of another sort; first of all, of the day it is. */
  #turnDay(nowMs: number, fromMs: number, world: World): void {
    const day = this.#civilDay(nowMs);
    const { dayType } = world.calendar;
    if (day === this.#day && dayType === this.#dayType) return;
    this.#day = day;
    this.#dayType = dayType;
    if (!this.#awake) return this.#wake(fromMs, day, world);
    for (const operation of this.#plan(world).operations) operation.open(day, dayType, this.#midnightMs(day), fromMs);
  }

  /** Warm start: every line is in the middle of its day. */
  #wake(nowMs: number, day: number, world: World): void {
    this.#awake = true;
    const { operations, passengers } = this.#plan(world);
    const days: readonly (readonly [day: number, dayType: DayType])[] = [
      [day - 1, world.hour((this.#midnightMs(day) + this.#utcOffsetMs) / HOUR_MS - 12).dayType],
      [day, world.calendar.dayType],
    ];
    for (const operation of operations) {
      for (const [which, dayType] of days) operation.open(which, dayType, this.#midnightMs(which), -Infinity);
    }
    this.#serve(nowMs, operations, passengers);
    for (const operation of operations) {
      const slots = days.flatMap(([which, dayType]) =>
        slotsOf(operation.timetable.on(dayType), which, this.#midnightMs(which)),
      );
      slots.sort((a, b) => a.slotMs - b.slotMs || a.trip.side.way - b.trip.side.way);
      const { lastDepartureMs, random } = { lastDepartureMs: this.#lastDepartureMs, random: this.#random };
      startLine({ operation, slots, nowMs, world, passengers, random, lastDepartureMs });
    }
    for (const bus of this.#buses) if (bus.mode === 'moving') drawPace(bus, this.#random, this.#civilDay(nowMs));
  }

  #lookAhead(nowMs: number, { operations, passengers }: Service): void {
    this.#lookAheadMs = (Math.floor(nowMs / LOOK_AHEAD_MS) + 1) * LOOK_AHEAD_MS;
    this.#serve(nowMs, operations, passengers);
    for (const operation of operations) lookAhead(operation, nowMs);
  }

  #serve(nowMs: number, operations: readonly Operation[], passengers: Passengers): void {
    for (const { network } of operations) {
      const operation = operations[network.lineIndex]!;
      for (const [way, { index }] of network.sides.entries()) passengers.serve(index, operation.serves(way, nowMs));
    }
  }

  #release(operation: Operation, nowMs: number, report: Reporter): void {
    const cancel = (slot: Slot) => this.#reportCancelled(operation, slot, nowMs, report);
    for (let bus = operation.release(nowMs, cancel); bus !== undefined; bus = operation.release(nowMs, cancel)) {
      bus.boarded = this.#service!.passengers.board(bus.side.index, 0, CAPACITY, bus.onBoard);
      bus.load = bus.boarded;
      this.#depart(bus, nowMs, report);
    }
  }

  /** The bus that was waited for says it: the one that is expected next at the terminal; without one, the first of the line. */
  #reportCancelled({ buses, network }: Operation, { trip }: Slot, nowMs: number, report: Reporter): void {
    const { side, id } = trip;
    let next = buses[0];
    let soonestMs = Infinity;
    for (const bus of buses) {
      const isBound = (bus.mode === 'moving' || bus.mode === 'atStop') && bus.terminal === network.from[side.way];
      if (!isBound || expectedReadyMs(bus) >= soonestMs) continue;
      next = bus;
      soonestMs = expectedReadyMs(bus);
    }
    if (next === undefined) return;
    report.event(next.index, nowMs, 'tripCancelled', undefined, {
      line: side.line.id,
      direction: side.direction,
      trip: id,
    });
  }

  #live(bus: Bus, nowMs: number, dtS: number, world: World, report: Reporter): void {
    const beforeM = bus.odometerM;
    repairWhenDue(bus, this.#random, nowMs, report);
    if (bus.mode === 'moving' || bus.mode === 'empty') this.#move(bus, nowMs, dtS, world, report);
    else if (bus.mode === 'atStop' && bus.brokenUntilMs === undefined) this.#serveStop(bus, nowMs, world, report);
    if (bus.brokenUntilMs !== undefined || bus.mode === 'depot') return;
    const { tempC } = world.sky;
    if (bus.mode === 'layover') bus.fuelL += fuelAtTerminalL(bus.layoverSinceMs, nowMs, dtS, tempC);
    else bus.fuelL += fuelOnRoadL(bus, bus.odometerM - beforeM, dtS, tempC);
  }

  #reportDue(nowMs: number, report: Reporter): void {
    for (let index = this.#rota.due(nowMs); index !== NOBODY_DUE; index = this.#rota.due(nowMs)) {
      const bus = this.#buses[index]!;
      if (bus.lastRecordMs < nowMs) this.#records.report(bus, nowMs, report);
    }
  }

  #move(bus: Bus, nowMs: number, dtS: number, world: World, report: Reporter): void {
    if (bus.brokenUntilMs === undefined) wearOut(bus, nowMs, report);
    if (!drive(bus, nowMs, dtS, world.streets, this.#signals, bus.brokenUntilMs !== undefined)) return;
    if (bus.mode === 'moving') this.#arrive(bus, nowMs, world, report);
    else this.#rest(bus, nowMs);
  }

  #arrive(bus: Bus, nowMs: number, world: World, report: Reporter): void {
    const last = bus.stop === bus.side.lastStop;
    bus.mode = 'atStop';
    bus.arrivedMs = nowMs;
    bus.alighted = bus.onBoard[bus.stop]!;
    bus.onBoard[bus.stop] = 0;
    bus.load -= bus.alighted;
    bus.boarded = last ? 0 : this.#board(bus);
    bus.readyMs = nowMs + 1000 * wetFactor(world) * dwellS(bus.boarded, bus.alighted, bus.load > SEATS);
    bus.delayS = delayS(bus, nowMs);
    if (last) endHold(bus, nowMs, report, 'expired', 'reached the terminal first');
    this.#records.report(bus, nowMs, report);
  }

  /** At a stop: late passengers get in, then the driver waits for the hold and for the bus ahead. */
  #serveStop(bus: Bus, nowMs: number, world: World, report: Reporter): void {
    const last = bus.stop === bus.side.lastStop;
    if (!last) beginHold(bus, nowMs);
    if (nowMs < bus.readyMs) return;
    if (!last) {
      const late = this.#board(bus);
      bus.boarded += late;
      bus.readyMs = Math.max(bus.readyMs, nowMs + 1000 * wetFactor(world) * BOARDING_S * late);
    }
    if (nowMs < bus.readyMs || nowMs < (bus.hold?.untilMs ?? 0)) return;
    if (nowMs - this.#lastDepartureMs[bus.side.index]![bus.stop]! < APART_MS) return;
    this.#depart(bus, nowMs, report);
  }

  #board(bus: Bus): number {
    const { side, stop, load, onBoard } = bus;
    const boarded = this.#service!.passengers.board(side.index, stop, CAPACITY - load, onBoard);
    bus.load += boarded;
    return boarded;
  }

  #depart(bus: Bus, nowMs: number, report: Reporter): void {
    const { side, stop } = bus;
    const departures = this.#lastDepartureMs[side.index]!;
    const headwayS = (nowMs - departures[stop]!) / 1000;
    departures[stop] = nowMs;
    const last = stop === side.lastStop;
    bus.mode = 'atStop';
    bus.delayS = delayS(bus, nowMs);
    const denied = last ? 0 : this.#service!.passengers.waiting(side.index, stop);
    this.#records.reportDeparture(bus, nowMs, { headwayS, denied }, report);
    if (bus.hold?.untilMs !== undefined) endHold(bus, nowMs, report, 'done');
    watch(bus, nowMs, headwayS, report);
    bus.boarded = 0;
    bus.alighted = 0;
    if (last) return this.#rest(bus, nowMs);
    bus.mode = 'moving';
    bus.stop = stop + 1;
    drawPace(bus, this.#random, this.#civilDay(nowMs));
  }

  /** At the end of a way: ready for another one after the driver's rest. */
  #rest(bus: Bus, nowMs: number): void {
    bus.mode = 'layover';
    bus.layoverSinceMs = nowMs;
    bus.readyMs = nowMs + 1000 * LAYOVER_MIN_S;
    this.#service!.operations[bus.side.lineIndex]!.receive(bus);
  }

  #civilDay(nowMs: number): number {
    return Math.floor((nowMs + this.#utcOffsetMs) / DAY_MS);
  }

  #midnightMs(day: number): number {
    return day * DAY_MS - this.#utcOffsetMs;
  }
}

/** Against the plan of the bus's trip. */
function delayS({ service, stop }: Bus, nowMs: number): number {
  return (nowMs - service!.slotMs) / 1000 - service!.trip.planS[stop]!;
}

function wetFactor({ sky }: World): number {
  return sky.rainMmPerH > WET_MM_PER_H ? WET_DWELL : 1;
}
