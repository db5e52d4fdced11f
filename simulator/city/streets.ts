// Where streets want to run, before they meet: expressways as drawn, roads along the banks, and a three-level grid bent by the
// canal's direction. Crossings, bridges and the graph are the network's.
import type { Label, Point, StreetClass } from '../city.ts';
import type { Random } from '../random.ts';
import { EXPRESSWAYS } from './geography.ts';
import {
  type Line,
  SegmentGrid,
  between,
  distance,
  lengthOf,
  nearestShare,
  parallel,
  resample,
  simplify,
  smooth,
} from './geometry.ts';
import type { Ground } from './ground.ts';
import { NORTH_SOUTH, WEST_EAST, type RoadOrder, type Suffix, madeUpName, mainRoad } from './names.ts';
import { fromLonLat } from './projection.ts';

export interface Street {
  readonly streetClass: StreetClass;
  readonly name: Label;
  readonly line: Line;
  /** Keeps lesser streets from running beside it: expressways and bank roads. Grid streets keep apart by construction. */
  readonly pushes?: boolean;
}

/** Arterial spacing; secondaries halve it, locals quarter it. Code for urban roads: 1.0–1.3 km, 500–650 m, 200–300 m. */
const ARTERIAL_M = 1150;
/** The grid covers this square; 2 × 16 lines a direction. */
const HALF_LINES = 16;
const SAMPLE_M = 95;
const SIMPLIFY_M = 9;
/** Samples simplified at once, so that no segment is longer than 760 m and the cell grids stay quick. */
const CHUNK = 8;
/** Local streets run past their block's edge so that they surely meet it; the network trims the stub. */
const OVERSHOOT_M = 30;
/** Density above which secondaries and locals exist. See Ground.density. */
const SECONDARY_FROM = 0.12;
const LOCAL_FROM = 0.52;
/** A street this near a greater one, and nearly parallel to it, is given up. */
const CROWD_M: { readonly [key in StreetClass]: number } = { expressway: 0, arterial: 330, secondary: 200, local: 110 };
const NEARLY_PARALLEL = 0.86;

/** Purposes of random draws. */
const SPACING = 1;
const HALF = 2;
const QUARTER = 3;
const DROP = 4;
const PARTLY = 5;

/** The bend of the grid: turning by `turn` at a centre, fading with distance, keeps areas and joins quarters of different direction. */
const SWIRLS = [
  { at: [120.395, 31.51], turn: -0.62, reachM: 5600 },
  { at: [120.205, 31.64], turn: -0.5, reachM: 5000 },
  { at: [120.29, 31.48], turn: 0.13, reachM: 4500 },
  { at: [120.42, 31.61], turn: 0.28, reachM: 5500 },
  { at: [120.3, 31.66], turn: 0.2, reachM: 4500 },
  { at: [120.299, 31.574], turn: -0.1, reachM: 2500 },
  { at: [120.25, 31.545], turn: 0.3, reachM: 3000 },
] as const;
const BASE_TURN = -0.06;
const BASE_COS = Math.cos(BASE_TURN);
const BASE_SIN = Math.sin(BASE_TURN);
const CENTERS = SWIRLS.map(({ at, turn, reachM }) => ({ at: fromLonLat(at), turn, reachM }));

function bend(u: number, v: number): Point {
  let x = u * BASE_COS - v * BASE_SIN;
  let y = u * BASE_SIN + v * BASE_COS;
  for (const { at, turn, reachM } of CENTERS) {
    const dx = x - at.x;
    const dy = y - at.y;
    const square = (dx * dx + dy * dy) / (reachM * reachM);
    if (square > 9) continue;
    const angle = turn * Math.exp(-square);
    const cos = Math.cos(angle);
    const sin = Math.sin(angle);
    x = at.x + dx * cos - dy * sin;
    y = at.y + dx * sin + dy * cos;
  }
  return { x: x + 45 * Math.sin(y / 1900), y: y + 45 * Math.sin(x / 2300) };
}

