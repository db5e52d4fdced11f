// The drawing of geography.ts in metres, smoothed, and the questions the generator asks about a place: water, park, built-up?
import type { Point } from '../city.ts';
import { type Line, Area, SegmentGrid, distance, between, nearestShare, smooth } from './geometry.ts';
import { BUILT_UP, DISTRICTS, LAKES, PARKS, TOWNS, WATERWAYS, type LonLat } from './geography.ts';
import { fromLonLat } from './projection.ts';

/** Pieces per drawn side: shores look round at street level. */
const SMOOTH_STEPS = 5;
/** No street or house closer to a waterway's edge than this. */
const BANK_M = 22;
const WATER_CELL_M = 400;

export interface WaterLine {
  readonly waterway: (typeof WATERWAYS)[number];
  readonly line: Line;
}

const ring = (shape: readonly LonLat[]): Point[] => smooth(shape.map(fromLonLat), SMOOTH_STEPS, true);

export class Ground {
  /** Shore first, then islands, per lake. */
  readonly lakes: readonly (readonly Line[])[] = LAKES.map((lake) => [lake.shore, ...lake.islands].map(ring));
  readonly waterways: readonly WaterLine[] = WATERWAYS.map((waterway) => ({
    waterway,
    line: smooth(waterway.course.map(fromLonLat), SMOOTH_STEPS, waterway.closed === true),
  }));
  readonly parks: readonly Line[] = PARKS.map((park) => ring(park.outline));
  readonly builtUp: Line = ring(BUILT_UP);

  readonly #lake = new Area(this.lakes.flat());
  readonly #park = new Area(this.parks);
  readonly #hill = new Area(this.parks.filter((_, i) => PARKS[i]!.type !== 'park'));
  readonly #built = new Area([this.builtUp]);
  readonly #dense = [...DISTRICTS, ...TOWNS].map(({ center, denseM }) => ({ at: fromLonLat(center), denseM }));
  readonly #water: { a: Point; b: Point; reachM: number; line: number; seenBy: number }[] = [];
  #queries = 0;
  readonly #waterGrid = new SegmentGrid(WATER_CELL_M);

  constructor() {
    for (const [index, { waterway, line }] of this.waterways.entries()) {
      for (let i = 1; i < line.length; i++) {
        const reachM = waterway.widthM / 2 + BANK_M;
        this.#waterGrid.add(line[i - 1]!, line[i]!, reachM, this.#water.length);
        this.#water.push({ a: line[i - 1]!, b: line[i]!, reachM, line: index, seenBy: 0 });
      }
    }
  }

  inLake(point: Point): boolean {
    return this.#lake.contains(point.x, point.y);
  }

  /** Hills and wetlands: no streets but expressways, which tunnel. */
  isWild(point: Point): boolean {
    return this.#hill.contains(point.x, point.y);
  }

  inPark(point: Point): boolean {
    return this.#park.contains(point.x, point.y);
  }

  isBuilt(point: Point): boolean {
    return this.#built.contains(point.x, point.y);
  }

  isLand(point: Point): boolean {
    return this.isBuilt(point) && !this.inLake(point) && !this.inPark(point) && this.#bankTo(point) === undefined;
  }

  /** 1 in the middle of the nearest dense place, falling to 0 at twice its radius. */
  density(point: Point): number {
    let most = 0;
    for (const { at, denseM } of this.#dense) most = Math.max(most, 1 - distance(at, point) / (2 * denseM));
    return most;
  }

  /** The point itself, or, where it lies in a canal or river, the nearest place on the bank. */
  ashore(point: Point): Point {
    return this.#bankTo(point) ?? point;
  }

  /** Water segments near a street segment; `line` is an index into `waterways`. */
  waterNear(a: Point, b: Point, visit: (a: Point, b: Point, line: number) => void): void {
    const query = ++this.#queries;
    this.#waterGrid.near(a, b, (id) => {
      const segment = this.#water[id]!;
      if (segment.seenBy === query) return;
      segment.seenBy = query;
      visit(segment.a, segment.b, segment.line);
    });
  }

  #bankTo(point: Point): Point | undefined {
    for (const id of this.#waterGrid.at(point)) {
      const { a, b, reachM } = this.#water[id]!;
      const foot = between(a, b, nearestShare(point, a, b));
      const off = distance(foot, point);
      if (off >= reachM) continue;
      // A point on the middle line may go to either bank.
      const onLine = off < 1e-6;
      const side = onLine ? distance(a, b) : off;
      const [dx, dy] = onLine ? [a.y - b.y, b.x - a.x] : [point.x - foot.x, point.y - foot.y];
      return { x: foot.x + (dx / side) * reachM, y: foot.y + (dy / side) * reachM };
    }
    return undefined;
  }
}
