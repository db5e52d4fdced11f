// A city bus: drives its line out and back, carries the people who wait, and drifts into its neighbours unless someone holds it. Where a
// street is closed it is waved through, slowly. Every driver obeys (real compliance is nearer 80 %); no short turns, no skipped stops, no
// depot. A record at a departure still names the stop that the bus leaves: there, and only there, it carries the passenger counts and the headway.
import type { Command } from '../../telemetry/messages.ts';
import { BREAKDOWN, befallBreakdown, planBreakdown, repairWhenDue, wearOut } from '../bus/breakdowns.ts';
import { DRAW } from '../bus/draws.ts';
import { drive, fuelAtTerminalL, fuelOnRoadL } from '../bus/driving.ts';
import { COMMANDS, beginHold, endHold, obey } from '../bus/holds.ts';
import { drawPace } from '../bus/pace.ts';
import { Passengers } from '../bus/passengers.ts';
import { Records, watch } from '../bus/records.ts';
import { Side } from '../bus/side.ts';
import { CAPACITY, SEATS, newBus } from '../bus/state.ts';
import type { Bus } from '../bus/state.ts';
import { LAYOVER_MIN_S, Timetable } from '../bus/timetable.ts';
import { spreadLine } from '../bus/warm-start.ts';
import type { City, Point } from '../city.ts';
import type { CommandAnswer, Fleet, FleetContext, Happening, Model, Reporter } from '../fleet.ts';
import { BOARDING_S, dwellS } from '../physics/dwell.ts';
import type { Random } from '../random.ts';
import { LinkTable } from '../traffic/link-table.ts';
import { NOBODY_DUE, Rota } from '../traffic/rota.ts';
import { Signals } from '../traffic/signals.ts';
import type { World } from '../world.ts';

const STEP_MS = 500;
const RECORD_MS = 5_000;
const DAY_MS = 86_400_000;
/** Two buses of a line never leave a stop closer than this, ms. */
const APART_MS = 5_000;
/** Rain of more than this slows boarding (umbrellas, wet floors) by this factor (engineering estimate). */
const WET_MM_PER_H = 2.5;
const WET_DWELL = 1.1;

class Buses implements Fleet {
  readonly #city: City;
  readonly #random: Random;
  readonly #utcOffsetMs: number;
  readonly #signals: Signals;
  readonly #sides: readonly Side[];
  readonly #buses: readonly Bus[];
  readonly #passengers: Passengers;
  readonly #timetable: Timetable;
  readonly #records: Records;
  readonly #rota: Rota;
  readonly #lastDepartureMs: readonly Float64Array[];
  #awake = false;

