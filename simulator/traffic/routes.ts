// The fastest way through the street network at free flow: A* on flat arrays, clear of closed streets. It knows limits and lengths, not
// the traffic of the day. Times are whole milliseconds, so that sums do not depend on their order.
import FlatQueue from 'flatqueue';
import type { City } from '../city.ts';
import { Landmarks, NO_WAY_MS } from './landmarks.ts';
import type { Fan } from './landmarks.ts';

const NO_LINK = -1;

export class RouteSearch {
  readonly #to: Int32Array;
  readonly #from: Int32Array;
  readonly #leaving: Fan;
  readonly #landmarks: Landmarks;
  /** 1 where a link is closed: by link, and in the order of #leaving. */
  readonly #closed: Uint8Array;
  readonly #closedLeaving: Uint8Array;
  /** Per node, valid when #round says so: twice the number of the search when reached in it, one more when settled. Nothing is ever cleared. */
  readonly #costMs: Int32Array;
  readonly #via: Int32Array;
  readonly #round: Uint32Array;
  readonly #queue = new FlatQueue();
  #reached = 0;

  constructor(city: City) {
    const times = Int32Array.from(city.links, (link) => Math.round((1000 * link.lengthM) / link.speedLimitMps));
    const linksTo: number[][] = city.nodes.map(() => []);
    for (const [index, link] of city.links.entries()) linksTo[link.to]!.push(index);
    this.#to = Int32Array.from(city.links, (link) => link.to);
    this.#from = Int32Array.from(city.links, (link) => link.from);
    this.#leaving = fanOf(city.linksFrom, this.#to, times);
    this.#landmarks = new Landmarks(this.#leaving, fanOf(linksTo, this.#from, times));
    this.#closed = new Uint8Array(city.links.length);
    this.#closedLeaving = new Uint8Array(city.links.length);
    this.#costMs = new Int32Array(city.nodes.length);
    this.#via = new Int32Array(city.nodes.length);
    this.#round = new Uint32Array(city.nodes.length);
  }

  /** Routes found from now on avoid these links. */
  close(isClosed: (link: number) => boolean): void {
    for (let link = 0; link < this.#closed.length; link++) this.#closed[link] = isClosed(link) ? 1 : 0;
    for (const [i, link] of this.#leaving.link.entries()) this.#closedLeaving[i] = this.#closed[link]!;
  }

  isClosed(link: number): boolean {
    return this.#closed[link] === 1;
  }

  /**
   * Links from the end of `fromLink` to node `toNode`, fastest first to last; empty when already there; undefined when there is no way.
   * The route starts with a U-turn only where there is no other way: at the end of a dead end.
   */
  find(fromLink: number, toNode: number): Int32Array | undefined {
    return this.#find(fromLink, toNode, false) ?? this.#find(fromLink, toNode, true);
  }

  #find(fromLink: number, toNode: number, uTurn: boolean): Int32Array | undefined {
    const start = this.#to[fromLink]!;
    const back = uTurn ? NO_LINK : this.#from[fromLink]!;
    const { start: first, link, node: head, ms } = this.#leaving;
    this.#reached += 2;
    this.#queue.clear();
    this.#reach(start, 0, NO_LINK, toNode);
    for (let node = this.#queue.pop(); node !== undefined; node = this.#queue.pop()) {
      if (node === toNode) return this.#trace(start, toNode);
      // Bounds by the triangle inequality are consistent: the first time a node comes up is the fastest.
      if (this.#round[node]! > this.#reached) continue;
      this.#round[node] = this.#reached + 1;
      const costMs = this.#costMs[node]!;
      for (let i = first[node]!; i < first[node + 1]!; i++) {
        const next = head[i]!;
        if (this.#closedLeaving[i] === 1 || (node === start && next === back)) continue;
        this.#reach(next, costMs + ms[i]!, link[i]!, toNode);
      }
    }
    return undefined;
  }

  #reach(node: number, costMs: number, via: number, goal: number): void {
    if (this.#round[node]! >= this.#reached && this.#costMs[node]! <= costMs) return;
    const restMs = this.#landmarks.leastMs(node, goal);
    if (restMs > NO_WAY_MS / 2) return;
    this.#round[node] = this.#reached;
    this.#costMs[node] = costMs;
    this.#via[node] = via;
    this.#queue.push(node, costMs + restMs);
  }

  #trace(start: number, goal: number): Int32Array {
    let length = 0;
    for (let node = goal; node !== start; node = this.#from[this.#via[node]!]!) length++;
    const route = new Int32Array(length);
    for (let node = goal; node !== start; node = this.#from[this.#via[node]!]!) route[--length] = this.#via[node]!;
    return route;
  }
}

/** node: the far end of each link. */
function fanOf(linksOfNode: readonly (readonly number[])[], node: Int32Array, ms: Int32Array): Fan {
  const start = new Int32Array(linksOfNode.length + 1);
  for (const [index, links] of linksOfNode.entries()) start[index + 1] = start[index]! + links.length;
  const link = Int32Array.from(linksOfNode.flat());
  return { start, link, node: link.map((index) => node[index]!), ms: link.map((index) => ms[index]!) };
}
