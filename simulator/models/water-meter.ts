// A water meter of a home: DN15, battery, asleep but for one report an hour, with a valve. It counts what the home draws and what leaks; it
// knows no pressure, no radio and no tampering. Between reports it costs nothing: an hour's volume is computed when it is read.
import type { Command } from '../../telemetry/messages.ts';
import { HOUR_MS, HourlySchedule } from '../hourly-schedule.ts';
import { Mailbox } from '../mailbox.ts';
import { STARTUP_MS } from '../fleet.ts';
import type { CommandAnswer, Fleet, FleetContext, Model, Reporter } from '../fleet.ts';
import { PERSON_DAY_L, dayFactor, drawL, homeSize } from '../physics/water-demand.ts';
import type { HourPart } from '../physics/water-demand.ts';
import { calendar, seasonTempC, summerShare } from '../world/climate.ts';
import { isWeekend } from '../world/people.ts';

const DAY_MS = 86_400_000;
const MIN_MS = 60_000;

/** Meters were put in over the six years before 2025; one younger than a run's start counts from a month before it. */
const INSTALLED_BEFORE_MS = Date.UTC(2025, 0, 1);
const INSTALLED_WITHIN_MS = 6 * 365 * DAY_MS;
const YOUNGEST_MS = 30 * DAY_MS;
/** Start flow of an R100 meter (OIML R 49): slower leaks turn no wheel. */
const START_FLOW_LPH = [5, 8] as const;
/** Registration error of a meter, standard deviation over meters (R100: ±2 % between Q2 and Q4). */
const REGISTRATION_SD = 0.008;
/** Leaks: 3 % of homes at any time, noticed after 60 days, 2–20 L/h (central 95 %). Engineering estimates. */
const LEAKING_SHARE = 0.03;
const LEAK_MEAN_MS = 60 * DAY_MS;
const TIGHT_MEAN_MS = (LEAK_MEAN_MS * (1 - LEAKING_SHARE)) / LEAKING_SHARE;
const LEAK_MEDIAN_LPH = 6.3;
const LEAK_SIGMA = 0.587;
/** Alarm rule of the meter: never below 3 L/h for 24 hours. */
const ALARM_FLOW_LPH = 3;
const ALARM_AFTER_MS = DAY_MS;
/** Water in the pipe follows the soil: annual mean, swing, and the day it is warmest. Engineering estimate. */
const PIPE_MEAN_C = 17;
const PIPE_SWING_K = 10;
const PIPE_WARMEST_DAY = 222;
/** Li-SOCl2 cell: nearly flat until its end, a little lower in the cold. */
const CELL_V = 3.66;
const CELL_V_PER_YEAR = 0.012;
const CELL_V_PER_K = 0.002;

// Purposes of the random draws.
const OFFSET = 1;
const INSTALLED = 2;
const START_FLOW = 3;
const REGISTRATION = 4;
const LEAK_NOW = 5;
const LEAK_SINCE = 6;
const LEAK_CHANGE = 7;
const LEAK_FLOW = 8;
const STARTUP = 9;

const SHUT = 1;
const ALARMED = 2;
const LEAKING = 4;

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
    'Wuxi census 2020: persons per household',
  ],
  createFleet: (context) => new WaterMeters(context),
};

class WaterMeters implements Fleet {
  readonly #context: FleetContext;
  readonly #schedule: HourlySchedule;
  /** What the wheels have counted up to the last report, litres. */
  readonly #countedL: Float64Array;
  readonly #leakChangeMs: Float64Array;
  readonly #leakChanges: Uint32Array;
  readonly #leakLph: Float32Array;
  /** Since when the wheel has not stood still; NaN while it does. */
  readonly #flowingSinceMs: Float64Array;
  readonly #flags: Uint8Array;
  /** Position in 1e-7 degrees, found at the first report. */
  readonly #latE7: Int32Array;
  readonly #lonE7: Int32Array;
  readonly #mailbox = new Mailbox();

  constructor(context: FleetContext) {
    const { count, random } = context;
    this.#context = context;
    this.#schedule = new HourlySchedule(count, random, OFFSET);
    this.#countedL = new Float64Array(count);
    this.#leakChangeMs = new Float64Array(count);
    this.#leakChanges = new Uint32Array(count);
    this.#leakLph = new Float32Array(count);
    this.#flowingSinceMs = new Float64Array(count).fill(NaN);
    this.#flags = new Uint8Array(count);
    this.#latE7 = new Int32Array(count);
    this.#lonE7 = new Int32Array(count);
    for (let device = 0; device < count; device++) this.#beget(device);
  }

