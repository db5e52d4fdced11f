// A day of one line, from event to event: buses leave terminals by the timetable, meet street, lights and riders, may be held or let through,
// rest, and go to the depot when the timetable needs fewer. Counts what costs energy and what riders feel; burns nothing itself.
import { dwellS } from '../../simulator/physics/dwell.ts';
import type { Random } from '../../simulator/random.ts';
import { Headways } from '../../telemetry/headways.ts';
import type { Direction } from './operator.ts';
import { Riders } from './riders.ts';
import { Street } from './street.ts';
import { MIN_REST_S, departuresOf, plannedRunS } from './timetable.ts';
import type { Departure, LinePlan } from './timetable.ts';

const SEATS = 34;
/** A bus asks for a green light when it is this late, or this many headways behind its leader. */
const ASKS = { lateS: 60, gap: 1.3 } as const;
/** Forward headway holding at every fifth stop. Source: C. Daganzo, Transportation Research B 43 (2009). */
const HOLDING = { everyStops: 5, gain: 0.5, slackS: 8, capS: 60 } as const;
/** The idle alarm comes after this much standing. */
const ALARM_S = 180;

export interface LineLevers {
  /** Share of rests with a running engine when nobody says anything. */
  readonly idleShare: number;
  readonly idleAlarm: boolean;
  readonly signalPriority: boolean;
  readonly holding: boolean;
  /** Share of drivers who do what the centre says. */
  readonly compliance: number;
  /** Moving time over that of the usual way of driving. */
  readonly movingFactor: number;
}

/** To or from the depot. */
export interface DepotMove {
  readonly atS: number;
  readonly terminal: Direction;
}

export interface LineDay {
  readonly km: number;
  /** Under way with people: stops, lights and holds included. */
  readonly hours: number;
  readonly passengerKm: number;
  /** At terminals with a running engine. */
  readonly idleHours: number;
  /** Stops at red lights beyond the usual number. */
  readonly redStopsMore: number;
  readonly trips: number;
  readonly cancelled: number;
  readonly boarded: number;
  readonly denied: number;
  readonly waitS: number;
  readonly pullOuts: readonly DepotMove[];
  readonly pullIns: readonly DepotMove[];
  /** Fullest load of each trip. */
  readonly peakLoads: readonly number[];
  readonly headways: Headways;
}

interface Bus {
  /** arriving: at `stop` at atS. resting: until atS at least. ready: since atS. Rests are at the terminal where `direction` begins. */
  state: 'depot' | 'arriving' | 'resting' | 'ready';
  atS: number;
  direction: Direction;
  stop: number;
  load: number;
  peakLoad: number;
  trip: Departure;
  leftS: number;
  restSinceS: number;
}

const PURPOSE = { idle: 0, alarm: 1, hold: 2 } as const;

export function liveLineDay(plan: LinePlan, levers: LineLevers, random: Random): LineDay {
  const day = new Day(plan, levers, random);
  day.live();
  return day.result();
}

class Day {
  readonly #plan: LinePlan;
  readonly #levers: LineLevers;
  readonly #random: Random;
  readonly #street: Street;
  readonly #riders: Riders;
  readonly #buses: Bus[] = [];
  /** Trips that found no bus, by direction. */
  readonly #due: readonly [Departure[], Departure[]] = [[], []];
  /** Trips still to come, by direction. */
  readonly #toCome: [number, number] = [0, 0];
  /** By direction and stop. */
  readonly #lastLeftS: Float64Array;
  readonly #headways = new Headways();
  readonly #pullOuts: DepotMove[] = [];
  readonly #pullIns: DepotMove[] = [];
  readonly #peakLoads: number[] = [];
  #segments = 0;
  #passengerSegments = 0;
  #underWayS = 0;
  #idleS = 0;
  #rests = 0;
  #holds = 0;
  #inService = 0;
  #cancelled = 0;

  constructor(plan: LinePlan, levers: LineLevers, random: Random) {
    this.#plan = plan;
    this.#levers = levers;
    this.#random = random;
    this.#street = new Street(plan.line, random, levers.movingFactor);
    this.#riders = new Riders(plan.line, random);
    this.#lastLeftS = new Float64Array(2 * plan.line.stops).fill(NaN);
  }

