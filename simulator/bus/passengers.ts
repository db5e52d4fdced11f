// Who waits where, and where they want to go. Every passenger is drawn by stop and number, whatever the buses do: two runs that differ in
// dispatch alone carry the same people. They come while the timetable has trips for them; a crowd sends more of them to the stops around it.
// Nobody gives up, except where a stop is full.
import type { Random } from '../random.ts';
import type { Crowd, People } from '../world.ts';
import type { SideDemand } from './demand.ts';
import { DRAW } from './draws.ts';
import type { Side } from './side.ts';

/** One in so many of a crowd turns up at a stop each minute: all of it in 50 minutes (EE). */
const CROWD_MIN = 50;
/** No more fit on the pavement; who comes then walks on. */
const WAITING_MAX = 200;

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
  /** Or gave up; so many have been in the queue before those who wait. */
  boarded: number;
  gaveUp: number;
  /** Those who had to get out of a bus here and go on with the next, by destination. */
  transfers: Uint16Array | undefined;
  transferring: number;
}

/** All people since the start, and where they are. */
export interface Census {
  readonly arrived: number;
  readonly waiting: number;
  /** In buses, or have been; who changes counts once. */
  readonly rode: number;
  /** Found the stop full and walked on. */
  readonly gaveUp: number;
}

export class Passengers {
  readonly #random: Random;
  readonly #queues: readonly (readonly StopQueue[])[];
  readonly #near = new WeakMap<Crowd, readonly StopQueue[]>();
  /** By side: integral of the hourly share of boardings since the start, while it was served: 1 is a day's worth. */
  readonly #shareSoFar: Float64Array;
  readonly #serves: Uint8Array;
  /** On board when the city woke up. */
  #warm = 0;

  /** daily: boardings a day, by side. */
  constructor(sides: readonly Side[], demands: readonly SideDemand[], daily: readonly number[], random: Random) {
    this.#random = random;
    this.#queues = sides.map((side, i) => queuesOf(side, demands[i]!, daily[i]!, random));
    this.#shareSoFar = new Float64Array(sides.length);
    this.#serves = new Uint8Array(sides.length);
  }

  /** From now on people come, or do not come, for this side. */
  serve(side: number, serves: boolean): void {
    this.#serves[side] = serves ? 1 : 0;
  }

  advance(dtS: number, { boardingShare, crowds }: People): void {
    const share = (boardingShare * dtS) / 3600;
    for (let side = 0; side < this.#serves.length; side++) this.#shareSoFar[side]! += share * this.#serves[side]!;
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
    queue.next -= (this.#serves[side]! * queue.daily * boardingShare * elapsedS) / 3600;
  }

  waiting(side: number, stop: number): number {
    const queue = this.#queues[side]![stop]!;
    const due = queue.daily * this.#shareSoFar[side]! + queue.fromCrowds;
    while (queue.next <= due) {
      queue.next += this.#random.exponential(1, queue.id, DRAW.arrival, queue.arrived++);
      if (queue.arrived - queue.boarded + queue.transferring <= WAITING_MAX) continue;
      queue.boarded++;
      queue.gaveUp++;
    }
    return queue.arrived - queue.boarded + queue.transferring;
  }

  /** Everybody on board gets out here; who is not there yet waits with the others. @returns how many do */
  transfer(side: number, stop: number, onBoard: Uint16Array): number {
    const queue = this.#queues[side]![stop]!;
    queue.transfers ??= new Uint16Array(onBoard.length);
    let people = 0;
    for (let goal = stop + 1; goal < onBoard.length; goal++) {
      people += onBoard[goal]!;
      queue.transfers[goal] = queue.transfers[goal]! + onBoard[goal]!;
    }
    onBoard.fill(0);
    queue.transferring += people;
    return people;
  }

  census(): Census {
    const sum = { arrived: this.#warm, waiting: 0, rode: this.#warm, gaveUp: 0 };
    for (const { arrived, boarded, gaveUp, transferring } of this.#queues.flat()) {
      sum.arrived += arrived;
      sum.waiting += arrived - boarded + transferring;
      sum.rode += boarded - gaveUp - transferring;
      sum.gaveUp += gaveUp;
    }
    return sum;
  }

  /** Takes up to `room` people, first come first served, into `onBoard` (count by destination stop). @returns how many */
  board(side: number, stop: number, room: number, onBoard: Uint16Array): number {
    const queue = this.#queues[side]![stop]!;
    const boarding = Math.min(room, this.waiting(side, stop));
    const changing = queue.transferring === 0 ? 0 : changeInto(queue, boarding, onBoard);
    for (let i = changing; i < boarding; i++) {
      const goal = this.#destination(queue, DRAW.destination, queue.boarded++);
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
        DRAW.onBoard,
        counter,
      );
      for (let i = 0; i < boarded && load < room; i++) {
        const goal = this.#destination(queue, DRAW.warmDestination, counter * 256 + i);
        if (goal <= stop) continue;
        onBoard[goal] = onBoard[goal]! + 1;
        load++;
      }
    }
    this.#warm += load;
    return load;
  }

  #destination(queue: StopQueue, purpose: number, counter: number): number {
    const drawn = this.#random.uniform(queue.id, purpose, counter);
    let stop = 0;
    while (queue.destinations[stop]! < drawn) stop++;
    return stop;
  }
}

/** Those who wait for their second bus get in first. @returns how many */
function changeInto(queue: StopQueue, room: number, onBoard: Uint16Array): number {
  const transfers = queue.transfers!;
  let changing = 0;
  for (let goal = 0; goal < transfers.length && changing < room; goal++) {
    const people = Math.min(room - changing, transfers[goal]!);
    if (people === 0) continue;
    transfers[goal] = transfers[goal]! - people;
    onBoard[goal] = onBoard[goal]! + people;
    changing += people;
  }
  queue.transferring -= changing;
  return changing;
}

function queuesOf(side: Side, demand: SideDemand, daily: number, random: Random): StopQueue[] {
  return Array.from(demand.boards, (share, stop) => ({
    id: demand.firstId + stop,
    x: side.stopPlaces[stop]!.x,
    y: side.stopPlaces[stop]!.y,
    daily: daily * share,
    destinations: demand.destinations[stop]!,
    next: random.exponential(1, demand.firstId + stop, DRAW.arrival, 4_294_967_295),
    fromCrowds: 0,
    arrived: 0,
    boarded: 0,
    gaveUp: 0,
    transfers: undefined,
    transferring: 0,
  }));
}
