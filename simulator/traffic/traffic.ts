// Cars on the street network: each follows the one ahead (IDM), slows for turns, stops at red. No lane changes on a link, no crossing
// conflicts at a node; the traffic that is not simulated car by car comes in through the desired speed.
import type { City, Point } from '../city.ts';
import { FULL_BRAKE_MPS2, URBAN_CAR, freeAcceleration, leaderDeceleration } from '../physics/idm.ts';
import type { Streets } from '../world.ts';
import { Lanes, NOBODY } from './lanes.ts';
import { LinkTable } from './link-table.ts';
import { BETWEEN_LIGHTS } from './signals.ts';
import type { Signals } from './signals.ts';

/** How far a driver looks, m: the stopping distance from 80 km/h at comfortable braking. */
const LOOK_AHEAD_M = 130;
/** Speed through a right-angle turn, m/s (EE). */
const TURN_MPS = 6;
/** Amber is passed when stopping would need more than this, m/s² (EE). */
const AMBER_BRAKE_MPS2 = 3;
/** The front bumper stops this far before the link's end, m. */
const STOP_LINE_M = 1;
/** A trip ends when the car is this near to its place, m: it turns off the street. */
const ARRIVED_M = 4;
/** A car that has stood this long without a red light gives up and parks, so that a ring of cars cannot lock the city (EE). */
const STUCK_S = 300;
const STANDING_MPS = 0.1;
/** Braking a driver plans with before a turn or a lower limit, m/s² (EE). */
const PLANNED_BRAKE_MPS2 = 1.5;
/** A light that turns red this near is not obeyed any more: it would need more than this, m/s². */
const RED_BRAKE_MPS2 = 6;
/** Streets are never felt slower than this, of the limit. */
const SLOWEST = 0.05;
/** Counts as hard braking, m/s². */
const HARD_BRAKE_MPS2 = 4;
const CAR_M = URBAN_CAR.lengthM;
const JAM_M = URBAN_CAR.jamGapM;

export class Traffic {
  readonly lanes: Lanes;
  readonly links: LinkTable;
  readonly link: Int32Array;
  /** Front bumper, metres from the link's start. */
  readonly atM: Float64Array;
  readonly speedMps: Float64Array;
  readonly odometerM: Float64Array;
  /** Own share of the limit, and a ceiling from speed advice. */
  readonly driverFactor: Float64Array;
  readonly adviceMps: Float64Array;
  /** Cars that ended their trip in the last step, and are off the street; cars that braked hard in it. */
  readonly arrived: number[] = [];
  readonly braking: number[] = [];
  readonly #count: number;
  readonly #signals: Signals;
  readonly #betweenLights: Float64Array;
  /** Links of each trip, how many of them are left, the next one, and where along the last one the trip ends. */
  readonly #route: Int32Array[];
  readonly #left: Int32Array;
  readonly #next: Int32Array;
  readonly #endAtM: Float64Array;
  /** Length of the link under the car, and what its driver would drive there alone. */
  readonly #linkM: Float64Array;
  readonly #freeMps: Float64Array;
  readonly #accelMps2: Float64Array;
  /** How long each car has stood without a red light, s. */
  readonly #stuckS: Float64Array;
  /** Free way ahead at the start of the step, m: nobody moves further. */
  readonly #gapM: Float64Array;
  /** What the driver makes of the limit on this link now. */
  readonly #ownFactor: Float64Array;

  constructor(city: City, signals: Signals, count: number) {
    const perCar = () => new Float64Array(count);
    this.#count = count;
    this.#signals = signals;
    this.#betweenLights = Float64Array.from(city.links, ({ streetClass }) => BETWEEN_LIGHTS[streetClass]);
    this.links = new LinkTable(city);
    this.lanes = new Lanes(this.links.laneCount, count);
    this.link = new Int32Array(count);
    this.atM = perCar();
    this.speedMps = perCar();
    this.odometerM = perCar();
    this.driverFactor = perCar().fill(1);
    this.adviceMps = perCar().fill(Infinity);
    this.#route = Array.from({ length: count }, () => new Int32Array(0));
    this.#left = new Int32Array(count);
    this.#next = new Int32Array(count);
    this.#endAtM = perCar();
    this.#linkM = perCar();
    this.#freeMps = perCar();
    this.#accelMps2 = perCar();
    this.#stuckS = perCar();
    this.#gapM = perCar();
    this.#ownFactor = perCar().fill(1);
  }

  isDriving(car: number): boolean {
    return this.lanes.of[car] !== NOBODY;
  }

  placeOf(car: number): Point {
    return this.links.pointAt(this.link[car]!, this.atM[car]!);
  }

