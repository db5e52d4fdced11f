// A water meter of a home: DN15, battery, with a valve, asleep between reports. It counts what the home draws and what leaks; it knows no
// pressure, no radio and no tampering. It costs nothing while it sleeps: hours are computed when they are read.
//
// Up to 200,000 meters report every hour, with the hour that has just passed. A larger fleet does as the NB-IoT meters of a real city do:
// once a day, at a moment between 00:00 and 08:00 of its own, one record for each civil hour since the last report, the last of which
// carries all fields. An alarm goes out at once in both cases; commands wait for the next report.
import type { Command } from '../../telemetry/messages.ts';
import type { Point } from '../city.ts';
import { STARTUP_MS } from '../fleet.ts';
import type { CommandAnswer, Fields, Fleet, FleetContext, Happening, Model, Reporter } from '../fleet.ts';
import { Mailbox } from '../mailbox.ts';
import { PERSON_DAY_L, homeSize } from '../physics/water-demand.ts';
import { Alarms } from '../water/alarms.ts';
import { CityHours } from '../water/city-hours.ts';
import { Counter, DL_PER_L, homeOf } from '../water/counter.ts';
import { Leaks } from '../water/leaks.ts';
import { MOVED, MeterState, SHUT } from '../water/meter-state.ts';
import type { World } from '../world.ts';

const MIN_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;

/** Fleets up to this size report every hour, and keep their positions in memory. */
const HOURLY_COUNT = 200_000;
/** How often a meter reports, and over how much of that the meters' moments are spread. */
const HOURLY = { everyMs: HOUR_MS, spreadMs: HOUR_MS };
const DAILY = { everyMs: DAY_MS, spreadMs: 8 * HOUR_MS };
/** Meters were put in over the six years before 2025; one younger than a run's start counts from a month before it. */
const INSTALLED_BEFORE_MS = Date.UTC(2025, 0, 1);
const INSTALLED_WITHIN_MS = 6 * 365 * DAY_MS;
const YOUNGEST_MS = 30 * DAY_MS;
/** A leak that a scenario imposes, unless it says how large. */
const LEAK_LPH = 60;
/** Li-SOCl2 cell: nearly flat until its end, a little lower in the cold. */
const CELL_V = 3.66;
const CELL_V_PER_YEAR = 0.012;
const CELL_V_PER_K = 0.002;

// Purposes of the random draws; the others are in `water/` and `physics/water-demand.ts`.
const OFFSET = 1;
const INSTALLED = 2;
const STARTUP = 9;

const TIGHT: Fields = { leakLph: 0 };

export const model: Model = {
  description: {
    kind: 'water-meter',
    label: 'Water meter',
    labels: { zh: '水表' },
    fields: {
      volumeM3: {
        label: 'Volume',
        labels: { zh: '累计用水量' },
        unit: 'm3',
        min: 0,
        max: 99_999.999,
        resolution: 0.001,
      },
      flowLph: {
        label: 'Mean flow of the last hour',
        labels: { zh: '近一小时平均流量' },
        unit: 'L/h',
        min: 0,
        max: 3125,
        resolution: 0.1,
        sensor: {},
      },
      minFlowLph: {
        label: 'Least flow of the last hour',
        labels: { zh: '近一小时最小流量' },
        unit: 'L/h',
        min: 0,
        max: 3125,
        resolution: 0.1,
      },
      tempC: {
        label: 'Water temperature',
        labels: { zh: '水温' },
        unit: 'Cel',
        min: -5,
        max: 60,
        resolution: 0.1,
        sensor: { noiseSd: 0.05, biasSd: 0.2 },
      },
      batteryV: {
        label: 'Battery voltage',
        labels: { zh: '电池电压' },
        unit: 'V',
        min: 0,
        max: 4,
        resolution: 0.01,
        sensor: { noiseSd: 0.005, biasSd: 0.01 },
      },
      valve: { label: 'Valve', labels: { zh: '阀门' }, unit: '', type: 'string', enum: ['open', 'closed'] },
      lat: { label: 'Latitude', labels: { zh: '纬度' }, unit: 'deg', min: -90, max: 90, resolution: 1e-7 },
      lon: { label: 'Longitude', labels: { zh: '经度' }, unit: 'deg', min: -180, max: 180, resolution: 1e-7 },
    },
    events: {
      leak: { label: 'Flow never stopped for 24 h', labels: { zh: '疑似漏水（24小时持续流量）' }, severity: 'warning' },
      burst: {
        label: 'Above 500 L/h for 2 h',
        labels: { zh: '爆管（持续2小时超过500升/小时）' },
        severity: 'critical',
      },
    },
    commands: {
      valve: {
        label: 'Open or close the valve',
        labels: { zh: '开关阀门' },
        args: {
          type: 'object',
          properties: { state: { type: 'string', enum: ['open', 'closed'] } },
          required: ['state'],
          additionalProperties: false,
        },
      },
      readNow: {
        label: 'Confirm a reading at the next wake-up',
        labels: { zh: '抄表' },
        args: { type: 'object', properties: {}, additionalProperties: false },
      },
    },
  },
  qos: 1,
  demoCount: 20_000,
  sources: [
    'End uses, leaks: engineering estimates tuned to Jiangsu Statistical Yearbook 2011–2013 (130–135 L per person and day)',
    'OIML R 49 / GB/T 778: start flow and error limits of an R100 meter',
    'NB-IoT water meters in the field: one report a day between 00:00 and 08:00, spread by a hash, with hourly samples',
    'Wuxi census 2020: persons per household',
  ],
  hidden: {
    leakLph: {
      label: 'True flow of the leak',
      labels: { zh: '真实漏水流量' },
      unit: 'L/h',
      min: 0,
      max: 3000,
      resolution: 0.05,
    },
  },
  happenings: {
    leak: {
      label: 'A pipe leaks',
      labels: { zh: '水管漏水' },
      args: {
        type: 'object',
        properties: { flowLph: { type: 'number', title: 'Leak, L/h', minimum: 1, maximum: 3000, default: LEAK_LPH } },
        additionalProperties: false,
      },
    },
  },
  createFleet: (context) => new WaterMeters(context),
};