/** All streets, greater ones first. */
export function planStreets(ground: Ground, random: Random): Street[] {
  const plan = new Plan(ground);
  for (const street of expressways()) plan.add({ ...street, pushes: true });
  for (const street of bankRoads(ground)) plan.add({ ...street, pushes: true });
  const grid = new Grid(ground, random);
  for (const street of grid.arterials()) plan.add(street);
  for (const street of grid.secondaries()) plan.add(street);
  for (const street of grid.locals()) plan.add(street);
  return plan.streets;
}

function expressways(): Street[] {
  return EXPRESSWAYS.map(({ en, zh, course, closed }) => ({
    streetClass: 'expressway',
    name: { en, zh },
    line: smooth(course.map(fromLonLat), 6, closed === true),
  }));
}

/** Roads on both banks of the canal, round the moat and round the lakes. */
function bankRoads(ground: Ground): Street[] {
  const [canal, moat] = [ground.waterways[0]!.line, ground.waterways[1]!.line];
  const [taihu, li] = [ground.lakes[0]![0]!, ground.lakes[1]![0]!];
  const shore = (line: Line): Line => resample(line, 350);
  return [
    { streetClass: 'arterial', name: { en: 'Jiefang Ring Road', zh: '解放环路' }, line: parallel(moat, -105) },
    { streetClass: 'secondary', name: { en: 'Canal West Road', zh: '运河西路' }, line: parallel(canal, -115) },
    { streetClass: 'secondary', name: { en: 'Canal East Road', zh: '运河东路' }, line: parallel(canal, 115) },
    { streetClass: 'secondary', name: { en: 'Li Lake Shore Road', zh: '环蠡湖路' }, line: parallel(shore(li), 210) },
    {
      streetClass: 'arterial',
      name: { en: 'Taihu Shore Road', zh: '环太湖公路' },
      line: smooth(parallel(shore(taihu), -420), 3, false),
    },
  ];
}

/** Keeps only what may be built and is not crowded by a greater street. */
class Plan {
  readonly streets: Street[] = [];
  readonly #ground: Ground;
  readonly #grid = new SegmentGrid(400);
  readonly #segments: { a: Point; b: Point }[] = [];

  constructor(ground: Ground) {
    this.#ground = ground;
  }

  add(street: Street): void {
    let run: Point[] = [];
    // Grid lines come sampled.
    const points = street.pushes === true ? resample(street.line, SAMPLE_M) : street.line;
    for (let i = 0; i < points.length; i++) {
      const point = points[i]!;
      const ahead = points[i + 1] ?? points[i - 1]!;
      if (this.#mayPass(street, point) && !this.#isCrowded(street, point, ahead)) run.push(point);
      else run = this.#close(street, run);
    }
    this.#close(street, run);
  }

  #mayPass({ streetClass }: Street, point: Point): boolean {
    if (streetClass === 'expressway') return !this.#ground.inLake(point);
    return this.#ground.isBuilt(point) && !this.#ground.isWild(point) && !this.#ground.inLake(point);
  }

  #isCrowded({ streetClass }: Street, point: Point, ahead: Point): boolean {
    const reach = CROWD_M[streetClass];
    if (reach === 0) return false;
    const length = distance(point, ahead) || 1;
    for (const id of this.#grid.at(point)) {
      const { a, b } = this.#segments[id]!;
      const along = ((ahead.x - point.x) * (b.x - a.x) + (ahead.y - point.y) * (b.y - a.y)) / (length * distance(a, b));
      if (Math.abs(along) <= NEARLY_PARALLEL) continue;
      if (distance(point, between(a, b, nearestShare(point, a, b))) <= reach) return true;
    }
    return false;
  }

  #close(street: Street, run: Point[]): Point[] {
    if (run.length < 2 || lengthOf(run) < 120) return [];
    const line: Point[] = [run[0]!];
    for (let i = 0; i + 1 < run.length; i += CHUNK)
      line.push(...simplify(run.slice(i, i + CHUNK + 1), SIMPLIFY_M).slice(1));
    this.streets.push({ ...street, line });
    if (!street.pushes) return [];
    for (let i = 1; i < line.length; i++) {
      this.#grid.add(line[i - 1]!, line[i]!, CROWD_M.arterial, this.#segments.length);
      this.#segments.push({ a: line[i - 1]!, b: line[i]! });
    }
    return [];
  }
}

