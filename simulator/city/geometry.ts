// Plain plane geometry in metres for building the city: smoothing, crossings, offsets, and point-in-polygon by rows.
import type { Point } from '../city.ts';

export type Line = readonly Point[];

export function distance(a: Point, b: Point): number {
  const dx = b.x - a.x;
  const dy = b.y - a.y;
  return Math.sqrt(dx * dx + dy * dy);
}

export function between(a: Point, b: Point, share: number): Point {
  return { x: a.x + (b.x - a.x) * share, y: a.y + (b.y - a.y) * share };
}

export function lengthOf(line: Line): number {
  let sum = 0;
  for (let i = 1; i < line.length; i++) sum += distance(line[i - 1]!, line[i]!);
  return sum;
}

/** Catmull–Rom through all points, `steps` pieces a side. A closed line repeats its first point at the end. */
export function smooth(points: Line, steps: number, closed: boolean): Point[] {
  const count = points.length;
  const at = (i: number): Point => points[closed ? (i + count) % count : Math.min(Math.max(i, 0), count - 1)]!;
  const out: Point[] = [];
  const sides = closed ? count : count - 1;
  for (let i = 0; i < sides; i++) {
    const [p0, p1, p2, p3] = [at(i - 1), at(i), at(i + 1), at(i + 2)];
    for (let s = 0; s < steps; s++) {
      const t = s / steps;
      out.push({ x: spline(p0.x, p1.x, p2.x, p3.x, t), y: spline(p0.y, p1.y, p2.y, p3.y, t) });
    }
  }
  out.push(closed ? out[0]! : points[count - 1]!);
  return out;
}

function spline(a: number, b: number, c: number, d: number, t: number): number {
  return b + 0.5 * t * (c - a + t * (2 * a - 5 * b + 4 * c - d + t * (3 * (b - c) + d - a)));
}

/** Points every `stepM` along a line, ends included. */
export function resample(line: Line, stepM: number): Point[] {
  const pieces = Math.max(1, Math.round(lengthOf(line) / stepM));
  const step = lengthOf(line) / pieces;
  const out: Point[] = [line[0]!];
  let walked = 0;
  for (let i = 1; i < line.length; i++) {
    const side = distance(line[i - 1]!, line[i]!);
    while (out.length < pieces && out.length * step <= walked + side) {
      out.push(between(line[i - 1]!, line[i]!, (out.length * step - walked) / side));
    }
    walked += side;
  }
  out.push(line.at(-1)!);
  return out;
}

/** A parallel line, positive to the left; loops on the inner side of bends stay, so keep `offsetM` below the bend radius. */
export function parallel(line: Line, offsetM: number): Point[] {
  const last = line.length - 1;
  const closed = distance(line[0]!, line[last]!) < 1;
  return line.map((point, i) => {
    const a = line[i > 0 ? i - 1 : closed ? last - 1 : 0]!;
    const b = line[i < last ? i + 1 : closed ? 1 : last]!;
    const length = distance(a, b) || 1;
    return { x: point.x - ((b.y - a.y) / length) * offsetM, y: point.y + ((b.x - a.x) / length) * offsetM };
  });
}

/** Share along a–b where c–d crosses it, or undefined. */
export function crossing(a: Point, b: Point, c: Point, d: Point): number | undefined {
  const rx = b.x - a.x;
  const ry = b.y - a.y;
  const sx = d.x - c.x;
  const sy = d.y - c.y;
  const det = rx * sy - ry * sx;
  if (det === 0) return undefined;
  const t = ((c.x - a.x) * sy - (c.y - a.y) * sx) / det;
  const u = ((c.x - a.x) * ry - (c.y - a.y) * rx) / det;
  return t >= 0 && t <= 1 && u >= 0 && u <= 1 ? t : undefined;
}

/** Nearest point of segment a–b to p, as a share 0…1. */
export function nearestShare(p: Point, a: Point, b: Point): number {
  const dx = b.x - a.x;
  const dy = b.y - a.y;
  const square = dx * dx + dy * dy;
  if (square === 0) return 0;
  return Math.min(1, Math.max(0, ((p.x - a.x) * dx + (p.y - a.y) * dy) / square));
}

