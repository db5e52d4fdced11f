// How far along its trip each bus was, and when: the lines of a time–space diagram. Thinned to what a drawing shows; two hours are kept.
import type { BusNow } from './buses.ts';

export const KEPT_MS = 2 * 60 * 60_000;
/** Between two stops a bus is drawn every so often, ms. */
const EVERY_MS = 10_000;
/** Where it stands, first and last moment are drawn. */
const SAME_PLACE_M = 1;
const MAX_POINTS_OF_PASSAGE = 4000;
const MAX_POINTS = 1_500_000;
const AHEAD_MS = 120_000;

export type Point = [ts: number, alongM: number];

/** One bus on one trip. */
interface Passage {
  readonly line: string;
  readonly bus: string;
  readonly trip: string;
  readonly direction: string;
  readonly points: Point[];
}

export class Passages {
  /** In order of their beginning. */
  readonly #passages = new Set<Passage>();
  readonly #current = new Map<string, Passage>();
  #points = 0;

  /** direction: of the trip. */
  observe({ bus, ts, trip, alongM, hasLeft, arrivedMs }: BusNow, line: string, direction: string): void {
    if (trip === undefined || alongM === undefined) return;
    let passage = this.#current.get(bus);
    const last = passage?.points.at(-1);
    // Trips come again on other days, and nobody drives backwards.
    const isSame = passage?.trip === trip && passage.line === line && ts - last![0] < KEPT_MS;
    if (passage === undefined || !isSame) {
      passage = this.#begin({ line, bus, trip, direction, points: [] }, ts);
    } else if (alongM < last![1] - SAME_PLACE_M || passage.points.length >= MAX_POINTS_OF_PASSAGE) return;
    const point: Point = [ts, Math.round(alongM)];
    const { points } = passage;
    const stands = isNear(points.at(-1), point) && isNear(points.at(-2), point);
    const isCall = hasLeft || arrivedMs === ts;
    if (stands) points[points.length - 1] = point;
    else if (isCall || points.length === 0 || ts - points.at(-1)![0] >= EVERY_MS) {
      points.push(point);
      if (++this.#points > MAX_POINTS) this.#drop(this.#passages.values().next().value!);
    }
  }

  /** Those of a line within the last `spanMs`, each cut to it. */
  of(line: string, nowMs: number, spanMs: number): { bus: string; trip: string; direction: string; points: Point[] }[] {
    const found = [];
    for (const { line: ofLine, bus, trip, direction, points } of this.#passages) {
      if (ofLine !== line) continue;
      const within = points.filter(([ts]) => ts >= nowMs - spanMs && ts <= nowMs + AHEAD_MS);
      if (within.length > 0) found.push({ bus, trip, direction, points: within });
    }
    return found;
  }

  forgetLine(line: string): void {
    for (const passage of this.#passages) if (passage.line === line) this.#drop(passage);
  }

  /** The city's clock went back. */
  forgetAfter(ms: number): void {
    for (const passage of this.#passages) if (passage.points.at(-1)![0] > ms) this.#drop(passage);
  }

  #begin(passage: Passage, nowMs: number): Passage {
    for (const oldest of this.#passages) {
      if (oldest.points.at(-1)![0] >= nowMs - KEPT_MS) break;
      this.#drop(oldest);
    }
    this.#passages.add(passage);
    this.#current.set(passage.bus, passage);
    return passage;
  }

  #drop(passage: Passage): void {
    this.#passages.delete(passage);
    this.#points -= passage.points.length;
    if (this.#current.get(passage.bus) === passage) this.#current.delete(passage.bus);
  }
}

function isNear(a: Point | undefined, b: Point): boolean {
  return a !== undefined && Math.abs(a[1] - b[1]) <= SAME_PLACE_M;
}
