// A connected car: drives trips between districts, queues at lights, parks a while. Cars interact, so a fleet lives in one worker. They are
// a sample: the traffic around them comes from the streets. Charging, fuel and lane changes are not simulated.
import FlatQueue from 'flatqueue';
import type { Command } from '../../telemetry/messages.ts';
import type { City } from '../city.ts';
import type { CommandAnswer, Fleet, FleetContext, Model, Reporter } from '../fleet.ts';
import type { Random } from '../random.ts';
import { Destinations } from '../traffic/destinations.ts';
import { Receivers } from '../traffic/gnss.ts';
import { RouteSearch } from '../traffic/routes.ts';
import { BETWEEN_LIGHTS, Signals } from '../traffic/signals.ts';
import { Traffic } from '../traffic/traffic.ts';
import type { World } from '../world.ts';

const RECORD_MS = 10_000;
/** Longest integration step; the reference uses 0.25 s, which changes nothing visible at city scale. */
const STEP_MS = 500;
/** Cars of the sample under way at the day's peak: taxis and ride-hailing are over-represented in it (engineering estimate). */
const UNDER_WAY_AT_PEAK = 0.85;
/** How long a car rests between trips before it may be needed again, ms (engineering estimate). */
const REST_MIN_MS = 60_000;
const REST_MEAN_MS = 240_000;
/** A car that finds no way or no gap tries again after this, ms. */
const RETRY_MS = 5_000;
const DRIVER_SD = 0.1;
const DRIVER_RANGE = [0.8, 1.2] as const;
/** Counts as hard braking, m/s²; reported once in this time. */
const HARD_BRAKE_MPS2 = 4;
const HARD_BRAKE_EVERY_MS = 60_000;
const WAITING_MPS = 0.5;
const ADVICE_RANGE_MPS = [1, 40] as const;
/** Cars do not stop nearer than this to a node, m. */
const KERB_CLEAR_M = 15;

// Purposes of the random draws; DESTINATION takes two.
const PHASE = 1;
const DRIVER = 2;
const PLACE = 3;
const ALONG = 4;
const REST = 5;
const END = 6;
const UNDER_WAY = 7;
const ODOMETER = 8;
const DESTINATION = 10;

class Vehicles implements Fleet {
  readonly #city: City;
  readonly #random: Random;
  readonly #count: number;
  readonly #traffic: Traffic;
  readonly #routes: RouteSearch;
  readonly #destinations: Destinations;
  readonly #receivers: Receivers;
  /** Resting cars by the time at which they may leave. */
  readonly #resting = new FlatQueue();
  readonly #trips: Uint32Array;
  readonly #nextRecordMs: Float64Array;
  readonly #lastHardBrakeMs: Float64Array;
  readonly #headingDeg: Float64Array;
  readonly #linkHeadingDeg: Float64Array;
  #underWay = 0;
  #placed = false;