  tick(nowMs: number, dtMs: number, _world: unknown, report: Reporter): void {
    if (nowMs - dtMs < this.#context.startMs + STARTUP_MS) this.#startUp(nowMs - dtMs, nowMs, report);
    this.#schedule.visitDue(nowMs - dtMs, nowMs, (device, atMs) => this.#wake(device, atMs, report));
    this.#mailbox.expire(nowMs, report);
  }

  command(device: number, command: Command, nowMs: number): CommandAnswer {
    const problem = commandProblem(command);
    if (problem !== undefined) return { state: 'rejected', reason: problem };
    return this.#mailbox.put(device, command, nowMs);
  }

  #beget(device: number): void {
    const { random, startMs } = this.#context;
    this.#countedL[device] = (this.#ageMs(device, startMs) / DAY_MS) * PERSON_DAY_L * homeSize(random, device);
    const leaks = random.uniform(device, LEAK_NOW, 0) < LEAKING_SHARE;
    // Both spells have no memory, so what is left of one is as long as a new one.
    this.#leakChangeMs[device] = startMs + this.#spellMs(device, leaks);
    if (!leaks) return;
    this.#startLeak(device, startMs - random.exponential(LEAK_MEAN_MS, device, LEAK_SINCE, 0));
    // What was noticed before the run was reported then.
    if (this.#isAlarming(device, startMs)) this.#flags[device]! |= ALARMED;
  }

  #ageMs(device: number, atMs: number): number {
    const installedMs = INSTALLED_BEFORE_MS - this.#context.random.uniform(device, INSTALLED, 0) * INSTALLED_WITHIN_MS;
    return Math.max(YOUNGEST_MS, this.#context.startMs - installedMs) + atMs - this.#context.startMs;
  }

  #spellMs(device: number, leaks: boolean): number {
    const counter = this.#leakChanges[device]!++;
    return this.#context.random.exponential(leaks ? LEAK_MEAN_MS : TIGHT_MEAN_MS, device, LEAK_CHANGE, counter);
  }

  /** The first message of devices that were switched on: what they have counted, nothing of an hour that they did not see. */
  #startUp(fromMs: number, nowMs: number, report: Reporter): void {
    const { count, random, startMs } = this.#context;
    const due: { device: number; atMs: number }[] = [];
    for (let device = 0; device < count; device++) {
      const atMs = startMs + 1 + Math.floor(STARTUP_MS * random.uniform(device, STARTUP, 0));
      const first = this.#schedule.nextMs(device, startMs) > atMs;
      if (first && atMs > fromMs && atMs <= nowMs) due.push({ device, atMs });
    }
    due.sort((a, b) => a.atMs - b.atMs);
    for (const { device, atMs } of due) report.record(device, atMs, this.#state(device, atMs));
  }

