// Turns planned streets into the graph: nodes where they meet, bridges where water lets them cross, dead ends trimmed, one connected
// whole. Every street is two-way, so connected is strongly connected.
import type { Link, Point, StreetClass } from '../city.ts';
import { SegmentGrid, between, crossing, distance } from './geometry.ts';
import type { Ground } from './ground.ts';
import type { Street } from './streets.ts';

export interface Edge {
  readonly a: number;
  readonly b: number;
  /** Index into the planned streets. */
  readonly street: number;
}

export interface Network {
  readonly nodes: readonly Point[];
  /** Edge e is links 2e (a → b) and 2e + 1 (b → a); edges of a street are consecutive and in order. */
  readonly edges: readonly Edge[];
}

/** Crossings nearer than this are one. */
const MERGE_M = 32;
/** A bend this near a crossing says nothing. */
const BEND_M = 40;
const CELL_M = 400;
/** Dead ends shorter than this are stubs; main streets never end blind. */
const STUB_M: { readonly [key in StreetClass]: number } = {
  expressway: 500,
  arterial: Infinity,
  secondary: Infinity,
  local: 130,
};
const RANK: { readonly [key in StreetClass]: number } = { expressway: 0, arterial: 1, secondary: 2, local: 3 };

/** The same street the other way. */
export function reverseLink(link: number): number {
  return link ^ 1;
}

export function buildNetwork(streets: readonly Street[], ground: Ground): Network {
  const { nodes, edges } = meet(streets, ground);
  const bridged = withBridges(nodes, edges, streets, ground);
  const trimmed = withoutStubs(nodes, bridged, streets);
  return largestPart(nodes, trimmed);
}

/** Expressways are elevated: only arterials have ramps to them. */
function canMeet(one: StreetClass, other: StreetClass): boolean {
  return (one !== 'expressway' && other !== 'expressway') || RANK[one] + RANK[other] <= 1;
}

function meet(streets: readonly Street[], ground: Ground): { nodes: Point[]; edges: Edge[] } {
  const cuts = findCuts(streets, ground);
  const nodes = cuts.nodes;
  const edges: Edge[] = [];
  const known = new Set<number>();
  for (const [index, street] of streets.entries()) {
    let last = -1;
    for (const { node, point } of along(street, cuts.byStreet[index]!, ground)) {
      const next = node ?? nodes.push(point) - 1;
      const key = Math.min(last, next) * 1_000_000 + Math.max(last, next);
      if (last >= 0 && next !== last && !known.has(key)) {
        known.add(key);
        edges.push({ a: last, b: next, street: index });
      }
      last = next;
    }
  }
  return { nodes, edges };
}

interface Cut {
  /** Segment number plus share along it. */
  readonly at: number;
  readonly point: Point;
  readonly node?: number;
}

function findCuts(streets: readonly Street[], ground: Ground): { nodes: Point[]; byStreet: Cut[][] } {
  const nodes: Point[] = [];
  const byStreet: Cut[][] = streets.map(() => []);
  const grid = new SegmentGrid(CELL_M);
  const segments: { street: number; at: number; a: Point; b: Point; seenBy: number }[] = [];
  const nodeAt = nodeFinder(nodes, ground);
  let visit = 0;
  for (const [street, { line, streetClass }] of streets.entries()) {
    const first = segments.length;
    for (let at = 0; at + 1 < line.length; at++) {
      const a = line[at]!;
      const b = line[at + 1]!;
      visit++;
      grid.near(a, b, (id) => {
        const other = segments[id]!;
        if (other.seenBy === visit) return;
        other.seenBy = visit;
        if (!canMeet(streetClass, streets[other.street]!.streetClass)) return;
        const share = crossing(a, b, other.a, other.b);
        if (share === undefined) return;
        const point = between(a, b, share);
        const node = nodeAt(point);
        byStreet[street]!.push({ at: at + share, point, node });
        byStreet[other.street]!.push({
          at: other.at + distance(other.a, point) / distance(other.a, other.b),
          point,
          node,
        });
      });
      segments.push({ street, at, a, b, seenBy: 0 });
    }
    const [start, end] = [line[0]!, line.at(-1)!];
    if (distance(start, end) < 1) {
      const node = nodeAt(start);
      byStreet[street]!.push({ at: 0, point: start, node }, { at: line.length - 1, point: start, node });
    }
    for (let id = first; id < segments.length; id++) grid.add(segments[id]!.a, segments[id]!.b, 0, id);
  }
  return { nodes, byStreet };
}

/** The node at a crossing: one already there within MERGE_M, or a new one, never in a canal. */
function nodeFinder(nodes: Point[], ground: Ground): (point: Point) => number {
  const cells = new Map<number, number[]>();
  return (point) => {
    const [i, j] = [Math.floor(point.x / MERGE_M), Math.floor(point.y / MERGE_M)];
    for (let di = -1; di <= 1; di++) {
      for (let dj = -1; dj <= 1; dj++) {
        const near = cells.get((i + di) * 65_536 + j + dj)?.find((node) => distance(nodes[node]!, point) < MERGE_M);
        if (near !== undefined) return near;
      }
    }
    const node = nodes.push(ground.ashore(point)) - 1;
    const cell = cells.get(i * 65_536 + j);
    if (cell === undefined) cells.set(i * 65_536 + j, [node]);
    else cell.push(node);
    return node;
  };
}