  /** Whether there is a safe gap for a car at a place of a link. */
  hasGap(link: number, atM: number, speedMps: number): boolean {
    const lane = this.#roomiestLane(link);
    const ahead = this.#firstBeyond(lane, atM);
    const behind = ahead === NOBODY ? this.lanes.first(lane) : this.lanes.behind[ahead]!;
    if (ahead !== NOBODY && this.atM[ahead]! - CAR_M - atM < JAM_M + stoppingM(speedMps)) return false;
    return behind === NOBODY || atM - CAR_M - this.atM[behind]! >= JAM_M + stoppingM(this.speedMps[behind]!);
  }

  /** The links a car has still to drive, the one it is on left out. */
  restOf(car: number): Int32Array {
    const route = this.#route[car]!;
    return route.subarray(route.length - this.#left[car]!);
  }

  /** Gives a car its way from the end of its link on: links in order, and where along the last one (its own, when there are none) it ends. */
  follow(car: number, route: Int32Array, endAtM: number): void {
    this.#route[car] = route;
    this.#left[car] = route.length;
    this.#next[car] = route[0] ?? 0;
    this.#endAtM[car] = endAtM;
  }

  /** Brings a car with a way to follow onto a link where it has a gap. */
  enter(car: number, link: number, atM: number, speedMps: number, streets: Streets): void {
    const lane = this.#roomiestLane(link);
    this.lanes.insert(car, lane, this.#firstBeyond(lane, atM));
    this.link[car] = link;
    this.atM[car] = atM;
    this.speedMps[car] = speedMps;
    this.#stuckS[car] = 0;
    this.feel(car, streets);
  }

  /** Tells a car how fast its street runs now. It asks by itself on every new link. */
  feel(car: number, streets: Streets): void {
    const link = this.link[car]!;
    const factor = Math.min(1, this.#betweenLights[link]! * streets.speedFactor(link));
    const ownFactor = this.driverFactor[car]! * Math.max(SLOWEST, factor);
    this.#linkM[car] = this.links.lengthM(link);
    this.#ownFactor[car] = ownFactor;
    this.#freeMps[car] = ownFactor * this.links.limitMps(link);
  }

  /** Tells the streets what every car drives. */
  observe(streets: Streets): void {
    for (let car = 0; car < this.#count; car++) {
      if (this.isDriving(car)) streets.observe(this.link[car]!, this.speedMps[car]!);
    }
  }

  /** Moves all cars by dtS ≤ 0.5 s: everybody looks first, then everybody moves. */
  advance(nowMs: number, dtS: number, streets: Streets): void {
    this.arrived.length = 0;
    this.braking.length = 0;
    this.#look(nowMs, dtS);
    this.#move(dtS, streets);
  }

  /** Decides every car's acceleration from the leader, the light, the bends and the end of its trip. In one piece: it is most of a tick. */
  #look(nowMs: number, dtS: number): void {
    const { atM, speedMps, adviceMps, links, lanes } = this;
    const freeMps = this.#freeMps;
    const ownFactor = this.#ownFactor;
    const linkM = this.#linkM;
    const left = this.#left;
    for (let car = 0; car < this.#count; car++) {
      if (lanes.of[car] === NOBODY) continue;
      const ownMps = speedMps[car]!;
      let desiredMps = Math.min(adviceMps[car]!, freeMps[car]!);
      let leader = lanes.ahead[car]!;
      let leaderGapM = leader === NOBODY ? Infinity : atM[leader]! - CAR_M - atM[car]!;
      let haltM = Infinity;
      let red = false;
      let link = this.link[car]!;
      let toGo = left[car]!;
      let lastM = linkM[car]!;
      let aheadM = lastM - atM[car]!;
      for (; toGo > 0 && aheadM <= LOOK_AHEAD_M; toGo--) {
        red = this.#mustStop(link, nowMs, ownMps, aheadM - STOP_LINE_M);
        if (red) break;
        const next = toGo === left[car] ? this.#next[car]! : this.#linkLeft(car, toGo);
        const limitMps = ownFactor[car]! * links.limitMps(next);
        const nextMps = links.isTurn(link, next) ? Math.min(limitMps, TURN_MPS) : limitMps;
        const plannedMps2 = nextMps * nextMps + 2 * PLANNED_BRAKE_MPS2 * aheadM;
        if (plannedMps2 < desiredMps * desiredMps) desiredMps = Math.sqrt(plannedMps2);
        if (leader === NOBODY) {
          leader = lanes.last[this.#roomiestLane(next)]!;
          if (leader !== NOBODY) leaderGapM = aheadM + atM[leader]! - CAR_M;
        }
        link = next;
        lastM = links.lengthM(next);
        aheadM += lastM;
      }
      if (red) haltM = aheadM - STOP_LINE_M;
      else if (toGo === 0) haltM = aheadM - lastM + this.#endAtM[car]!;
      let decelMps2 = 0;
      if (leader !== NOBODY) decelMps2 = leaderDeceleration(URBAN_CAR, ownMps, leaderGapM, ownMps - speedMps[leader]!);
      if (haltM < Infinity) {
        // A point to stop at acts as a standing car whose rear is one jam gap further on.
        decelMps2 = Math.max(decelMps2, leaderDeceleration(URBAN_CAR, ownMps, haltM + JAM_M, ownMps));
      }
      const accelMps2 = Math.max(-FULL_BRAKE_MPS2, freeAcceleration(URBAN_CAR, ownMps, desiredMps) - decelMps2);
      if (accelMps2 < -HARD_BRAKE_MPS2) this.braking.push(car);
      this.#accelMps2[car] = accelMps2;
      this.#gapM[car] = leaderGapM;
      this.#stuckS[car] = ownMps < STANDING_MPS && !red ? this.#stuckS[car]! + dtS : 0;
    }
  }

  /** Ballistic update; nobody moves further than the gap seen before the step, so cars never overlap. */
  #move(dtS: number, streets: Streets): void {
    const { atM, speedMps, odometerM, lanes } = this;
    const accelMps2 = this.#accelMps2;
    const gapM = this.#gapM;
    for (let car = 0; car < this.#count; car++) {
      if (lanes.of[car] === NOBODY) continue;
      const before = speedMps[car]!;
      const accel = accelMps2[car]!;
      const wanted = before + accel * dtS;
      const wantedM = wanted >= 0 ? ((before + wanted) / 2) * dtS : (before * before) / (-2 * accel);
      const freeM = Math.max(0, gapM[car]!);
      const movedM = Math.min(wantedM, freeM);
      speedMps[car] = wantedM > freeM ? Math.min(Math.max(0, wanted), freeM / dtS) : Math.max(0, wanted);
      atM[car]! += movedM;
      odometerM[car]! += movedM;
      if (atM[car]! > this.#linkM[car]!) this.#crossNodes(car, streets);
      const atEnd = this.#left[car] === 0 && this.#endAtM[car]! - atM[car]! <= ARRIVED_M;
      if (atEnd || this.#stuckS[car]! > STUCK_S) this.#leave(car);
    }
  }

  /** Carries a car over the end of its link, behind whoever is last on the next one. */
  #crossNodes(car: number, streets: Streets): void {
    while (this.atM[car]! > this.#linkM[car]! && this.#left[car]! > 0) {
      const next = this.#next[car]!;
      const overM = this.atM[car]! - this.#linkM[car]!;
      const lane = this.#roomiestLane(next);
      const last = this.lanes.last[lane]!;
      const roomM = last === NOBODY ? Infinity : this.atM[last]! - CAR_M;
      if (roomM < 0) {
        // Another car merged in this very step: wait at the line.
        this.odometerM[car] = this.odometerM[car]! - overM;
        this.atM[car] = this.#linkM[car]!;
        this.speedMps[car] = 0;
        return;
      }
      const intoM = Math.min(overM, roomM);
      if (intoM < overM) this.speedMps[car] = Math.min(this.speedMps[car]!, this.speedMps[last]!);
      this.odometerM[car] = this.odometerM[car]! - (overM - intoM);
      this.lanes.remove(car);
      this.lanes.insert(car, lane, last);
      this.link[car] = next;
      this.atM[car] = intoM;
      const left = --this.#left[car]!;
      if (left > 0) this.#next[car] = this.#linkLeft(car, left);
      this.feel(car, streets);
    }
  }

  /** The link that is driven next when so many are left. `at` is slower. */
  #linkLeft(car: number, left: number): number {
    const route = this.#route[car]!;
    return route[route.length - left]!;
  }

  #leave(car: number): void {
    this.lanes.remove(car);
    this.speedMps[car] = 0;
    this.adviceMps[car] = Infinity;
    this.arrived.push(car);
  }

  #mustStop(link: number, nowMs: number, speedMps: number, distanceM: number): boolean {
    const light = this.#signals.light(link, nowMs);
    if (light === 'green') return false;
    const neededMps2 = (speedMps * speedMps) / (2 * Math.max(0.1, distanceM));
    return neededMps2 < (light === 'amber' ? AMBER_BRAKE_MPS2 : RED_BRAKE_MPS2);
  }

  #roomiestLane(link: number): number {
    const { last } = this.lanes;
    const first = this.links.firstLane(link);
    let best = first;
    let bestM = -1;
    for (let lane = first; lane < first + this.links.lanes(link); lane++) {
      const car = last[lane]!;
      if (car === NOBODY) return lane;
      if (this.atM[car]! > bestM) [best, bestM] = [lane, this.atM[car]!];
    }
    return best;
  }

  /** Who is next on a lane beyond a place. */
  #firstBeyond(lane: number, atM: number): number {
    let car = this.lanes.last[lane]!;
    while (car !== NOBODY && this.atM[car]! <= atM) car = this.lanes.ahead[car]!;
    return car;
  }
}

function stoppingM(speedMps: number): number {
  return (speedMps * speedMps) / (2 * URBAN_CAR.brakeMps2);
}
