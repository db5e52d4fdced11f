// How fast the streets flow: traffic of the hour, rain, closed roads, dark signals, and what vehicles really drive. A mean-field picture for
// whoever moves on the network; it knows no queues, no signals and no single car.
import type { City, Link, StreetClass } from '../city.ts';
import type { Random } from '../random.ts';
import type { Streets, WorldEvent } from '../world.ts';
import { Observations } from './observations.ts';
import { Restrictions } from './restrictions.ts';

/** Network mean speeds of Wuxi: free 38–40 km/h, peak 27.9 km/h (2022 survey). */
const FREE_MPS = 39 / 3.6;
const PEAK_MPS = 27.9 / 3.6;

/** Free speed of a class relative to its limit, with signals; scaled so that the network meets its free speed (engineering estimate). */
const FREE_SHAPE: { readonly [c in StreetClass]: number } = {
  expressway: 1,
  arterial: 0.85,
  secondary: 0.82,
  local: 0.78,
};
/** How much of the peak's delay falls on a class; scaled so that the network meets its peak speed (engineering estimate). */
const DELAY_SHAPE: { readonly [c in StreetClass]: number } = {
  expressway: 1,
  arterial: 1,
  secondary: 0.8,
  local: 0.45,
};
/** Streets of one class differ. */
const LINK_SD = 0.08;

/** Speed lost by rain, in mm/h: at full demand (Hangzhou-Xiaoshan model, four intensities) and on empty streets (HCM 6). */
const RAIN_MM_PER_H = [0, 1.25, 5, 15, 30];
const RAIN_LOSS_PEAK = [0, 0.086, 0.165, 0.234, 0.249];
const RAIN_LOSS_FREE = [0, 0.02, 0.05, 0.065, 0.07];

/** How quickly observed speeds are believed, and forgotten when nobody passes. */
const BELIEVE_MS = 180_000;
const FORGET_MS = 900_000;
/** What a link may differ from the network by observation. */
const OBSERVED_MIN = 0.3;
const OBSERVED_MAX = 1.15;
const FACTOR_MIN = 0.05;
/** When memories have faded to this share they are written down anew, long before they run out of digits. */
const FADED = 1e-9;
const FASTEST_MPS = 100;

const CLASSES: readonly StreetClass[] = ['expressway', 'arterial', 'secondary', 'local'];
const VARIATION = 1;

export class CityStreets implements Streets {
  readonly #links: readonly Link[];
  readonly #classOf: Uint8Array;
  readonly #variation: Float64Array;
  readonly #freeScale: number;
  readonly #delayScale: number;
  /** Speed relative to the limit by class at this moment. */
  readonly #classFactor = new Float64Array(CLASSES.length);
  /**
   * What vehicles drive on a link relative to what the streets say, relative to the network: 1 + memory · fade. All memories fade alike, so
   * that a tick touches only links on which somebody drives.
   */
  readonly #memory: Float64Array;
  #fade = 1;
  /** Links on which somebody drove, and how fast relative to what the streets say; of this tick only. */
  readonly #seen: Int32Array;
  readonly #ratios: Float64Array;
  readonly #observations: Observations;
  readonly #restrictions: Restrictions;
  #version = 0;
  #network = 1;
  #traffic = 0;
  #rainMmPerH = 0;

