// Cars on the street network: each follows the one ahead (IDM), slows for turns, stops at red. No lane changes on a link, no crossing
// conflicts at a node; the traffic that is not simulated car by car comes in through the desired speed.
import type { City } from '../city.ts';
import { URBAN_CAR, idmAcceleration } from '../physics/idm.ts';
import { Lanes, NOBODY } from './lanes.ts';
import type { Signals } from './signals.ts';

/** How far a driver looks, m: the stopping distance from 80 km/h at comfortable braking. */
const LOOK_AHEAD_M = 130;
/** Speed through a right-angle turn, m/s (EE). */
const TURN_MPS = 6;
/** A bend of more than this is a turn; cosine of 40°. */
const TURN_COSINE = 0.766;
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
const CAR_M = URBAN_CAR.lengthM;
const JAM_M = URBAN_CAR.jamGapM;

export class Traffic {
  readonly count: number;
  readonly lanes: Lanes;
  readonly link: Int32Array;
  /** Front bumper, metres from the link's start. */
  readonly atM: Float64Array;
  readonly speedMps: Float64Array;
  readonly accelMps2: Float64Array;
  readonly odometerM: Float64Array;
  /** Own share of the limit, and a ceiling from speed advice. */
  readonly driverFactor: Float64Array;
  readonly adviceMps: Float64Array;
  /** Links still to drive, `step` is the next one; the trip ends `endAtM` along the last. */
  readonly route: Int32Array[];
  readonly step: Int32Array;
  readonly endAtM: Float64Array;
  /** How long each car has stood without a red light, s. */
  readonly stuckS: Float64Array;
  /** Cars that ended their trip in the last step; they are off the street. */
  readonly arrived: number[] = [];
  readonly #lengthM: Float64Array;
  readonly #limitMps: Float64Array;
  readonly #dirX: Float64Array;
  readonly #dirY: Float64Array;
  readonly #signals: Signals;
  /** Free way ahead at the start of the sub-step, m: nobody moves further. */
  readonly #gapM: Float64Array;
  readonly #factor: Float64Array;

  constructor(city: City, signals: Signals, count: number) {
    const perCar = () => new Float64Array(count);
    this.count = count;
    this.lanes = new Lanes(city, count);
    this.link = new Int32Array(count);
    this.atM = perCar();
    this.speedMps = perCar();
    this.accelMps2 = perCar();
    this.odometerM = perCar();
    this.driverFactor = perCar().fill(1);
    this.adviceMps = perCar().fill(Infinity);
    this.route = Array.from({ length: count }, () => new Int32Array(0));
    this.step = new Int32Array(count);
    this.endAtM = perCar();
    this.stuckS = perCar();
    this.#gapM = perCar();
    this.#factor = perCar().fill(1);
    this.#signals = signals;
    this.#lengthM = Float64Array.from(city.links, (link) => link.lengthM);
    this.#limitMps = Float64Array.from(city.links, (link) => link.speedLimitMps);
    const along = (axis: 'x' | 'y') =>
      Float64Array.from(city.links, ({ from, to }) => {
        const [a, b] = [city.nodes[from]!, city.nodes[to]!];
        return (b[axis] - a[axis]) / Math.max(1e-6, Math.hypot(b.x - a.x, b.y - a.y));
      });
    this.#dirX = along('x');
    this.#dirY = along('y');
  }

  isDriving(car: number): boolean {
    return this.lanes.of[car] !== NOBODY;
  }

  /** Tells a car how fast its link runs now, relative to the limit. */
  feel(car: number, speedFactor: number): void {
    this.#factor[car] = Math.max(0.05, speedFactor);
  }

  /** Brings a car onto a link; false when there is no safe gap there. The route must be set. */
  enter(car: number, link: number, atM: number, speedMps: number): boolean {
    const lane = this.#roomiestLane(link);
    let behind = NOBODY;
    let ahead = this.lanes.last[lane]!;
    while (ahead !== NOBODY && this.atM[ahead]! <= atM) [behind, ahead] = [ahead, this.lanes.ahead[ahead]!];
    if (ahead !== NOBODY && this.atM[ahead]! - CAR_M - atM < JAM_M + stoppingM(speedMps)) return false;
    if (behind !== NOBODY && atM - CAR_M - this.atM[behind]! < JAM_M + stoppingM(this.speedMps[behind]!)) return false;
    this.lanes.insert(car, lane, ahead);
    this.link[car] = link;
    this.atM[car] = atM;
    this.speedMps[car] = speedMps;
    this.stuckS[car] = 0;
    return true;
  }

  /** Moves all cars by dtS ≤ 0.5 s: everybody looks first, then everybody moves. */
  advance(nowMs: number, dtS: number): void {
    this.arrived.length = 0;
    for (let car = 0; car < this.count; car++) if (this.isDriving(car)) this.#look(car, nowMs, dtS);
    for (let car = 0; car < this.count; car++) if (this.isDriving(car)) this.#move(car, dtS);
  }

