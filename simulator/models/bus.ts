// A city bus: drives its line out and back, carries the people who wait, and drifts into its neighbours unless someone holds it. Every
// driver obeys (real compliance is nearer 80 %); no short turns, no skipped stops, no depot. A record at a departure still names the stop
// that the bus leaves: there, and only there, it carries the passenger counts and the headway.
import type { Command } from '../../telemetry/messages.ts';
import type { City } from '../city.ts';
import type { CommandAnswer, Fleet, FleetContext, Model, Reporter } from '../fleet.ts';
import { drive, fuelAtTerminalL, fuelOnRoadL } from '../bus/driving.ts';
import { Passengers } from '../bus/passengers.ts';
import { Side } from '../bus/side.ts';
import { CAPACITY, DRAW, SEATS, newBus, nextBreakdownM, spreadLine } from '../bus/state.ts';
import type { Bus } from '../bus/state.ts';
import { LAYOVER_MIN_S, Timetable } from '../bus/timetable.ts';
import { CO2_KG_PER_L } from '../physics/bus-energy.ts';
import { BOARDING_S, dwellS } from '../physics/dwell.ts';
import type { Random } from '../random.ts';
import { Receivers } from '../traffic/gnss.ts';
import { Signals } from '../traffic/signals.ts';
import type { World } from '../world.ts';

const STEP_MS = 500;
/** A gap of more than this many planned headways is a break in the service. */
const MAX_HEADWAYS = 4;
const RECORD_MS = 5_000;
const DAY_MS = 86_400_000;
/** Two buses of a line never leave a stop closer than this, ms. */
const APART_MS = 5_000;
/** Running time differs by day and line, and by segment (lognormal; engineering estimate). */
const DAY_SIGMA = 0.06;
const SEGMENT_SIGMA = 0.2;
/** A blocked lane: probability on a segment and extra time, s; the segment's usual speed to turn the time into a pace, m/s. */
const INCIDENT = 0.003;
const INCIDENT_S = [120, 300] as const;
const SEGMENT_MPS = 8;
/** A driver reads the display: lognormal (engineering estimate). */
const REACTION_MEDIAN_S = 4;
const REACTION_SIGMA = 0.5;
const HOLD_MAX_S = 600;
const REPAIR_MS = 45 * 60_000;
/** Shares of capacity, and of the target headway, at which alarms are raised and cleared. */
const CROWDED = { raise: 0.95, clear: 0.85 } as const;
const BUNCHING = { raise: 0.25, clear: 0.4 } as const;

class Buses implements Fleet {
  readonly #city: City;
  readonly #random: Random;
  readonly #utcOffsetMs: number;
  readonly #signals: Signals;
  readonly #sides: readonly Side[];
  readonly #buses: readonly Bus[];
  readonly #passengers: Passengers;
  readonly #timetable: Timetable;
  readonly #receivers: Receivers;
  readonly #lastDepartureMs: readonly Float64Array[];
  #awake = false;

