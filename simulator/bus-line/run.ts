// The line engine: buses of one line go from event to event (ready, started, arrived, left), in the order of time and then of number. Running
// times are drawn, not driven: no streets, no signals. Buses may overtake between stops; from a stop they leave in the order in which they
// came. Without controllers no record is made.
import type { Controller } from '../../telemetry/controller.ts';
import type { TelemetryRecord } from '../../telemetry/messages.ts';
import { Random } from '../random.ts';
import { beginTrip, newBus } from './bus.ts';
import type { LineBus } from './bus.ts';
import { JourneyPassengers } from './journey-passengers.ts';
import type { LineObserver } from './observer.ts';
import { Orders } from './orders.ts';
import type { Passengers } from './passengers.ts';
import { RatePassengers } from './rate-passengers.ts';
import { Records } from './records.ts';
import { RunningTimes } from './running-times.ts';
import { Schedule, loopStart } from './schedule.ts';
import { EMPTY_RUN_SHARE, stopsOf } from './spec.ts';
import type { LineSpec } from './spec.ts';
import { Terminals } from './terminals.ts';

export interface LineRunOptions {
  readonly observers?: readonly LineObserver[];
  /** Live in the run: they see each record when it is made, and what they decide is done at once. */
  readonly controllers?: readonly Controller[];
  /** Buses under way say where they are this often, s; default never, for who needs arrivals and departures only. */
  readonly recordEveryS?: number;
}

/** Trips beyond the timetable are numbered from here. */
const EXTRA_TRIPS = 1_000_000;
/** From one side of the street to the other (engineering estimate). */
const TURN_S = 60;
const ENGINE_OFF_ADVISED_S = 180;

/** One life of a line. seed: any safe integer ≥ 0; the same seed gives the same life to the last digit. */
export function runLine(spec: LineSpec, seed: number, options: LineRunOptions = {}): void {
  new LineRun(spec, seed, options).run();
}

class LineRun {
  readonly #spec: LineSpec;
  readonly #isLoop: boolean;
  readonly #observers: readonly LineObserver[];
  readonly #controllers: readonly Controller[];
  readonly #recordEveryS: number;
  readonly #running: RunningTimes;
  readonly #passengers: Passengers;
  readonly #terminals: Terminals;
  readonly #schedule: Schedule;
  readonly #records: Records;
  readonly #orders: Orders;
  readonly #buses: readonly LineBus[];
  readonly #byDevice: ReadonlyMap<string, LineBus>;
  /** By way and stop: when the last bus that came leaves (NaN: none came), when the last one left, how many have come. */
  readonly #clearS: readonly Float64Array[];
  readonly #leftS: readonly Float64Array[];
  readonly #passages: readonly Int32Array[];
  #extraTrips = 0;

  constructor(
    spec: LineSpec,
    seed: number,
    { observers = [], controllers = [], recordEveryS = Infinity }: LineRunOptions,
  ) {
    const random = new Random(seed);
    this.#spec = spec;
    this.#isLoop = spec.shape === 'loop';
    this.#observers = observers;
    this.#controllers = controllers;
    this.#recordEveryS = controllers.length > 0 ? recordEveryS : Infinity;
    this.#running = new RunningTimes(spec, random);
    this.#passengers =
      spec.demand.kind === 'rate'
        ? new RatePassengers(spec.demand, spec, random)
        : new JourneyPassengers(spec.demand, spec, random, observers);
    this.#terminals = new Terminals(spec, observers);
    this.#schedule = new Schedule(spec, this.#running);
    this.#records = new Records(spec);
    this.#orders = new Orders(spec, this.#records, this.#running, random);
    const perStop = () => spec.ways.map((_, way) => new Float64Array(stopsOf(spec, way)).fill(Number.NaN));
    this.#clearS = perStop();
    this.#leftS = perStop();
    this.#passages = spec.ways.map((_, way) => new Int32Array(stopsOf(spec, way)));
    this.#buses = Array.from({ length: spec.buses }, (_, index) => this.#born(index));
    this.#byDevice = new Map(this.#buses.map((bus) => [bus.device, bus]));
  }

