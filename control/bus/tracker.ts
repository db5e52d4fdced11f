// Turns bus records into arrivals and departures and keeps the picture of the service up to date, whatever gets lost, comes twice or
// comes late on the way: what was not seen is inferred from what came next. Decides nothing.
import { DEVICE_PATTERN } from '../../telemetry/description.ts';
import type { TelemetryRecord } from '../../telemetry/messages.ts';
import { learnDeparture, learnPlace, learnRun } from './lessons.ts';
import { Bus, Line } from './network.ts';
import type { BusState, Side, Stop } from './network.ts';
import { SILENT_MS, busAhead, timeBetweenS } from './positions.ts';

const STATES: { readonly [status: string]: BusState } = {
  stoppedAt: 'standing',
  holding: 'holding',
  inTransitTo: 'moving',
  layover: 'resting',
  broken: 'broken',
  deadhead: 'away',
  depot: 'away',
  charging: 'away',
};
/** A bus that has been silent for this long is forgotten, ms; so is a line without buses. */
const FORGET_BUS_MS = 3_600_000;
const FORGET_LINE_MS = 2 * 86_400_000;
/** More than any city has: names come from outside. */
const MAX_LINES = 5_000;
const MAX_BUSES = 100_000;
const MAX_SEQUENCE = 500;
/** More stops than this are not passed without a word: the bus was somewhere else. */
const MAX_MISSED_STOPS = 12;
/** Nor in more time than this, ms. */
const MAX_MISSED_MS = 1_800_000;

export class Tracker {
  readonly lines = new Map<string, Line>();
  readonly buses = new Map<string, Bus>();

  /** @returns the bus, whose `news` tells what happened; undefined for a record that is late, doubled, or says nothing about a line */
  take({ device, ts, seq, fields }: TelemetryRecord): Bus | undefined {
    let bus = this.buses.get(device);
    if (bus !== undefined && (ts < bus.lastMs || (ts === bus.lastMs && seq !== 0 && seq <= bus.seq))) return undefined;
    const { line, direction, nextStop, stopSequence: sequence, status } = fields;
    const state = STATES[status as string];
    if (state === undefined) return undefined;
    const onLine = typeof line === 'string' && typeof nextStop === 'string' && isSequence(sequence);
    if (state === 'away' || !onLine) return bus === undefined ? undefined : away(bus, ts, seq);
    // A name that is known is a good one.
    if (nextStop !== bus?.stop.id && !DEVICE_PATTERN.test(nextStop)) return undefined;
    if (bus === undefined || bus.line.id !== line) {
      const known = this.#line(line);
      if (known === undefined) return undefined;
      const side = direction === 'back' ? known.back : known.out;
      if (bus === undefined) bus = this.#meet(device, side, nextStop, sequence);
      else changeLine(bus, known);
      if (bus === undefined) return undefined;
    }
    const side = direction === 'back' ? bus.line.back : bus.line.out;
    if (bus.side !== side || state === 'resting') beginRun(bus, side);
    bus.news = 'none';
    follow(bus, side.stopAt(nextStop, sequence, bus), sequence, state, ts, fields);
    bus.lastMs = ts;
    bus.seq = seq;
    bus.line.lastMs = ts;
    return bus;
  }

  /** Forgets who has not been heard for long. */
  forget(nowMs: number): void {
    for (const bus of this.buses.values()) {
      if (nowMs - bus.lastMs < FORGET_BUS_MS) continue;
      away(bus, bus.lastMs, bus.seq);
      bus.line.buses.delete(bus);
      this.buses.delete(bus.device);
    }
    for (const line of this.lines.values()) {
      if (line.buses.size === 0 && nowMs - line.lastMs > FORGET_LINE_MS) this.lines.delete(line.id);
    }
  }

  #line(id: string): Line | undefined {
    let line = this.lines.get(id);
    if (line === undefined && this.lines.size < MAX_LINES && DEVICE_PATTERN.test(id)) {
      line = new Line(id);
      this.lines.set(id, line);
    }
    return line;
  }

  #meet(device: string, side: Side, stopId: string, sequence: number): Bus | undefined {
    if (this.buses.size >= MAX_BUSES) return undefined;
    const bus = new Bus(device, side, side.stopAt(stopId, sequence, undefined), sequence);
    this.buses.set(device, bus);
    side.line.buses.add(bus);
    return bus;
  }
}

/** The bus is at, or on its way to, this stop. */
function follow(
  bus: Bus,
  stop: Stop,
  sequence: number,
  state: BusState,
  ts: number,
  fields: TelemetryRecord['fields'],
): void {
  note(bus, fields);
  const departs = typeof fields.targetHeadwayS === 'number';
  const isSame = bus.stop === stop && bus.sequence === sequence;
  if (!isSame) inferMissed(bus, sequence, ts);
  const stands = state === 'standing' || state === 'holding' || (departs && state === 'moving');
  const wasHere = isSame && !Number.isNaN(bus.arrivedMs);
  const hasLeft = isSame && bus.left === stop && bus.leftSequence === sequence;
  if (!isSame) leaveStop(bus);
  bus.stop = stop;
  bus.sequence = sequence;
  // A bus at its terminal is not at a stop: its departure is.
  if (stands && !wasHere && !hasLeft && !departs) arrive(bus, ts);
  bus.state = state;
  if (departs) depart(bus, ts, fields);
  else if (state === 'moving') bus.news = 'moved';
}

