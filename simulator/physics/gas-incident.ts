// Leaks of one home's gas line and its shut valve, for the few homes that have any: how much gas escapes in a stretch of time, what the meter
// raises the alarm for, and when. The rules of the alarms are the meter's; how gas spreads in a room is not looked at.

const MIN_MS = 60_000;
const HOUR_MS = 3_600_000;

/** Most that a G2.5 meter may carry for long (EN 1359); above it the meter shuts its own valve after some seconds. */
const MOST_M3PH = 4;
/** No burner is that small: such a flow, without a pause, is a leak. */
const SMALLEST_BURNER_M3PH = 0.05;
export const LEAST_LEAK_M3PH = 0.005;

/** A daily report reaches back a day and the hour before. */
const REMEMBERED_MS = 26 * HOUR_MS;

export type GasAlarm = 'overFlow' | 'longUse' | 'microLeak';

/** Until a flow that never pauses raises its alarm. */
const ALARM_AFTER_MS: { readonly [alarm in GasAlarm]: number } = {
  overFlow: 10_000,
  longUse: 180 * MIN_MS,
  microLeak: 480 * MIN_MS,
};

interface Leak {
  readonly flowM3PerH: number;
  readonly fromMs: number;
  /** A fitter has been there. */
  readonly repairedMs: number;
  readonly alarm: GasAlarm;
  /** Repaired, or the valve shut. */
  flowsUntilMs: number;
  warning: 'not yet' | 'raised' | 'over';
}

interface Shut {
  readonly fromMs: number;
  untilMs: number;
}

export interface AlarmChange {
  readonly alarm: GasAlarm;
  readonly state: 'raised' | 'cleared';
  readonly flowM3PerH: number;
}

export class GasIncident {
  #leaks: Leak[] = [];
  #shuts: Shut[] = [];

  get isShut(): boolean {
    return this.#shuts.at(-1)?.untilMs === Infinity;
  }

  /** All is well, and has been for as long as a report reaches back. */
  get isOver(): boolean {
    return this.#leaks.length === 0 && this.#shuts.length === 0;
  }

  leak(flowM3PerH: number, fromMs: number, repairedMs: number): void {
    const alarm: GasAlarm =
      flowM3PerH > MOST_M3PH ? 'overFlow' : flowM3PerH > SMALLEST_BURNER_M3PH ? 'longUse' : 'microLeak';
    const flowsUntilMs = this.isShut ? fromMs : repairedMs;
    this.#leaks.push({ flowM3PerH, fromMs, repairedMs, alarm, flowsUntilMs, warning: 'not yet' });
  }

  shut(atMs: number): void {
    if (this.isShut) return;
    this.#shuts.push({ fromMs: atMs, untilMs: Infinity });
    for (const leak of this.#leaks) leak.flowsUntilMs = Math.min(leak.flowsUntilMs, Math.max(atMs, leak.fromMs));
  }

  /** Alarms that begin or end by `atMs`; the meter shuts its valve, the fitter who repairs a leak opens it. */
  advance(atMs: number): AlarmChange[] {
    const changes: AlarmChange[] = [];
    for (const leak of this.#leaks) {
      const { alarm, flowM3PerH } = leak;
      if (alarmMsOf(leak) <= atMs) {
        leak.warning = 'raised';
        changes.push({ alarm, state: 'raised', flowM3PerH });
        if (alarm === 'overFlow') this.shut(atMs);
      }
      if (clearMsOf(leak) <= atMs) {
        leak.warning = 'over';
        changes.push({ alarm, state: 'cleared', flowM3PerH: 0 });
      }
    }
    if (this.#openMs() <= atMs) this.#shuts.at(-1)!.untilMs = atMs;
    this.#forget(atMs - REMEMBERED_MS);
    return changes;
  }

  /** When `advance` has something to do; Infinity: never. */
  nextMs(): number {
    return Math.min(this.#openMs(), ...this.#leaks.map((leak) => Math.min(alarmMsOf(leak), clearMsOf(leak))));
  }

  leakedM3(fromMs: number, untilMs: number): number {
    let m3 = 0;
    for (const leak of this.#leaks) {
      const overlapMs = Math.min(untilMs, leak.flowsUntilMs) - Math.max(fromMs, leak.fromMs);
      m3 += (leak.flowM3PerH * Math.max(0, overlapMs)) / HOUR_MS;
    }
    return m3;
  }

  /** Share of a stretch of time with the valve open. */
  openShare(fromMs: number, untilMs: number): number {
    let shutMs = 0;
    for (const shut of this.#shuts) {
      shutMs += Math.max(0, Math.min(untilMs, shut.untilMs) - Math.max(fromMs, shut.fromMs));
    }
    return 1 - shutMs / (untilMs - fromMs);
  }

  /** When the last leak of a shut line is repaired; Infinity when there is none, or nothing is shut. */
  #openMs(): number {
    const shut = this.#shuts.at(-1);
    if (shut === undefined || shut.untilMs < Infinity) return Infinity;
    const repaired = this.#leaks.map(({ repairedMs }) => repairedMs).filter((ms) => ms > shut.fromMs);
    return repaired.length === 0 ? Infinity : Math.max(...repaired);
  }

  #forget(beforeMs: number): void {
    const ended = ({ warning, repairedMs, flowsUntilMs }: Leak) =>
      warning !== 'raised' && Math.max(repairedMs, flowsUntilMs) <= beforeMs;
    this.#leaks = this.#leaks.filter((leak) => !ended(leak));
    this.#shuts = this.#shuts.filter(({ untilMs }) => untilMs > beforeMs);
  }
}

function alarmMsOf({ alarm, warning, fromMs, flowsUntilMs }: Leak): number {
  const atMs = fromMs + ALARM_AFTER_MS[alarm];
  return warning === 'not yet' && atMs < flowsUntilMs ? atMs : Infinity;
}

/** A meter that shut itself warns until the fitter has been there. */
function clearMsOf({ alarm, warning, flowsUntilMs, repairedMs }: Leak): number {
  if (warning !== 'raised') return Infinity;
  return alarm === 'overFlow' ? repairedMs : flowsUntilMs;
}