/** The bent grid. Lines have numbers −16…15 in each family; `u` lines run north–south, `v` lines west–east. */
class Grid {
  readonly #ground: Ground;
  readonly #random: Random;
  readonly #u: readonly number[];
  readonly #v: readonly number[];
  readonly #named = { road: 0, street: 0, lane: 0 };

  constructor(ground: Ground, random: Random) {
    this.#ground = ground;
    this.#random = random;
    this.#u = this.#spread(0);
    this.#v = this.#spread(1);
  }

  #newName(suffix: Suffix): Label {
    return madeUpName(this.#named[suffix]++, suffix);
  }

  #spread(family: number): number[] {
    return Array.from({ length: 2 * HALF_LINES }, (_, i) => {
      const jitter = this.#random.uniform(family, SPACING, i) - 0.5;
      return (i - HALF_LINES + 0.12 + 0.26 * jitter) * ARTERIAL_M;
    });
  }

  arterials(): Street[] {
    const name = (order: RoadOrder, i: number): Label => mainRoad(order, i - HALF_LINES) ?? this.#newName('road');
    return [
      ...this.#u.flatMap((u, i) => this.#arterial(name(NORTH_SOUTH, i), (t) => [u, t])),
      ...this.#v.flatMap((v, i) => this.#arterial(name(WEST_EAST, i), (t) => [t, v])),
    ];
  }

  /** Only the stretches near the built-up area are worked out: three quarters of the square are country. */
  #arterial(name: Label, at: (t: number) => readonly [u: number, v: number]): Street[] {
    const streets: Street[] = [];
    const end = 2 * HALF_LINES;
    let from = -1;
    let built = false;
    for (let i = 0; i <= 2 * end; i++) {
      const t = (i / 2 - HALF_LINES) * ARTERIAL_M;
      const next = this.#ground.isBuilt(bend(...at(t)));
      if ((next || built) && from < 0) from = Math.max(0, i - 1);
      if (from >= 0 && ((!next && !built) || i === 2 * end)) {
        const line = gridLine(...at((from / 2 - HALF_LINES) * ARTERIAL_M), ...at(t));
        streets.push({ streetClass: 'arterial', name, line });
        from = -1;
      }
      built = next;
    }
    return streets;
  }

  /** One street halving each block in each direction; most go on straight into the next block, some are offset. */
  secondaries(): Street[] {
    const streets: Street[] = [];
    for (const family of [0, 1]) {
      const [across, along] = family === 0 ? [this.#u, this.#v] : [this.#v, this.#u];
      for (let i = 0; i + 1 < across.length; i++) {
        let name = this.#newName('road');
        let line: Point[] = [];
        let lastAt = Number.NaN;
        for (let j = 0; j + 1 < along.length; j++) {
          const [from, to] = [along[j]!, along[j + 1]!];
          const at = this.#half(family, i, j);
          const piece = family === 0 ? gridLine(at, from, at, to) : gridLine(from, at, to, at);
          const wanted = this.#ground.density(piece[piece.length >> 1]!) > SECONDARY_FROM;
          if (line.length > 0 && (!wanted || at !== lastAt)) {
            streets.push({ streetClass: 'secondary', name, line });
            if (at !== lastAt) name = this.#newName('road');
            line = [];
          }
          if (wanted) line = line.length === 0 ? piece : [...line, ...piece.slice(1)];
          lastAt = at;
        }
        if (line.length > 0) streets.push({ streetClass: 'secondary', name, line });
      }
    }
    return streets;
  }

  /** Position of the secondary in block j of strip i: the strip's own, or one of the block's. */
  #half(family: number, i: number, j: number): number {
    const across = family === 0 ? this.#u : this.#v;
    const own = this.#random.uniform(family, PARTLY, i * 64 + j) < 0.24;
    const draw = this.#random.uniform(family, HALF, i * 64 + (own ? j : 63));
    return across[i]! + (0.5 + 0.2 * (draw - 0.5)) * (across[i + 1]! - across[i]!);
  }

  /** Locals quarter the dense blocks, each on its own: they meet the greater streets as T, and some are missing. */
  locals(): Street[] {
    const streets: Street[] = [];
    for (let i = 0; i + 1 < this.#u.length; i++) {
      for (let j = 0; j + 1 < this.#v.length; j++) {
        const middle = bend((this.#u[i]! + this.#u[i + 1]!) / 2, (this.#v[j]! + this.#v[j + 1]!) / 2);
        if (this.#ground.density(middle) < LOCAL_FROM - 0.1 || !this.#ground.isBuilt(middle)) continue;
        const us = [this.#u[i]!, this.#half(0, i, j), this.#u[i + 1]!];
        const vs = [this.#v[j]!, this.#half(1, j, i), this.#v[j + 1]!];
        for (let q = 0; q < 4; q++) {
          const [a, b] = [q & 1, q >> 1];
          streets.push(...this.#quarter((i * 64 + j) * 4 + q, us[a]!, us[a + 1]!, vs[b]!, vs[b + 1]!));
        }
      }
    }
    return streets;
  }

  #quarter(id: number, u0: number, u1: number, v0: number, v1: number): Street[] {
    const draw = (purpose: number, counter: number): number => this.#random.uniform(id, purpose, counter);
    const density = this.#ground.density(bend((u0 + u1) / 2, (v0 + v1) / 2)) + 0.12 * (draw(DROP, 0) - 0.5);
    if (density < LOCAL_FROM) return [];
    const inner = density > 0.8;
    const streets: Street[] = [];
    const share = (family: number): number => 0.5 + 0.3 * (draw(QUARTER, family) - 0.5);
    const [u, v] = [u0 + (u1 - u0) * share(0), v0 + (v1 - v0) * share(1)];
    const dropped = inner ? 0.1 : 0.22;
    const kind = draw(DROP, 9);
    const name = (): Label => this.#newName(kind < 0.3 ? 'lane' : inner || kind < 0.65 ? 'street' : 'road');
    if (draw(DROP, 1) > dropped) {
      streets.push({ streetClass: 'local', name: name(), line: gridLine(u, v0 - OVERSHOOT_M, u, v1 + OVERSHOOT_M) });
    }
    if (draw(DROP, 2) > dropped) {
      // Half of the cross streets stop at the middle one, alternating sides, as in real quarters.
      const partly = streets.length > 0 && draw(PARTLY, 2) < 0.4;
      const [from, to] = !partly ? [u0, u1] : draw(PARTLY, 3) < 0.5 ? [u0, u] : [u, u1];
      streets.push({ streetClass: 'local', name: name(), line: gridLine(from - OVERSHOOT_M, v, to + OVERSHOOT_M, v) });
    }
    return streets;
  }
}

/** A straight line of the grid, bent; a point each sample length. */
function gridLine(u0: number, v0: number, u1: number, v1: number): Point[] {
  const pieces = Math.max(2, Math.ceil((Math.abs(u1 - u0) + Math.abs(v1 - v0)) / SAMPLE_M));
  const line: Point[] = [];
  for (let i = 0; i <= pieces; i++) line.push(bend(u0 + ((u1 - u0) * i) / pieces, v0 + ((v1 - v0) * i) / pieces));
  return line;
}
