// A city bus on its line: drives from stop to stop with the street's speed, takes in and lets out passengers, rests at its terminals, burns
// diesel, breaks down now and then. Drivers always comply with a hold. Buses of a line meet through their stops, so they are one fleet.
import type { Command } from '../../telemetry/messages.ts';
import { Line, LAYOVER_MIN_S } from '../bus/line.ts';
import { busDescription } from '../bus/description.ts';
import { CAPACITY, SEATS, startLoad } from '../bus/start-load.ts';
import type { CommandAnswer, Fleet, FleetContext, Model, Reporter } from '../fleet.ts';
import { CURB_MASS_KG, PASSENGER_MASS_KG, fuelRateLPerS, wheelPowerW } from '../physics/bus-energy.ts';
import { dwellS } from '../physics/dwell.ts';
import type { World } from '../world.ts';
import { Receivers } from '../traffic/gnss.ts';

const REPORT_EVERY_MS = 5000;
/** Longest step of the movement, s. */
const STEP_S = 1;
const ACCEL_MPS2 = 0.9;
const BRAKE_MPS2 = 1;
/** A bus this near to its stop has arrived, m. */
const ARRIVED_M = 0.5;
/** Running time of a segment varies with this log standard deviation (EE). */
const SEGMENT_SIGMA = 0.2;
/** Something is in the way: chance per segment, and how long, s (EE). */
const INCIDENT_CHANCE = 0.003;
const INCIDENT_S = [60, 240] as const;
/** Umbrellas: dwell in rain (EE). */
const RAIN_DWELL = 1.1;
const AIR_CONDITIONING_FROM_C = 26;
/** Mechanical breakdowns, and the service vehicle's time (EE). */
const KM_PER_BREAKDOWN = 10_000;
const BREAKDOWN_MS = 45 * 60_000;
/** Reaction of a driver to the dispatcher, s: lognormal (EE). */
const REACTION_S = 4;
const REACTION_SIGMA = 0.4;
const HOLD_RANGE_S = [1, 600] as const;
/** Alarms: share of the planned headway, share of the capacity; cleared at the second value. */
const BUNCHED = [0.25, 0.5] as const;
const CROWDED = [0.95, 0.8] as const;
/** Speed noise of a receiver, and the speed below which heading is kept. */
const SPEED_SIGMA_MPS = 0.1;

// Purposes of the random draws.
const PHASE = 1;
const SEGMENT = 2;
const INCIDENT = 3;
const INCIDENT_LENGTH = 4;
const BREAKDOWN = 5;
const REACTION = 6;
const START = 7;
const SPEED = 8;
const ODOMETER = 9;

type Mode = 'inTransitTo' | 'stoppedAt' | 'holding' | 'layover' | 'broken';

interface Hold {
  readonly id: string;
  readonly durationMs: number;
  /** Not before the driver has reacted. */
  readonly fromMs: number;
  untilMs: number;
}

interface Bus {
  readonly index: number;
  readonly line: Line;
  direction: 0 | 1;
  mode: Mode;
  atM: number;
  speedMps: number;
  accelMps2: number;
  /** The stop at which it stands, or to which it drives. */
  stop: number;
  /** Passengers by destination stop, and in all. */
  readonly aboard: Uint16Array;
  load: number;
  boarded: number;
  alighted: number;
  denied: number;
  readyMs: number;
  hold: Hold | undefined;
  slotMs: number;
  delayS: number;
  segment: number;
  segmentFactor: number;
  blockedUntilMs: number;
  odometerM: number;
  breakdownAtM: number;
  breakdowns: number;
  fuelL: number;
  reportMs: number;
  reports: number;
  reactions: number;
  bunched: boolean;
  crowded: boolean;
}

export const model: Model = {
  description: busDescription,
  qos: 0,
  demoCount: 120,
  sources: [
    'Dwell: Transit Capacity and Quality of Service Manual; Shockley, Salinas & Taylor (boarding by card)',
    'Demand: Wuxi bus company 2012, 400 boardings per bus and day; hourly shares are engineering estimates',
    'Diesel: Zhang et al., Applied Energy 113, 2014; Madrid PEMS study, Applied Energy, 2020',
  ],
  createFleet: (context) => new Buses(context),
};

