// An electricity meter of a home: single phase, on the mains, a report every quarter of an hour, with a relay, and a capacitor that lasts for a
// last word when the power goes. Some homes have panels on the roof, some charge a car. It knows no appliance, no tariff and no transformer.
// Between reports it costs nothing: what a home has used is computed when it is read.
import type { Command } from '../../telemetry/messages.ts';
import { STARTUP_MS } from '../fleet.ts';
import type { CommandAnswer, Fleet, FleetContext, Happening, Model, Reporter } from '../fleet.ts';
import { Mailbox } from '../mailbox.ts';
import { HomeEnergy, QUARTER_MS } from '../physics/home-energy.ts';
import { homeFactor } from '../physics/household.ts';
import type { World, WorldEvent } from '../world.ts';

const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;
const YEAR_MS = 365 * DAY_MS;

/** Meters are changed after eight years (JJG 596). */
const OLDEST_MS = 8 * YEAR_MS;
const YOUNGEST_MS = 30 * DAY_MS;
/** What a mean home draws, and what panels on a roof feed in, for the registers' history. */
const DRAWN_KWH_PER_DAY = 8.1;
const FED_IN_KWH_PER_DAY = 11;
/** Registration error of a class 1 meter, standard deviation over meters. */
const REGISTRATION_SD = 0.005;
/** Contract of a home, and how far above it the mean of a report may lie. */
const CONTRACTED_KW = 8;
const OVERLOAD = 1.2;
/** 220 V +7 −10 % (GB/T 12325), and how far back inside before all is well again. */
const LIMITS_V = [198, 235.4] as const;
const BACK_INSIDE_V = 2;
/** Line from the transformer to the meter, out and back (engineering estimate). */
const LINE_OHM = [0.1, 0.4] as const;
const NOMINAL_V = 220;
const POWER_FACTOR = [0.9, 0.99] as const;
/** A capacitor of 1 F carries a last message out, mostly; engineering estimates. */
const GASP_AFTER_MS = [500, 5000] as const;
const GASP_SHARE = 0.92;
/** Meters tell within this time that the power is back. */
const RETURN_AFTER_MS = [1000, 30_000] as const;
/** Homes that must not be switched off: somebody's life hangs on a machine. */
const MEDICAL_SHARE = 0.005;

// Purposes of the random draws.
const OFFSET = 1;
const STARTUP = 2;
const INSTALLED = 3;
const REGISTRATION = 4;
const LINE = 5;
const PHASE_ANGLE = 6;
const GASP = 7;
const GASP_AFTER = 8;
const RETURN_AFTER = 9;
const MEDICAL = 10;

/** What a meter knows of itself, bits of one byte. */
const OPEN = 1;
const OVERLOADED = 2;
const OUTSIDE_V = 4;
const GASPED = 8;

