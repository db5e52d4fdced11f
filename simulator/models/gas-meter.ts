// A gas meter of a home: G2.5, on a battery, asleep but for one report a night that brings the hours of the day before, with a valve that
// the network can shut and only a fitter on site can open. It knows no pressure and no tariff. Between reports it costs nothing and holds
// thirteen bytes: what a home has burnt is computed when it is read.
import type { Command } from '../../telemetry/messages.ts';
import { STARTUP_MS } from '../fleet.ts';
import type { CommandAnswer, Fleet, FleetContext, Happening, Model, Reporter } from '../fleet.ts';
import { Mailbox } from '../mailbox.ts';
import { gasM3, yearMeanM3PerDay } from '../physics/gas-demand.ts';
import { GasIncident, LEAST_LEAK_M3PH } from '../physics/gas-incident.ts';
import { lithiumCellV } from '../physics/lithium-cell.ts';
import type { World } from '../world.ts';

const MIN_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
const YEAR_MS = 365 * DAY_MS;

/** The night's window for reports, civil time, from midnight. */
const WINDOW_MS = 8 * HOUR_MS;
const REPORTED_HOURS = 24;
/** Fleets up to this size also report when they are switched on; a larger one would storm its network. */
const GREETING_FLEET = 200_000;
/** Meters and their cells last ten years (JJG 577); the cell is sized for two more. */
const OLDEST_MS = 10 * YEAR_MS;
const YOUNGEST_MS = 30 * DAY_MS;
const CELL_LIFE_MS = 12 * YEAR_MS;
/** Registration error of a class 1.5 meter, standard deviation over meters. */
const REGISTRATION_SD = 0.005;
/** Meters hang in kitchens and stairwells, between the room and the weather (engineering estimate). */
const INDOOR_C = 20;
const OUTDOOR_SHARE = 0.6;

// Purposes of the random draws.
const OFFSET = 1;
const STARTUP = 2;
const INSTALLED = 3;
const REGISTRATION = 4;

