// How good the dispatch centre's own predictions are: notes what it expects about 2 and 10 minutes ahead and compares when the bus is there.
import type { Forecast } from './forecast.ts';
import type { Bus, Stop } from './network.ts';

/** Horizons that are scored, s, and how near to one a prediction must be. */
export const HORIZONS_S = [120, 600] as const;
const NEAR_S = 60;
/** The last half hour, in minutes. */
const WINDOW_MIN = 30;
const MINUTE_MS = 60_000;
/** A prediction whose bus did not come within this is dropped: it broke down or went home, ms. */
const LOST_MS = 3_600_000;
/** More than this is a breakdown, not the scatter of running times. */
const ODD_RATIO = 16;
/** Weight of one comparison in what predictions are usually off by. */
const WEIGHT = 0.02;

interface Expectation {
  readonly stop: Stop;
  readonly arrivalMs: number;
  readonly madeMs: number;
  readonly horizon: number;
  readonly varianceS2: number;
}

export class EtaScore {
  readonly #expected = new Map<Bus, Expectation[]>();
  /** By horizon and minute, round and round: which minute, sum of absolute errors, how many. */
  readonly #minutes = HORIZONS_S.map(() =>
    Array.from({ length: WINDOW_MIN }, () => ({ minute: -1, sumS: 0, count: 0 })),
  );
  /** Mean of squared error over predicted variance, by horizon. */
  readonly #inflation = HORIZONS_S.map(() => 1);

  /** Standard deviation of a prediction with this variance of independent parts, s: as far off as such predictions were. */
  uncertaintyS(varianceS2: number, aheadS: number): number {
    const [near, far] = HORIZONS_S;
    const share = Math.min(1, Math.max(0, (aheadS - near) / (far - near)));
    return Math.sqrt(varianceS2 * ((1 - share) * this.#inflation[0]! + share * this.#inflation[1]!));
  }

  /** Notes what the forecast, just asked about this bus, expects near the horizons. */
  note(bus: Bus, forecast: Forecast, nowMs: number): void {
    for (const [horizon, aheadS] of HORIZONS_S.entries()) {
      const at = nearest(forecast, nowMs + 1000 * aheadS);
      if (at === -1) continue;
      const arrivalMs = forecast.arrivalMs[at]!;
      if (Math.abs(arrivalMs - nowMs - 1000 * aheadS) > 1000 * NEAR_S) continue;
      const noted = this.#expected.get(bus) ?? [];
      noted.push({
        stop: forecast.stops[at]!,
        arrivalMs,
        madeMs: nowMs,
        horizon,
        varianceS2: forecast.varianceS2[at]!,
      });
      this.#expected.set(bus, noted);
    }
  }

  /** The bus is at its stop. */
  arrived(bus: Bus, nowMs: number): void {
    const noted = this.#expected.get(bus);
    if (noted === undefined) return;
    const rest = noted.filter((expectation) => {
      if (expectation.stop !== bus.stop) return nowMs - expectation.madeMs < LOST_MS;
      this.#compare(expectation, nowMs);
      return false;
    });
    this.#expected.set(bus, rest);
  }

  /** The bus has begun another run, or is out of service: what was expected of it will not come true or false. */
  dropped(bus: Bus): void {
    this.#expected.delete(bus);
  }

  /** Mean absolute error of what was predicted for the last half hour, s; NaN when nothing was. horizon: index into HORIZONS_S */
  meanErrorS(horizon: number, nowMs: number): number {
    const oldest = Math.floor(nowMs / MINUTE_MS) - WINDOW_MIN;
    const fresh = this.#minutes[horizon]!.filter(({ minute }) => minute > oldest);
    const count = fresh.reduce((sum, minute) => sum + minute.count, 0);
    return fresh.reduce((sum, { sumS }) => sum + sumS, 0) / count;
  }

  #compare({ arrivalMs, horizon, varianceS2 }: Expectation, nowMs: number): void {
    const errorS = (nowMs - arrivalMs) / 1000;
    const minute = Math.floor(nowMs / MINUTE_MS);
    const bin = this.#minutes[horizon]![minute % WINDOW_MIN]!;
    if (bin.minute !== minute) Object.assign(bin, { minute, sumS: 0, count: 0 });
    bin.sumS += Math.abs(errorS);
    bin.count++;
    if (varianceS2 <= 0) return;
    const ratio = Math.min(ODD_RATIO, (errorS * errorS) / varianceS2);
    this.#inflation[horizon]! += WEIGHT * (ratio - this.#inflation[horizon]!);
  }
}

function nearest({ arrivalMs, count }: Forecast, wantedMs: number): number {
  let best = -1;
  for (let at = 0; at < count; at++) {
    if (best === -1 || Math.abs(arrivalMs[at]! - wantedMs) < Math.abs(arrivalMs[best]! - wantedMs)) best = at;
  }
  return best;
}