/** Douglas–Peucker: the fewest points that stay within `toleranceM`. */
export function simplify(line: Line, toleranceM: number): Point[] {
  if (line.length < 3) return [...line];
  const keep = new Uint8Array(line.length);
  keep[0] = keep[line.length - 1] = 1;
  keepWorst(line, 0, line.length - 1, toleranceM, keep);
  return line.filter((_, i) => keep[i] === 1);
}

function keepWorst(line: Line, from: number, to: number, toleranceM: number, keep: Uint8Array): void {
  const a = line[from]!;
  const b = line[to]!;
  let worst = toleranceM;
  let at = -1;
  for (let i = from + 1; i < to; i++) {
    const off = distance(line[i]!, between(a, b, nearestShare(line[i]!, a, b)));
    if (off <= worst) continue;
    worst = off;
    at = i;
  }
  if (at < 0) return;
  keep[at] = 1;
  keepWorst(line, from, at, toleranceM, keep);
  keepWorst(line, at, to, toleranceM, keep);
}

/** Height of a row of the polygon index: most rows hold two edges. */
const ROW_M = 200;

/** Polygons joined by the even–odd rule (holes are rings like others); each row knows the edges that touch it. */
export class Area {
  readonly #rows = new Map<number, number[]>();

  constructor(rings: readonly Line[]) {
    for (const ring of rings) for (let i = 0; i < ring.length; i++) this.#add(ring[i]!, ring[(i + 1) % ring.length]!);
  }

  #add(a: Point, b: Point): void {
    const last = Math.floor(Math.max(a.y, b.y) / ROW_M);
    for (let row = Math.floor(Math.min(a.y, b.y) / ROW_M); row <= last; row++) {
      let edges = this.#rows.get(row);
      if (edges === undefined) this.#rows.set(row, (edges = []));
      edges.push(a.x, a.y, b.x, b.y);
    }
  }

  contains(x: number, y: number): boolean {
    const edges = this.#rows.get(Math.floor(y / ROW_M));
    if (edges === undefined) return false;
    let inside = false;
    for (let i = 0; i < edges.length; i += 4) {
      const ay = edges[i + 1]!;
      const by = edges[i + 3]!;
      if (ay > y !== by > y && x < edges[i]! + ((y - ay) / (by - ay)) * (edges[i + 2]! - edges[i]!)) inside = !inside;
    }
    return inside;
  }
}

const NONE: readonly number[] = [];
/** Cells of a column; a city has fewer. */
const ROWS = 65_536;

/** Segments by cell, so that only near ones are compared. */
export class SegmentGrid {
  readonly #cellM: number;
  readonly #cells = new Map<number, number[]>();

  constructor(cellM: number) {
    this.#cellM = cellM;
  }

  /** Covers the box of the segment and a margin round it; segments should not be much longer than a cell. */
  add(a: Point, b: Point, marginM: number, id: number): void {
    const i1 = this.#cell(Math.max(a.x, b.x) + marginM);
    const j0 = this.#cell(Math.min(a.y, b.y) - marginM);
    const j1 = this.#cell(Math.max(a.y, b.y) + marginM);
    for (let i = this.#cell(Math.min(a.x, b.x) - marginM); i <= i1; i++) {
      for (let j = j0; j <= j1; j++) {
        const cell = this.#cells.get(i * ROWS + j);
        if (cell === undefined) this.#cells.set(i * ROWS + j, [id]);
        else cell.push(id);
      }
    }
  }

  /** Ids in the point's cell: all whose margin reaches it, and some more. */
  at(point: Point): readonly number[] {
    return this.#cells.get(this.#cell(point.x) * ROWS + this.#cell(point.y)) ?? NONE;
  }

  /** Calls `visit` with ids in the cells of the segment's box; the same id may come more than once. */
  near(a: Point, b: Point, visit: (id: number) => void): void {
    const i1 = this.#cell(Math.max(a.x, b.x));
    const j0 = this.#cell(Math.min(a.y, b.y));
    const j1 = this.#cell(Math.max(a.y, b.y));
    for (let i = this.#cell(Math.min(a.x, b.x)); i <= i1; i++) {
      for (let j = j0; j <= j1; j++) {
        const cell = this.#cells.get(i * ROWS + j);
        if (cell !== undefined) for (let k = 0; k < cell.length; k++) visit(cell[k]!);
      }
    }
  }

  #cell(metres: number): number {
    return Math.floor(metres / this.#cellM);
  }
}