  live(): void {
    const departures = departuresOf(this.#plan);
    for (const { direction } of departures) this.#toCome[direction]++;
    for (const departure of departures) {
      this.#moveUntil(departure.startS);
      this.#toCome[departure.direction]--;
      this.#due[departure.direction].push(departure);
      this.#serve(departure.direction, departure.startS);
    }
    this.#moveUntil(Infinity);
  }

  result(): LineDay {
    const segmentKm = this.#plan.line.segmentM / 1000;
    const { boarded, denied, waitS } = this.#riders;
    return {
      km: this.#segments * segmentKm,
      hours: this.#underWayS / 3600,
      passengerKm: this.#passengerSegments * segmentKm,
      idleHours: this.#idleS / 3600,
      redStopsMore: this.#street.redStopsMore,
      trips: this.#peakLoads.length,
      cancelled: this.#cancelled + this.#due[0].length + this.#due[1].length,
      boarded,
      denied,
      waitS,
      pullOuts: this.#pullOuts,
      pullIns: this.#pullIns,
      peakLoads: this.#peakLoads,
      headways: this.#headways,
    };
  }

  #moveUntil(untilS: number): void {
    for (let bus = this.#nextToMove(untilS); bus !== undefined; bus = this.#nextToMove(untilS)) {
      if (bus.state === 'resting') this.#endRest(bus);
      else if (bus.stop === this.#plan.line.stops - 1) this.#endTrip(bus);
      else this.#callAtStop(bus);
    }
  }

  /** A line has some dozen buses: a look at each is quicker than a heap. */
  #nextToMove(untilS: number): Bus | undefined {
    let next: Bus | undefined;
    for (const bus of this.#buses) {
      const moves = bus.state === 'arriving' || bus.state === 'resting';
      if (moves && bus.atS <= (next?.atS ?? untilS) && bus !== next) next = bus;
    }
    return next;
  }

