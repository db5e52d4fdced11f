// The fleet of buses, step by step: passengers come, buses drive, serve stops and leave them, terminals release trips, records go out. Open
// this file first; each part of a bus's life stands in a file beside it.
import type { Command } from '../../telemetry/messages.ts';
import type { LineTimetable } from '../../telemetry/timetable.ts';
import type { City, Point } from '../city.ts';
import type { CommandAnswer, Fleet, FleetContext, Happening, Reporter, ServiceDate } from '../fleet.ts';
import type { Random } from '../random.ts';
import { LinkTable } from '../traffic/link-table.ts';
import { NOBODY_DUE, Rota } from '../traffic/rota.ts';
import { Signals } from '../traffic/signals.ts';
import type { DayType, World } from '../world.ts';
import { linesOfBuses } from './allotment.ts';
import { planBreakdown } from './breakdowns.ts';
import { DRAW } from './draws.ts';
import { watchSpeed } from './driving-style.ts';
import { busesNeededByLine, slotsOf } from './duties.ts';
import type { Slot } from './duties.ts';
import { befall } from './faults.ts';
import { Journeys } from './journeys.ts';
import { networksOf } from './network.ts';
import type { LineNetwork } from './network.ts';
import type { Operation } from './operation.ts';
import type { ReassignOrder } from './order.ts';
import { obey } from './orders.ts';
import type { Desk } from './orders.ts';
import { lookAhead, nextBound } from './outlook.ts';
import { drawPace } from './pace.ts';
import type { Census, Passengers } from './passengers.ts';
import { Priority } from './priority.ts';
import { publicationOf } from './publication.ts';
import { Records, placeOf } from './records.ts';
import { planService } from './service.ts';
import type { Service } from './service.ts';
import type { Side } from './side.ts';
import { StreetWays, secondsOf } from './shuttle.ts';
import { newBus, placeAtStart } from './state.ts';
import type { Bus } from './state.ts';
import { Terminals } from './terminals.ts';
import { startLine } from './warm-start.ts';

const STEP_MS = 500;
const RECORD_MS = 5_000;
const LOOK_AHEAD_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
export class Buses implements Fleet {
  readonly #city: City;
  readonly #random: Random;
  readonly #utcOffsetMs: number;
  readonly #signals: Signals;
  readonly #networks: readonly LineNetwork[];
  readonly #buses: readonly Bus[];
  readonly #records: Records;
  readonly #rota: Rota;
  readonly #terminals = new Terminals();
  readonly #desk: Desk;
  readonly #streetWays: StreetWays;
  /** [side][stop] */
  readonly #lastDepartureMs: readonly Float64Array[];
  #service: Service | undefined;
  #awake = false;
  #day = Number.NaN;
  #dayType: DayType | undefined;
  #lookAheadMs = -Infinity;
  #journeys: Journeys | undefined;

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
    this.#streetWays = new StreetWays(city);
    this.#desk = {
      networks: this.#networks,
      random,
      priority: new Priority(city, this.#signals),
      tripsOf: (line) => this.#service!.operations[line]!.timetable.on(this.#dayType!),
      timeS: (nowMs) => (nowMs - this.#midnightMs(this.#day)) / 1000,
      reassign: (bus, order, nowMs) => this.#reassign(bus, order, nowMs),
    };
  }