export const model: Model = {
  description: {
    kind: 'electricity-meter',
    label: 'Electricity meter',
    labels: { zh: '电表' },
    fields: {
      energyKwh: {
        label: 'Energy drawn',
        labels: { zh: '累计用电量' },
        unit: 'kWh',
        min: 0,
        max: 999_999.99,
        resolution: 0.01,
      },
      exportKwh: {
        label: 'Energy fed in',
        labels: { zh: '累计上网电量' },
        unit: 'kWh',
        min: 0,
        max: 999_999.99,
        resolution: 0.01,
      },
      powerW: {
        label: 'Mean power since the last record',
        labels: { zh: '平均功率' },
        unit: 'W',
        min: -20_000,
        max: 20_000,
        resolution: 1,
      },
      voltageV: {
        label: 'Voltage',
        labels: { zh: '电压' },
        unit: 'V',
        min: 0,
        max: 300,
        resolution: 0.1,
        sensor: { noiseSd: 0.3, gainSd: 0.002 },
      },
      currentA: {
        label: 'Current',
        labels: { zh: '电流' },
        unit: 'A',
        min: 0,
        max: 100,
        resolution: 0.01,
        sensor: { noiseShare: 0.003, gainSd: 0.003 },
      },
      powerFactor: { label: 'Power factor', labels: { zh: '功率因数' }, unit: '', min: 0, max: 1, resolution: 0.01 },
      frequencyHz: {
        label: 'Frequency',
        labels: { zh: '频率' },
        unit: 'Hz',
        min: 45,
        max: 55,
        resolution: 0.01,
        sensor: { noiseSd: 0.005 },
      },
      relay: { label: 'Relay', labels: { zh: '继电器' }, unit: '', type: 'string', enum: ['closed', 'open'] },
      lat: { label: 'Latitude', labels: { zh: '纬度' }, unit: 'deg', min: -90, max: 90, resolution: 1e-7 },
      lon: { label: 'Longitude', labels: { zh: '经度' }, unit: 'deg', min: -180, max: 180, resolution: 1e-7 },
    },
    events: {
      lastGasp: { label: 'Power lost', labels: { zh: '停电' }, severity: 'critical' },
      voltage: { label: 'Voltage outside 198–235.4 V', labels: { zh: '电压越限' }, severity: 'warning' },
      overload: { label: 'More than 1.2 times the contracted power', labels: { zh: '过载' }, severity: 'warning' },
    },
    commands: {
      relay: {
        label: 'Open or close the relay',
        labels: { zh: '拉闸或合闸' },
        args: {
          type: 'object',
          properties: { state: { type: 'string', enum: ['open', 'closed'] } },
          required: ['state'],
          additionalProperties: false,
        },
      },
      readNow: {
        label: 'Read now',
        labels: { zh: '抄表' },
        args: { type: 'object', properties: {}, additionalProperties: false },
      },
    },
  },
  qos: 1,
  demoCount: 2000,
  sources: [
    'Chinese Residential Energy Consumption Survey 2021: air conditioners and their hours',
    'Jiangsu tiers of 230 and 400 kWh a month (NDRC 2011): how homes differ',
    'GB/T 12325: limits of voltage; GB/T 17215: class 1 meters',
    'Cars, panels, last messages: engineering estimates',
  ],
  hidden: {
    trueW: { label: 'Mean true power since the last record', labels: { zh: '真实平均功率' }, unit: 'W' },
    bypassShare: {
      label: 'Share of the load that bypasses the meter',
      labels: { zh: '窃电比例' },
      unit: '',
      min: 0,
      max: 1,
    },
  },
  happenings: {
    theft: {
      label: 'Meter bypassed',
      labels: { zh: '窃电' },
      args: {
        type: 'object',
        properties: {
          bypassShare: { type: 'number', title: 'Share that goes past the meter', minimum: 0.3, maximum: 0.9 },
        },
        required: ['bypassShare'],
        additionalProperties: false,
      },
    },
  },
  // Sunlight, voltage and frequency are looked at when a tick ends, up to a minute after the moment of the report.
  tickTolerance: { energyKwh: 1e-6, exportKwh: 1e-4, powerW: 1e-3, voltageV: 1e-4, currentA: 1e-3, frequencyHz: 1e-4 },
  createFleet: (context) => new ElectricityMeters(context),
};

interface Bypass {
  readonly share: number;
  readonly fromMs: number;
  readonly untilMs: number;
}

class ElectricityMeters implements Fleet {
  readonly #context: FleetContext;
  /** The registers, and the moment up to which they have counted. */
  readonly #drawnKwh: Float64Array;
  readonly #fedInKwh: Float64Array;
  readonly #countedMs: Float64Array;
  /** Net energy of the register at the last record, true energy since then, and when it was; NaN before the first. */
  readonly #recordedKwh: Float64Array;
  readonly #trueKwh: Float64Array;
  readonly #recordedMs: Float64Array;
  /** Sunlight when the meter last counted. */
  readonly #irradianceWpm2: Float32Array;
  /** Since when there is no power; Infinity while there is. */
  readonly #darkMs: Float64Array;
  /** When the device wakes next; and when it wants to, besides its quarters of an hour, for a command and for the grid; Infinity: not. */
  readonly #dueMs: Float64Array;
  readonly #askedMs: Float64Array;
  readonly #gridMs: Float64Array;
  readonly #flags: Uint8Array;
  readonly #energy: HomeEnergy;
  readonly #bypasses = new Map<number, Bypass>();
  readonly #mailbox = new Mailbox();

