// Fixed-time traffic signals, a pure function of node and time: two phases by approach axis, a hashed offset, no coordination, no turns.
import type { City, Link, StreetClass } from '../city.ts';

export const CYCLE_MS = 90_000;
const HALF_MS = CYCLE_MS / 2;
const GREEN_MS = 41_000;
const AMBER_MS = 3_000;
const NONE = -1;

/**
 * The streets' speeds contain the waits at lights. Who waits at lights one by one drives this much faster between them; measured so
 * that a car's mean speed on each class meets the streets' within a few percent.
 */
export const BETWEEN_LIGHTS: { readonly [c in StreetClass]: number } = {
  expressway: 1.03,
  arterial: 1.23,
  secondary: 1.14,
  local: 1.02,
};

export type Light = 'green' | 'amber' | 'red';

/** The signals of a city: where an arterial meets streets of secondary class or above. They go on in a power cut: who drives feels it elsewhere. */
export class Signals {
  /** How far into its cycle each link's stop line is at time 0, ms; NONE where there is no signal. */
  readonly #offsetMs: Int32Array;
  /** The moment asked for last and how far into the cycle it is: all ask for the same one. */
  #nowMs = 0;
  #inCycleMs = 0;

  constructor(city: City) {
    this.#offsetMs = new Int32Array(city.links.length).fill(NONE);
    for (const [node, approaches] of approachesOf(city).entries()) {
      if (!isSignalised(city, approaches)) continue;
      const reference = axisOf(city, city.links[approaches[0]!]!);
      const nodeMs = (Math.imul(node + 1, 0x9e3779b1) >>> 0) % CYCLE_MS;
      for (const link of approaches) {
        const turned = Math.abs(axisOf(city, city.links[link]!) - reference);
        const crosses = Math.min(turned, Math.PI - turned) >= Math.PI / 4;
        this.#offsetMs[link] = (nodeMs + (crosses ? HALF_MS : 0)) % CYCLE_MS;
      }
    }
  }

  has(link: number): boolean {
    return this.#offsetMs[link] !== NONE;
  }

  /** What a driver sees at the end of a link. */
  light(link: number, nowMs: number): Light {
    const offsetMs = this.#offsetMs[link]!;
    if (offsetMs === NONE) return 'green';
    if (nowMs !== this.#nowMs) {
      this.#nowMs = nowMs;
      this.#inCycleMs = nowMs % CYCLE_MS;
    }
    const sumMs = this.#inCycleMs + offsetMs;
    const inCycleMs = sumMs < CYCLE_MS ? sumMs : sumMs - CYCLE_MS;
    if (inCycleMs < GREEN_MS) return 'green';
    return inCycleMs < GREEN_MS + AMBER_MS ? 'amber' : 'red';
  }
}

/** Mean wait [s] of one who arrives at a random moment: red² / (2 cycle). */
export const MEAN_SIGNAL_WAIT_S = ((CYCLE_MS - GREEN_MS) * (CYCLE_MS - GREEN_MS)) / (2 * CYCLE_MS) / 1000;
/** Share of those who arrive at a random moment that must stop. */
export const STOPPING_SHARE = (CYCLE_MS - GREEN_MS) / CYCLE_MS;

function approachesOf(city: City): number[][] {
  const approaches: number[][] = city.nodes.map(() => []);
  for (const [index, link] of city.links.entries()) approaches[link.to]!.push(index);
  return approaches;
}

function isSignalised(city: City, approaches: readonly number[]): boolean {
  const classes = approaches.map((link) => city.links[link]!.streetClass);
  const major = classes.filter((streetClass) => streetClass !== 'local').length;
  return major >= 3 && classes.includes('arterial') && !classes.includes('expressway');
}

/** Direction of a street in [0, π). */
function axisOf(city: City, link: Link): number {
  const from = city.nodes[link.from]!;
  const to = city.nodes[link.to]!;
  const angle = Math.atan2(to.y - from.y, to.x - from.x);
  return (angle + 2 * Math.PI) % Math.PI;
}
