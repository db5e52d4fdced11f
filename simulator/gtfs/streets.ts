// The streets that the ways of all lines drive on: shared where ways share their points, simplified where nothing forks. Directed links
// between nodes; two-way where lines drive both ways. Speeds are worked out elsewhere.
import type { Point } from '../city.ts';
import { distance, simplify } from '../city/geometry.ts';
import { cumulative } from './way.ts';
import type { Way } from './way.ts';

/** Points of different shapes nearer than this are one place. */
const SAME_PLACE_M = 1.5;
/** A bend smaller than this is not driven. */
const BEND_M = 5;
/** A bus drives this much farther than straight from stop to stop: mean of four networks that publish their shapes (docs/gtfs-import.md). */
export const DETOUR = 1.1;

export interface DraftLink {
  readonly from: number;
  readonly to: number;
  readonly lengthM: number;
}

export interface DrivenWay {
  readonly links: readonly number[];
  /** Metres along the links; ascending, the first is 0, the last the length. */
  readonly stopAtM: readonly number[];
  readonly lengthM: number;
}

export interface Streets {
  readonly nodes: readonly Point[];
  readonly links: readonly DraftLink[];
  /** In the order of the ways given. */
  readonly ways: readonly DrivenWay[];
}

interface Path {
  readonly places: readonly number[];
  /** Metres along the way of each place. */
  readonly alongM: readonly number[];
}

export function streetsOf(ways: readonly Way[]): Streets {
  const places = new Places();
  const paths = ways.map((way) => pathOf(way, places));
  const kept = keptPlaces(paths, places.points);
  const number = new Int32Array(places.points.length).fill(-1);
  const nodes: Point[] = [];
  const nodeOf = (place: number): number => {
    if (number[place] === -1) number[place] = nodes.push(places.points[place]!) - 1;
    return number[place]!;
  };
  const links: DraftLink[] = [];
  const known = new Map<string, number>();
  const linkOf = (from: number, to: number, detour: number): number => {
    const key = `${from} ${to} ${detour}`;
    let link = known.get(key);
    if (link === undefined) {
      link = links.push({ from, to, lengthM: detour * distance(nodes[from]!, nodes[to]!) }) - 1;
      known.set(key, link);
    }
    return link;
  };
  const driven = paths.map((path, i) => {
    const stays = path.places.map((place) => kept[place] === 1);
    const at = path.places.filter((_, k) => stays[k]).map(nodeOf);
    const alongM = path.alongM.filter((_, k) => stays[k]);
    const own = at.slice(1).map((to, k) => linkOf(at[k]!, to, ways[i]!.straight ? DETOUR : 1));
    return drive(own, links, alongM, ways[i]!.stopAtM);
  });
  return { nodes, links, ways: driven };
}

/** Positions along the way as positions along its links: each piece stretched to the link that stands for it. */
function drive(
  own: readonly number[],
  links: readonly DraftLink[],
  alongM: readonly number[],
  stopAtM: readonly number[],
): DrivenWay {
  const startM = [0];
  for (const link of own) startM.push(startM.at(-1)! + links[link]!.lengthM);
  let k = 0;
  const moved = stopAtM.map((atM) => {
    while (k + 1 < own.length && alongM[k + 1]! < atM) k++;
    const share = (atM - alongM[k]!) / (alongM[k + 1]! - alongM[k]!);
    return startM[k]! + Math.min(1, Math.max(0, share)) * (startM[k + 1]! - startM[k]!);
  });
  moved[0] = 0;
  moved[moved.length - 1] = startM.at(-1)!;
  return { links: own, stopAtM: moved, lengthM: startM.at(-1)! };
}

/** Where points are, each place once. */
class Places {
  readonly points: Point[] = [];
  readonly #cells = new Map<string, number[]>();

  at(point: Point): number {
    const [i, j] = [Math.floor(point.x / SAME_PLACE_M), Math.floor(point.y / SAME_PLACE_M)];
    for (let di = -1; di <= 1; di++) {
      for (let dj = -1; dj <= 1; dj++) {
        for (const place of this.#cells.get(`${i + di} ${j + dj}`) ?? []) {
          if (distance(this.points[place]!, point) < SAME_PLACE_M) return place;
        }
      }
    }
    const place = this.points.push(point) - 1;
    const cell = this.#cells.get(`${i} ${j}`);
    if (cell === undefined) this.#cells.set(`${i} ${j}`, [place]);
    else cell.push(place);
    return place;
  }
}

function pathOf(way: Way, all: Places): Path {
  const places: number[] = [];
  const alongM: number[] = [];
  cumulative(way.points).forEach((atM, i) => {
    const place = all.at(way.points[i]!);
    if (places.at(-1) === place) return;
    places.push(place);
    alongM.push(atM);
  });
  return { places, alongM };
}

/** 1 for places that become nodes: ends, forks, places where a way turns back, and the bends between them that are worth one. */
function keptPlaces(paths: readonly Path[], points: readonly Point[]): Uint8Array {
  const kept = new Uint8Array(points.length);
  const low = new Int32Array(points.length).fill(-1);
  const high = new Int32Array(points.length).fill(-1);
  for (const { places } of paths) {
    kept[places[0]!] = kept[places.at(-1)!] = 1;
    for (let k = 1; k + 1 < places.length; k++) {
      const place = places[k]!;
      const [a, b] = [Math.min(places[k - 1]!, places[k + 1]!), Math.max(places[k - 1]!, places[k + 1]!)];
      if (low[place] === -1) [low[place], high[place]] = [a, b];
      else if (low[place] !== a || high[place] !== b) kept[place] = 1;
      if (a === b) kept[place] = 1;
    }
  }
  const forks = kept.slice();
  const seen = new Set<string>();
  for (const { places } of paths) {
    for (let from = 0, to = 1; to < places.length; to++) {
      if (forks[places[to]!] === 0) continue;
      keepBends(places.slice(from, to + 1), points, seen, kept);
      from = to;
    }
  }
  return kept;
}

/** A chain between two forks belongs to all who drive it, either way: the same bends stay whoever comes first. */
function keepBends(chain: readonly number[], points: readonly Point[], seen: Set<string>, kept: Uint8Array): void {
  if (chain.length < 3) return;
  const [first, second, beforeLast, last] = [chain[0]!, chain[1]!, chain.at(-2)!, chain.at(-1)!];
  const forward = first < last || (first === last && second <= beforeLast);
  const key = forward ? `${first} ${second} ${last}` : `${last} ${beforeLast} ${first}`;
  if (seen.has(key)) return;
  seen.add(key);
  const own = forward ? chain : chain.toReversed();
  const stays = new Set(
    simplify(
      own.map((place) => points[place]!),
      BEND_M,
    ),
  );
  for (const place of own) if (stays.has(points[place]!)) kept[place] = 1;
}
