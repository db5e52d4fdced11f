// Bus lines: cheapest paths between hubs, drawn to main streets, out and back over the same street, with a stop every 450–800 m.
// No timetable, no buses.
import FlatQueue from 'flatqueue';
import type { BusLine, Label, LineDirection, Link, Point, Stop, StreetClass } from '../city.ts';
import type { Random } from '../random.ts';
import { HUBS, type Hub } from './geography.ts';
import { distance } from './geometry.ts';
import { reverseLink } from './network.ts';
import { fromLonLat } from './projection.ts';

interface LinePlan {
  readonly id: string;
  /** In a fleet at scale 1. */
  readonly buses: number;
  readonly color: string;
  readonly hubs: readonly Hub[];
}

/** Ids and routes are plausible, not the real timetable's. Three trunk lines every five minutes at the peak, the others every fifteen to twenty. */
const PLANS: readonly LinePlan[] = [
  { id: '1', buses: 21, color: '#e4572e', hubs: ['station', 'sanyang', 'nanchan', 'civic'] },
  { id: '2', buses: 6, color: '#3b9ae1', hubs: ['meiyuan', 'sanyang', 'station'] },
  { id: '20', buses: 21, color: '#2bb673', hubs: ['huishanNewTown', 'station', 'nanchan'] },
  { id: '25', buses: 7, color: '#f2b134', hubs: ['qianqiao', 'station', 'sanyang', 'nanchan'] },
  { id: '33', buses: 7, color: '#b57edc', hubs: ['lihu', 'nanchan', 'station', 'dongbeitang'] },
  { id: '58', buses: 6, color: '#ef7fa5', hubs: ['station', 'sanyang', 'xinan'] },
  { id: '79', buses: 6, color: '#7fd1c7', hubs: ['nanchan', 'sanyang', 'xidong'] },
  { id: '85', buses: 6, color: '#c58b5b', hubs: ['luoshe', 'sanyang', 'nanchan'] },
  { id: '118', buses: 6, color: '#8a7cf0', hubs: ['civic', 'nanchan', 'dongting'] },
  { id: '133', buses: 7, color: '#9bbf3b', hubs: ['xinwu', 'nanchan', 'sanyang', 'station'] },
  { id: '602', buses: 6, color: '#d65db1', hubs: ['station', 'nanchan', 'airport'] },
  { id: '608', buses: 21, color: '#4fb0ae', hubs: ['station', 'sanyang', 'xuelang'] },
];

/** How much a rider's planner dislikes a metre of each class; expressways have no stops. */
const DISLIKE: { readonly [key in StreetClass]: number } = { expressway: 4, arterial: 1, secondary: 1.15, local: 2.2 };
/** Lines differ in taste by up to this share, so that they do not all take the same street. */
const TASTE = 0.3;
const TASTE_PURPOSE = 1;
const PLACE_PURPOSE = 2;

const STOP_SPACING_M = 625;
const MIN_GAP_M = 450;
const MAX_GAP_M = 800;
const MIN_STOPS = 25;
const MAX_STOPS = 33;
/** Stop poles stand on the right of the direction of travel. */
const KERB_M = 9;
const HUB_NAME_WITHIN_M = 260;

export interface Streets {
  readonly nodes: readonly Point[];
  readonly links: readonly Link[];
  readonly linksFrom: readonly (readonly number[])[];
  readonly streetNames: readonly Label[];
}

export function planLines(streets: Streets, random: Random): { lines: BusLine[]; stops: Stop[] } {
  const router = new Router(streets, random);
  const places = new StopPlaces(streets, random);
  const candidates = turningNodes(streets);
  const hubs = new Set(PLANS.flatMap((plan) => plan.hubs));
  const nodeOf = new Map(
    [...hubs].map((hub) => [hub, nearestNode(candidates, streets.nodes, fromLonLat(HUBS[hub].at))]),
  );
  const lines = PLANS.map((plan, index): BusLine => {
    const out = router.through(
      plan.hubs.map((hub) => nodeOf.get(hub)!),
      index,
    );
    const back = out.map(reverseLink).toReversed();
    const directions = [places.direction(out, 'out'), places.direction(back, 'back')];
    const [first, last] = [HUBS[plan.hubs[0]!], HUBS[plan.hubs.at(-1)!]];
    return {
      id: plan.id,
      name: { en: `${first.en} – ${last.en}`, zh: `${first.zh} – ${last.zh}` },
      color: plan.color,
      directions,
      buses: plan.buses,
    };
  });
  return { lines, stops: places.stops };
}