  run(): void {
    const { durationS } = this.#spec;
    let reportS = this.#recordEveryS;
    let bus = this.#nextBus();
    for (;;) {
      const lookUpS = this.#passengers.nextLookUpS();
      const nowS = Math.min(bus.nextS, lookUpS, reportS);
      if (nowS > durationS) break;
      if (nowS === lookUpS) {
        // Many people for each bus, and none of them moves one.
        this.#passengers.lookUp(nowS);
        continue;
      }
      if (nowS === bus.nextS) this.#live(bus, nowS);
      else {
        this.#reportAll(nowS);
        reportS += this.#recordEveryS;
      }
      bus = this.#nextBus();
    }
    if (!this.#isLoop) this.#terminals.close(durationS);
  }

  /** Even ones at one terminal, odd ones at the other; on a loop evenly spread. */
  #born(index: number): LineBus {
    const { ways, buses, timetable } = this.#spec;
    const bus = newBus(index, this.#isLoop ? 0 : index % ways.length, stopsOf(this.#spec, 0));
    if (!this.#isLoop) return bus;
    if (timetable.kind !== 'even') throw new Error('a loop has an even timetable, got a list of departures');
    bus.slot = { index, dueS: 0, headwayS: timetable.headwayS };
    const startS = this.#spec.loopStartsS?.[index];
    beginTrip(bus, startS === undefined ? loopStart(index, buses, stopsOf(this.#spec, 0)) : 0, index, startS ?? 0);
    bus.phase = 'running';
    bus.nextS = startS ?? 0;
    return bus;
  }

  #nextBus(): LineBus {
    let next = this.#buses[0]!;
    for (const bus of this.#buses) if (bus.nextS < next.nextS) next = bus;
    return next;
  }

  #live(bus: LineBus, nowS: number): void {
    switch (bus.phase) {
      case 'layover':
        return this.#getReady(bus, nowS);
      case 'due':
        return this.#start(bus, nowS);
      case 'atStop':
        return this.#leave(bus, nowS);
      case 'broken':
        return this.#rest(bus, nowS, 0);
      default:
        return Number.isNaN(bus.breaksS) ? this.#arrive(bus, nowS) : this.#breakDown(bus, nowS);
    }
  }

  #getReady(bus: LineBus, nowS: number): void {
    const taken = this.#terminals.take(bus.way, nowS);
    bus.phase = taken === undefined ? 'depot' : 'due';
    bus.nextS = taken?.startS ?? Infinity;
    if (taken !== undefined) bus.slot = taken.slot;
  }

  #start(bus: LineBus, nowS: number): void {
    const layoverS = nowS - bus.layoverSinceS;
    const offAfterS = this.#spec.engineOffAfterS ?? (bus.engineOffAdvised ? ENGINE_OFF_ADVISED_S : Infinity);
    const idleS = Math.min(layoverS, offAfterS);
    bus.idleS += idleS;
    for (const observer of this.#observers) observer.rested?.(bus, layoverS, idleS);
    beginTrip(bus, 0, bus.slot.index, nowS);
    if (bus.emptyTo > 0) this.#runEmpty(bus, nowS);
    else this.#arrive(bus, nowS);
  }

  #runEmpty(bus: LineBus, nowS: number): void {
    const { segmentsM } = this.#spec.ways[bus.way]!;
    let runS = 0;
    let metres = 0;
    for (let segment = 0; segment < bus.emptyTo; segment++) {
      runS += EMPTY_RUN_SHARE * this.#running.meanS(bus.way, segment, nowS);
      metres += segmentsM[segment]!;
    }
    bus.phase = 'empty';
    bus.stop = bus.emptyTo;
    bus.emptyTo = -1;
    bus.odometerM += metres;
    bus.nextS = nowS + runS;
    for (const observer of this.#observers) observer.ranEmpty?.(bus, metres);
    this.#tell(nowS, () => this.#records.at(bus, nowS, 'deadhead', Number.NaN));
  }

  #arrive(bus: LineBus, nowS: number): void {
    const { way, stop } = bus;
    if (bus.skips.includes(stop) && !this.#passengers.wantsOff(bus, stop)) return this.#run(bus, nowS);
    if (this.#isLoop && stop === bus.firstStop && bus.tripM > 0) this.#endLap(bus, nowS);
    bus.phase = 'atStop';
    bus.arrivedS = nowS;
    if (stop === bus.turnsAt) this.#serveTurn(bus, nowS);
    else if (this.#orders.isLast(bus)) this.#serveTerminal(bus, nowS);
    else this.#serve(bus, nowS);
    const passages = this.#passages[way]![stop]!++;
    this.#tell(nowS, () => {
      bus.delayS = this.#schedule.delayS(bus, nowS, passages);
      return this.#records.at(bus, nowS, 'stoppedAt', bus.delayS);
    });
  }

  #serve(bus: LineBus, nowS: number): void {
    const beforeS = this.#clearS[bus.way]![bus.stop]!;
    const isFirst = Number.isNaN(beforeS);
    this.#passengers.serve(bus, nowS, isFirst ? bus.slot.headwayS : Math.max(0, nowS - beforeS));
    bus.readyS = nowS + bus.dwellS;
    bus.clearS = isFirst ? -Infinity : beforeS + this.#spec.stopGapS;
    bus.nextS = Math.max(bus.readyS + bus.holdS, bus.clearS);
    this.#clearS[bus.way]![bus.stop] = bus.nextS;
  }

  /** Nobody waits for this bus here: the headway is that of arrivals. */
  #serveTerminal(bus: LineBus, nowS: number): void {
    this.#passengers.serveLast(bus);
    bus.readyS = nowS + bus.dwellS;
    bus.nextS = bus.readyS;
    this.#left(bus, nowS);
  }

  /** Everyone has to change. For those who wait here no bus has come. */
  #serveTurn(bus: LineBus, nowS: number): void {
    this.#passengers.serveLast(bus, () => this.#strand(bus, nowS));
    bus.readyS = nowS + bus.dwellS;
    bus.nextS = bus.readyS;
    bus.headwayS = Number.NaN;
  }