  constructor({ city, random, count, startMs, utcOffsetMin }: FleetContext) {
    this.#city = city;
    this.#random = random;
    this.#utcOffsetMs = utcOffsetMin * 60_000;
    this.#signals = new Signals(city);
    this.#sides = city.lines.flatMap((_, line) =>
      [0, 1].map((way) => new Side(city, this.#signals, line, way as 0 | 1)),
    );
    const lineOf = (index: number) => index % city.lines.length;
    this.#buses = Array.from({ length: count }, (_, i) => newBus(i, this.#sides[2 * lineOf(i)]!, random, startMs));
    const busesOnLine = city.lines.map((_, line) => this.#buses.filter((_, i) => lineOf(i) === line).length);
    this.#passengers = new Passengers(this.#sides, random);
    this.#timetable = new Timetable(this.#sides, busesOnLine);
    this.#receivers = new Receivers(count, random);
    this.#lastDepartureMs = this.#sides.map((side) => new Float64Array(side.stopAtM.length));
  }

  tick(nowMs: number, dtMs: number, world: World, report: Reporter): void {
    const fromMs = nowMs - dtMs;
    if (!this.#awake) this.#wake(fromMs, world);
    const steps = Math.ceil(dtMs / STEP_MS);
    const dtS = dtMs / steps / 1000;
    for (let step = 1; step <= steps; step++) {
      const stepMs = fromMs + Math.round((dtMs * step) / steps);
      this.#passengers.advance(dtS, world.people.boardingShare);
      for (const [index, bus] of this.#buses.entries()) this.#live(index, bus, stepMs, dtS, world, report);
      this.#releaseFromTerminals(stepMs, world, report);
    }
  }

  command(index: number, command: Command, nowMs: number, report: Reporter): CommandAnswer {
    const bus = this.#buses[index]!;
    if (command.name === 'hold') return this.#takeHold(index, bus, command, nowMs, report);
    if (command.name === 'departNow') return this.#takeDepartNow(index, bus, command, nowMs, report);
    return { state: 'rejected', reason: `unknown command ${command.name}, expected hold or departNow` };
  }

  #takeHold(index: number, bus: Bus, { id, args }: Command, nowMs: number, report: Reporter): CommandAnswer {
    const { durationS } = args;
    if (typeof durationS !== 'number' || !Number.isInteger(durationS) || durationS < 1 || durationS > HOLD_MAX_S) {
      const got = durationS === undefined ? 'nothing' : JSON.stringify(durationS);
      return { state: 'rejected', reason: `durationS must be 1…${HOLD_MAX_S}, got ${got}` };
    }
    if (bus.mode === 'layover') return { state: 'rejected', reason: 'the bus is at its terminal' };
    if (bus.brokenUntilMs !== undefined) return { state: 'rejected', reason: 'the bus has broken down' };
    if (bus.stop === bus.side.lastStop) return { state: 'rejected', reason: 'the next stop is the terminal' };
    if (bus.hold !== undefined) endHold(index, bus, nowMs, report, 'expired', 'replaced by a newer hold');
    bus.hold = {
      id,
      durationS,
      reactMs: nowMs + this.#reactionMs(index, bus),
      untilMs: undefined,
      departId: undefined,
    };
    return { state: 'accepted' };
  }

  #takeDepartNow(index: number, bus: Bus, { id }: Command, nowMs: number, report: Reporter): CommandAnswer {
    const { hold } = bus;
    if (hold === undefined) return { state: 'rejected', reason: 'the bus is not held' };
    if (hold.untilMs === undefined) {
      endHold(index, bus, nowMs, report, 'expired', 'ended by departNow before it began');
      return { state: 'done' };
    }
    if (hold.departId !== undefined) return { state: 'rejected', reason: 'the bus is already leaving' };
    hold.untilMs = Math.min(hold.untilMs, nowMs + this.#reactionMs(index, bus));
    hold.departId = id;
    return { state: 'accepted' };
  }

  #reactionMs(index: number, bus: Bus): number {
    return 1000 * this.#random.lognormal(REACTION_MEDIAN_S, REACTION_SIGMA, index, DRAW.reaction, bus.holds++);
  }

  /** Warm start: every line is in the middle of its day. */
  #wake(startMs: number, world: World): void {
    this.#awake = true;
    for (let line = 0; line < this.#city.lines.length; line++) {
      const sides = [this.#sides[2 * line]!, this.#sides[2 * line + 1]!] as const;
      const buses = this.#buses.flatMap((bus, index) => (bus.side.lineIndex === line ? [{ index, bus }] : []));
      if (buses.length === 0) continue;
      spreadLine(buses, sides, startMs, world, this.#timetable, this.#passengers, this.#random, this.#lastDepartureMs);
      for (const { index, bus } of buses) if (bus.mode === 'moving') this.#drawPace(index, bus, startMs);
    }
  }

  /** Ready buses take the slots of their terminal, the longest ready first. */
  #releaseFromTerminals(nowMs: number, world: World, report: Reporter): void {
    for (const side of this.#sides) {
      if (world.people.boardingShare === 0) {
        this.#timetable.pause(side.index, nowMs);
        continue;
      }
      const index = this.#firstReady(side, nowMs);
      if (index === undefined) continue;
      const trip = this.#timetable.take(side.index, nowMs, world);
      if (trip === undefined) continue;
      const bus = this.#buses[index]!;
      bus.trip = trip;
      bus.boarded = this.#passengers.board(side.index, 0, CAPACITY, bus.onBoard);
      bus.load = bus.boarded;
      this.#depart(index, bus, nowMs, report);
    }
  }

  #firstReady(side: Side, nowMs: number): number | undefined {
    let first: number | undefined;
    for (const [index, bus] of this.#buses.entries()) {
      if (bus.mode !== 'layover' || bus.side !== side || bus.readyMs > nowMs) continue;
      if (first === undefined || bus.readyMs < this.#buses[first]!.readyMs) first = index;
    }
    return first;
  }

  #live(index: number, bus: Bus, nowMs: number, dtS: number, world: World, report: Reporter): void {
    const beforeM = bus.odometerM;
    if (bus.mode === 'moving') this.#move(index, bus, nowMs, dtS, world, report);
    else if (bus.mode === 'atStop') this.#serve(index, bus, nowMs, report);
    const { tempC } = world.sky;
    if (bus.mode === 'layover') bus.fuelL += fuelAtTerminalL(bus.layoverSinceMs, nowMs, dtS, tempC);
    else if (bus.brokenUntilMs === undefined) bus.fuelL += fuelOnRoadL(bus, bus.odometerM - beforeM, dtS, tempC);
    if (bus.nextRecordMs > nowMs) return;
    while (bus.nextRecordMs <= nowMs) bus.nextRecordMs += RECORD_MS;
    if (bus.lastRecordMs < nowMs) this.#record(index, bus, nowMs, report);
  }

  #move(index: number, bus: Bus, nowMs: number, dtS: number, world: World, report: Reporter): void {
    if (bus.brokenUntilMs === undefined && bus.odometerM >= bus.nextBreakdownM) {
      bus.brokenUntilMs = nowMs + REPAIR_MS;
      report.event(index, nowMs, 'breakdown', 'raised', {
        line: bus.side.line.id,
        load: bus.load,
        odometerM: bus.odometerM,
      });
    }
    if (bus.brokenUntilMs !== undefined && nowMs >= bus.brokenUntilMs) {
      bus.brokenUntilMs = undefined;
      bus.breakdowns++;
      bus.nextBreakdownM = nextBreakdownM(this.#random, index, bus);
      report.event(index, nowMs, 'breakdown', 'cleared', {
        line: bus.side.line.id,
        load: bus.load,
        odometerM: bus.odometerM,
      });
    }
    const arrived = drive(bus, nowMs, dtS, world.streets, this.#signals, bus.brokenUntilMs !== undefined);
    if (arrived) this.#arrive(index, bus, nowMs, report);
  }

  #arrive(index: number, bus: Bus, nowMs: number, report: Reporter): void {
    const last = bus.stop === bus.side.lastStop;
    bus.mode = 'atStop';
    bus.alighted = bus.onBoard[bus.stop]!;
    bus.onBoard[bus.stop] = 0;
    bus.load -= bus.alighted;
    const room = CAPACITY - bus.load;
    bus.boarded = last ? 0 : this.#passengers.board(bus.side.index, bus.stop, room, bus.onBoard);
    bus.load += bus.boarded;
    bus.readyMs = nowMs + 1000 * dwellS(bus.boarded, bus.alighted, bus.load > SEATS);
    bus.delayS = (nowMs - bus.trip.slotMs) / 1000 - bus.trip.plan[bus.stop]!;
    if (last && bus.hold !== undefined) endHold(index, bus, nowMs, report, 'expired', 'reached the terminal first');
    this.#record(index, bus, nowMs, report);
  }

  /** At a stop: late passengers get in, then the driver waits for the hold and for the bus ahead. */
  #serve(index: number, bus: Bus, nowMs: number, report: Reporter): void {
    const { hold } = bus;
    const last = bus.stop === bus.side.lastStop;
    if (hold !== undefined && hold.untilMs === undefined && nowMs >= hold.reactMs && !last) {
      hold.untilMs = Math.max(nowMs, bus.readyMs) + 1000 * hold.durationS;
    }
    if (nowMs < bus.readyMs) return;
    if (!last) this.#boardLate(bus, nowMs);
    if (nowMs < bus.readyMs || nowMs < (hold?.untilMs ?? 0)) return;
    if (nowMs - this.#lastDepartureMs[bus.side.index]![bus.stop]! < APART_MS) return;
    this.#depart(index, bus, nowMs, report);
  }

  #boardLate(bus: Bus, nowMs: number): void {
    const late = this.#passengers.board(bus.side.index, bus.stop, CAPACITY - bus.load, bus.onBoard);
    bus.boarded += late;
    bus.load += late;
    bus.readyMs = Math.max(bus.readyMs, nowMs + 1000 * BOARDING_S * late);
  }