  constructor(context: FleetContext) {
    const { count, random, startMs, utcOffsetMin } = context;
    this.#context = context;
    this.#energy = new HomeEnergy(random, utcOffsetMin);
    this.#drawnKwh = new Float64Array(count);
    this.#fedInKwh = new Float64Array(count);
    this.#countedMs = new Float64Array(count).fill(startMs);
    this.#recordedKwh = new Float64Array(count);
    this.#trueKwh = new Float64Array(count);
    this.#recordedMs = new Float64Array(count).fill(NaN);
    this.#irradianceWpm2 = new Float32Array(count).fill(NaN);
    this.#darkMs = new Float64Array(count).fill(Infinity);
    this.#dueMs = new Float64Array(count);
    this.#askedMs = new Float64Array(count).fill(Infinity);
    this.#gridMs = new Float64Array(count).fill(Infinity);
    this.#flags = new Uint8Array(count);
    for (let device = 0; device < count; device++) this.#beget(device);
  }

  firstWakeMs(device: number): number {
    const { random, startMs } = this.#context;
    const atMs = startMs + 1 + Math.floor(STARTUP_MS * random.uniform(device, STARTUP, 0));
    return (this.#dueMs[device] = Math.min(atMs, this.#quarterAfter(device, startMs)));
  }

  wake(device: number, atMs: number, world: World, report: Reporter): number {
    if (this.#askedMs[device]! <= atMs) this.#askedMs[device] = Infinity;
    const gridChanged = this.#gridMs[device]! <= atMs;
    if (gridChanged) this.#gridMs[device] = Infinity;
    this.#count(device, atMs, world);
    const dark = this.#isDark(device, atMs);
    if (gridChanged) this.#tellPower(device, atMs, dark, report);
    if (!dark) this.#serve(device, atMs, world, report);
    const wishMs = Math.max(atMs + 1, Math.min(this.#askedMs[device]!, this.#gridMs[device]!));
    return (this.#dueMs[device] = Math.min(this.#quarterAfter(device, atMs), wishMs));
  }

  tick(nowMs: number, _dtMs: number, _world: World, report: Reporter): void {
    this.#mailbox.expire(nowMs, report);
  }

  command(device: number, command: Command, nowMs: number): CommandAnswer {
    const problem = this.#problemOf(device, command);
    if (problem !== undefined) return { state: 'rejected', reason: problem };
    const answer = this.#mailbox.put(device, command, nowMs);
    // Without power nobody listens; what waits is done when it is back.
    if (answer.state === 'accepted' && this.#darkMs[device] === Infinity)
      this.#wantWake(this.#askedMs, device, nowMs + 1);
    return answer;
  }

  befall(device: number, { args, untilMs }: Happening, nowMs: number): void {
    this.#bypasses.set(device, { share: args.bypassShare as number, fromMs: nowMs, untilMs });
  }

  notice({ event, fromMs, untilMs }: WorldEvent, began: boolean, nowMs: number, world: World): void {
    if (event !== 'power-cut') return;
    const changedMs = Math.min(nowMs, began ? fromMs : untilMs);
    for (let device = 0; device < this.#flags.length; device++) {
      const wasOn = this.#darkMs[device] === Infinity;
      if (wasOn !== began || world.grid.isOn(this.placeOf(device)) === began) continue;
      if (began) this.#losePower(device, changedMs);
      else this.#regainPower(device, changedMs, world);
    }
  }

  placeOf(device: number) {
    return this.#context.city.home(device);
  }

  #beget(device: number): void {
    const { random } = this.#context;
    const ageDays = (YOUNGEST_MS + (OLDEST_MS - YOUNGEST_MS) * random.uniform(device, INSTALLED, 0)) / DAY_MS;
    const drawnKwh = ageDays * DRAWN_KWH_PER_DAY * homeFactor(random, device);
    const fedInKwh = this.#energy.hasSolar(device) ? ageDays * FED_IN_KWH_PER_DAY : 0;
    this.#drawnKwh[device] = drawnKwh;
    this.#fedInKwh[device] = fedInKwh;
    this.#recordedKwh[device] = drawnKwh - fedInKwh;
  }

  /** The first moment after `atMs` at which the meter reports of its own accord. */
  #quarterAfter(device: number, atMs: number): number {
    const offsetMs = this.#context.random.bits(device, OFFSET, 0) % QUARTER_MS;
    return offsetMs + QUARTER_MS * (Math.floor((atMs - offsetMs) / QUARTER_MS) + 1);
  }

  #wantWake(wishes: Float64Array, device: number, atMs: number): void {
    wishes[device] = atMs;
    // A wake that is due earlier finds the wish itself.
    if (atMs >= this.#dueMs[device]!) return;
    this.#dueMs[device] = atMs;
    this.#context.wakeAt(device, atMs);
  }

  /** Within a tick the power may have come back only after `atMs`: then what was counted lies ahead. */
  #isDark(device: number, atMs: number): boolean {
    return this.#darkMs[device]! <= atMs || atMs < this.#countedMs[device]!;
  }

  #losePower(device: number, atMs: number): void {
    const { random } = this.#context;
    this.#darkMs[device] = atMs;
    const cut = Math.floor(atMs / 1000);
    this.#gridMs[device] = Infinity;
    if (random.uniform(device, GASP, cut) >= GASP_SHARE) return;
    const afterMs = this.#between(GASP_AFTER_MS, device, GASP_AFTER, cut);
    this.#wantWake(this.#gridMs, device, Math.ceil(atMs + afterMs));
  }

  #regainPower(device: number, atMs: number, world: World): void {
    this.#count(device, atMs, world);
    this.#darkMs[device] = Infinity;
    this.#countedMs[device] = Math.max(this.#countedMs[device]!, atMs);
    const afterMs = this.#between(RETURN_AFTER_MS, device, RETURN_AFTER, Math.floor(atMs / 1000));
    this.#wantWake(this.#gridMs, device, Math.ceil(atMs + afterMs));
  }

  /** The last message when the power went; that it is back, if that one was sent. */
  #tellPower(device: number, atMs: number, dark: boolean, report: Reporter): void {
    const energyKwh = this.#drawnKwh[device]!;
    this.#alarm(device, GASPED, dark, (state) => report.event(device, atMs, 'lastGasp', state, { energyKwh }));
  }