class Buses implements Fleet {
  readonly #context: FleetContext;
  readonly #buses: readonly Bus[];
  readonly #lines: readonly Line[];
  readonly #receivers: Receivers;
  #nowMs: number;

  constructor(context: FleetContext) {
    const { city, count, random, startMs } = context;
    this.#context = context;
    this.#nowMs = startMs;
    this.#receivers = new Receivers(count, random.fork('gnss'));
    const onLine = (line: number) => Math.floor((count - line - 1) / city.lines.length) + 1;
    this.#lines = city.lines.map(
      (line, i) => new Line(city, line, Math.max(0, onLine(i)), random.fork(`line ${line.id}`), startMs),
    );
    this.#buses = Array.from({ length: count }, (_, index) => this.#bus(index, onLine(index % city.lines.length)));
    for (const line of this.#lines) this.#beginStops(line);
  }

  tick(nowMs: number, dtMs: number, world: World, report: Reporter): void {
    for (let fromMs = nowMs - dtMs; fromMs < nowMs;) {
      const stepMs = Math.min(STEP_S * 1000, nowMs - fromMs);
      fromMs += stepMs;
      this.#nowMs = fromMs;
      for (const bus of this.#buses) this.#live(bus, stepMs / 1000, world, report);
    }
  }

  command(index: number, { id, name, args }: Command, nowMs: number, report: Reporter): CommandAnswer {
    const bus = this.#buses[index]!;
    if (name === 'hold') return this.#takeHold(bus, id, args.durationS, nowMs);
    if (name !== 'departNow')
      return { state: 'rejected', reason: `unknown command ${name}, expected one of hold, departNow` };
    if (bus.hold === undefined && bus.mode !== 'holding') return { state: 'rejected', reason: 'the bus is not held' };
    this.#endHold(bus, report);
    return { state: 'done' };
  }

  // — life —

  #live(bus: Bus, stepS: number, world: World, report: Reporter): void {
    if (bus.mode === 'inTransitTo') this.#drive(bus, stepS, world, report);
    else if (bus.mode === 'stoppedAt' || bus.mode === 'holding') this.#stand(bus, world, report);
    else if (bus.mode === 'layover') this.#rest(bus, world, report);
    else if (this.#nowMs >= bus.readyMs) this.#repaired(bus, report);
    this.#burn(bus, stepS, world);
    if (this.#nowMs >= bus.reportMs) {
      bus.reportMs += REPORT_EVERY_MS * Math.ceil((this.#nowMs - bus.reportMs + 1) / REPORT_EVERY_MS);
      this.#report(bus, report);
    }
  }

  #drive(bus: Bus, stepS: number, world: World, report: Reporter): void {
    const path = bus.line.paths[bus.direction];
    const leftM = path.stops[bus.stop]!.atM - bus.atM;
    const street = world.streets.speedFactor(path.linkAt(bus.atM));
    const blocked = this.#nowMs < bus.blockedUntilMs;
    const wantedMps = blocked ? 0 : Math.max(1.5, path.cruiseMps(bus.atM, street) * bus.segmentFactor);
    // v²/2b is the way to a standstill.
    const brakingMps = Math.sqrt(2 * BRAKE_MPS2 * Math.max(0, leftM));
    const fasterMps = Math.min(wantedMps, bus.speedMps + ACCEL_MPS2 * stepS);
    const nextMps = Math.min(brakingMps, Math.max(fasterMps, bus.speedMps - BRAKE_MPS2 * stepS));
    const drivenM = Math.min(leftM, ((bus.speedMps + nextMps) / 2) * stepS);
    bus.atM += drivenM;
    bus.odometerM += drivenM;
    bus.accelMps2 = (nextMps - bus.speedMps) / stepS;
    bus.speedMps = nextMps;
    if (leftM - drivenM <= ARRIVED_M) this.#arrive(bus, world, report);
    else if (bus.odometerM >= bus.breakdownAtM) this.#breakDown(bus, report);
  }

  #arrive(bus: Bus, world: World, report: Reporter): void {
    const path = bus.line.paths[bus.direction];
    bus.atM = path.stops[bus.stop]!.atM;
    bus.speedMps = 0;
    bus.accelMps2 = 0;
    bus.mode = 'stoppedAt';
    bus.delayS = (this.#nowMs - bus.slotMs) / 1000 - path.planS[bus.stop]!;
    this.#openDoors(bus, world, report);
    if (bus.hold !== undefined) bus.hold.untilMs = Math.max(bus.readyMs, bus.hold.fromMs) + bus.hold.durationMs;
  }

  #openDoors(bus: Bus, world: World, report: Reporter): void {
    const alighted = bus.aboard[bus.stop]!;
    bus.aboard[bus.stop] = 0;
    bus.load -= alighted;
    bus.alighted = alighted;
    bus.boarded = 0;
    bus.denied = 0;
    const standees = bus.load > SEATS;
    this.#board(bus, world);
    const rain = world.sky.rainMmPerH > 0 ? RAIN_DWELL : 1;
    bus.readyMs = this.#nowMs + 1000 * rain * dwellS(bus.boarded, alighted, standees);
    this.#report(bus, report);
  }

  #board(bus: Bus, world: World): void {
    const { demand, paths } = bus.line;
    if (bus.stop === paths[bus.direction].stops.length - 1) return;
    const people = demand[bus.direction];
    people.gather(bus.stop, this.#nowMs, world.people.boardingShare);
    const taken = Math.min(people.waiting[bus.stop]!, CAPACITY - bus.load);
    for (let i = 0; i < taken; i++) bus.aboard[people.destination(bus.stop)]!++;
    people.waiting[bus.stop]! -= taken;
    bus.load += taken;
    bus.boarded += taken;
    bus.denied = people.waiting[bus.stop]!;
  }

  #stand(bus: Bus, world: World, report: Reporter): void {
    if (this.#nowMs < bus.readyMs) return;
    if (bus.hold !== undefined && this.#nowMs < bus.hold.untilMs) {
      if (bus.mode === 'holding') return;
      bus.mode = 'holding';
      this.#report(bus, report);
      return;
    }
    if (!bus.line.mayLeave(bus.direction, bus.stop, this.#nowMs)) return;
    if (bus.stop === bus.line.paths[bus.direction].stops.length - 1) this.#turn(bus, report);
    else this.#depart(bus, world, report);
  }

  #depart(bus: Bus, world: World, report: Reporter): void {
    // Those who came while the doors were open are aboard.
    this.#board(bus, world);
    const { headwayS: plannedS } = bus.line;
    const headwayS = bus.line.leave(bus.direction, bus.stop, this.#nowMs);
    bus.delayS = (this.#nowMs - bus.slotMs) / 1000 - bus.line.paths[bus.direction].planS[bus.stop]!;
    this.#endHold(bus, report);
    bus.mode = 'inTransitTo';
    bus.stop++;
    this.#beginSegment(bus);
    const left = { boarded: bus.boarded, alighted: bus.alighted, denied: bus.denied };
    this.#report(bus, report, headwayS === undefined ? left : { ...left, headwayS });
    if (headwayS !== undefined)
      this.#warn(bus, 'bunched', 'bunching', headwayS < plannedS * BUNCHED[bus.bunched ? 1 : 0], report);
    this.#warn(bus, 'crowded', 'crowded', bus.load > CAPACITY * CROWDED[bus.crowded ? 1 : 0], report);
  }

  /** At the end of its way: everybody has left; the bus serves the other direction next. */
  #turn(bus: Bus, report: Reporter): void {
    this.#endHold(bus, report);
    bus.direction = bus.direction === 0 ? 1 : 0;
    bus.stop = 0;
    bus.atM = 0;
    bus.mode = 'layover';
    bus.readyMs = this.#nowMs + LAYOVER_MIN_S * 1000;
    bus.line.resting[bus.direction].push(bus.index);
    this.#report(bus, report);
  }

  #rest(bus: Bus, world: World, report: Reporter): void {
    const queue = bus.line.resting[bus.direction];
    if (queue[0] !== bus.index || this.#nowMs < bus.readyMs) return;
    const slotMs = bus.line.takeSlotMs(bus.direction, this.#nowMs);
    if (slotMs === undefined) return;
    queue.shift();
    bus.slotMs = slotMs;
    bus.mode = 'stoppedAt';
    this.#openDoors(bus, world, report);
  }

  #beginSegment(bus: Bus): void {
    const { random } = this.#context;
    const draw = bus.segment++;
    bus.segmentFactor = Math.exp(-SEGMENT_SIGMA * random.normal(bus.index, SEGMENT, draw));
    if (random.uniform(bus.index, INCIDENT, draw) > INCIDENT_CHANCE) return;
    const [least, most] = INCIDENT_S;
    bus.blockedUntilMs =
      this.#nowMs + 1000 * (least + (most - least) * random.uniform(bus.index, INCIDENT_LENGTH, draw));
  }

  // — trouble and commands —

  /** Passengers leave and wait for the next bus at the stop ahead. */
  #breakDown(bus: Bus, report: Reporter): void {
    bus.breakdowns++;
    bus.breakdownAtM =
      bus.odometerM + this.#context.random.exponential(KM_PER_BREAKDOWN * 1000, bus.index, BREAKDOWN, bus.breakdowns);
    bus.mode = 'broken';
    bus.speedMps = 0;
    bus.accelMps2 = 0;
    bus.readyMs = this.#nowMs + BREAKDOWN_MS;
    const last = bus.line.paths[bus.direction].stops.length - 1;
    if (bus.stop < last) bus.line.demand[bus.direction].waiting[bus.stop]! += bus.load - bus.aboard[bus.stop]!;
    bus.aboard.fill(0);
    bus.load = 0;
    report.event(bus.index, this.#nowMs, 'breakdown', 'raised');
    this.#report(bus, report);
  }

  #repaired(bus: Bus, report: Reporter): void {
    bus.mode = 'inTransitTo';
    report.event(bus.index, this.#nowMs, 'breakdown', 'cleared');
    this.#report(bus, report);
  }

  #takeHold(bus: Bus, id: string, durationS: unknown, nowMs: number): CommandAnswer {
    const [min, max] = HOLD_RANGE_S;
    const refuse = (reason: string): CommandAnswer => ({ state: 'rejected', reason });
    if (typeof durationS !== 'number' || !Number.isInteger(durationS) || durationS < min || durationS > max) {
      return refuse(`durationS must be a whole number ${min}…${max}, got ${JSON.stringify(durationS)}`);
    }
    if (bus.mode === 'layover') return refuse('the bus rests at its terminal and leaves by the timetable');
    if (bus.mode === 'broken') return refuse('the bus is broken down');
    if (bus.hold !== undefined) return refuse('the bus is already asked to hold');
    const reactionS = this.#context.random.lognormal(REACTION_S, REACTION_SIGMA, bus.index, REACTION, bus.reactions++);
    const fromMs = nowMs + 1000 * reactionS;
    const durationMs = durationS * 1000;
    // Under way it holds at the next stop: until when is known there.
    const untilMs = bus.mode === 'inTransitTo' ? Infinity : Math.max(bus.readyMs, fromMs) + durationMs;
    bus.hold = { id, durationMs, fromMs, untilMs };
    return { state: 'accepted' };
  }

  #endHold(bus: Bus, report: Reporter): void {
    if (bus.hold === undefined) return;
    report.ack(bus.index, this.#nowMs, bus.hold.id, 'done');
    bus.hold = undefined;
    if (bus.mode === 'holding') bus.mode = 'stoppedAt';
  }

  #warn(bus: Bus, flag: 'bunched' | 'crowded', name: string, now: boolean, report: Reporter): void {
    if (bus[flag] === now) return;
    bus[flag] = now;
    report.event(bus.index, this.#nowMs, name, now ? 'raised' : 'cleared');
  }

  // — energy and telemetry —

  #burn(bus: Bus, stepS: number, world: World): void {
    if (bus.mode === 'broken') return;
    const massKg = CURB_MASS_KG + PASSENGER_MASS_KG * bus.load;
    const coolers = world.sky.tempC > AIR_CONDITIONING_FROM_C;
    bus.fuelL += stepS * fuelRateLPerS(wheelPowerW(massKg, bus.speedMps, bus.accelMps2), coolers);
  }

  #report(bus: Bus, report: Reporter, more: { readonly [name: string]: number } = {}): void {
    const { city, random } = this.#context;
    const path = bus.line.paths[bus.direction];
    const place = path.at(bus.atM);
    const { lat, lon } = city.toLonLat(this.#receivers.fix(bus.index, this.#nowMs, place.x, place.y));
    const noiseMps = bus.speedMps > 0 ? SPEED_SIGMA_MPS * random.normal(bus.index, SPEED, bus.reports++) : 0;
    report.record(bus.index, this.#nowMs, {
      lat,
      lon,
      speedMps: Math.max(0, bus.speedMps + noiseMps),
      headingDeg: place.headingDeg,
      line: bus.line.id,
      direction: bus.direction === 0 ? 'out' : 'back',
      nextStop: city.stops[path.stops[bus.stop]!.stop]!.id,
      stopSequence: bus.stop,
      status: bus.mode,
      load: bus.load,
      delayS: bus.delayS,
      odometerM: bus.odometerM,
      fuelL: bus.fuelL,
      doorOpen: bus.mode === 'stoppedAt' && this.#nowMs < bus.readyMs,
      ...more,
    });
  }