  constructor(city: City, random: Random, observations = new Observations(city.links.length)) {
    const { links } = city;
    this.#links = links;
    this.#classOf = Uint8Array.from(links, (link) => CLASSES.indexOf(link.streetClass));
    this.#variation = Float64Array.from(links, (_, i) =>
      clamp(1 + LINK_SD * random.normal(i, VARIATION, 0), 0.75, 1.25),
    );
    this.#memory = new Float64Array(links.length);
    this.#seen = new Int32Array(links.length);
    this.#ratios = new Float64Array(links.length);
    this.#observations = observations;
    this.#restrictions = new Restrictions(city);
    const { freeMps, peakMps } = city.streetSpeeds ?? { freeMps: FREE_MPS, peakMps: PEAK_MPS };
    this.#freeScale = bisect(0.2, 3, (scale) => this.#meanSpeedMps(scale, 0, 0) - freeMps);
    this.#delayScale = bisect(0, 5, (scale) => peakMps - this.#meanSpeedMps(this.#freeScale, scale, 1));
    this.#publish();
  }

  get version(): number {
    return this.#version;
  }

  isClosed(link: number): boolean {
    return this.#restrictions.isClosed(link);
  }

  speedFactor(link: number): number {
    const factor = this.#classFactor[this.#classOf[link]!]! * this.#variation[link]! * this.#observed(link);
    if (!this.#restrictions.any) return clamp(factor, FACTOR_MIN, 1);
    if (this.#restrictions.isClosed(link)) return this.#restrictions.wavedThrough(this.#links[link]!);
    return clamp(factor * this.#restrictions.share(link, this.#traffic), FACTOR_MIN, 1);
  }

  usualFactor(link: number, traffic: number): number {
    return this.#dryFactor(link, this.#freeScale, this.#delayScale, traffic);
  }

  observe(link: number, speedMps: number): void {
    if (!(speedMps >= 0 && speedMps < FASTEST_MPS))
      throw new RangeError(`speed on link ${link} must be 0…${FASTEST_MPS} m/s, got ${speedMps}`);
    this.#observations.add(link, Math.round(speedMps * 1000));
  }

  /** From now on exactly these events close and slow streets. version: grows with every closing and opening. */
  restrict(events: readonly WorldEvent[], version: number): void {
    this.#restrictions.set(events);
    this.#version = version;
  }

  /**
   * Lets the speeds take effect that were observed in the tick that is over, against what the streets said in it: before anything else moves.
   * A link is slower than the model says when vehicles on it fall further below its published speed than vehicles elsewhere do. Comparing
   * with the published speed and with the network keeps the loop stable: vehicles that always stop at signals do not slow the city for ever.
   */
  learn(dtMs: number): void {
    const { sum, count } = this.#observations.turn();
    const believe = 1 - Math.exp(-dtMs / BELIEVE_MS);
    const seen = this.#findSeen(count);
    let ratios = 0;
    for (let i = 0; i < seen; i++) {
      const ratio = this.#ratio(this.#seen[i]!, sum, count);
      this.#ratios[i] = ratio;
      ratios += ratio;
    }
    if (seen > 0) this.#network += believe * (ratios / seen - this.#network);
    const network = Math.max(0.05, this.#network);
    const fadeBefore = this.#fade;
    this.#fade *= Math.exp(-dtMs / FORGET_MS);
    for (let i = 0; i < seen; i++) {
      const link = this.#seen[i]!;
      const old = 1 + this.#memory[link]! * fadeBefore;
      const target = clamp(this.#ratios[i]! / network, OBSERVED_MIN, OBSERVED_MAX);
      this.#memory[link] = (old + believe * (target - old) - 1) / this.#fade;
    }
    if (this.#fade < FADED) this.#writeDown();
  }

  /** The traffic and the rain of this moment. traffic 0…1 */
  flow(traffic: number, rainMmPerH: number): void {
    this.#traffic = traffic;
    this.#rainMmPerH = rainMmPerH;
    this.#publish();
  }

  /** Length of all links over the time to drive them, weighted by lanes, as the streets stand now. */
  meanSpeedMps(): number {
    return this.#harmonicMean((link) => this.speedFactor(link));
  }

  #meanSpeedMps(freeScale: number, delayScale: number, traffic: number): number {
    return this.#harmonicMean((link) => this.#dryFactor(link, freeScale, delayScale, traffic));
  }

  #dryFactor(link: number, freeScale: number, delayScale: number, traffic: number): number {
    const factor = dryFactor(this.#links[link]!.streetClass, freeScale, delayScale, traffic);
    return clamp(factor * this.#variation[link]!, FACTOR_MIN, 1);
  }

  #harmonicMean(factorOf: (link: number) => number): number {
    let laneM = 0;
    let laneS = 0;
    this.#links.forEach((link, i) => {
      laneM += link.lengthM * link.lanes;
      laneS += (link.lengthM * link.lanes) / (link.speedLimitMps * factorOf(i));
    });
    return laneS > 0 ? laneM / laneS : 0;
  }

  /** Fills `#seen`, ascending. @returns how many there are */
  #findSeen(count: Int32Array): number {
    let seen = 0;
    for (let link = 0; link < count.length; link++) {
      if (count[link] !== 0 && !this.isClosed(link)) this.#seen[seen++] = link;
    }
    return seen;
  }

  #observed(link: number): number {
    return 1 + this.#memory[link]! * this.#fade;
  }

  #writeDown(): void {
    for (let link = 0; link < this.#memory.length; link++) this.#memory[link]! *= this.#fade;
    this.#fade = 1;
  }

  #ratio(link: number, sum: Int32Array, count: Int32Array): number {
    const publishedMps = this.speedFactor(link) * this.#links[link]!.speedLimitMps;
    return Math.min(2, sum[link]! / 1000 / count[link]! / publishedMps);
  }

  #publish(): void {
    const rain = 1 - rainLoss(this.#rainMmPerH, this.#traffic);
    CLASSES.forEach((streetClass, i) => {
      this.#classFactor[i] = rain * dryFactor(streetClass, this.#freeScale, this.#delayScale, this.#traffic);
    });
  }
}

/** Share of speed that rain takes. rainMmPerH ≥ 0, traffic 0…1 → 0…0.25 */
export function rainLoss(rainMmPerH: number, traffic: number): number {
  let i = 1;
  while (i < RAIN_MM_PER_H.length - 1 && rainMmPerH > RAIN_MM_PER_H[i]!) i++;
  const low = RAIN_MM_PER_H[i - 1]!;
  const part = Math.min(1, (rainMmPerH - low) / (RAIN_MM_PER_H[i]! - low));
  const at = (knots: readonly number[]) => knots[i - 1]! + part * (knots[i]! - knots[i - 1]!);
  return at(RAIN_LOSS_FREE) + traffic * (at(RAIN_LOSS_PEAK) - at(RAIN_LOSS_FREE));
}

/** Delay grows with the square of traffic, as in the link performance function of the US Bureau of Public Roads. */
function dryFactor(streetClass: StreetClass, freeScale: number, delayScale: number, traffic: number): number {
  const delay = delayScale * DELAY_SHAPE[streetClass] * traffic * traffic;
  return Math.min(1, FREE_SHAPE[streetClass] * freeScale) / (1 + delay);
}

/** Where a rising function crosses zero; the nearer end when it does not. */
function bisect(low: number, high: number, rising: (x: number) => number): number {
  for (let i = 0; i < 50; i++) {
    const middle = (low + high) / 2;
    if (rising(middle) < 0) low = middle;
    else high = middle;
  }
  return (low + high) / 2;
}

function clamp(value: number, min: number, max: number): number {
  return Math.max(min, Math.min(max, value));
}