  /** Gives due trips to rested buses, or to buses from the depot while the plan has more of them. */
  #serve(direction: Direction, nowS: number): void {
    const due = this.#due[direction];
    while (due[0] !== undefined && nowS > due[0].startS + due[0].headwayS) {
      due.shift();
      this.#cancelled++;
    }
    for (let trip = due[0]; trip !== undefined; trip = due[0]) {
      const bus = this.#readyAt(direction) ?? this.#fromDepot(direction, nowS);
      if (bus === undefined) return;
      due.shift();
      this.#start(bus, trip, nowS);
    }
    this.#sendSurplusHome(direction, nowS);
  }

  /** Rested buses that the plan needs no more. */
  #sendSurplusHome(direction: Direction, nowS: number): void {
    while (this.#inService > this.#planned(nowS) || this.#isDone(direction)) {
      const bus = this.#readyAt(direction);
      if (bus === undefined) return;
      this.#idle(nowS - bus.restSinceS);
      this.#sendHome(bus, nowS);
    }
  }

  #readyAt(direction: Direction): Bus | undefined {
    let first: Bus | undefined;
    for (const bus of this.#buses) {
      const ready = bus.state === 'ready' && bus.direction === direction;
      if (ready && (first === undefined || bus.atS < first.atS)) first = bus;
    }
    return first;
  }

  #fromDepot(direction: Direction, nowS: number): Bus | undefined {
    if (this.#inService >= this.#planned(nowS)) return undefined;
    this.#inService++;
    this.#pullOuts.push({ atS: nowS, terminal: direction });
    const known = this.#buses.find((bus) => bus.state === 'depot');
    if (known !== undefined) return known;
    const bus: Bus = {
      state: 'depot',
      atS: nowS,
      direction,
      stop: 0,
      load: 0,
      peakLoad: 0,
      trip: { startS: nowS, headwayS: 0, direction },
      leftS: nowS,
      restSinceS: nowS,
    };
    this.#buses.push(bus);
    return bus;
  }

  #planned(nowS: number): number {
    return this.#plan.buses[Math.floor(nowS / 3600)] ?? 0;
  }

  #start(bus: Bus, trip: Departure, nowS: number): void {
    if (bus.state === 'ready') this.#idle(nowS - bus.restSinceS);
    bus.state = 'arriving';
    bus.trip = trip;
    bus.direction = trip.direction;
    bus.stop = 0;
    bus.load = 0;
    bus.peakLoad = 0;
    bus.atS = nowS;
    bus.leftS = nowS;
  }

  /** A driver leaves the engine on or not; an alarm after three minutes is heard by those who listen. */
  #idle(restS: number): void {
    const rest = this.#rests++;
    if (this.#random.uniform(rest, PURPOSE.idle, 0) > this.#levers.idleShare) return;
    const heard = this.#levers.idleAlarm && this.#random.uniform(rest, PURPOSE.alarm, 0) < this.#levers.compliance;
    this.#idleS += heard ? Math.min(restS, ALARM_S) : restS;
  }

  #callAtStop(bus: Bus): void {
    const { direction, stop, trip, atS } = bus;
    const place = direction * this.#plan.line.stops + stop;
    const { boarded, alighted } = this.#riders.exchange(direction, stop, atS, bus.load, trip.headwayS);
    bus.load += boarded - alighted;
    bus.peakLoad = Math.max(bus.peakLoad, bus.load);
    const gapS = atS - this.#lastLeftS[place]!;
    const leaveS = atS + dwellS(boarded, alighted, bus.load > SEATS) + this.#holdS(stop, gapS, trip.headwayS);
    const headwayS = leaveS - this.#lastLeftS[place]!;
    if (headwayS >= 0) this.#headways.add(headwayS, trip.headwayS);
    this.#lastLeftS[place] = leaveS;
    this.#drive(bus, leaveS, headwayS);
  }

  #holdS(stop: number, gapS: number, targetS: number): number {
    if (!this.#levers.holding || stop === 0 || stop % HOLDING.everyStops !== 0 || Number.isNaN(gapS)) return 0;
    if (this.#random.uniform(this.#holds++, PURPOSE.hold, 0) > this.#levers.compliance) return 0;
    return Math.min(HOLDING.capS, Math.max(0, HOLDING.slackS + HOLDING.gain * (targetS - gapS)));
  }

  #drive(bus: Bus, leaveS: number, headwayS: number): void {
    const { direction, stop, trip } = bus;
    const asks = this.#levers.signalPriority && this.#plan.line.trunk && this.#needsGreen(bus, leaveS, headwayS);
    const arriveS = leaveS + this.#street.runS(direction, stop, leaveS, asks);
    this.#segments++;
    this.#passengerSegments += bus.load;
    bus.stop++;
    bus.trip = trip;
    bus.atS = arriveS;
  }

  #needsGreen({ stop, trip }: Bus, leaveS: number, headwayS: number): boolean {
    const { line } = this.#plan;
    const plannedS = (plannedRunS(line, Math.floor(trip.startS / 3600)) * stop) / (line.stops - 1);
    return leaveS - trip.startS - plannedS > ASKS.lateS || headwayS > ASKS.gap * trip.headwayS;
  }

  #endTrip(bus: Bus): void {
    const { alighted } = this.#riders.exchange(bus.direction, bus.stop, bus.atS, bus.load, 0);
    const endS = bus.atS + dwellS(0, alighted, false);
    this.#underWayS += endS - bus.leftS;
    this.#peakLoads.push(bus.peakLoad);
    bus.direction = bus.direction === 0 ? 1 : 0;
    if (this.#inService > this.#planned(endS) || this.#isDone(bus.direction)) return this.#sendHome(bus, endS);
    bus.state = 'resting';
    bus.restSinceS = endS;
    bus.atS = endS + MIN_REST_S;
  }

  #endRest(bus: Bus): void {
    bus.state = 'ready';
    this.#serve(bus.direction, bus.atS);
  }

  #isDone(direction: Direction): boolean {
    return this.#toCome[direction] === 0 && this.#due[direction].length === 0;
  }

  #sendHome(bus: Bus, nowS: number): void {
    bus.state = 'depot';
    this.#inService--;
    this.#pullIns.push({ atS: nowS, terminal: bus.direction });
  }
}
