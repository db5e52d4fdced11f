// A connected car: drives trips between districts, queues at lights, keeps clear of closed streets, parks a while. Cars interact, so a fleet
// lives in one worker. They are a sample: the traffic around them comes from the streets. Charging, fuel and lane changes are not simulated,
// nor does a crowd draw cars: destinations are what they are on any day.
import FlatQueue from 'flatqueue';
import type { Command } from '../../telemetry/messages.ts';
import type { City, Point } from '../city.ts';
import type { CommandAnswer, Fleet, FleetContext, Model, Reporter } from '../fleet.ts';
import type { Random } from '../random.ts';
import { Receivers } from '../traffic/gnss.ts';
import { NOBODY_DUE, Rota } from '../traffic/rota.ts';
import { Signals } from '../traffic/signals.ts';
import { Traffic } from '../traffic/traffic.ts';
import { Trips } from '../traffic/trips.ts';
import type { Streets, World } from '../world.ts';

const RECORD_MS = 10_000;
/** Longest integration step. 0.25 s changes nothing visible; at 1 s dense platoons break down and a car in 400 crosses a node on red. */
const STEP_MS = 500;
/** The streets are told every second step. */
const STEPS_PER_OBSERVATION = 2;
/** Cars of the sample under way at the day's peak: taxis and ride-hailing are over-represented in it (engineering estimate). */
const UNDER_WAY_AT_PEAK = 0.85;
/** How long a car rests between trips before it may be needed again, ms (engineering estimate). */
const REST_MIN_MS = 60_000;
const REST_MEAN_MS = 240_000;
/** A car that finds no way or no gap tries again after this, ms. */
const RETRY_MS = 5_000;
const DRIVER_SD = 0.1;
const DRIVER_RANGE = [0.8, 1.2] as const;
/** Hard braking is reported once in this time. */
const HARD_BRAKE_EVERY_MS = 60_000;
const WAITING_MPS = 0.5;
const ADVICE_RANGE_MPS = [1, 40] as const;

// Purposes of the random draws; trips and receivers have their own.
const PHASE = 1;
const DRIVER = 2;
const PLACE = 3;
const ALONG = 4;
const REST = 5;
const UNDER_WAY = 7;
const ODOMETER = 8;

const NO_ROUTE = new Int32Array(0);

class Vehicles implements Fleet {
  readonly #city: City;
  readonly #random: Random;
  readonly #count: number;
  readonly #traffic: Traffic;
  readonly #trips: Trips;
  readonly #receivers: Receivers;
  readonly #rota: Rota;
  /** Resting cars by the time at which they may leave. */
  readonly #resting = new FlatQueue();
  readonly #lastHardBrakeMs: Float64Array;
  readonly #headingDeg: Float64Array;
  readonly #streetOfLink: readonly (string | undefined)[];
  #underWay = 0;
  #placed = false;

  constructor({ city, random, count, startMs }: FleetContext) {
    this.#city = city;
    this.#random = random;
    this.#count = count;
    this.#traffic = new Traffic(city, new Signals(city), count);
    this.#trips = new Trips(city, random, count);
    this.#receivers = new Receivers(count, random);
    this.#rota = new Rota(count, RECORD_MS, startMs, random, PHASE);
    this.#headingDeg = new Float64Array(count);
    this.#streetOfLink = city.links.map(({ name }) => city.streetNames[name]?.en);
    this.#lastHardBrakeMs = new Float64Array(count).fill(-Infinity);
    for (let car = 0; car < count; car++) {
      const factor = 1 + DRIVER_SD * random.normal(car, DRIVER, 0);
      this.#traffic.driverFactor[car] = Math.max(DRIVER_RANGE[0], Math.min(DRIVER_RANGE[1], factor));
      this.#traffic.odometerM[car] = Math.round(random.uniform(car, ODOMETER, 0) * 80_000_000);
    }
    this.#standAnywhere();
  }