export const model: Model = {
  description: {
    kind: 'gas-meter',
    label: 'Gas meter',
    labels: { zh: '燃气表' },
    fields: {
      volumeM3: {
        label: 'Volume',
        labels: { zh: '累计用气量' },
        unit: 'm3',
        min: 0,
        max: 99_999.999,
        resolution: 0.001,
      },
      flowM3PerH: {
        label: 'Mean flow of the hour',
        labels: { zh: '小时平均流量' },
        unit: 'm3/h',
        min: 0,
        max: 25,
        resolution: 0.001,
      },
      tempC: {
        label: 'Gas temperature',
        labels: { zh: '燃气温度' },
        unit: 'Cel',
        min: -25,
        max: 55,
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
      microLeak: { label: 'A small flow for 8 h', labels: { zh: '微漏（小流量持续8小时）' }, severity: 'critical' },
      longUse: { label: 'Flow without a pause for 3 h', labels: { zh: '持续用气超过3小时' }, severity: 'warning' },
      overFlow: {
        label: 'More flow than the meter may carry; valve shut',
        labels: { zh: '流量超限，已关阀' },
        severity: 'critical',
      },
    },
    commands: {
      valve: {
        label: 'Shut the valve at the next wake-up',
        labels: { zh: '关阀（下次上报时执行）' },
        args: {
          type: 'object',
          properties: { state: { type: 'string', enum: ['closed', 'open'] } },
          required: ['state'],
          additionalProperties: false,
        },
      },
    },
  },
  qos: 1,
  demoCount: 2000,
  sources: [
    'Chongqing Statistical Yearbook 2008: 274 m³ a year in a home',
    'EN 1359, JJG 577: range and life of a G2.5 diaphragm meter',
    'BDEW standard load profiles: weighted temperature',
    'Hours of use, homes with a boiler, rules of the alarms: engineering estimates',
  ],
  hidden: {
    leakM3PerH: {
      label: 'Gas that leaks, mean of the hour',
      labels: { zh: '小时平均泄漏量' },
      unit: 'm3/h',
      min: 0,
    },
  },
  happenings: {
    leak: {
      label: 'Gas leak behind the meter',
      labels: { zh: '燃气泄漏' },
      args: {
        type: 'object',
        properties: { flowM3PerH: { type: 'number', title: 'Leak, m³/h', minimum: LEAST_LEAK_M3PH, maximum: 10 } },
        required: ['flowM3PerH'],
        additionalProperties: false,
      },
    },
  },
  createFleet: (context) => new GasMeters(context),
};

class GasMeters implements Fleet {
  readonly #context: FleetContext;
  readonly #utcOffsetMs: number;
  /** What the meter has counted up to the begin of the civil hour that it counts next. */
  readonly #countedM3: Float64Array;
  readonly #nextHour: Int32Array;
  /** Devices that have sent their first message. */
  readonly #started: Uint8Array;
  /** Of the few that have any. */
  readonly #incidents = new Map<number, GasIncident>();
  readonly #mailbox = new Mailbox();
  /** Up to here everybody who was due has woken. */
  #tickedMs: number;

  constructor(context: FleetContext) {
    const { count, random, startMs, utcOffsetMin } = context;
    this.#context = context;
    this.#utcOffsetMs = utcOffsetMin * MIN_MS;
    this.#countedM3 = new Float64Array(count);
    this.#nextHour = new Int32Array(count).fill(this.#civilHour(startMs));
    this.#tickedMs = startMs;
    this.#started = new Uint8Array(count).fill(count > GREETING_FLEET ? 1 : 0);
    for (let device = 0; device < count; device++) {
      const perDay = yearMeanM3PerDay(random, device);
      this.#countedM3[device] = (this.#ageMs(device, startMs) / DAY_MS) * perDay;
    }
  }

  firstWakeMs(device: number): number {
    return this.#dueMs(device, this.#context.startMs);
  }

  wake(device: number, atMs: number, world: World, report: Reporter): number {
    const incident = this.#incidents.get(device);
    if (this.#nightMs(device, atMs - 1) === atMs) this.#reportDay(device, atMs, incident, world, report);
    else if (this.#started[device] === 0) report.record(device, atMs, this.#state(device, atMs, world));
    this.#started[device] = 1;
    if (incident !== undefined) this.#advance(device, atMs, incident, report);
    this.#obey(device, atMs, report);
    return this.#dueMs(device, atMs);
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
    const incident = this.#incidents.get(device) ?? new GasIncident();
    this.#incidents.set(device, incident);
    incident.leak(args.flowM3PerH as number, nowMs, untilMs);
    // Who is due within this tick has not woken yet.
    this.#context.wakeAt(device, this.#dueMs(device, this.#tickedMs));
  }

  placeOf(device: number) {
    return this.#context.city.home(device);
  }

  #civilHour(atMs: number): number {
    return Math.floor((atMs + this.#utcOffsetMs) / HOUR_MS);
  }

  #ageMs(device: number, atMs: number): number {
    const { random, startMs } = this.#context;
    return YOUNGEST_MS + (OLDEST_MS - YOUNGEST_MS) * random.uniform(device, INSTALLED, 0) + atMs - startMs;
  }

  /** The first moment after `atMs` at which the meter's nightly report is due. */
  #nightMs(device: number, atMs: number): number {
    const offsetMs = (this.#context.random.bits(device, OFFSET, 0) % WINDOW_MS) - this.#utcOffsetMs;
    return offsetMs + DAY_MS * (Math.floor((atMs - offsetMs) / DAY_MS) + 1);
  }

  /** The first moment after `atMs` at which the device has something to do. */
  #dueMs(device: number, atMs: number): number {
    const { random, startMs } = this.#context;
    const nightMs = this.#nightMs(device, atMs);
    const incidentMs = this.#incidents.get(device)?.nextMs() ?? Infinity;
    const dueMs = Math.min(nightMs, Math.max(atMs + 1, incidentMs));
    if (this.#started[device] === 1) return dueMs;
    return Math.min(dueMs, startMs + 1 + Math.floor(STARTUP_MS * random.uniform(device, STARTUP, 0)));
  }

  /** Each full hour since the last report as a record of its own, with its own time; the newest brings the rest. None yet: only the rest. */
  #reportDay(device: number, atMs: number, incident: GasIncident | undefined, world: World, report: Reporter): void {
    const { random } = this.#context;
    const registration = 1 + REGISTRATION_SD * random.normal(device, REGISTRATION, 0);
    const thisHour = this.#civilHour(atMs);
    if (this.#nextHour[device]! >= thisHour) report.record(device, atMs, this.#state(device, atMs, world));
    for (let hour = Math.max(this.#nextHour[device]!, thisHour - REPORTED_HOURS); hour < thisHour; hour++) {
      const fromMs = hour * HOUR_MS - this.#utcOffsetMs;
      const untilMs = fromMs + HOUR_MS;
      const leakM3PerH = incident?.leakedM3(fromMs, untilMs) ?? 0;
      const burntM3 = (incident?.openShare(fromMs, untilMs) ?? 1) * gasM3(random, device, hour, world.hour(hour));
      const flowM3PerH = registration * (burntM3 + leakM3PerH);
      this.#countedM3[device]! += flowM3PerH;
      this.#nextHour[device] = hour + 1;
      const rest = hour === thisHour - 1 ? this.#state(device, untilMs, world) : undefined;
      report.record(device, untilMs, { volumeM3: this.#countedM3[device]!, flowM3PerH, ...rest }, { leakM3PerH });
    }
  }

  #state(device: number, atMs: number, world: World) {
    const { tempC } = world.hour(this.#civilHour(atMs) - 1);
    const gasC = INDOOR_C + OUTDOOR_SHARE * (tempC - INDOOR_C);
    return {
      volumeM3: this.#countedM3[device]!,
      tempC: gasC,
      batteryV: lithiumCellV(1 - this.#ageMs(device, atMs) / CELL_LIFE_MS, gasC),
      valve: this.#incidents.get(device)?.isShut === true ? 'closed' : 'open',
      ...this.#context.city.toLonLat(this.placeOf(device)),
    };
  }

  #advance(device: number, atMs: number, incident: GasIncident, report: Reporter): void {
    const wasShut = incident.isShut;
    for (const { alarm, state, flowM3PerH } of incident.advance(atMs)) {
      report.event(device, atMs, alarm, state, { flowM3PerH });
    }
    if (incident.isShut !== wasShut) report.record(device, atMs, { valve: wasShut ? 'open' : 'closed' });
    if (incident.isOver) this.#incidents.delete(device);
  }

  #obey(device: number, atMs: number, report: Reporter): void {
    for (const { id } of this.#mailbox.take(device, atMs)) {
      const incident = this.#incidents.get(device) ?? new GasIncident();
      this.#incidents.set(device, incident);
      if (!incident.isShut) report.record(device, atMs, { valve: 'closed' });
      incident.shut(atMs);
      this.#advance(device, atMs, incident, report);
      report.ack(device, atMs, id, 'done');
    }
  }
}

function commandProblem({ name, args }: Command): string | undefined {
  if (name !== 'valve') return `unknown command ${name}, expected valve`;
  if (args.state === 'closed') return undefined;
  if (args.state === 'open') return 'a gas valve is opened on site only, after a look at the burners';
  return `state must be closed, got ${JSON.stringify(args.state)}`;
}