  #depart(index: number, bus: Bus, nowMs: number, report: Reporter): void {
    const { side, stop, trip } = bus;
    const departures = this.#lastDepartureMs[side.index]!;
    const headwayS = (nowMs - departures[stop]!) / 1000;
    departures[stop] = nowMs;
    const last = stop === side.lastStop;
    bus.mode = 'atStop';
    bus.delayS = (nowMs - trip.slotMs) / 1000 - trip.plan[stop]!;
    this.#record(index, bus, nowMs, report, {
      boarded: bus.boarded,
      alighted: bus.alighted,
      denied: last ? 0 : this.#passengers.waiting(side.index, stop),
      // After a break in the service there is no bus ahead.
      ...(headwayS < MAX_HEADWAYS * trip.headwayS ? { headwayS } : {}),
      targetHeadwayS: trip.headwayS,
      co2Kg: bus.fuelL * CO2_KG_PER_L,
    });
    if (bus.hold?.untilMs !== undefined) endHold(index, bus, nowMs, report, 'done');
    this.#watch(index, bus, nowMs, headwayS, report);
    bus.boarded = 0;
    bus.alighted = 0;
    if (last) return this.#turn(bus, nowMs);
    bus.mode = 'moving';
    bus.stop = stop + 1;
    this.#drawPace(index, bus, nowMs);
  }

  /** From the end of one direction to the start of the other. */
  #turn(bus: Bus, nowMs: number): void {
    bus.side = this.#sides[bus.side.index ^ 1]!;
    bus.mode = 'layover';
    bus.atM = 0;
    bus.linkIndex = 0;
    bus.stop = 0;
    bus.layoverSinceMs = nowMs;
    bus.readyMs = nowMs + 1000 * LAYOVER_MIN_S;
  }

  /** How this bus fares on the segment ahead, relative to the street. */
  #drawPace(index: number, bus: Bus, nowMs: number): void {
    const random = this.#random;
    const segment = bus.segments++;
    const day = Math.floor((nowMs + this.#utcOffsetMs) / DAY_MS);
    const logTime =
      DAY_SIGMA * random.normal(bus.side.lineIndex, DRAW.day, day) +
      SEGMENT_SIGMA * random.normal(index, DRAW.segment, segment);
    let slowness = Math.exp(logTime);
    if (random.uniform(index, DRAW.incident, segment) < INCIDENT) {
      const [min, max] = INCIDENT_S;
      const extraS = min + (max - min) * random.uniform(index, DRAW.incidentS, segment);
      slowness += (extraS * SEGMENT_MPS) / (bus.side.stopAtM[bus.stop]! - bus.side.stopAtM[bus.stop - 1]!);
    }
    bus.pace = 1 / slowness;
  }

  #watch(index: number, bus: Bus, nowMs: number, headwayS: number, report: Reporter): void {
    const line = bus.side.line.id;
    const full = bus.load / CAPACITY;
    if (bus.crowded ? full < CROWDED.clear : full > CROWDED.raise) {
      bus.crowded = !bus.crowded;
      report.event(index, nowMs, 'crowded', bus.crowded ? 'raised' : 'cleared', { line, load: bus.load });
    }
    const gap = headwayS / bus.trip.headwayS;
    if (bus.bunching ? gap > BUNCHING.clear : gap < BUNCHING.raise) {
      bus.bunching = !bus.bunching;
      report.event(index, nowMs, 'bunching', bus.bunching ? 'raised' : 'cleared', { line, headwayS });
    }
  }

  #record(
    index: number,
    bus: Bus,
    nowMs: number,
    report: Reporter,
    departure: { readonly [name: string]: number } = {},
  ): void {
    bus.lastRecordMs = nowMs;
    const place = bus.side.placeAt(bus.atM, bus.linkIndex);
    const { lat, lon } = this.#city.toLonLat(this.#receivers.fix(index, nowMs, place.x, place.y));
    report.record(index, nowMs, {
      lat,
      lon,
      speedMps: bus.speedMps,
      headingDeg: bus.side.headingDeg(bus.linkIndex),
      line: bus.side.line.id,
      direction: bus.side.direction,
      nextStop: bus.side.stopIds[bus.stop]!,
      stopSequence: bus.stop,
      status: statusOf(bus, nowMs),
      load: bus.load,
      occupancyRatio: bus.load / CAPACITY,
      // At rest it is neither early nor late.
      delayS: bus.mode === 'layover' ? undefined : bus.delayS,
      odometerM: bus.odometerM,
      fuelL: bus.fuelL,
      doorOpen: bus.mode === 'atStop' && nowMs < bus.readyMs,
      ...departure,
    });
  }
}