  /** Decides a car's acceleration from the leader, the light, the bends and the end of its trip. */
  #look(car: number, nowMs: number, dtS: number): void {
    const speedMps = this.speedMps[car]!;
    const route = this.route[car]!;
    const ownMps = this.driverFactor[car]! * this.#factor[car]!;
    let link = this.link[car]!;
    let desiredMps = Math.min(this.adviceMps[car]!, ownMps * this.#limitMps[link]!);
    let leader = this.lanes.ahead[car]!;
    let leaderGapM = leader === NOBODY ? Infinity : this.atM[leader]! - CAR_M - this.atM[car]!;
    let haltM = Infinity;
    let red = false;
    let aheadM = this.#lengthM[link]! - this.atM[car]!;
    for (let step = this.step[car]!; ; step++) {
      if (step === route.length) {
        haltM = aheadM - this.#lengthM[link]! + this.endAtM[car]!;
        break;
      }
      if (aheadM > LOOK_AHEAD_M) break;
      if (this.#mustStop(link, nowMs, speedMps, aheadM - STOP_LINE_M)) {
        haltM = aheadM - STOP_LINE_M;
        red = true;
        break;
      }
      const next = route[step]!;
      const nextMps = Math.min(ownMps * this.#limitMps[next]!, this.#isTurn(link, next) ? TURN_MPS : Infinity);
      desiredMps = Math.min(desiredMps, Math.sqrt(nextMps * nextMps + 2 * PLANNED_BRAKE_MPS2 * aheadM));
      if (leader === NOBODY) {
        leader = this.lanes.last[this.#roomiestLane(next)]!;
        if (leader !== NOBODY) leaderGapM = aheadM + this.atM[leader]! - CAR_M;
      }
      aheadM += this.#lengthM[next]!;
      link = next;
    }
    // A point to stop at acts as a standing car whose rear is one jam gap further on.
    const closingMps = leader === NOBODY ? 0 : speedMps - this.speedMps[leader]!;
    const following = idmAcceleration(URBAN_CAR, speedMps, desiredMps, leaderGapM, closingMps);
    const halting = idmAcceleration(URBAN_CAR, speedMps, desiredMps, haltM + JAM_M, speedMps);
    this.accelMps2[car] = Math.min(following, halting);
    this.#gapM[car] = leaderGapM;
    this.stuckS[car] = speedMps < STANDING_MPS && !red ? this.stuckS[car]! + dtS : 0;
  }

  /** Ballistic update; nobody moves further than the gap seen before the step, so cars never overlap. */
  #move(car: number, dtS: number): void {
    const before = this.speedMps[car]!;
    const accel = this.accelMps2[car]!;
    const wanted = before + accel * dtS;
    const movedM = wanted >= 0 ? ((before + wanted) / 2) * dtS : (before * before) / (-2 * accel);
    const freeM = Math.max(0, this.#gapM[car]!);
    const distanceM = Math.min(movedM, freeM);
    this.speedMps[car] = movedM > freeM ? Math.min(Math.max(0, wanted), freeM / dtS) : Math.max(0, wanted);
    const fromM = this.atM[car]!;
    this.atM[car] = fromM + distanceM;
    this.odometerM[car] = this.odometerM[car]! + distanceM;
    this.#crossNodes(car);
    const atEnd = this.step[car] === this.route[car]!.length && this.endAtM[car]! - this.atM[car] <= ARRIVED_M;
    if (atEnd || this.stuckS[car]! > STUCK_S) this.#leave(car);
  }

  /** Carries a car over the end of its link, behind whoever is last on the next one. */
  #crossNodes(car: number): void {
    for (let link = this.link[car]!; this.atM[car]! > this.#lengthM[link]!; link = this.link[car]!) {
      const overM = this.atM[car]! - this.#lengthM[link]!;
      const next = this.route[car]![this.step[car]!]!;
      const lane = this.#roomiestLane(next);
      const last = this.lanes.last[lane]!;
      const roomM = last === NOBODY ? Infinity : this.atM[last]! - CAR_M;
      if (roomM < 0) {
        // Another car merged in this very step: wait at the line.
        this.odometerM[car] = this.odometerM[car]! - overM;
        this.atM[car] = this.#lengthM[link]!;
        this.speedMps[car] = 0;
        return;
      }
      const intoM = Math.min(overM, roomM);
      if (intoM < overM) this.speedMps[car] = Math.min(this.speedMps[car]!, this.speedMps[last]!);
      this.odometerM[car] = this.odometerM[car]! - (overM - intoM);
      this.lanes.remove(car);
      this.lanes.insert(car, lane, last === NOBODY ? NOBODY : this.lanes.last[lane]!);
      this.link[car] = next;
      this.atM[car] = intoM;
      this.step[car] = this.step[car]! + 1;
    }
  }

  #leave(car: number): void {
    this.lanes.remove(car);
    this.speedMps[car] = 0;
    this.accelMps2[car] = 0;
    this.adviceMps[car] = Infinity;
    this.arrived.push(car);
  }

  #mustStop(link: number, nowMs: number, speedMps: number, distanceM: number): boolean {
    const light = this.#signals.light(link, nowMs);
    if (light === 'green') return false;
    const neededMps2 = (speedMps * speedMps) / (2 * Math.max(0.1, distanceM));
    return neededMps2 < (light === 'amber' ? AMBER_BRAKE_MPS2 : RED_BRAKE_MPS2);
  }

  #isTurn(link: number, next: number): boolean {
    return this.#dirX[link]! * this.#dirX[next]! + this.#dirY[link]! * this.#dirY[next]! < TURN_COSINE;
  }

  #roomiestLane(link: number): number {
    let best = this.lanes.start[link]!;
    let bestM = -1;
    for (let lane = best; lane < this.lanes.start[link + 1]!; lane++) {
      const last = this.lanes.last[lane]!;
      if (last === NOBODY) return lane;
      if (this.atM[last]! > bestM) [best, bestM] = [lane, this.atM[last]!];
    }
    return best;
  }
}

function stoppingM(speedMps: number): number {
  return (speedMps * speedMps) / (2 * URBAN_CAR.brakeMps2);
}
