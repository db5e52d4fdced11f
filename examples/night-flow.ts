// Finds leaks by minimum night flow: between two and five hardly anybody draws water all the time, so what never stops is a leak. Sees only
// what meters report, as an analyst would. Source: IWA Water Loss Task Force, minimum night flow analysis.
import type { TelemetryRecord } from '../telemetry/messages.ts';

export interface NightFlowOptions {
  /** A night whose least hourly flow reaches this is suspicious, L/h. */
  readonly thresholdLph: number;
  /** Suspicious nights in a row that raise the alarm. */
  readonly nights: number;
  /** Civil time = ts + utcOffsetMin. */
  readonly utcOffsetMin: number;
}

export interface Verdict {
  readonly device: string;
  readonly state: 'raised' | 'cleared';
  /** When it was known: ts of the record that ended the night. */
  readonly atMs: number;
  /** Begin of the first night it rests on; of the night that cleared it. */
  readonly nightMs: number;
  /** Least hourly flow of the last night, L/h. */
  readonly flowLph: number;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** Civil hours: whole hours of flow that lie in here by their middle. */
const NIGHT_H = { from: 2, until: 5 };
/** Fewer hours than this do not judge a night. */
const ENOUGH_HOURS = 2;

interface Meter {
  /** Begin of the night that is being gathered, ms since 1970. */
  nightMs: number;
  hours: number;
  leastLph: number;
  suspicious: number;
  firstNightMs: number;
  isAlarming: boolean;
}

/** Begin of the night that ends on the civil day of `tsMs`, ms since 1970. */
export function nightOf(tsMs: number, utcOffsetMin: number): number {
  const shiftMs = utcOffsetMin * 60_000;
  return Math.floor((tsMs + shiftMs) / DAY_MS) * DAY_MS + NIGHT_H.from * HOUR_MS - shiftMs;
}

export class NightFlow {
  readonly #options: NightFlowOptions;
  readonly #meters = new Map<string, Meter>();

  constructor(options: NightFlowOptions) {
    this.#options = options;
  }

  /** Takes a water meter's record. Late ones count while their night lasts. @returns what it changes, which is mostly nothing */
  observe({ device, ts, fields }: TelemetryRecord): Verdict | undefined {
    const { flowLph } = fields;
    if (typeof flowLph !== 'number') return undefined;
    // The flow is that of the hour before.
    const middleMs = ts - HOUR_MS / 2;
    const nightMs = nightOf(middleMs, this.#options.utcOffsetMin);
    const intoH = (middleMs - nightMs) / HOUR_MS;
    const meter = this.#meterOf(device, nightMs);
    const isNight = intoH >= 0 && intoH < NIGHT_H.until - NIGHT_H.from;
    if (isNight && nightMs === meter.nightMs) {
      meter.hours++;
      meter.leastLph = Math.min(meter.leastLph, flowLph);
      return undefined;
    }
    const isOver = nightMs > meter.nightMs || (nightMs === meter.nightMs && intoH > 0);
    const verdict = isOver && meter.hours >= ENOUGH_HOURS ? this.#judge(device, meter, ts) : undefined;
    if (isOver) begin(meter, nightMs, isNight ? flowLph : undefined);
    return verdict;
  }

  #meterOf(device: string, nightMs: number): Meter {
    let meter = this.#meters.get(device);
    if (meter === undefined) {
      meter = { nightMs, hours: 0, leastLph: Infinity, suspicious: 0, firstNightMs: 0, isAlarming: false };
      this.#meters.set(device, meter);
    }
    return meter;
  }

  #judge(device: string, meter: Meter, atMs: number): Verdict | undefined {
    const { nightMs, leastLph } = meter;
    const isSuspicious = leastLph >= this.#options.thresholdLph;
    if (isSuspicious && meter.suspicious === 0) meter.firstNightMs = nightMs;
    meter.suspicious = isSuspicious ? meter.suspicious + 1 : 0;
    const alarms = meter.suspicious >= this.#options.nights;
    if (alarms === meter.isAlarming) return undefined;
    meter.isAlarming = alarms;
    const since = alarms ? meter.firstNightMs : nightMs;
    return { device, state: alarms ? 'raised' : 'cleared', atMs, nightMs: since, flowLph: leastLph };
  }
}

function begin(meter: Meter, nightMs: number, flowLph: number | undefined): void {
  meter.nightMs = nightMs;
  meter.hours = flowLph === undefined ? 0 : 1;
  meter.leastLph = flowLph ?? Infinity;
}