  tick(nowMs: number, dtMs: number, { people, streets }: World, report: Reporter): void {
    const fromMs = nowMs - dtMs;
    const wanted = UNDER_WAY_AT_PEAK * people.traffic * this.#count;
    if (this.#trips.heed(streets)) this.#divert();
    if (!this.#placed) this.#place(fromMs, wanted / this.#count, streets);
    const steps = Math.ceil(dtMs / STEP_MS);
    for (let step = 1; step <= steps; step++) {
      const stepMs = fromMs + Math.round((dtMs * step) / steps);
      this.#leaveKerbs(stepMs, wanted, streets);
      this.#traffic.advance(stepMs, dtMs / steps / 1000, streets);
      for (const car of this.#traffic.arrived) this.#rest(car, stepMs);
      for (const car of this.#traffic.braking) this.#reportHardBrake(car, stepMs, report);
      if (step % STEPS_PER_OBSERVATION === 0 || step === steps) this.#traffic.observe(streets);
      for (let car = this.#rota.due(stepMs); car !== NOBODY_DUE; car = this.#rota.due(stepMs)) {
        this.#reportCar(car, stepMs, report);
        // In between, a driver feels a change on the next link.
        this.#traffic.feel(car, streets);
      }
    }
  }

  placeOf(car: number): Point {
    return this.#traffic.placeOf(car);
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

  /** Every car stands at a kerb, more of them where there are more lanes. */
  #standAnywhere(): void {
    const traffic = this.#traffic;
    const cumulativeM = laneMetres(this.#city);
    for (let car = 0; car < this.#count; car++) {
      const link = findRow(cumulativeM, this.#random.uniform(car, PLACE, 0) * cumulativeM.at(-1)!);
      traffic.link[car] = link;
      traffic.atM[car] = this.#trips.kerbM(link, this.#random.uniform(car, ALONG, 0));
      this.#headingDeg[car] = traffic.links.headingDeg(link);
    }
  }

  /** Warm start: a share of the cars is in the middle of a trip, the others rest at a kerb. */
  #place(nowMs: number, share: number, streets: Streets): void {
    this.#placed = true;
    for (let car = 0; car < this.#count; car++) {
      const link = this.#traffic.link[car]!;
      const speedMps = 0.6 * this.#traffic.links.limitMps(link) * streets.speedFactor(link);
      const drives = this.#random.uniform(car, UNDER_WAY, 0) < share;
      if (!drives || !this.#depart(car, speedMps, streets)) this.#resting.push(car, nowMs + this.#restMs(car));
    }
  }

  /** Starts a trip from where the car stands; false when the street is closed or full, or leads nowhere. */
  #depart(car: number, speedMps: number, streets: Streets): boolean {
    const traffic = this.#traffic;
    const link = traffic.link[car]!;
    const atM = traffic.atM[car]!;
    if (this.#trips.isClosed(link) || !traffic.hasGap(link, atM, speedMps)) return false;
    const trip = this.#trips.next(car, link);
    if (trip === undefined) return false;
    traffic.follow(car, trip.route, trip.endAtM);
    traffic.enter(car, link, atM, speedMps, streets);
    this.#underWay++;
    return true;
  }

  /** Streets were closed or opened: cars whose way is shut take another one from the next node on, those shut in park. */
  #divert(): void {
    const traffic = this.#traffic;
    for (let car = 0; car < this.#count; car++) {
      if (!traffic.isDriving(car)) continue;
      const link = traffic.link[car]!;
      const rest = traffic.restOf(car);
      if (this.#trips.isOpen(link, rest)) continue;
      const trip = this.#trips.detour(car, link, rest);
      if (trip !== undefined) traffic.follow(car, trip.route, trip.endAtM);
      else traffic.follow(car, NO_ROUTE, Math.max(traffic.atM[car]!, this.#trips.kerbM(link, 1)));
    }
  }

  /** Cars leave as long as fewer are under way than the hour wants, a few at a time. */
  #leaveKerbs(nowMs: number, wanted: number, streets: Streets): void {
    while (this.#underWay < wanted && (this.#resting.peekValue() ?? Infinity) <= nowMs) {
      const car = this.#resting.pop()!;
      if (!this.#depart(car, 0, streets)) this.#resting.push(car, nowMs + RETRY_MS);
    }
  }

  #rest(car: number, nowMs: number): void {
    this.#underWay--;
    this.#resting.push(car, nowMs + this.#restMs(car));
  }

  #restMs(car: number): number {
    return REST_MIN_MS + this.#random.exponential(REST_MEAN_MS, car, REST, this.#trips.drawn(car));
  }

  #reportHardBrake(car: number, nowMs: number, report: Reporter): void {
    if (nowMs - this.#lastHardBrakeMs[car]! < HARD_BRAKE_EVERY_MS) return;
    this.#lastHardBrakeMs[car] = nowMs;
    const { lat, lon } = this.#city.toLonLat(this.#receivers.fix(car, nowMs, this.placeOf(car)));
    report.event(car, nowMs, 'hardBrake', undefined, { lat, lon, speedMps: this.#traffic.speedMps[car]! });
  }

  #reportCar(car: number, nowMs: number, report: Reporter): void {
    const traffic = this.#traffic;
    const speedMps = traffic.speedMps[car]!;
    const link = traffic.link[car]!;
    const drives = traffic.isDriving(car);
    // A receiver's heading is held while the car stands.
    if (speedMps >= WAITING_MPS) this.#headingDeg[car] = traffic.links.headingDeg(link);
    const place = traffic.placeOf(car);
    const { lat, lon } = this.#city.toLonLat(this.#receivers.fix(car, nowMs, place));
    const truth = this.#city.toLonLat(place);
    report.record(
      car,
      nowMs,
      {
        lat,
        lon,
        // A parked car is switched off and measures no speed.
        speedMps: drives ? speedMps : undefined,
        headingDeg: this.#headingDeg[car]!,
        odometerM: traffic.odometerM[car]!,
        street: this.#streetOfLink[link],
        status: !drives ? 'parked' : speedMps < WAITING_MPS ? 'waiting' : 'driving',
      },
      { trueLat: truth.lat, trueLon: truth.lon },
    );
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
      speedMps: { label: 'Speed', labels: { zh: '速度' }, unit: 'm/s', min: 0, max: 60, resolution: 0.1, sensor: {} },
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
  interacts: true,
  // Measured over a day, with 12 to 300 cars: at most half of these. Streets and demand change once a tick.
  tickTolerance: { speedMps: 0.03, headingDeg: 0.015, odometerM: 0.001 },
  hidden: {
    trueLat: { label: 'True latitude', labels: { zh: '真实纬度' }, unit: 'deg', min: -90, max: 90, resolution: 1e-7 },
    trueLon: {
      label: 'True longitude',
      labels: { zh: '真实经度' },
      unit: 'deg',
      min: -180,
      max: 180,
      resolution: 1e-7,
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
