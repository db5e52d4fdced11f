// The electricity grid: feeders of 10 kV as cells of the city, their voltage at a mean customer, and where the power is cut. Load is that of
// the mean home at this hour and weather; there is no power flow, no fault that nobody imposed, and no feedback of single devices.
import type { City, Point } from '../city.ts';
import { placePredicate } from '../place.ts';
import type { Random } from '../random.ts';
import type { Grid, WorldEvent } from '../world.ts';
import { wander } from './noise.ts';

const MIN_MS = 60_000;

const FEEDERS = 60;
/** Homes whose places settle the feeders' middles, and how often the middles move to them. */
const SAMPLE_HOMES = 1500;
const SETTLING_ROUNDS = 4;

// Phase voltage, nominal 220 V; GB/T 12325 allows +7/−10 % (198…235.4 V). Levels are engineering estimates: 227 V in a mild night,
// 214 V on the hottest evenings.
const NO_LOAD_V = 229;
const DROP_V_PER_KW = 13.5;
/** Feeders differ in length and tap. */
const DROP_SD = 0.12;
const TAP_SD_V = 0.8;
/** Customers come and go: over ten minutes and over one. */
const SLOW_NOISE_V = 0.7;
const FAST_NOISE_V = 0.3;
const LOWEST_V = 198;
const HIGHEST_V = 235.4;

const FREQUENCY_HZ = 50;
/** Keeps nearly always within ±0.02 Hz. */
const FREQUENCY_SD_HZ = 0.008;

// Purposes of the random draws.
const DROP = 1;
const TAP = 2;
const SLOW_NOISE = 3;
const FAST_NOISE = 4;
const FREQUENCY = 5;

export class CityGrid implements Grid {
  readonly #city: City;
  readonly #random: Random;
  readonly #middles: readonly Point[];
  #cuts: readonly ((point: Point) => boolean)[] = [];
  #nowMs = 0;
  #loadKw: number | undefined;
  #computeLoadKw: () => number = () => 0;

  constructor(city: City, random: Random) {
    this.#city = city;
    this.#random = random;
    this.#middles = middlesOf(city);
  }

  get feederCount(): number {
    return this.#middles.length;
  }

  feederAt(point: Point): number {
    return nearest(this.#middles, point);
  }

  isOn(point: Point): boolean {
    for (const isCut of this.#cuts) if (isCut(point)) return false;
    return true;
  }

  voltageV(feeder: number): number {
    this.#loadKw ??= this.#computeLoadKw();
    const minutes = this.#nowMs / MIN_MS;
    const drop = DROP_V_PER_KW * (1 + DROP_SD * this.#random.normal(feeder, DROP, 0));
    const volts =
      NO_LOAD_V +
      TAP_SD_V * this.#random.normal(feeder, TAP, 0) -
      drop * this.#loadKw +
      SLOW_NOISE_V * wander(this.#random, feeder, SLOW_NOISE, minutes / 10) +
      FAST_NOISE_V * wander(this.#random, feeder, FAST_NOISE, minutes);
    return Math.max(LOWEST_V, Math.min(HIGHEST_V, volts));
  }

  get frequencyHz(): number {
    return FREQUENCY_HZ + FREQUENCY_SD_HZ * wander(this.#random, 0, FREQUENCY, this.#nowMs / MIN_MS);
  }

  /** loadKw: load of a mean home at this moment, asked for only when somebody wants a voltage. */
  advance(nowMs: number, loadKw: () => number): void {
    this.#nowMs = nowMs;
    this.#loadKw = undefined;
    this.#computeLoadKw = loadKw;
  }

  /** From now on exactly these events cut the power; other kinds of event are ignored. */
  restrict(events: readonly WorldEvent[]): void {
    this.#cuts = events
      .filter(({ event }) => event === 'power-cut')
      .map(({ where }) => placePredicate(this.#city, where));
  }
}

/** One city, many worlds. */
const MIDDLES = new WeakMap<City, readonly Point[]>();

function middlesOf(city: City): readonly Point[] {
  let middles = MIDDLES.get(city);
  if (middles === undefined) {
    middles = settledMiddles(city);
    MIDDLES.set(city, middles);
  }
  return middles;
}

/** Middles of feeders such that each serves about as many homes: the first homes, moved to the mean of those nearest (Lloyd 1982). */
function settledMiddles(city: City): Point[] {
  const homes = Array.from({ length: SAMPLE_HOMES }, (_, index) => city.home(index));
  let middles = homes.slice(0, FEEDERS);
  for (let round = 0; round < SETTLING_ROUNDS; round++) {
    const sums = middles.map(() => ({ x: 0, y: 0, homes: 0 }));
    for (const home of homes) {
      const sum = sums[nearest(middles, home)]!;
      sum.x += home.x;
      sum.y += home.y;
      sum.homes++;
    }
    middles = middles.map((middle, i) => {
      const { x, y, homes: count } = sums[i]!;
      return count === 0 ? middle : { x: x / count, y: y / count };
    });
  }
  return middles;
}

function nearest(middles: readonly Point[], { x, y }: Point): number {
  let best = 0;
  let bestSquare = Infinity;
  for (let i = 0; i < middles.length; i++) {
    const dx = middles[i]!.x - x;
    const dy = middles[i]!.y - y;
    const square = dx * dx + dy * dy;
    if (square < bestSquare) {
      best = i;
      bestSquare = square;
    }
  }
  return best;
}
