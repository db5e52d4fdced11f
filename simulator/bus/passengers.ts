// Who waits where, and where they want to go. Every passenger is drawn by stop and number, whatever the buses do: two runs that differ in
// dispatch alone carry the same people. A crowd sends more of them to the stops around it. Nobody gives up, except where a stop is full.
import type { Random } from '../random.ts';
import type { Crowd, People } from '../world.ts';
import type { Side } from './side.ts';

/** Boardings per km of service: 2.1 in all of Wuxi (bus company, 2012: 800,000 on 380,000 km a day), twice that on trunk lines (EE). */
const BOARDINGS_PER_KM = 2.1 * 2;
/** Service from 06 to 22 h; sets the trips of a day, and with them the day's boardings of a line. */
const SERVICE_S = 16 * 3600;
/** Trip length along the line: gamma with shape 2 and mean 5 km (EE). */
const TRIP_SCALE_M = 2_500;
/** Stops differ. */
const STOP_SIGMA = 0.4;
/** One in so many of a crowd turns up at a stop each minute: all of it in 50 minutes (EE). */
const CROWD_MIN = 50;
/** No more fit on the pavement; who comes then walks on. */
const WAITING_MAX = 200;

const WEIGHT = 1;
const ARRIVAL = 2;
const DESTINATION = 3;
const ON_BOARD = 4;

interface StopQueue {
  /** For `Random`. */
  readonly id: number;
  readonly x: number;
  readonly y: number;
  /** Boardings a day. */
  readonly daily: number;
  /** Cumulative shares of destinations, by stop of the side. */
  readonly destinations: Float64Array;
  /** Boardings that crowds have added so far. */
  fromCrowds: number;
  /** Passengers arrive when `daily` times the day's share so far, and what crowds add, passes this; exponential steps make it a Poisson process. */
  next: number;
  arrived: number;
  boarded: number;
}

export class Passengers {
  readonly #random: Random;
  readonly #queues: readonly (readonly StopQueue[])[];
  readonly #near = new WeakMap<Crowd, readonly StopQueue[]>();
  /** Integral of the hourly share of boardings since the start: 1 is a day's worth. */
  #shareSoFar = 0;

  constructor(sides: readonly Side[], random: Random) {
    this.#random = random;
    let id = 0;
    this.#queues = sides.map((side) => {
      const first = id;
      id += side.stopAtM.length;
      return queuesOf(side, first, random);
    });
  }

  advance(dtS: number, { boardingShare, crowds }: People): void {
    this.#shareSoFar += (boardingShare * dtS) / 3600;
    for (const crowd of crowds) this.#gather(crowd, dtS);
  }

  /** All stops within a crowd's radius share alike what comes from it; where there is none, nobody rides. */
  #gather(crowd: Crowd, dtS: number): void {
    let near = this.#near.get(crowd);
    if (near === undefined) this.#near.set(crowd, (near = this.#queuesNear(crowd)));
    for (const queue of near) queue.fromCrowds += ((crowd.people / CROWD_MIN) * (dtS / 60)) / near.length;
  }

  #queuesNear({ center, radiusM }: Crowd): StopQueue[] {
    // Nobody boards at a line's last stop.
    const boarding = this.#queues.flatMap((queues) => queues.slice(0, -1));
    return boarding.filter(({ x, y }) => Math.hypot(x - center.x, y - center.y) <= radiusM);
  }

  /** Lets those who came in the given time before the start stand there already. */
  warm(side: number, stop: number, elapsedS: number, boardingShare: number): void {
    const queue = this.#queues[side]![stop]!;
    queue.next -= (queue.daily * boardingShare * elapsedS) / 3600;
  }

  waiting(side: number, stop: number): number {
    const queue = this.#queues[side]![stop]!;
    const due = queue.daily * this.#shareSoFar + queue.fromCrowds;
    while (queue.next <= due) {
      queue.next += this.#random.exponential(1, queue.id, ARRIVAL, queue.arrived++);
      if (queue.arrived - queue.boarded > WAITING_MAX) queue.boarded++;
    }
    return queue.arrived - queue.boarded;
  }

  /** Takes up to `room` people, first come first served, into `onBoard` (count by destination stop). @returns how many */
  board(side: number, stop: number, room: number, onBoard: Uint16Array): number {
    const queue = this.#queues[side]![stop]!;
    const boarding = Math.min(room, this.waiting(side, stop));
    for (let i = 0; i < boarding; i++) {
      const goal = this.#destination(queue, DESTINATION, queue.boarded++);
      onBoard[goal] = onBoard[goal]! + 1;
    }
    return boarding;
  }

  /** Fills a bus that starts the run between stops `stop` and `stop + 1` with those who boarded on its way. @returns how many */
  warmLoad(
    side: number,
    stop: number,
    headwayS: number,
    boardingShare: number,
    room: number,
    onBoard: Uint16Array,
    bus: number,
  ): number {
    let load = 0;
    for (let origin = 0; origin <= stop; origin++) {
      const queue = this.#queues[side]![origin]!;
      const counter = bus * 256 + origin;
      const boarded = this.#random.poisson(
        (queue.daily * boardingShare * headwayS) / 3600,
        queue.id,
        ON_BOARD,
        counter,
      );
      for (let i = 0; i < boarded && load < room; i++) {
        const goal = this.#destination(queue, ON_BOARD + 1, counter * 256 + i);
        if (goal <= stop) continue;
        onBoard[goal] = onBoard[goal]! + 1;
        load++;
      }
    }
    return load;
  }

  #destination(queue: StopQueue, purpose: number, counter: number): number {
    const drawn = this.#random.uniform(queue.id, purpose, counter);
    let stop = 0;
    while (queue.destinations[stop]! < drawn) stop++;
    return stop;
  }
}

function queuesOf(side: Side, firstId: number, random: Random): StopQueue[] {
  const weight = (stop: number) => random.lognormal(1, STOP_SIGMA, firstId + stop, WEIGHT, 0);
  const lengthM = side.stopAtM[side.lastStop]!;
  const daily = (BOARDINGS_PER_KM * (lengthM / 1000) * SERVICE_S) / side.line.headwayS;
  // People board where the line still takes them far enough.
  const origins = Array.from(side.stopAtM, (atM, stop) => {
    const restM = (lengthM - atM) / TRIP_SCALE_M;
    return weight(stop) * (1 - Math.exp(-restM) * (1 + restM));
  });
  const sum = origins.reduce((total, origin) => total + origin, 0);
  return origins.map((origin, stop) => ({
    id: firstId + stop,
    x: side.stopPlaces[stop]!.x,
    y: side.stopPlaces[stop]!.y,
    daily: (daily * origin) / sum,
    destinations: destinationsOf(side, stop, weight),
    next: random.exponential(1, firstId + stop, ARRIVAL, 4_294_967_295),
    fromCrowds: 0,
    arrived: 0,
    boarded: 0,
  }));
}

/** Cumulative gravity along the line; the last value is 1, so that a draw always ends. */
function destinationsOf(side: Side, from: number, weight: (stop: number) => number): Float64Array {
  let sum = 0;
  const cumulative = Float64Array.from(side.stopAtM, (atM, stop) => {
    const distanceM = atM - side.stopAtM[from]!;
    if (stop > from) sum += weight(stop) * distanceM * Math.exp(-distanceM / TRIP_SCALE_M);
    return sum;
  });
  const scaled = cumulative.map((value) => (sum > 0 ? value / sum : 0));
  scaled[scaled.length - 1] = 1;
  return scaled;
}