  constructor({ city, random, count, startMs }: FleetContext) {
    this.#city = city;
    this.#random = random;
    this.#count = count;
    this.#traffic = new Traffic(city, new Signals(city), count);
    this.#routes = new RouteSearch(city);
    this.#destinations = new Destinations(city, random);
    this.#receivers = new Receivers(count, random);
    this.#trips = new Uint32Array(count);
    this.#headingDeg = new Float64Array(count);
    this.#lastHardBrakeMs = new Float64Array(count).fill(-Infinity);
    this.#nextRecordMs = Float64Array.from(
      { length: count },
      (_, car) => startMs + random.uniform(car, PHASE, 0) * RECORD_MS,
    );
    this.#linkHeadingDeg = Float64Array.from(city.links, ({ from, to }) => {
      const [a, b] = [city.nodes[from]!, city.nodes[to]!];
      return ((Math.atan2(b.x - a.x, b.y - a.y) * 180) / Math.PI + 360) % 360;
    });
    for (let car = 0; car < count; car++) {
      const factor = 1 + DRIVER_SD * random.normal(car, DRIVER, 0);
      this.#traffic.driverFactor[car] = Math.max(DRIVER_RANGE[0], Math.min(DRIVER_RANGE[1], factor));
      this.#traffic.odometerM[car] = Math.round(random.uniform(car, ODOMETER, 0) * 80_000_000);
    }
  }

  tick(nowMs: number, dtMs: number, world: World, report: Reporter): void {
    const fromMs = nowMs - dtMs;
    if (!this.#placed) this.#place(fromMs, world);
    this.#leaveKerbs(nowMs, world);
    this.#feel(world);
    const steps = Math.ceil(dtMs / STEP_MS);
    for (let step = 1; step <= steps; step++) {
      const stepEndMs = fromMs + Math.round((dtMs * step) / steps);
      this.#traffic.advance(stepEndMs, dtMs / steps / 1000);
      for (const car of this.#traffic.arrived) this.#rest(car, stepEndMs);
      this.#reportHardBrakes(stepEndMs, report);
    }
    this.#tellStreets(world);
    for (let car = 0; car < this.#count; car++)
      if (this.#nextRecordMs[car]! <= nowMs) this.#reportCar(car, nowMs, report);
  }

  command(car: number, { name, args }: Command): CommandAnswer {
    if (name !== 'speedAdvice') return { state: 'rejected', reason: `unknown command ${name}, expected speedAdvice` };
    const { speedMps } = args;
    const [min, max] = ADVICE_RANGE_MPS;
    if (typeof speedMps !== 'number' || !(speedMps >= min && speedMps <= max)) {
      return { state: 'rejected', reason: `speedMps must be ${min}…${max}, got ${JSON.stringify(speedMps)}` };
    }
    if (!this.#traffic.isDriving(car)) return { state: 'rejected', reason: 'the car is parked' };
    this.#traffic.adviceMps[car] = speedMps;
    return { state: 'done' };
  }

  /** Warm start: as many cars as the hour wants are in the middle of a trip, the others rest at a kerb. */
  #place(nowMs: number, world: World): void {
    this.#placed = true;
    const cumulativeM = laneMetres(this.#city);
    const share = UNDER_WAY_AT_PEAK * world.people.traffic;
    for (let car = 0; car < this.#count; car++) {
      const { link, atM } = this.#startPlace(car, cumulativeM);
      this.#traffic.link[car] = link;
      this.#traffic.atM[car] = atM;
      this.#headingDeg[car] = this.#linkHeadingDeg[link]!;
      const speedMps = 0.6 * this.#city.links[link]!.speedLimitMps * world.streets.speedFactor(link);
      const drives = this.#random.uniform(car, UNDER_WAY, 0) < share;
      if (!drives || !this.#depart(car, speedMps)) this.#resting.push(car, nowMs + this.#restMs(car));
    }
  }

  #startPlace(car: number, cumulativeM: Float64Array): { link: number; atM: number } {
    const link = findRow(cumulativeM, this.#random.uniform(car, PLACE, 0) * cumulativeM.at(-1)!);
    return { link, atM: this.#kerbM(link, this.#random.uniform(car, ALONG, 0)) };
  }

  /** Starts a trip from where the car stands; false when there is no way or no gap. */
  #depart(car: number, speedMps: number): boolean {
    const traffic = this.#traffic;
    const trip = ++this.#trips[car]!;
    const link = traffic.link[car]!;
    const here = this.#city.links[link]!.to;
    const goal = this.#destinations.next(here, car, DESTINATION, trip);
    const route = this.#routes.find(link, goal);
    if (route === undefined || route.length === 0) return false;
    traffic.route[car] = route;
    traffic.step[car] = 0;
    traffic.endAtM[car] = this.#kerbM(route.at(-1)!, this.#random.uniform(car, END, trip));
    if (!traffic.enter(car, link, traffic.atM[car]!, speedMps)) return false;
    this.#underWay++;
    return true;
  }

  /** Cars leave as long as fewer are under way than the hour wants, a few at a time. */
  #leaveKerbs(nowMs: number, world: World): void {
    const wanted = UNDER_WAY_AT_PEAK * world.people.traffic * this.#count;
    while (this.#underWay < wanted && (this.#resting.peekValue() ?? Infinity) <= nowMs) {
      const car = this.#resting.pop()!;
      if (!this.#depart(car, 0)) this.#resting.push(car, nowMs + RETRY_MS);
    }
  }

  #rest(car: number, nowMs: number): void {
    this.#underWay--;
    this.#resting.push(car, nowMs + this.#restMs(car));
  }

  #restMs(car: number): number {
    return REST_MIN_MS + this.#random.exponential(REST_MEAN_MS, car, REST, this.#trips[car]!);
  }

  /** A place at the kerb of a link, away from its nodes. share 0…1 */
  #kerbM(link: number, share: number): number {
    const { lengthM } = this.#city.links[link]!;
    const clearM = Math.min(KERB_CLEAR_M, lengthM * 0.4);
    return clearM + share * (lengthM - 2 * clearM);
  }

  #feel(world: World): void {
    const traffic = this.#traffic;
    for (let car = 0; car < this.#count; car++) {
      if (!traffic.isDriving(car)) continue;
      const link = traffic.link[car]!;
      const betweenLights = BETWEEN_LIGHTS[this.#city.links[link]!.streetClass];
      traffic.feel(car, Math.min(1, betweenLights * world.streets.speedFactor(link)));
    }
  }

  #tellStreets(world: World): void {
    const traffic = this.#traffic;
    for (let car = 0; car < this.#count; car++) {
      if (traffic.isDriving(car)) world.streets.observe(traffic.link[car]!, traffic.speedMps[car]!);
    }
  }

  #reportHardBrakes(nowMs: number, report: Reporter): void {
    const traffic = this.#traffic;
    for (let car = 0; car < this.#count; car++) {
      if (traffic.accelMps2[car]! >= -HARD_BRAKE_MPS2) continue;
      if (nowMs - this.#lastHardBrakeMs[car]! < HARD_BRAKE_EVERY_MS) continue;
      this.#lastHardBrakeMs[car] = nowMs;
      report.event(car, nowMs, 'hardBrake', undefined, { ...this.#fix(car, nowMs), speedMps: traffic.speedMps[car]! });
    }
  }

  #reportCar(car: number, nowMs: number, report: Reporter): void {
    const traffic = this.#traffic;
    while (this.#nextRecordMs[car]! <= nowMs) this.#nextRecordMs[car]! += RECORD_MS;
    const speedMps = traffic.speedMps[car]!;
    const link = traffic.link[car]!;
    // A receiver's heading is held while the car stands.
    if (speedMps >= WAITING_MPS) this.#headingDeg[car] = this.#linkHeadingDeg[link]!;
    report.record(car, nowMs, {
      ...this.#fix(car, nowMs),
      // A parked car is switched off and measures no speed.
      speedMps: traffic.isDriving(car) ? speedMps : undefined,
      headingDeg: this.#headingDeg[car]!,
      odometerM: traffic.odometerM[car]!,
      street: this.#city.streetNames[this.#city.links[link]!.name]?.en,
      status: !traffic.isDriving(car) ? 'parked' : speedMps < WAITING_MPS ? 'waiting' : 'driving',
    });
  }

  #fix(car: number, nowMs: number): { lat: number; lon: number } {
    const link = this.#city.links[this.#traffic.link[car]!]!;
    const [a, b] = [this.#city.nodes[link.from]!, this.#city.nodes[link.to]!];
    const share = this.#traffic.atM[car]! / link.lengthM;
    const measured = this.#receivers.fix(car, nowMs, a.x + share * (b.x - a.x), a.y + share * (b.y - a.y));
    return this.#city.toLonLat(measured);
  }
}

/** Cumulative length of lanes by link, m. */
function laneMetres(city: City): Float64Array {
  let sum = 0;
  return Float64Array.from(city.links, ({ lengthM, lanes }) => (sum += lengthM * lanes));
}

/** Index of the first value above `drawn`, by bisection. */
function findRow(cumulative: Float64Array, drawn: number): number {
  let low = 0;
  let high = cumulative.length - 1;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (cumulative[middle]! > drawn) high = middle;
    else low = middle + 1;
  }
  return low;
}

export const model: Model = {
  description: {
    kind: 'vehicle',
    label: 'Vehicle',
    labels: { zh: '车辆' },
    fields: {
      lat: { label: 'Latitude', labels: { zh: '纬度' }, unit: 'deg', min: -90, max: 90, resolution: 1e-7 },
      lon: { label: 'Longitude', labels: { zh: '经度' }, unit: 'deg', min: -180, max: 180, resolution: 1e-7 },
      speedMps: { label: 'Speed', labels: { zh: '速度' }, unit: 'm/s', min: 0, max: 60, resolution: 0.1 },
      headingDeg: { label: 'Heading', labels: { zh: '航向' }, unit: 'deg', min: 0, max: 360, resolution: 1 },
      odometerM: { label: 'Odometer', labels: { zh: '里程' }, unit: 'm', min: 0, resolution: 1 },
      street: { label: 'Street', labels: { zh: '道路' }, unit: '', type: 'string' },
      status: {
        label: 'Status',
        labels: { zh: '状态' },
        unit: '',
        type: 'string',
        enum: ['driving', 'waiting', 'parked'],
      },
    },
    events: { hardBrake: { label: 'Hard braking', labels: { zh: '急刹车' }, severity: 'info' } },
    commands: {
      speedAdvice: {
        label: 'Drive no faster than, until the end of the trip',
        labels: { zh: '限速建议（至行程结束）' },
        args: {
          type: 'object',
          properties: {
            speedMps: {
              type: 'number',
              title: 'Speed, m/s',
              minimum: ADVICE_RANGE_MPS[0],
              maximum: ADVICE_RANGE_MPS[1],
            },
          },
          required: ['speedMps'],
          additionalProperties: false,
        },
      },
    },
  },
  qos: 0,
  demoCount: 1000,
  sources: [
    'Treiber, Hennecke & Helbing, Congested traffic states in empirical observations and microscopic simulations, Phys. Rev. E 62, 2000 (Intelligent Driver Model)',
    'Shao, Rong & Liu, study on the saturation flow rate of signalized intersections in China, 2011 (1,800 pc/h/lane, met by the driver set)',
    'Wuxi traffic report on mean speeds, 2022: 27.9 km/h at the peak',
  ],
  createFleet: (context) => new Vehicles(context),
};
