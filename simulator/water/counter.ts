// The wheel of a water meter: hours of a home's demand and leak become pulses of 0.1 L. Hours are read in their order, each once; when they
// are read is the model's affair.
import { drawL, homeSize } from '../physics/water-demand.ts';
import type { Random } from '../random.ts';
import type { World } from '../world.ts';
import type { CityHours } from './city-hours.ts';
import type { Leaks } from './leaks.ts';
import { SHUT } from './meter-state.ts';
import type { MeterState } from './meter-state.ts';

const MIN_MS = 60_000;
const HOUR_MS = 3_600_000;

/** Registration error of a meter, standard deviation over meters (R100: ±2 % between Q2 and Q4). */
const REGISTRATION_SD = 0.008;
/** Q4 of a DN15 meter: more does not pass. */
const MOST_LPH = 3125;
/** The wheel gives a pulse each 0.1 L. */
export const DL_PER_L = 10;

// Purposes of the random draws.
const REGISTRATION = 4;
const PULSE = 10;

/** What a home is for its meter: a pure function of its index. */
export interface Home {
  /** Persons times habits. */
  readonly size: number;
  /** Registered to true flow. */
  readonly registration: number;
}

export function homeOf(random: Random, device: number): Home {
  const registration = 1 + REGISTRATION_SD * random.normal(device, REGISTRATION, 0);
  return { size: homeSize(random, device), registration };
}

/** One hour as the meter has counted it. */
export interface CountedHour {
  readonly flowLph: number;
  readonly minFlowLph: number;
}
const STILL: CountedHour = { flowLph: 0, minFlowLph: 0 };

export interface CounterContext {
  readonly random: Random;
  readonly utcOffsetMin: number;
  readonly state: MeterState;
  readonly leaks: Leaks;
  readonly hours: CityHours;
}

export class Counter {
  readonly #context: CounterContext;
  readonly #offsetMs: number;

  constructor(context: CounterContext) {
    this.#context = context;
    this.#offsetMs = context.utcOffsetMin * MIN_MS;
  }

  /** Counts the hour that ends at `endMs`. movedMs: when the valve came into its present position if that was not long ago, else NaN. */
  countHour(device: number, home: Home, endMs: number, movedMs: number, world: World): CountedHour {
    const { state, leaks } = this.#context;
    const fromMs = endMs - HOUR_MS;
    const shut = state.has(device, SHUT);
    const moved = movedMs >= fromMs && movedMs < endMs;
    const openFromMs = moved && !shut ? movedMs : fromMs;
    const openUntilMs = shut ? (moved ? movedMs : fromMs) : endMs;
    const leakL = leaks.flowL(device, fromMs, endMs, openFromMs, openUntilMs);
    const openShare = (openUntilMs - openFromMs) / HOUR_MS;
    if (openShare === 0) return STILL;
    const usedL = this.#drawnL(device, endMs, home.size * openShare, world);
    const litres = Math.min(MOST_LPH * openShare, home.registration * (usedL + leakL));
    const flowLph = this.#turn(device, litres, endMs);
    // Taps rest at some moment of every hour; a leak does not.
    const allHour = openShare === 1 && leaks.sinceMs(device) <= fromMs;
    const leastLph = allHour ? home.registration * leaks.registeredLph(device) : 0;
    return { flowLph, minFlowLph: Math.min(flowLph, leastLph) };
  }

  /** What the home draws in the hour before `endMs`: parts of two civil hours, of which only the first is over and known. */
  #drawnL(device: number, endMs: number, size: number, world: World): number {
    const { random, hours } = this.#context;
    const civilMs = endMs + this.#offsetMs;
    const intoMs = civilMs % HOUR_MS;
    const index = (civilMs - intoMs) / HOUR_MS - 1;
    const { factor, dayOff } = hours.at(index, world);
    const share = intoMs / HOUR_MS;
    const counter = 2 * index;
    const firstL = drawL(random, device, counter, size * factor * (1 - share), index % 24, dayOff);
    if (share === 0) return firstL;
    return firstL + drawL(random, device, counter + 1, size * factor * share, (index + 1) % 24, dayOff);
  }

  /** Whole pulses: where the wheel stands between two of them is as good as random. @returns litres counted */
  #turn(device: number, litres: number, endMs: number): number {
    const { random, state } = this.#context;
    const dl = Math.floor(litres * DL_PER_L + random.uniform(device, PULSE, Math.floor(endMs / HOUR_MS)));
    state.count(device, dl);
    return dl / DL_PER_L;
  }
}