  constructor({ city, random, count, startMs, utcOffsetMin }: FleetContext) {
    this.#city = city;
    this.#random = random;
    this.#utcOffsetMs = utcOffsetMin * 60_000;
    this.#signals = new Signals(city);
    const table = new LinkTable(city);
    this.#sides = city.lines.flatMap((_, line) =>
      [0, 1].map((way) => new Side(city, table, this.#signals, line, way as 0 | 1)),
    );
    const lineOf = (index: number) => index % city.lines.length;
    this.#buses = Array.from({ length: count }, (_, i) => newBus(i, this.#sides[2 * lineOf(i)]!, random, startMs));
    for (const bus of this.#buses) planBreakdown(bus, random);
    const busesOnLine = city.lines.map((_, line) => this.#buses.filter((_, i) => lineOf(i) === line).length);
    this.#passengers = new Passengers(this.#sides, random);
    this.#timetable = new Timetable(this.#sides, busesOnLine);
    this.#records = new Records(city, count, random);
    this.#rota = new Rota(count, RECORD_MS, startMs, random, DRAW.phase);
    this.#lastDepartureMs = this.#sides.map((side) => new Float64Array(side.stopAtM.length));
  }

  tick(nowMs: number, dtMs: number, world: World, report: Reporter): void {
    const fromMs = nowMs - dtMs;
    if (!this.#awake) this.#wake(fromMs, world);
    const steps = Math.ceil(dtMs / STEP_MS);
    const dtS = dtMs / steps / 1000;
    for (let step = 1; step <= steps; step++) {
      const stepMs = fromMs + Math.round((dtMs * step) / steps);
      this.#passengers.advance(dtS, world.people);
      for (const bus of this.#buses) this.#live(bus, stepMs, dtS, world, report);
      this.#releaseFromTerminals(stepMs, world, report);
      this.#reportDue(stepMs, report);
    }
  }

  placeOf(index: number): Point {
    const { side, atM, linkIndex } = this.#buses[index]!;
    return side.placeAt(atM, linkIndex);
  }

  command(index: number, command: Command, nowMs: number, report: Reporter): CommandAnswer {
    return obey(this.#buses[index]!, command, this.#random, nowMs, report);
  }

  befall(index: number, happening: Happening, nowMs: number, report: Reporter): void {
    if (happening.name === 'breakdown') befallBreakdown(this.#buses[index]!, happening, nowMs, report);
  }

  /** Warm start: every line is in the middle of its day. */
  #wake(startMs: number, world: World): void {
    this.#awake = true;
    for (let line = 0; line < this.#city.lines.length; line++) {
      const sides = [this.#sides[2 * line]!, this.#sides[2 * line + 1]!] as const;
      const buses = this.#buses.filter((bus) => bus.side.lineIndex === line);
      if (buses.length === 0) continue;
      spreadLine(buses, sides, startMs, world, this.#timetable, this.#passengers, this.#random, this.#lastDepartureMs);
      for (const bus of buses) {
        if (bus.mode === 'moving') drawPace(bus, this.#random, this.#civilDay(startMs));
        else this.#timetable.queue(bus);
      }
    }
  }

  /** Ready buses take the slots of their terminal, the longest ready first. */
  #releaseFromTerminals(nowMs: number, world: World, report: Reporter): void {
    const serves = world.people.boardingShare > 0;
    for (let side = 0; side < this.#sides.length; side++) {
      if (!serves) this.#timetable.pause(side, nowMs);
      const bus = serves ? this.#timetable.release(side, nowMs, world) : undefined;
      if (bus === undefined) continue;
      bus.boarded = this.#passengers.board(side, 0, CAPACITY, bus.onBoard);
      bus.load = bus.boarded;
      this.#depart(bus, nowMs, report);
    }
  }

  #live(bus: Bus, nowMs: number, dtS: number, world: World, report: Reporter): void {
    const beforeM = bus.odometerM;
    repairWhenDue(bus, this.#random, nowMs, report);
    if (bus.mode === 'moving') this.#move(bus, nowMs, dtS, world, report);
    else if (bus.mode === 'atStop' && bus.brokenUntilMs === undefined) this.#serve(bus, nowMs, world, report);
    if (bus.brokenUntilMs !== undefined) return;
    const { tempC } = world.sky;
    if (bus.mode === 'layover') bus.fuelL += fuelAtTerminalL(bus.layoverSinceMs, nowMs, dtS, tempC);
    else bus.fuelL += fuelOnRoadL(bus, bus.odometerM - beforeM, dtS, tempC);
  }

  #reportDue(nowMs: number, report: Reporter): void {
    for (let index = this.#rota.due(nowMs); index !== NOBODY_DUE; index = this.#rota.due(nowMs)) {
      const bus = this.#buses[index]!;
      if (bus.lastRecordMs < nowMs) this.#records.report(bus, nowMs, report);
    }
  }

  #move(bus: Bus, nowMs: number, dtS: number, world: World, report: Reporter): void {
    if (bus.brokenUntilMs === undefined) wearOut(bus, nowMs, report);
    if (drive(bus, nowMs, dtS, world.streets, this.#signals, bus.brokenUntilMs !== undefined)) {
      this.#arrive(bus, nowMs, world, report);
    }
  }

  #arrive(bus: Bus, nowMs: number, world: World, report: Reporter): void {
    const last = bus.stop === bus.side.lastStop;
    bus.mode = 'atStop';
    bus.alighted = bus.onBoard[bus.stop]!;
    bus.onBoard[bus.stop] = 0;
    bus.load -= bus.alighted;
    const room = CAPACITY - bus.load;
    bus.boarded = last ? 0 : this.#passengers.board(bus.side.index, bus.stop, room, bus.onBoard);
    bus.load += bus.boarded;
    bus.readyMs = nowMs + 1000 * wetFactor(world) * dwellS(bus.boarded, bus.alighted, bus.load > SEATS);
    bus.delayS = (nowMs - bus.trip.slotMs) / 1000 - bus.trip.plan[bus.stop]!;
    if (last) endHold(bus, nowMs, report, 'expired', 'reached the terminal first');
    this.#records.report(bus, nowMs, report);
  }

  /** At a stop: late passengers get in, then the driver waits for the hold and for the bus ahead. */
  #serve(bus: Bus, nowMs: number, world: World, report: Reporter): void {
    const last = bus.stop === bus.side.lastStop;
    if (!last) beginHold(bus, nowMs);
    if (nowMs < bus.readyMs) return;
    if (!last) this.#boardLate(bus, nowMs, world);
    if (nowMs < bus.readyMs || nowMs < (bus.hold?.untilMs ?? 0)) return;
    if (nowMs - this.#lastDepartureMs[bus.side.index]![bus.stop]! < APART_MS) return;
    this.#depart(bus, nowMs, report);
  }

  #boardLate(bus: Bus, nowMs: number, world: World): void {
    const late = this.#passengers.board(bus.side.index, bus.stop, CAPACITY - bus.load, bus.onBoard);
    bus.boarded += late;
    bus.load += late;
    bus.readyMs = Math.max(bus.readyMs, nowMs + 1000 * wetFactor(world) * BOARDING_S * late);
  }

  #depart(bus: Bus, nowMs: number, report: Reporter): void {
    const { side, stop, trip } = bus;
    const departures = this.#lastDepartureMs[side.index]!;
    const headwayS = (nowMs - departures[stop]!) / 1000;
    departures[stop] = nowMs;
    const last = stop === side.lastStop;
    bus.mode = 'atStop';
    bus.delayS = (nowMs - trip.slotMs) / 1000 - trip.plan[stop]!;
    const denied = last ? 0 : this.#passengers.waiting(side.index, stop);
    this.#records.reportDeparture(bus, nowMs, headwayS, denied, report);
    if (bus.hold?.untilMs !== undefined) endHold(bus, nowMs, report, 'done');
    watch(bus, nowMs, headwayS, report);
    bus.boarded = 0;
    bus.alighted = 0;
    if (last) return this.#turn(bus, nowMs);
    bus.mode = 'moving';
    bus.stop = stop + 1;
    drawPace(bus, this.#random, this.#civilDay(nowMs));
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
    this.#timetable.queue(bus);
  }

  #civilDay(nowMs: number): number {
    return Math.floor((nowMs + this.#utcOffsetMs) / DAY_MS);
  }
}

function wetFactor({ sky }: World): number {
  return sky.rainMmPerH > WET_MM_PER_H ? WET_DWELL : 1;
}

export const model: Model = {
  description: {
    kind: 'bus',
    label: 'Bus',
    labels: { zh: '公交车' },
    fields: {
      lat: { label: 'Latitude', labels: { zh: '纬度' }, unit: 'deg', min: -90, max: 90, resolution: 1e-7 },
      lon: { label: 'Longitude', labels: { zh: '经度' }, unit: 'deg', min: -180, max: 180, resolution: 1e-7 },
      speedMps: { label: 'Speed', labels: { zh: '速度' }, unit: 'm/s', min: 0, max: 30, resolution: 0.1, sensor: {} },
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
    commands: COMMANDS,
  },
  happenings: { breakdown: BREAKDOWN },
  interacts: true,
  // Measured over a day, with 12 and with 120 buses: at most half of these. Streets and demand change once a tick; delays are around zero.
  tickTolerance: {
    speedMps: 0.01,
    headingDeg: 0.005,
    stopSequence: 0.01,
    load: 0.01,
    occupancyRatio: 0.01,
    delayS: 0.5,
    odometerM: 0.001,
    fuelL: 0.005,
    doorOpen: 0.01,
    boarded: 0.01,
    alighted: 0.01,
    denied: 0.1,
    headwayS: 0.01,
    targetHeadwayS: 0.005,
    co2Kg: 0.01,
  },
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
  demoCount: 120,
  sources: [
    'Transit Capacity and Quality of Service Manual (doors, alighting); Shockley, Salinas & Taylor, smart cards and dwell time (boarding)',
    'Newell & Potts, Maintaining a bus schedule, 1964; Daganzo, A headway-based approach to eliminate bus bunching, Transp. Res. B 43, 2009',
    'Zhang et al., Applied Energy 113, 2014 (32.6 L/100 km at 16 km/h, more when slower); Madrid PEMS study, Applied Energy, 2020 (load)',
    'Wuxi bus company, 2012 (2.1 boardings per km of service); Kunming transport annual report, 2019 (17…18 km/h at the peak)',
  ],
  createFleet: (context) => new Buses(context),
};