  #strand(bus: LineBus, nowS: number): number {
    const people = this.#passengers.strand(bus, nowS);
    if (people > 0) for (const observer of this.#observers) observer.changed?.(bus, people, nowS);
    return people;
  }

  #left(bus: LineBus, nowS: number): void {
    const last = this.#leftS[bus.way]!;
    bus.headwayS = nowS - last[bus.stop]!;
    last[bus.stop] = nowS;
    for (const observer of this.#observers) observer.departed?.(bus, bus.headwayS, nowS);
  }

  #leave(bus: LineBus, nowS: number): void {
    const isLast = this.#orders.isLast(bus);
    if (!isLast) {
      this.#passengers.depart(bus, nowS);
      bus.tripHoldS += bus.holdS;
      this.#left(bus, nowS);
    }
    this.#tell(nowS, () => this.#records.departure(bus, nowS, isLast));
    bus.holdS = 0;
    if (isLast) this.#end(bus, nowS);
    else this.#run(bus, nowS);
  }

  #run(bus: LineBus, nowS: number): void {
    const { segmentsM } = this.#spec.ways[bus.way]!;
    const segment = bus.stop;
    const runS = this.#running.drawS(bus.way, segment, bus.trip, nowS);
    const metres = segmentsM[segment]!;
    bus.tripM += metres;
    bus.passengerM += metres * bus.load;
    bus.odometerM += metres;
    bus.leftS = nowS;
    bus.phase = 'running';
    bus.hasPriority = false;
    bus.breaksS = this.#running.breakdownS(bus.way, segment, bus.trip, runS);
    bus.nextS = nowS + (Number.isNaN(bus.breaksS) ? runS : bus.breaksS);
    bus.stop = this.#isLoop && segment + 1 === segmentsM.length ? 0 : segment + 1;
  }

  /** People walk to the next stop and wait; the bus is in the way of nobody and comes to the end of its way. */
  #breakDown(bus: LineBus, nowS: number): void {
    this.#strand(bus, nowS);
    bus.breaksS = Number.NaN;
    bus.phase = 'broken';
    bus.nextS = nowS + (this.#spec.breakdowns?.repairS ?? 0);
    this.#tell(nowS, () => this.#records.underWay(bus, nowS, 'broken'));
  }

  #endLap(bus: LineBus, nowS: number): void {
    for (const observer of this.#observers) observer.ended?.(bus, nowS);
    beginTrip(bus, bus.stop, bus.trip + this.#spec.buses, nowS);
  }

  #end(bus: LineBus, nowS: number): void {
    for (const observer of this.#observers) observer.ended?.(bus, nowS);
    if (bus.stop === bus.turnsAt) this.#turn(bus, nowS);
    else this.#rest(bus, nowS, this.#spec.layoverS);
  }

  /** To the other side of the street and back, without a place in the timetable. */
  #turn(bus: LineBus, nowS: number): void {
    const stop = stopsOf(this.#spec, bus.way) - 1 - bus.stop;
    bus.way = this.#spec.ways.length - 1 - bus.way;
    bus.slot = { ...bus.slot, dueS: nowS };
    beginTrip(bus, stop, EXTRA_TRIPS + this.#extraTrips++, nowS);
    bus.phase = 'empty';
    bus.nextS = nowS + TURN_S;
  }

  #rest(bus: LineBus, nowS: number, layoverS: number): void {
    if (this.#isLoop) {
      bus.phase = 'running';
      bus.nextS = nowS;
      return;
    }
    bus.way = this.#spec.ways.length - 1 - bus.way;
    bus.stop = 0;
    bus.turnsAt = -1;
    bus.phase = 'layover';
    bus.layoverSinceS = nowS;
    bus.nextS = nowS + layoverS;
    this.#tell(nowS, () => this.#records.at(bus, nowS, 'layover', Number.NaN));
  }

  #reportAll(nowS: number): void {
    for (const bus of this.#buses) {
      if (bus.phase === 'running') this.#tell(nowS, () => this.#records.underWay(bus, nowS, 'inTransitTo'));
      if (bus.phase === 'broken') this.#tell(nowS, () => this.#records.underWay(bus, nowS, 'broken'));
      if (bus.phase !== 'atStop') continue;
      const status = nowS > bus.readyS && bus.holdS > 0 ? 'holding' : 'stoppedAt';
      this.#tell(nowS, () => this.#records.at(bus, nowS, status, bus.delayS));
    }
  }

  #tell(nowS: number, record: () => TelemetryRecord): void {
    if (this.#controllers.length === 0) return;
    const told = record();
    for (const controller of this.#controllers) {
      controller.observe(told);
      for (const decision of controller.decide(told.ts)) {
        const bus = this.#byDevice.get(decision.device);
        if (bus === undefined || !this.#orders.obey(bus, decision, nowS)) continue;
        for (const observer of this.#observers) observer.ordered?.(bus, decision.command.name, nowS);
        this.#planDeparture(bus);
      }
    }
  }

  /** A hold has come, or has ended early. */
  #planDeparture(bus: LineBus): void {
    if (bus.phase !== 'atStop' || this.#orders.isLast(bus)) return;
    const clear = this.#clearS[bus.way]!;
    const isNewest = clear[bus.stop] === bus.nextS;
    bus.nextS = Math.max(bus.readyS + bus.holdS, bus.clearS);
    if (isNewest) clear[bus.stop] = bus.nextS;
  }
}