  // — birth —

  /** Buses stand evenly over the round of their line, as on an ordinary day some time after the first departures. */
  #bus(index: number, onLine: number): Bus {
    const { city, random, startMs } = this.#context;
    const line = this.#lines[index % city.lines.length]!;
    const rank = Math.floor(index / city.lines.length);
    const start = (rank + 0.6 * (random.uniform(index, START, 0) - 0.5) + 1) / onLine;
    const [outM, backM] = [line.paths[0].lengthM, line.paths[1].lengthM];
    const roundM = (start % 1) * (outM + backM);
    const direction = roundM < outM ? 0 : 1;
    const path = line.paths[direction];
    const atM = direction === 0 ? roundM : roundM - outM;
    const stop = Math.max(
      1,
      path.stops.findIndex((candidate) => candidate.atM > atM),
    );
    const aboard = new Uint16Array(Math.max(line.paths[0].stops.length, line.paths[1].stops.length));
    const delayS = 60 * random.normal(index, START, 1);
    const odometerM = Math.round(200_000_000 + 400_000_000 * random.uniform(index, ODOMETER, 0));
    const bus: Bus = {
      index,
      line,
      direction,
      mode: 'inTransitTo',
      atM: Math.min(atM, path.stops[stop]!.atM - 1),
      speedMps: 0,
      accelMps2: 0,
      stop,
      aboard,
      load: 0,
      boarded: 0,
      alighted: 0,
      denied: 0,
      readyMs: startMs,
      hold: undefined,
      slotMs: startMs - 1000 * (path.planS[stop]! + delayS),
      delayS,
      segment: 0,
      segmentFactor: 1,
      blockedUntilMs: 0,
      odometerM,
      breakdownAtM: odometerM + random.exponential(KM_PER_BREAKDOWN * 1000, index, BREAKDOWN, 0),
      breakdowns: 0,
      fuelL: 0,
      reportMs: startMs + Math.floor(REPORT_EVERY_MS * random.uniform(index, PHASE, 0)),
      reports: 0,
      reactions: 0,
      bunched: false,
      crowded: false,
    };
    bus.load = startLoad(bus, startMs + this.#context.utcOffsetMin * 60_000);
    return bus;
  }

  /** When each stop was last served, judging by the bus that has just passed it. */
  #beginStops(line: Line): void {
    const { startMs } = this.#context;
    for (const direction of [0, 1] as const) {
      const path = line.paths[direction];
      path.stops.forEach((_, stop) => {
        const passed = this.#buses.filter((bus) => bus.line === line && bus.direction === direction && bus.stop > stop);
        const agoS = passed.map((bus) => path.planS[bus.stop]! - path.planS[stop]!).sort((a, b) => a - b)[0];
        const sinceMs = startMs - 1000 * Math.min(agoS ?? line.headwayS / 2, line.headwayS);
        line.demand[direction].begin(stop, sinceMs);
        if (agoS !== undefined) line.lastDepartureMs[direction][stop] = startMs - 1000 * agoS;
      });
    }
  }
}