/** Ends, bends and crossings of a street in order. Bends near a crossing or in a canal are left out. */
function along(street: Street, cuts: readonly Cut[], ground: Ground): Cut[] {
  const bends = street.line
    .map((point, at): Cut => ({ at, point }))
    .filter(({ point }) => !cuts.some((cut) => distance(cut.point, point) < BEND_M) && ground.ashore(point) === point);
  return [...bends, ...cuts].sort((one, other) => one.at - other.at);
}

/** Drops the streets that have no bridge. Greater streets choose first; each waterway says how far apart its bridges are. */
function withBridges(
  nodes: readonly Point[],
  edges: readonly Edge[],
  streets: readonly Street[],
  ground: Ground,
): Edge[] {
  const crossings: { edge: number; rank: number; water: number; place: Point }[] = [];
  for (let edge = 0; edge < edges.length; edge++) {
    const { a, b, street } = edges[edge]!;
    const from = nodes[a]!;
    const to = nodes[b]!;
    ground.waterNear(from, to, (c, d, water) => {
      const share = crossing(from, to, c, d);
      if (share === undefined) return;
      crossings.push({ edge, rank: RANK[streets[street]!.streetClass], water, place: between(from, to, share) });
    });
  }
  crossings.sort((one, other) => one.rank - other.rank || one.edge - other.edge);
  const bridges = ground.waterways.map((): Point[] => []);
  const dropped = new Set<number>();
  for (const { edge, rank, water, place } of crossings) {
    if (rank === RANK.expressway) continue;
    const apart = ground.waterways[water]!.waterway.bridgesApartM;
    if (rank === RANK.local || bridges[water]!.some((bridge) => distance(bridge, place) < apart)) dropped.add(edge);
    else bridges[water]!.push(place);
  }
  return edges.filter((_, edge) => !dropped.has(edge));
}

function withoutStubs(nodes: readonly Point[], edges: readonly Edge[], streets: readonly Street[]): Edge[] {
  const at = nodes.map((): number[] => []);
  for (const [edge, { a, b }] of edges.entries()) {
    at[a]!.push(edge);
    at[b]!.push(edge);
  }
  const gone = new Uint8Array(edges.length);
  const open = at.flatMap((touching, node) => (touching.length === 1 ? [node] : []));
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    const edge = at[node]![0];
    if (at[node]!.length !== 1 || edge === undefined) continue;
    const { a, b, street } = edges[edge]!;
    if (distance(nodes[a]!, nodes[b]!) > STUB_M[streets[street]!.streetClass]) continue;
    gone[edge] = 1;
    const other = a === node ? b : a;
    at[node] = [];
    at[other] = at[other]!.filter((left) => left !== edge);
    if (at[other].length === 1) open.push(other);
  }
  return edges.filter((_, edge) => gone[edge] === 0);
}

/** The largest connected part, with nodes numbered anew. */
function largestPart(nodes: readonly Point[], edges: readonly Edge[]): Network {
  const parent = Int32Array.from(nodes, (_, i) => i);
  const root = (node: number): number => {
    let at = node;
    while (parent[at] !== at) at = parent[at] = parent[parent[at]!]!;
    return at;
  };
  for (const { a, b } of edges) parent[root(a)] = root(b);
  const size = new Int32Array(nodes.length);
  for (const { a } of edges) size[root(a)]!++;
  const largest = size.indexOf(size.reduce((most, count) => Math.max(most, count), 0));
  const number = new Int32Array(nodes.length).fill(-1);
  const kept: Point[] = [];
  const renumber = (node: number): number => {
    if (number[node] === -1) number[node] = kept.push(nodes[node]!) - 1;
    return number[node]!;
  };
  const renumbered = edges
    .filter(({ a }) => root(a) === largest)
    .map(({ a, b, street }) => ({ a: renumber(a), b: renumber(b), street }));
  return { nodes: kept, edges: renumbered };
}

/** Limits from the Chinese code for urban roads (CJJ 37): expressway 60–100, arterial 40–60, secondary 30–50, local 20–40 km/h. */
const LIMIT_KMH: {
  readonly [key in StreetClass]: { readonly core: number; readonly outside: number; readonly lanes: number };
} = {
  expressway: { core: 80, outside: 80, lanes: 3 },
  arterial: { core: 50, outside: 60, lanes: 3 },
  secondary: { core: 40, outside: 50, lanes: 2 },
  local: { core: 30, outside: 30, lanes: 1 },
};
/** Within the inner ring the lower limits hold. */
const CORE_M = 4500;
const CENTER: Point = { x: 0, y: 0 };

export function toLinks({ nodes, edges }: Network, streets: readonly Street[], nameOf: readonly number[]): Link[] {
  const links: Link[] = [];
  for (const { a, b, street } of edges) {
    const { streetClass } = streets[street]!;
    const { core, outside, lanes } = LIMIT_KMH[streetClass];
    const inCore = distance(between(nodes[a]!, nodes[b]!, 0.5), CENTER) < CORE_M;
    const speedLimitMps = (inCore ? core : outside) / 3.6;
    const lengthM = distance(nodes[a]!, nodes[b]!);
    const name = nameOf[street]!;
    links.push(
      { from: a, to: b, lengthM, speedLimitMps, lanes, streetClass, name },
      { from: b, to: a, lengthM, speedLimitMps, lanes, streetClass, name },
    );
  }
  return links;
}