/** Where a bus can turn: on an arterial or secondary street, not at a ramp. */
function turningNodes({ links, linksFrom }: Streets): number[] {
  const nodes: number[] = [];
  for (let node = 0; node < linksFrom.length; node++) {
    const classes = linksFrom[node]!.map((link) => links[link]!.streetClass);
    if (!classes.includes('expressway') && classes.some((c) => c === 'arterial' || c === 'secondary')) nodes.push(node);
  }
  return nodes;
}

function nearestNode(candidates: readonly number[], nodes: readonly Point[], at: Point): number {
  let best = candidates[0]!;
  let nearest = Infinity;
  for (const node of candidates) {
    const off = distance(nodes[node]!, at);
    if (off < nearest) [best, nearest] = [node, off];
  }
  return best;
}

class Router {
  readonly #streets: Streets;
  readonly #random: Random;

  constructor(streets: Streets, random: Random) {
    this.#streets = streets;
    this.#random = random;
  }

  /** Links from the first node to the last by way of the others, without visiting a node twice. */
  through(nodes: readonly number[], line: number): number[] {
    const links = nodes.slice(1).flatMap((to, i) => this.#path(nodes[i]!, to, line));
    const path: number[] = [];
    const visited = new Map([[nodes[0]!, 0]]);
    for (const link of links) {
      path.push(link);
      const node = this.#streets.links[link]!.to;
      const before = visited.get(node);
      if (before === undefined) {
        visited.set(node, path.length);
        continue;
      }
      for (const cut of path.splice(before)) visited.delete(this.#streets.links[cut]!.to);
      visited.set(node, before);
    }
    return path;
  }

  /** A*: no metre costs less than 1, so the straight line never overestimates. */
  #path(from: number, to: number, line: number): number[] {
    const { nodes, links, linksFrom } = this.#streets;
    const cost = new Float64Array(nodes.length).fill(Infinity);
    const arrivedBy = new Int32Array(nodes.length).fill(-1);
    const queue = new FlatQueue();
    cost[from] = 0;
    queue.push(from, 0);
    for (let node = queue.pop(); node !== undefined && node !== to; node = queue.pop()) {
      for (const link of linksFrom[node]!) {
        const { to: next, lengthM, streetClass } = links[link]!;
        const taste = 1 + TASTE * this.#random.uniform(line, TASTE_PURPOSE, link >> 1);
        const total = cost[node]! + lengthM * DISLIKE[streetClass] * taste;
        if (total >= cost[next]!) continue;
        cost[next] = total;
        arrivedBy[next] = link;
        queue.push(next, total + distance(nodes[next]!, nodes[to]!));
      }
    }
    const path: number[] = [];
    for (let node = to; node !== from; node = links[path.at(-1)!]!.from) path.push(arrivedBy[node]!);
    return path.toReversed();
  }
}

/** Gives each direction its stops; lines on the same kerb share a stop where the spacing allows it. */
class StopPlaces {
  readonly stops: Stop[] = [];
  readonly #streets: Streets;
  readonly #random: Random;
  readonly #onLink = new Map<number, { stop: number; offsetM: number }[]>();
  readonly #hubs = Object.values(HUBS).map((hub) => ({ label: { en: hub.en, zh: hub.zh }, at: fromLonLat(hub.at) }));

  constructor(streets: Streets, random: Random) {
    this.#streets = streets;
    this.#random = random;
  }