  /** All passengers since the start; a bus holds who rode and has not got out. */
  census(): Census & { readonly onBoard: number } {
    const onBoard = this.#buses.reduce((sum, { load }) => sum + load, 0);
    return { ...this.#service!.passengers.census(), onBoard };
  }

  tick(nowMs: number, dtMs: number, world: World, wire: Reporter): void {
    const report = this.#terminals.through(wire);
    const fromMs = nowMs - dtMs;
    const service = this.#plan(world);
    const journeys = this.#journeys!;
    this.#turnDay(nowMs, fromMs, world);
    const steps = Math.ceil(dtMs / STEP_MS);
    const dtS = dtMs / steps / 1000;
    for (let step = 1; step <= steps; step++) {
      const stepMs = fromMs + Math.round((dtMs * step) / steps);
      if (stepMs >= this.#lookAheadMs) this.#lookAhead(stepMs, service);
      service.passengers.advance(dtS, world.people);
      for (const bus of this.#buses) journeys.live(bus, stepMs, dtS, world, report);
      for (const operation of service.operations) this.#release(operation, stepMs, report);
      this.#reportDue(stepMs, report);
      this.#terminals.replay(stepMs);
    }
  }

  placeOf(index: number): Point {
    return placeOf(this.#buses[index]!);
  }

  command(index: number, command: Command, nowMs: number, wire: Reporter): CommandAnswer {
    if (this.#service === undefined || !this.#terminals.isUp(index, nowMs))
      return { state: 'rejected', reason: 'the terminal on board is starting' };
    return obey(this.#buses[index]!, command, this.#desk, nowMs, this.#terminals.through(wire));
  }

  befall(index: number, happening: Happening, nowMs: number, wire: Reporter): void {
    befall(this.#buses[index]!, happening, this.#terminals, nowMs, this.#terminals.through(wire));
  }

  timetables(world: World, dates: readonly ServiceDate[]): LineTimetable[] {
    const utcOffsetMin = this.#utcOffsetMs / 60_000;
    return this.#plan(world).operations.map(({ network, timetable }) =>
      publicationOf({ city: this.#city, network, timetable, utcOffsetMin, dates }),
    );
  }

  #plan({ streets }: World): Service {
    if (this.#service !== undefined) return this.#service;
    this.#service = planService(this.#networks, this.#buses, streets, this.#random);
    this.#journeys = new Journeys({
      service: this.#service,
      random: this.#random,
      signals: this.#signals,
      records: this.#records,
      desk: this.#desk,
      lastDepartureMs: this.#lastDepartureMs,
      civilDay: (nowMs) => this.#civilDay(nowMs),
    });
    return this.#service;
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
    for (let bus = operation.release(nowMs, cancel); bus !== undefined; bus = operation.release(nowMs, cancel))
      this.#journeys!.start(bus, nowMs, report);
  }

  /** The bus that was waited for says it: the one that is expected next at the terminal; without one, the first of the line. */
  #reportCancelled(operation: Operation, { trip: { side, id } }: Slot, nowMs: number, report: Reporter): void {
    const { buses, network } = operation;
    const next = nextBound(operation, network.from[side.way]!) ?? buses[0];
    if (next === undefined) return;
    const fields = { line: side.line.id, direction: side.direction, trip: id };
    report.event(next.index, nowMs, 'tripCancelled', undefined, fields);
  }

  #reportDue(nowMs: number, report: Reporter): void {
    for (let index = this.#rota.due(nowMs); index !== NOBODY_DUE; index = this.#rota.due(nowMs)) {
      const bus = this.#buses[index]!;
      if (bus.mode === 'moving') watchSpeed(bus, nowMs, report);
      if (bus.lastRecordMs < nowMs) this.#journeys!.report(bus, nowMs, report);
    }
  }

  /** To the nearest terminal of another line from which trips start; from now on the bus is of that line. */
  #reassign(bus: Bus, { lineIndex }: ReassignOrder, nowMs: number): void {
    const { operations } = this.#service!;
    const from = placeOf(bus);
    const side = nearestStart(this.#networks[lineIndex]!, from);
    operations[bus.side.lineIndex]!.leave(bus);
    operations[lineIndex]!.join(bus);
    bus.mode = 'shuttle';
    bus.shuttle = this.#streetWays.between(from, bus.side.links[0]!, side.stopPlaces[0]!, side.links[0]!);
    bus.expectedMs = nowMs + 1000 * secondsOf(bus.shuttle);
    bus.terminal = this.#networks[lineIndex]!.from[side.way]!;
    bus.tank.isSwitchedOff = false;
    placeAtStart(bus, side);
  }

  #civilDay(nowMs: number): number {
    return Math.floor((nowMs + this.#utcOffsetMs) / DAY_MS);
  }

  #midnightMs(day: number): number {
    return day * DAY_MS - this.#utcOffsetMs;
  }
}

/** The way of the line that starts nearest to a place. */
function nearestStart({ sides }: LineNetwork, { x, y }: Point): Side {
  const awayM = ({ stopPlaces }: Side) => Math.hypot(stopPlaces[0]!.x - x, stopPlaces[0]!.y - y);
  return sides.reduce((nearest, side) => (awayM(side) < awayM(nearest) ? side : nearest));
}