  /** With power: obeys, and reports when it is time or when it was asked. */
  #serve(device: number, atMs: number, world: World, report: Reporter): void {
    const commands = this.#mailbox.take(device, atMs);
    for (const { name, args } of commands) if (name === 'relay') this.#setRelay(device, args.state === 'open');
    const isFirst = Number.isNaN(this.#recordedMs[device]!);
    const isTime = this.#quarterAfter(device, atMs - 1) === atMs;
    if (isFirst || isTime || commands.length > 0) this.#record(device, atMs, world, report);
    for (const { id } of commands) report.ack(device, atMs, id, 'done');
  }

  #setRelay(device: number, open: boolean): void {
    if (open) this.#flags[device]! |= OPEN;
    else this.#flags[device]! &= ~OPEN;
  }

  #record(device: number, atMs: number, { grid }: World, report: Reporter): void {
    const netKwh = this.#drawnKwh[device]! - this.#fedInKwh[device]!;
    const sinceH = (atMs - this.#recordedMs[device]!) / HOUR_MS;
    // A meter that was just switched on has seen no time yet.
    const powerW = sinceH > 0 ? (1000 * (netKwh - this.#recordedKwh[device]!)) / sinceH : undefined;
    const trueW = sinceH > 0 ? (1000 * this.#trueKwh[device]!) / sinceH : undefined;
    this.#recordedKwh[device] = netKwh;
    this.#recordedMs[device] = atMs;
    this.#trueKwh[device] = 0;
    const place = this.placeOf(device);
    const voltageV = grid.voltageV(grid.feederAt(place)) - this.#lineDropV(device, trueW ?? 0);
    const powerFactor = this.#between(POWER_FACTOR, device, PHASE_ANGLE, Math.floor(atMs / QUARTER_MS));
    const fields = {
      energyKwh: this.#drawnKwh[device]!,
      exportKwh: this.#energy.hasSolar(device) ? this.#fedInKwh[device]! : undefined,
      powerW,
      voltageV,
      currentA: Math.abs(powerW ?? 0) / (voltageV * powerFactor),
      powerFactor,
      frequencyHz: grid.frequencyHz,
      relay: (this.#flags[device]! & OPEN) === 0 ? 'closed' : 'open',
      ...this.#context.city.toLonLat(place),
    };
    report.record(device, atMs, fields, { trueW, bypassShare: this.#bypassShare(device, atMs - 1) });
    this.#warn(device, atMs, voltageV, powerW ?? 0, report);
  }

  #lineDropV(device: number, powerW: number): number {
    return (this.#between(LINE_OHM, device, LINE, 0) * powerW) / NOMINAL_V;
  }

  #between([least, most]: readonly [number, number], device: number, purpose: number, counter: number): number {
    return least + (most - least) * this.#context.random.uniform(device, purpose, counter);
  }

  #warn(device: number, atMs: number, voltageV: number, powerW: number, report: Reporter): void {
    const margin = (this.#flags[device]! & OUTSIDE_V) === 0 ? 0 : BACK_INSIDE_V;
    const outside = voltageV < LIMITS_V[0] + margin || voltageV > LIMITS_V[1] - margin;
    this.#alarm(device, OUTSIDE_V, outside, (state) => report.event(device, atMs, 'voltage', state, { voltageV }));
    const overloaded = powerW > 1000 * OVERLOAD * CONTRACTED_KW;
    this.#alarm(device, OVERLOADED, overloaded, (state) => report.event(device, atMs, 'overload', state, { powerW }));
  }

  #alarm(device: number, flag: number, is: boolean, send: (state: 'raised' | 'cleared') => void): void {
    if (is === ((this.#flags[device]! & flag) !== 0)) return;
    this.#flags[device]! ^= flag;
    send(is ? 'raised' : 'cleared');
  }

  /** Moves the registers to `atMs`, or to the moment when the power went. */
  #count(device: number, atMs: number, world: World): void {
    const { irradianceWpm2, tempC } = world.sky;
    const beforeWpm2 = this.#irradianceWpm2[device]!;
    this.#irradianceWpm2[device] = irradianceWpm2;
    const fromMs = this.#countedMs[device]!;
    const untilMs = Math.min(atMs, this.#darkMs[device]!);
    if (untilMs <= fromMs) return;
    this.#countedMs[device] = untilMs;
    if ((this.#flags[device]! & OPEN) !== 0) return;
    const meanWpm2 = Number.isNaN(beforeWpm2) ? irradianceWpm2 : (beforeWpm2 + irradianceWpm2) / 2;
    const solarKw = this.#energy.solarKw(device, meanWpm2, tempC);
    for (let ms = fromMs; ms < untilMs;) {
      const nextMs = Math.min(untilMs, this.#changeAfter(device, ms));
      this.#countPiece(device, ms, nextMs, solarKw, world);
      ms = nextMs;
    }
  }

  /** When the load is drawn anew, or a bypass begins or ends. */
  #changeAfter(device: number, ms: number): number {
    const quarterMs = QUARTER_MS * (Math.floor(ms / QUARTER_MS) + 1);
    const bypass = this.#bypasses.get(device);
    if (bypass === undefined || ms >= bypass.untilMs) return quarterMs;
    return Math.min(quarterMs, ms < bypass.fromMs ? bypass.fromMs : bypass.untilMs);
  }

  #countPiece(device: number, fromMs: number, untilMs: number, solarKw: number, world: World): void {
    const hours = (untilMs - fromMs) / HOUR_MS;
    const loadKw = this.#energy.loadKw(device, fromMs, untilMs, world);
    const registration = 1 + REGISTRATION_SD * this.#context.random.normal(device, REGISTRATION, 0);
    const netKw = registration * ((1 - this.#bypassShare(device, fromMs)) * loadKw - solarKw);
    if (netKw > 0) this.#drawnKwh[device]! += netKw * hours;
    else this.#fedInKwh[device]! -= netKw * hours;
    this.#trueKwh[device]! += (loadKw - solarKw) * hours;
  }

  #bypassShare(device: number, atMs: number): number {
    const bypass = this.#bypasses.get(device);
    return bypass !== undefined && bypass.fromMs <= atMs && atMs < bypass.untilMs ? bypass.share : 0;
  }

  #problemOf(device: number, { name, args }: Command): string | undefined {
    if (name === 'readNow') return undefined;
    if (name !== 'relay') return `unknown command ${name}, expected one of relay, readNow`;
    if (args.state !== 'open' && args.state !== 'closed')
      return `state must be open or closed, got ${JSON.stringify(args.state)}`;
    if (args.state === 'open' && this.#context.random.uniform(device, MEDICAL, 0) < MEDICAL_SHARE)
      return 'a medical device in this home needs power: the relay stays closed';
    return undefined;
  }
}
