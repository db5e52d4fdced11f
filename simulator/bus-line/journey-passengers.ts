// People with an origin and a destination who queue at stops: first come, first served; who finds no room waits on. Those who look up when
// the bus is expected leave home for it; the others come when they come.
import type { Random } from '../random.ts';
import type { LineBus } from './bus.ts';
import { Journeys } from './journeys.ts';
import type { Person } from './journeys.ts';
import type { LineObserver } from './observer.ts';
import { boardingS, dwellS } from './passengers.ts';
import type { Passengers } from './passengers.ts';
import { stopsOf } from './spec.ts';
import type { JourneyDemand, LineSpec } from './spec.ts';

interface Waiting extends Person {
  /** Stands at the stop from then on. */
  readonly comesS: number;
}

interface Stop {
  readonly way: number;
  readonly index: number;
  readonly journeys: Journeys;
  /** Not yet at the stop, nor on the way. */
  upcoming: Person | undefined;
  /** In the order in which they come. */
  readonly queue: Waiting[];
}

export class JourneyPassengers implements Passengers {
  readonly #demand: JourneyDemand;
  readonly #spec: LineSpec;
  readonly #observers: readonly LineObserver[];
  readonly #stops: readonly (readonly Stop[])[];
  readonly #allStops: readonly Stop[];
  /** By stop of `#allStops`: when its next person looks up; Infinity: nobody comes any more. Asked after each one, so it has to be quick. */
  readonly #lookUpS: Float64Array;
  /** Index in `#allStops`; -1: nobody looks up. */
  #nextLookUp = -1;

  constructor(demand: JourneyDemand, spec: LineSpec, random: Random, observers: readonly LineObserver[]) {
    this.#demand = demand;
    this.#spec = spec;
    this.#observers = observers;
    this.#stops = spec.ways.map((_, way) =>
      Array.from({ length: stopsOf(spec, way) }, (_, index): Stop => {
        const perHour = demand.perHour[way]![index] ?? [];
        const journeys = new Journeys(demand, perHour, way * 256 + index, spec.startDayS ?? 0, random);
        return { way, index, journeys, upcoming: journeys.next(), queue: [] };
      }),
    );
    this.#allStops = this.#stops.flat();
    this.#lookUpS = Float64Array.from(this.#allStops, ({ upcoming }) => upcoming?.readyS ?? Infinity);
    if (demand.informed !== undefined) this.#findNextLookUp();
  }

  serve(bus: LineBus, nowS: number): void {
    this.#letOff(bus);
    bus.boarded = this.#board(bus, nowS);
    bus.dwellS = dwellS(this.#spec, bus);
    if (this.#spec.dwell.boardsWhileStanding) {
      for (let late = this.#board(bus, nowS + bus.dwellS); late > 0; late = this.#board(bus, nowS + bus.dwellS)) {
        bus.boarded += late;
        bus.dwellS += boardingS(this.#spec, bus) * late;
      }
    }
    bus.denied = this.#waiting(bus.way, bus.stop, nowS + bus.dwellS);
  }

  serveLast(bus: LineBus, change?: () => number): void {
    this.#letOff(bus);
    bus.boarded = 0;
    bus.denied = 0;
    bus.alighted += change?.() ?? 0;
    bus.dwellS = dwellS(this.#spec, bus);
  }

  depart(bus: LineBus, nowS: number): void {
    if (!this.#spec.dwell.boardsWhileStanding) return;
    bus.boarded += this.#board(bus, nowS);
    bus.denied = this.#waiting(bus.way, bus.stop, nowS);
  }

  wantsOff(bus: LineBus, stop: number): boolean {
    return bus.aboard[stop]! > 0;
  }

  strand(bus: LineBus, nowS: number): number {
    const { way, stop, load } = bus;
    const { queue } = this.#stops[way]![stop]!;
    const stranded: Waiting[] = [];
    for (let to = 0; to < bus.aboard.length; to++) {
      // Who wanted to go to this stop, or to one that lies behind it, walks.
      for (let n = to > stop ? bus.aboard[to]! : 0; n > 0; n--) {
        stranded.push({ readyS: nowS, comesS: nowS, to, informed: false });
      }
      bus.aboard[to] = 0;
    }
    queue.unshift(...stranded);
    bus.load = 0;
    return load;
  }

  nextLookUpS(): number {
    return this.#nextLookUp < 0 ? Infinity : this.#lookUpS[this.#nextLookUp]!;
  }

  lookUp(nowS: number): void {
    const { informed } = this.#demand;
    const stop = this.#allStops[this.#nextLookUp];
    if (informed === undefined || stop === undefined) return;
    this.#enter(stop, this.#comesS(stop, nowS));
    this.#lookUpS[this.#nextLookUp] = stop.upcoming?.readyS ?? Infinity;
    this.#findNextLookUp();
  }

  #letOff(bus: LineBus): void {
    bus.alighted = bus.aboard[bus.stop]!;
    bus.aboard[bus.stop] = 0;
    bus.load -= bus.alighted;
  }

  #comesS({ way, index, upcoming }: Stop, nowS: number): number {
    const { informed } = this.#demand;
    if (upcoming?.informed !== true || informed === undefined) return nowS;
    const { bufferS } = informed;
    const departureS = informed.expected(way, index, nowS).find((expectedS) => expectedS - bufferS >= nowS);
    return departureS === undefined ? nowS : departureS - bufferS;
  }

  #enter(stop: Stop, comesS: number): void {
    const { upcoming, queue } = stop;
    if (upcoming === undefined) return;
    let place = queue.length;
    while (place > 0 && queue[place - 1]!.comesS > comesS) place--;
    queue.splice(place, 0, { ...upcoming, comesS });
    stop.upcoming = stop.journeys.next();
  }

  #findNextLookUp(): void {
    let soonestS = Infinity;
    this.#nextLookUp = -1;
    for (let stop = 0; stop < this.#lookUpS.length; stop++) {
      if (this.#lookUpS[stop]! >= soonestS) continue;
      soonestS = this.#lookUpS[stop]!;
      this.#nextLookUp = stop;
    }
  }

  /** Without information all come when they are ready: no need to ask in the order of time. */
  #fill(stop: Stop, untilS: number): void {
    if (this.#demand.informed !== undefined) return;
    while (stop.upcoming !== undefined && stop.upcoming.readyS <= untilS) this.#enter(stop, stop.upcoming.readyS);
  }

  #waiting(way: number, index: number, untilS: number): number {
    const stop = this.#stops[way]![index]!;
    this.#fill(stop, untilS);
    return stop.queue.filter(({ comesS }) => comesS <= untilS).length;
  }

  /** Those who stand there by `untilS` get in while there is room. @returns how many */
  #board(bus: LineBus, untilS: number): number {
    const stop = this.#stops[bus.way]![bus.stop]!;
    this.#fill(stop, untilS);
    const room = this.#spec.capacity - bus.load;
    let boarding = 0;
    while (boarding < room && boarding < stop.queue.length && stop.queue[boarding]!.comesS <= untilS) boarding++;
    for (const person of stop.queue.splice(0, boarding)) {
      bus.aboard[person.to]!++;
      const waitS = Math.max(0, bus.arrivedS - person.comesS);
      for (const observer of this.#observers) {
        observer.boarded?.(stop.way, stop.index, waitS, person.informed, person.readyS, bus.arrivedS);
      }
    }
    bus.load += boarding;
    return boarding;
  }
}