function endHold(
  index: number,
  bus: Bus,
  nowMs: number,
  report: Reporter,
  state: 'done' | 'expired',
  reason?: string,
): void {
  const { hold } = bus;
  bus.hold = undefined;
  if (hold === undefined) return;
  report.ack(index, nowMs, hold.id, state, reason);
  if (hold.departId !== undefined) report.ack(index, nowMs, hold.departId, 'done');
}

function statusOf(bus: Bus, nowMs: number): string {
  if (bus.brokenUntilMs !== undefined) return 'broken';
  if (bus.mode === 'layover') return 'layover';
  if (bus.mode === 'moving') return 'inTransitTo';
  return nowMs >= bus.readyMs && nowMs < (bus.hold?.untilMs ?? 0) ? 'holding' : 'stoppedAt';
}

export const model: Model = {
  description: {
    kind: 'bus',
    label: 'Bus',
    labels: { zh: '公交车' },
    fields: {
      lat: { label: 'Latitude', labels: { zh: '纬度' }, unit: 'deg', min: -90, max: 90, resolution: 1e-7 },
      lon: { label: 'Longitude', labels: { zh: '经度' }, unit: 'deg', min: -180, max: 180, resolution: 1e-7 },
      speedMps: { label: 'Speed', labels: { zh: '速度' }, unit: 'm/s', min: 0, max: 30, resolution: 0.1 },
      headingDeg: { label: 'Heading', labels: { zh: '航向' }, unit: 'deg', min: 0, max: 360, resolution: 1 },
      line: { label: 'Line', labels: { zh: '线路' }, unit: '', type: 'string' },
      direction: { label: 'Direction', labels: { zh: '方向' }, unit: '', type: 'string', enum: ['out', 'back'] },
      nextStop: { label: 'Stop', labels: { zh: '站点' }, unit: '', type: 'string' },
      stopSequence: { label: 'Stop number', labels: { zh: '站序' }, unit: '', min: 0, resolution: 1 },
      status: {
        label: 'Status',
        labels: { zh: '状态' },
        unit: '',
        type: 'string',
        enum: ['inTransitTo', 'stoppedAt', 'holding', 'layover', 'broken'],
      },
      load: {
        label: 'Passengers on board',
        labels: { zh: '车上人数' },
        unit: '',
        min: 0,
        max: CAPACITY,
        resolution: 1,
      },
      occupancyRatio: { label: 'Occupancy', labels: { zh: '满载率' }, unit: '', min: 0, max: 1, resolution: 0.01 },
      delayS: { label: 'Delay', labels: { zh: '晚点' }, unit: 's', resolution: 1 },
      odometerM: { label: 'Odometer', labels: { zh: '里程' }, unit: 'm', min: 0, resolution: 1 },
      fuelL: { label: 'Diesel since the start', labels: { zh: '累计油耗' }, unit: 'L', min: 0, resolution: 0.01 },
      doorOpen: { label: 'Door open', labels: { zh: '车门打开' }, unit: '', type: 'boolean' },
      boarded: { label: 'Boarded at the stop', labels: { zh: '上车人数' }, unit: '', min: 0, resolution: 1 },
      alighted: { label: 'Alighted at the stop', labels: { zh: '下车人数' }, unit: '', min: 0, resolution: 1 },
      denied: { label: 'Left behind at the stop', labels: { zh: '滞留人数' }, unit: '', min: 0, resolution: 1 },
      headwayS: {
        label: 'Time since the bus ahead left',
        labels: { zh: '车头时距' },
        unit: 's',
        min: 0,
        resolution: 1,
      },
      targetHeadwayS: { label: 'Planned headway', labels: { zh: '计划间隔' }, unit: 's', min: 0, resolution: 1 },
      co2Kg: { label: 'CO2 since the start', labels: { zh: '累计碳排放' }, unit: 'kg', min: 0, resolution: 0.01 },
    },
    events: {
      breakdown: { label: 'Breakdown', labels: { zh: '车辆故障' }, severity: 'critical' },
      crowded: { label: 'Crowded', labels: { zh: '车厢拥挤' }, severity: 'warning' },
      bunching: { label: 'Too close to the bus ahead', labels: { zh: '串车' }, severity: 'info' },
    },
    commands: {
      hold: {
        label: 'Hold at the stop',
        labels: { zh: '在站等待' },
        args: {
          type: 'object',
          properties: {
            durationS: { type: 'integer', title: 'Duration, s', minimum: 1, maximum: HOLD_MAX_S, default: 60 },
          },
          required: ['durationS'],
          additionalProperties: false,
        },
      },
      departNow: {
        label: 'Leave now',
        labels: { zh: '立即发车' },
        args: { type: 'object', properties: {}, additionalProperties: false },
      },
    },
  },
  qos: 0,
  demoCount: 120,
  sources: [
    'Transit Capacity and Quality of Service Manual (doors, alighting); Shockley, Salinas & Taylor, smart cards and dwell time (boarding)',
    'Newell & Potts, Maintaining a bus schedule, 1964; Daganzo, A headway-based approach to eliminate bus bunching, Transp. Res. B 43, 2009',
    'Zhang et al., Applied Energy 113, 2014 (32.6 L/100 km at 16 km/h, more when slower); Madrid PEMS study, Applied Energy, 2020 (load)',
    'Wuxi bus company, 2012 (2.1 boardings per km of service); Kunming transport annual report, 2019 (17…18 km/h at the peak)',
  ],
  createFleet: (context) => new Buses(context),
};
