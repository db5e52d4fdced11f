// How good a leak detector is: its alarms against the ground truth that the city publishes beside what its meters report.
import type { TelemetryRecord } from '../telemetry/messages.ts';
import { nightOf } from './night-flow.ts';
import type { Verdict } from './night-flow.ts';

export interface Score {
  readonly meters: number;
  /** Leaks that lasted a whole night at least: others no night flow can show. */
  readonly leaks: number;
  readonly found: number;
  readonly alarms: number;
  readonly trueAlarms: number;
  /** Share of alarms that stand on a leak; undefined without alarms. */
  readonly precision: number | undefined;
  /** Share of leaks that were found; undefined without leaks. */
  readonly recall: number | undefined;
  /** Share of the leaked water that the leaks found have lost. */
  readonly waterRecall: number | undefined;
  /** From the begin of a leak to its alarm, median over those found that began under our eyes, h; undefined without any. */
  readonly delayH: number | undefined;
}

interface Spell {
  readonly fromMs: number;
  untilMs: number;
}

interface Leak extends Spell {
  /** It ran when we began to look, so its age is not known. */
  readonly isOld: boolean;
  litres: number;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** Length of the night window, see `night-flow.ts`. */
const NIGHT_MS = 3 * HOUR_MS;

export class LeakScore {
  readonly #utcOffsetMin: number;
  readonly #leaks = new Map<string, Leak[]>();
  readonly #alarms = new Map<string, (Spell & { readonly knownMs: number })[]>();
  /** Newest truth of a meter. */
  readonly #seen = new Map<string, { readonly ts: number; readonly leakLph: number }>();

  constructor(utcOffsetMin: number) {
    this.#utcOffsetMin = utcOffsetMin;
  }

  /** Takes a meter's truth, in order of time. */
  truth({ device, ts, fields }: TelemetryRecord): void {
    const leakLph = typeof fields.leakLph === 'number' ? fields.leakLph : 0;
    const before = this.#seen.get(device);
    this.#seen.set(device, { ts, leakLph });
    if (leakLph === 0) return;
    const leaks = this.#leaks.get(device) ?? [];
    const going = before !== undefined && before.leakLph > 0 ? leaks.at(-1) : undefined;
    if (going === undefined) leaks.push({ fromMs: ts, untilMs: ts, litres: 0, isOld: before === undefined });
    else {
      going.litres += (leakLph * (ts - going.untilMs)) / HOUR_MS;
      going.untilMs = ts;
    }
    this.#leaks.set(device, leaks);
  }

  verdict({ device, state, atMs, nightMs }: Verdict): void {
    const alarms = this.#alarms.get(device) ?? [];
    if (state === 'raised') alarms.push({ fromMs: nightMs, untilMs: Infinity, knownMs: atMs });
    else if (alarms.length > 0) alarms.at(-1)!.untilMs = nightMs;
    this.#alarms.set(device, alarms);
  }

  result(): Score {
    const delaysH: number[] = [];
    const sums = { leaks: 0, found: 0, litres: 0, foundLitres: 0 };
    for (const [device, leaks] of this.#leaks) {
      for (const leak of leaks.filter((one) => this.#lastsANight(one))) {
        const alarm = (this.#alarms.get(device) ?? []).find((one) => overlap(one, leak));
        sums.leaks++;
        sums.litres += leak.litres;
        if (alarm === undefined) continue;
        sums.found++;
        sums.foundLitres += leak.litres;
        if (!leak.isOld) delaysH.push(Math.max(0, alarm.knownMs - leak.fromMs) / HOUR_MS);
      }
    }
    const alarms = [...this.#alarms].flatMap(([device, own]) => own.map((alarm) => ({ device, alarm })));
    const trueAlarms = alarms.filter(({ device, alarm }) =>
      this.#leaks.get(device)?.some((leak) => overlap(alarm, leak)),
    ).length;
    return {
      meters: this.#seen.size,
      leaks: sums.leaks,
      found: sums.found,
      alarms: alarms.length,
      trueAlarms,
      precision: share(trueAlarms, alarms.length),
      recall: share(sums.found, sums.leaks),
      waterRecall: share(sums.foundLitres, sums.litres),
      delayH: delaysH.sort((a, b) => a - b)[Math.floor(delaysH.length / 2)],
    };
  }

  #lastsANight({ fromMs, untilMs }: Leak): boolean {
    const tonightMs = nightOf(fromMs, this.#utcOffsetMin);
    const firstMs = tonightMs >= fromMs ? tonightMs : tonightMs + DAY_MS;
    return firstMs + NIGHT_MS <= untilMs;
  }
}

function overlap(a: Spell, b: Spell): boolean {
  return a.fromMs <= b.untilMs && b.fromMs <= a.untilMs;
}

function share(part: number, whole: number): number | undefined {
  return whole === 0 ? undefined : part / whole;
}