  /** The device's hour: reads, obeys, reports, and warns. */
  #wake(device: number, atMs: number, report: Reporter): void {
    const { flowLph, minFlowLph } = this.#readHour(device, atMs);
    const commands = this.#mailbox.take(device, atMs);
    for (const { name, args } of commands) if (name === 'valve') this.#setValve(device, args.state === 'closed', atMs);
    report.record(device, atMs, { ...this.#state(device, atMs), flowLph, minFlowLph });
    this.#warn(device, atMs, minFlowLph, report);
    for (const { id } of commands) report.ack(device, atMs, id, 'done');
  }

  #state(device: number, atMs: number) {
    const shut = (this.#flags[device]! & SHUT) !== 0;
    const pipeC = pipeTempC(atMs + this.#context.utcOffsetMin * MIN_MS);
    const ageYears = this.#ageMs(device, atMs) / (365 * DAY_MS);
    return {
      volumeM3: this.#countedL[device]! / 1000,
      tempC: pipeC,
      batteryV: CELL_V - CELL_V_PER_YEAR * ageYears - CELL_V_PER_K * Math.max(0, 20 - pipeC),
      valve: shut ? 'closed' : 'open',
      ...this.#position(device),
    };
  }

  /** Counts the hour that ends at `atMs`. */
  #readHour(device: number, atMs: number): { flowLph: number; minFlowLph: number } {
    const shut = (this.#flags[device]! & SHUT) !== 0;
    const leakL = this.#leakHour(device, atMs, shut);
    if (shut) return { flowLph: 0, minFlowLph: 0 };
    const { random } = this.#context;
    const registration = 1 + REGISTRATION_SD * random.normal(device, REGISTRATION, 0);
    const usedL = drawL(random, device, Math.floor(atMs / HOUR_MS), homeSize(random, device), this.#hourParts(atMs));
    const litres = registration * (usedL + leakL);
    this.#countedL[device]! += litres;
    // Taps rest at some moment of every hour; a leak does not.
    const allHour = this.#flowingSinceMs[device]! <= atMs - HOUR_MS;
    return { flowLph: litres, minFlowLph: allHour ? registration * this.#leakLph[device]! : 0 };
  }

  /** Moves the leak through the hour before `atMs`; what of it the meter registers, litres. */
  #leakHour(device: number, atMs: number, shut: boolean): number {
    let litres = 0;
    for (let fromMs = atMs - HOUR_MS; ;) {
      const untilMs = Math.min(atMs, this.#leakChangeMs[device]!);
      if (!shut) litres += (this.#leakLph[device]! * Math.max(0, untilMs - fromMs)) / HOUR_MS;
      if (this.#leakChangeMs[device]! > atMs) return litres;
      fromMs = Math.max(fromMs, untilMs);
      const starts = (this.#flags[device]! & LEAKING) === 0;
      if (starts) this.#startLeak(device, untilMs);
      else this.#stopLeak(device);
      this.#leakChangeMs[device] = untilMs + this.#spellMs(device, starts);
    }
  }

  #startLeak(device: number, sinceMs: number): void {
    const { random } = this.#context;
    this.#flags[device]! |= LEAKING;
    const leakLph = random.lognormal(LEAK_MEDIAN_LPH, LEAK_SIGMA, device, LEAK_FLOW, this.#leakChanges[device]!);
    const [low, high] = START_FLOW_LPH;
    if (leakLph < low + (high - low) * random.uniform(device, START_FLOW, 0)) return;
    this.#leakLph[device] = leakLph;
    this.#flowingSinceMs[device] = sinceMs;
  }

  #stopLeak(device: number): void {
    this.#flags[device]! &= ~LEAKING;
    this.#leakLph[device] = 0;
    this.#flowingSinceMs[device] = NaN;
  }

  /** The hour before `atMs` as its parts of two civil hours. */
  #hourParts(atMs: number): HourPart[] {
    const civilMs = atMs + this.#context.utcOffsetMin * MIN_MS;
    const intoMs = civilMs % HOUR_MS;
    return [hourPart(civilMs - intoMs - 1, HOUR_MS - intoMs), hourPart(civilMs, intoMs)];
  }

  #warn(device: number, atMs: number, minFlowLph: number, report: Reporter): void {
    const leak = this.#isAlarming(device, atMs);
    if (leak === ((this.#flags[device]! & ALARMED) !== 0)) return;
    this.#flags[device]! ^= ALARMED;
    report.event(device, atMs, 'leak', leak ? 'raised' : 'cleared', { minFlowLph });
  }

  #isAlarming(device: number, atMs: number): boolean {
    const flowing = (this.#flags[device]! & SHUT) === 0 && this.#leakLph[device]! > ALARM_FLOW_LPH;
    return flowing && atMs - this.#flowingSinceMs[device]! >= ALARM_AFTER_MS;
  }

  #setValve(device: number, shut: boolean, atMs: number): void {
    const wasShut = (this.#flags[device]! & SHUT) !== 0;
    if (shut) this.#flags[device]! |= SHUT;
    else this.#flags[device]! &= ~SHUT;
    // A leak that was cut off starts to flow anew.
    if (wasShut && !shut && this.#leakLph[device]! > 0) this.#flowingSinceMs[device] = atMs;
  }

  #position(device: number): { lat: number; lon: number } {
    if (this.#latE7[device] === 0) {
      const { lat, lon } = this.#context.city.toLonLat(this.#context.city.home(device));
      this.#latE7[device] = Math.round(lat * 1e7);
      this.#lonE7[device] = Math.round(lon * 1e7);
    }
    return { lat: this.#latE7[device]! / 1e7, lon: this.#lonE7[device]! / 1e7 };
  }
}

function hourPart(civilMs: number, durationMs: number): HourPart {
  const day = Math.floor(civilMs / DAY_MS);
  const weekend = isWeekend(day);
  const { dayOfYear } = calendar(day);
  const factor = dayFactor(weekend, seasonTempC(dayOfYear), summerShare(dayOfYear));
  return { hour: Math.floor((civilMs - day * DAY_MS) / HOUR_MS), weekend, durationMs, factor };
}

function pipeTempC(civilMs: number): number {
  const { dayOfYear } = calendar(Math.floor(civilMs / DAY_MS));
  return PIPE_MEAN_C + PIPE_SWING_K * Math.cos((2 * Math.PI * (dayOfYear - PIPE_WARMEST_DAY)) / 365);
}

function commandProblem({ name, args }: Command): string | undefined {
  if (name === 'readNow') return undefined;
  if (name !== 'valve') return `unknown command ${name}, expected one of valve, readNow`;
  if (args.state === 'open' || args.state === 'closed') return undefined;
  return `state must be open or closed, got ${JSON.stringify(args.state)}`;
}
