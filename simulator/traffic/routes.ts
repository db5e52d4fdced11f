// The fastest way through the street network at free flow: A* on flat arrays. It knows limits and lengths, not the traffic of the day.
import FlatQueue from 'flatqueue';
import type { City } from '../city.ts';

const UNREACHED = -1;

export class RouteSearch {
  readonly #x: Float64Array;
  readonly #y: Float64Array;
  /** Links leaving node n are #out[#outStart[n]] … #out[#outStart[n + 1] − 1]. */
  readonly #outStart: Int32Array;
  readonly #out: Int32Array;
  readonly #to: Int32Array;
  readonly #from: Int32Array;
  readonly #seconds: Float64Array;
  readonly #topMps: number;
  /** Per node, valid when #round matches the search: a search never clears whole arrays. */
  readonly #cost: Float64Array;
  readonly #via: Int32Array;
  readonly #round: Uint32Array;
  readonly #queue = new FlatQueue();
  #search = 0;

  constructor(city: City) {
    this.#x = Float64Array.from(city.nodes, (node) => node.x);
    this.#y = Float64Array.from(city.nodes, (node) => node.y);
    this.#to = Int32Array.from(city.links, (link) => link.to);
    this.#from = Int32Array.from(city.links, (link) => link.from);
    this.#seconds = Float64Array.from(city.links, (link) => link.lengthM / link.speedLimitMps);
    this.#topMps = city.links.reduce((top, link) => Math.max(top, link.speedLimitMps), 1);
    this.#outStart = new Int32Array(city.nodes.length + 1);
    for (const [node, links] of city.linksFrom.entries())
      this.#outStart[node + 1] = this.#outStart[node]! + links.length;
    this.#out = Int32Array.from(city.linksFrom.flat());
    this.#cost = new Float64Array(city.nodes.length);
    this.#via = new Int32Array(city.nodes.length);
    this.#round = new Uint32Array(city.nodes.length);
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
    const back = this.#from[fromLink]!;
    this.#search++;
    this.#queue.clear();
    this.#reach(start, 0, UNREACHED, toNode);
    for (let node = this.#queue.pop(); node !== undefined; node = this.#queue.pop()) {
      if (node === toNode) return this.#trace(start, toNode);
      const cost = this.#cost[node]!;
      for (let i = this.#outStart[node]!; i < this.#outStart[node + 1]!; i++) {
        const link = this.#out[i]!;
        const next = this.#to[link]!;
        if (!uTurn && node === start && next === back) continue;
        this.#reach(next, cost + this.#seconds[link]!, link, toNode);
      }
    }
    return undefined;
  }

  #reach(node: number, cost: number, via: number, goal: number): void {
    if (this.#round[node] === this.#search && this.#cost[node]! <= cost) return;
    this.#round[node] = this.#search;
    this.#cost[node] = cost;
    this.#via[node] = via;
    const dx = this.#x[node]! - this.#x[goal]!;
    const dy = this.#y[node]! - this.#y[goal]!;
    this.#queue.push(node, cost + Math.sqrt(dx * dx + dy * dy) / this.#topMps);
  }

  #trace(start: number, goal: number): Int32Array {
    const links: number[] = [];
    for (let node = goal; node !== start; node = this.#from[this.#via[node]!]!) links.push(this.#via[node]!);
    return Int32Array.from(links.toReversed());
  }
}