class WaterMeters implements Fleet {
  readonly #context: FleetContext;
  readonly #rhythm: typeof HOURLY;
  readonly #state: MeterState;
  readonly #leaks: Leaks;
  readonly #alarms: Alarms;
  readonly #hours = new CityHours();
  readonly #counter: Counter;
  /** Position in 1e-7 degrees, found at the first report; empty in a large fleet. */
  readonly #latE7: Int32Array;
  readonly #lonE7: Int32Array;
  readonly #mailbox = new Mailbox();
  /** Up to here everybody who was due has woken. */
  #tickedMs: number;

  constructor(context: FleetContext) {
    const { count, random, startMs, utcOffsetMin } = context;
    const hourly = count <= HOURLY_COUNT;
    this.#context = context;
    this.#rhythm = hourly ? HOURLY : DAILY;
    this.#state = new MeterState(count);
    this.#leaks = new Leaks(random, startMs, this.#state);
    this.#alarms = new Alarms(random, this.#state, this.#leaks);
    this.#counter = new Counter({
      random,
      utcOffsetMin,
      state: this.#state,
      leaks: this.#leaks,
      hours: this.#hours,
    });
    this.#latE7 = new Int32Array(hourly ? count : 0);
    this.#lonE7 = new Int32Array(hourly ? count : 0);
    this.#tickedMs = startMs;
    for (let device = 0; device < count; device++) this.#beget(device);
  }

  firstWakeMs(device: number): number {
    return this.#nextWakeMs(device, this.#context.startMs);
  }

  wake(device: number, atMs: number, world: World, report: Reporter): number {
    if (this.#nextReportMs(device, atMs - 1) === atMs) this.#report(device, atMs, world, report);
    else if (atMs === this.#startupMs(device))
      report.record(device, atMs, this.#status(device, atMs, world), this.#truth(device));
    this.#alarms.warn(device, atMs, report);
    return this.#nextWakeMs(device, atMs);
  }

  tick(nowMs: number, _dtMs: number, _world: World, report: Reporter): void {
    this.#tickedMs = nowMs;
    this.#mailbox.expire(nowMs, report);
  }

  command(device: number, command: Command, nowMs: number): CommandAnswer {
    const problem = commandProblem(command);
    if (problem !== undefined) return { state: 'rejected', reason: problem };
    return this.#mailbox.put(device, command, nowMs);
  }

  befall(device: number, { args, untilMs }: Happening, nowMs: number): void {
    this.#leaks.impose(device, (args.flowLph as number | undefined) ?? LEAK_LPH, nowMs, untilMs);
    // Who is due within this tick has not woken yet.
    this.#context.wakeAt(device, this.#nextWakeMs(device, this.#tickedMs));
  }

  placeOf(device: number): Point {
    return this.#context.city.home(device);
  }

  #beget(device: number): void {
    const { random, startMs } = this.#context;
    const litres = (this.#ageMs(device, startMs) / DAY_MS) * PERSON_DAY_L * homeSize(random, device);
    this.#state.count(device, Math.round(litres * DL_PER_L));
    this.#leaks.beget(device);
    this.#alarms.beget(device, startMs);
  }

  #ageMs(device: number, atMs: number): number {
    const installedMs = INSTALLED_BEFORE_MS - this.#context.random.uniform(device, INSTALLED, 0) * INSTALLED_WITHIN_MS;
    return Math.max(YOUNGEST_MS, this.#context.startMs - installedMs) + atMs - this.#context.startMs;
  }

  /** The first moment after `afterMs` at which the meter has something to do. */
  #nextWakeMs(device: number, afterMs: number): number {
    const startupMs = this.#startupMs(device);
    return Math.min(
      this.#nextReportMs(device, afterMs),
      startupMs > afterMs ? startupMs : Infinity,
      this.#alarms.nextMs(device, afterMs),
    );
  }

  #nextReportMs(device: number, afterMs: number): number {
    const { random, utcOffsetMin } = this.#context;
    const { everyMs, spreadMs } = this.#rhythm;
    const shiftMs = utcOffsetMin * MIN_MS - (random.bits(device, OFFSET, 0) % spreadMs);
    return (Math.floor((afterMs + shiftMs) / everyMs) + 1) * everyMs - shiftMs;
  }

  /** When a meter that was switched on tells what it has counted; a large fleet waits for its window. */
  #startupMs(device: number): number {
    if (this.#rhythm === DAILY) return -Infinity;
    const { random, startMs } = this.#context;
    return startMs + 1 + Math.floor(STARTUP_MS * random.uniform(device, STARTUP, 0));
  }

  /** The device's moment: reads the hours since its last report, obeys, sends. */
  #report(device: number, atMs: number, world: World, report: Reporter): void {
    const daily = this.#rhythm === DAILY;
    const lastMs = daily ? atMs - this.#intoHourMs(atMs) : atMs;
    let endMs = daily ? lastMs - DAY_MS + HOUR_MS : lastMs;
    // Nothing is told of hours before the start.
    while (endMs <= this.#context.startMs) endMs += HOUR_MS;
    const movedMs = this.#state.has(device, MOVED) ? atMs - this.#rhythm.everyMs : NaN;
    this.#state.set(device, MOVED, false);
    const home = homeOf(this.#context.random, device);
    for (; endMs < lastMs; endMs += HOUR_MS) {
      const { flowLph, minFlowLph } = this.#counter.countHour(device, home, endMs, movedMs, world);
      report.record(device, endMs, { volumeM3: this.#volumeM3(device), flowLph, minFlowLph }, this.#truth(device));
    }
    const hour = endMs === lastMs ? this.#counter.countHour(device, home, lastMs, movedMs, world) : undefined;
    const tsMs = hour === undefined ? atMs : lastMs;
    const commands = this.#obey(device, atMs);
    report.record(device, tsMs, { ...this.#status(device, tsMs, world), ...hour }, this.#truth(device));
    for (const { id } of commands) report.ack(device, atMs, id, 'done');
  }

  #intoHourMs(atMs: number): number {
    return (atMs + this.#context.utcOffsetMin * MIN_MS) % HOUR_MS;
  }

  #volumeM3(device: number): number {
    return this.#state.volumeDl(device) / (1000 * DL_PER_L);
  }

  #status(device: number, atMs: number, world: World): Fields {
    const civilHour = (atMs + this.#context.utcOffsetMin * MIN_MS - this.#intoHourMs(atMs)) / HOUR_MS;
    const { pipeTempC } = this.#hours.at(civilHour - 1, world);
    const ageYears = this.#ageMs(device, atMs) / (365 * DAY_MS);
    return {
      volumeM3: this.#volumeM3(device),
      tempC: pipeTempC,
      batteryV: CELL_V - CELL_V_PER_YEAR * ageYears - CELL_V_PER_K * Math.max(0, 20 - pipeTempC),
      valve: this.#state.has(device, SHUT) ? 'closed' : 'open',
      ...this.#position(device),
    };
  }

  #truth(device: number): Fields {
    const leakLph = this.#state.has(device, SHUT) ? 0 : this.#leaks.trueLph(device);
    return leakLph === 0 ? TIGHT : { leakLph };
  }

  /** Fetches what waits for the device and moves the valve. @returns the commands that are done now */
  #obey(device: number, atMs: number): Command[] {
    const commands = this.#mailbox.take(device, atMs);
    const was = this.#state.has(device, SHUT);
    let shut = was;
    for (const { name, args } of commands) if (name === 'valve') shut = args.state === 'closed';
    if (shut === was) return commands;
    this.#state.set(device, SHUT, shut);
    this.#state.set(device, MOVED, true);
    if (!shut) this.#leaks.restart(device, atMs);
    return commands;
  }

  #position(device: number): { lat: number; lon: number } {
    const { city, count } = this.#context;
    if (count > HOURLY_COUNT) return city.toLonLat(city.home(device));
    if (this.#latE7[device] === 0) {
      const { lat, lon } = city.toLonLat(city.home(device));
      this.#latE7[device] = Math.round(lat * 1e7);
      this.#lonE7[device] = Math.round(lon * 1e7);
    }
    return { lat: this.#latE7[device]! / 1e7, lon: this.#lonE7[device]! / 1e7 };
  }
}

function commandProblem({ name, args }: Command): string | undefined {
  if (name === 'readNow') return undefined;
  if (name !== 'valve') return `unknown command ${name}, expected one of valve, readNow`;
  if (args.state === 'open' || args.state === 'closed') return undefined;
  return `state must be open or closed, got ${JSON.stringify(args.state)}`;
}