function arrive(bus: Bus, ts: number): void {
  const { stop } = bus;
  learnRun(bus, ts);
  learnPlace(bus);
  bus.arrivedMs = ts;
  measureGap(bus, ts);
  stop.standing = bus;
  bus.news = 'arrived';
}

function depart(bus: Bus, ts: number, fields: TelemetryRecord['fields']): void {
  learnDeparture(bus, ts, fields);
  markLeft(bus, bus.stop, bus.sequence, ts);
  bus.left = bus.stop;
  bus.leftSequence = bus.sequence;
  bus.leftMs = ts;
  leaveStop(bus);
  bus.state = 'moving';
  bus.news = 'departed';
}

function measureGap(bus: Bus, ts: number): void {
  const { stop } = bus;
  const other = stop.standing;
  bus.leader = '';
  bus.gapS = Number.NaN;
  if (other !== undefined && other !== bus && other.stop === stop && other.atStop && ts - other.lastMs < SILENT_MS) {
    bus.leader = other.device;
    bus.gapS = 0;
  } else if (stop.lastDepartureMs > -Infinity && stop.lastBus !== bus.device) {
    bus.leader = stop.lastBus;
    bus.gapS = Math.max(0, (ts - stop.lastDepartureMs) / 1000);
  } else {
    // Nobody was seen to leave: the centre has just begun. Who is ahead was here a while ago.
    const ahead = busAhead(bus, ts);
    if (ahead === undefined) return;
    bus.leader = ahead.device;
    bus.gapS = timeBetweenS(bus, ahead);
  }
}

/** What a bus must have done that nobody saw: left the stop where it stood, passed others. Spread evenly over the time. */
function inferMissed(bus: Bus, sequence: number, ts: number): void {
  const first = bus.left === bus.stop ? bus.sequence + 1 : bus.sequence;
  const missed = sequence - first;
  if (missed <= 0 || missed > MAX_MISSED_STOPS || ts - bus.lastMs > MAX_MISSED_MS || bus.state === 'away') return;
  for (let at = first; at < sequence; at++) {
    const stop = bus.side.stops[at];
    if (stop === undefined) continue;
    const passedMs = bus.lastMs + ((ts - bus.lastMs) * (at - first + 1)) / (missed + 1);
    markLeft(bus, stop, at, passedMs);
  }
  bus.left = undefined;
}

function markLeft(bus: Bus, stop: Stop, sequence: number, ts: number): void {
  if (sequence === 0) {
    bus.trail.length = 0;
    bus.side.lastStartMs = Math.max(bus.side.lastStartMs, ts);
  }
  bus.trail.push(stop);
  if (ts < stop.lastDepartureMs) return;
  stop.lastDepartureMs = ts;
  stop.lastBus = bus.device;
}

/** It stands there no more. */
function leaveStop(bus: Bus): void {
  if (bus.stop.standing === bus) bus.stop.standing = undefined;
  bus.arrivedMs = Number.NaN;
  bus.holdS = 0;
}

function changeLine(bus: Bus, line: Line): void {
  bus.line.buses.delete(bus);
  line.buses.add(bus);
  beginRun(bus, line.out);
  bus.line = line;
  bus.targetHeadwayS = Number.NaN;
}

function beginRun(bus: Bus, side: Side): void {
  leaveStop(bus);
  bus.side = side;
  bus.left = undefined;
  bus.leftSequence = -1;
  bus.trail.length = 0;
  bus.alongM = Number.NaN;
  bus.state = 'away';
}

function away(bus: Bus, ts: number, seq: number): Bus {
  beginRun(bus, bus.side);
  bus.news = 'withdrawn';
  bus.lastMs = ts;
  bus.seq = seq;
  return bus;
}

/** The plain readings. */
function note(bus: Bus, fields: TelemetryRecord['fields']): void {
  const { alongM, speedMps, lat, lon, delayS, load, occupancyRatio, trip } = fields;
  if (typeof alongM === 'number') bus.alongM = alongM;
  if (typeof speedMps === 'number') bus.speedMps = speedMps;
  if (typeof lat === 'number') bus.lat = lat;
  if (typeof lon === 'number') bus.lon = lon;
  if (typeof delayS === 'number') bus.delayS = delayS;
  if (typeof load === 'number') bus.load = load;
  if (typeof load === 'number' && typeof occupancyRatio === 'number' && occupancyRatio > FULL_ENOUGH)
    bus.capacity = Math.round(load / occupancyRatio);
  bus.trip = typeof trip === 'string' ? trip : '';
}

/** Occupancy is rounded: capacity is read off it when enough people are on board. */
const FULL_ENOUGH = 0.3;

function isSequence(value: unknown): value is number {
  return typeof value === 'number' && Number.isInteger(value) && value >= 0 && value < MAX_SEQUENCE;
}