  direction(links: readonly number[], direction: 'out' | 'back'): LineDirection {
    const startM: number[] = [];
    let lengthM = 0;
    for (const link of links) {
      startM.push(lengthM);
      lengthM += this.#streets.links[link]!.lengthM;
    }
    const count = Math.min(MAX_STOPS, Math.max(MIN_STOPS, Math.round(lengthM / STOP_SPACING_M) + 1));
    const gap = lengthM / (count - 1);
    // Two neighbours may both move by this and still keep their distance.
    const slack = Math.max(0, Math.min(gap - MIN_GAP_M, MAX_GAP_M - gap) / 2);
    const stops = Array.from({ length: count }, (_, i) => {
      if (i === 0) return { stop: this.#at(links[0]!, 0), atM: 0 };
      if (i === count - 1)
        return { stop: this.#at(links.at(-1)!, this.#streets.links[links.at(-1)!]!.lengthM), atM: lengthM };
      return this.#place(links, startM, i * gap, slack);
    });
    return { direction, links, stops, lengthM };
  }

  #place(
    links: readonly number[],
    startM: readonly number[],
    idealM: number,
    slack: number,
  ): { stop: number; atM: number } {
    const shared = this.#sharedNear(links, startM, idealM, slack);
    if (shared !== undefined) return shared;
    const draw = this.#random.uniform(this.stops.length, PLACE_PURPOSE, 0) - 0.5;
    const atM = idealM + slack * draw;
    const index = startM.findLastIndex((start) => start <= atM);
    return { stop: this.#at(links[index]!, atM - startM[index]!), atM };
  }

  #sharedNear(
    links: readonly number[],
    startM: readonly number[],
    idealM: number,
    slack: number,
  ): { stop: number; atM: number } | undefined {
    for (const [i, link] of links.entries()) {
      if (startM[i]! > idealM + slack) break;
      for (const { stop, offsetM } of this.#onLink.get(link) ?? []) {
        const atM = startM[i]! + offsetM;
        if (Math.abs(atM - idealM) <= slack) return { stop, atM };
      }
    }
    return undefined;
  }

  /** The stop at a place of a link: the one that stands there, or a new one. */
  #at(link: number, offsetM: number): number {
    const known = this.#onLink.get(link) ?? [];
    const same = known.find((stop) => Math.abs(stop.offsetM - offsetM) < 1);
    if (same !== undefined) return same.stop;
    const { from, to, lengthM } = this.#streets.links[link]!;
    const [a, b] = [this.#streets.nodes[from]!, this.#streets.nodes[to]!];
    const [dx, dy] = [(b.x - a.x) / lengthM, (b.y - a.y) / lengthM];
    const place = { x: a.x + dx * offsetM + dy * KERB_M, y: a.y + dy * offsetM - dx * KERB_M };
    const id = `stop-${String(this.stops.length + 1).padStart(3, '0')}`;
    const stop = this.stops.push({ id, name: this.#name(link, offsetM, place), ...place }) - 1;
    this.#onLink.set(link, [...known, { stop, offsetM }]);
    return stop;
  }

  /** A hub nearby, or the street with the greatest street it meets at the nearer end. */
  #name(link: number, offsetM: number, place: Point): Label {
    const hub = this.#hubs.find(({ at }) => distance(at, place) < HUB_NAME_WITHIN_M);
    if (hub !== undefined) return hub.label;
    const { links, linksFrom, streetNames } = this.#streets;
    const { from, to, lengthM, name } = links[link]!;
    const own = streetNames[name]!;
    const order: readonly StreetClass[] = ['arterial', 'secondary', 'local', 'expressway'];
    for (const node of offsetM < lengthM / 2 ? [from, to] : [to, from]) {
      const met = linksFrom[node]!.map((out) => links[out]!).filter((out) => out.name !== name);
      met.sort((one, other) => order.indexOf(one.streetClass) - order.indexOf(other.streetClass));
      const cross = met[0] && streetNames[met[0].name];
      if (cross !== undefined) return { en: `${own.en} / ${cross.en}`, zh: `${own.zh}${cross.zh}` };
    }
    return own;
  }
}
