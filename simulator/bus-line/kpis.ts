// What a life of a line comes to, once it has warmed up: evenness of headways, trips, loads, fuel. Watches only.
import { Headways } from '../../telemetry/headways.ts';
import { drivingFuelL } from '../physics/bus-energy.ts';
import type { LineBus } from './bus.ts';
import type { LineObserver } from './observer.ts';
import { stopsOf } from './spec.ts';
import type { LineSpec } from './spec.ts';

/** Share of a way; its metres are added up in another order. */
const WHOLE = 0.999;

export class LineKpis implements LineObserver {
  readonly headways = new Headways();
  /** By stop, ways together. */
  readonly byStop: readonly Headways[];
  /** Departures of the timetable for which there was no bus, over the whole run. */
  cancelledCount = 0;
  denied = 0;
  loadMax = 0;
  /** Of the dispatch centre that were obeyed. */
  orders = 0;
  /** People who had to change to another bus of the line. */
  changes = 0;
  holdS = 0;
  readonly #warmUpS: number;
  readonly #waysM: readonly number[];
  /** Of whole trips: one that a short turn cut says nothing about the length of trips. */
  readonly #tripsS: number[] = [];
  #fuelL = 0;
  /** Driven by trips, as a number of whole ways. */
  #waysDriven = 0;

  /** warmUpS: nothing before counts but cancelled departures. Trips count when they begin after it and end before the run does. */
  constructor(spec: LineSpec, warmUpS: number) {
    this.byStop = Array.from({ length: stopsOf(spec, 0) }, () => new Headways());
    this.#warmUpS = warmUpS;
    this.#waysM = spec.ways.map(({ segmentsM }) => segmentsM.reduce((sum, metres) => sum + metres, 0));
  }

  departed(bus: LineBus, headwayS: number, nowS: number): void {
    if (nowS < this.#warmUpS) return;
    this.denied += bus.denied;
    if (bus.load > this.loadMax) this.loadMax = bus.load;
    if (Number.isNaN(headwayS)) return;
    this.headways.add(headwayS, bus.slot.headwayS);
    this.byStop[bus.stop]!.add(headwayS, bus.slot.headwayS);
  }

  ended(bus: LineBus, nowS: number): void {
    if (bus.startS < this.#warmUpS) return;
    const tripS = nowS - bus.startS;
    const driven = bus.tripM / (this.#waysM[bus.way] ?? this.#waysM[0]!);
    if (driven > WHOLE) this.#tripsS.push(tripS);
    this.#waysDriven += driven;
    this.holdS += bus.tripHoldS;
    this.#fuelL += drivingFuelL(bus.tripM / 1000, tripS / 3600, bus.passengerM / bus.tripM, false);
  }

  ordered(_bus: LineBus, _name: string, nowS: number): void {
    if (nowS >= this.#warmUpS) this.orders++;
  }

  cancelled(): void {
    this.cancelledCount++;
  }

  changed(_bus: LineBus, people: number, nowS: number): void {
    if (nowS >= this.#warmUpS) this.changes += people;
  }

  get trips(): number {
    return this.#tripsS.length;
  }
  /** NaN without trips, like all that follow. */
  get tripS(): number {
    return this.#tripsS.reduce((sum, tripS) => sum + tripS, 0) / this.trips;
  }
  /** Nine of ten trips take no longer. */
  get tripP90S(): number {
    return this.#tripsS.toSorted((a, b) => a - b)[Math.floor(0.9 * this.trips)] ?? Number.NaN;
  }
  get holdPerTripS(): number {
    return this.holdS / this.trips;
  }
  /** By distance: for the length of one whole way. */
  get fuelLPerTrip(): number {
    return this.#fuelL / this.#waysDriven;
  }
}
