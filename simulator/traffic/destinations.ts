// Where a trip goes: districts draw by population and lose by distance (gravity); inside a district any node is as good as another.
import type { City, Point } from '../city.ts';
import type { Random } from '../random.ts';

/** Trips thin out over this distance, m; gives a mean car trip of about 8 km in the default city. */
const DECAY_M = 6_000;

export class Destinations {
  readonly #random: Random;
  readonly #districtOfNode: Int32Array;
  readonly #nodesOf: Int32Array[];
  /** Cumulative weights [origin district][destination district], the last of a row is its sum. */
  readonly #cumulative: Float64Array[];

  constructor(city: City, random: Random) {
    this.#random = random;
    const centers = city.districts.map((district) => district.center);
    this.#districtOfNode = Int32Array.from(city.nodes, (node) => nearest(centers, node));
    const members: number[][] = centers.map(() => []);
    for (const [node, district] of this.#districtOfNode.entries()) {
      if ((city.linksFrom[node]?.length ?? 0) > 0) members[district]!.push(node);
    }
    this.#nodesOf = members.map((nodes) => Int32Array.from(nodes));
    this.#cumulative = centers.map((origin) => {
      let sum = 0;
      return Float64Array.from(city.districts, (district, index) => {
        const distanceM = Math.hypot(district.center.x - origin.x, district.center.y - origin.y);
        if (members[index]!.length > 0) sum += district.population * Math.exp(-distanceM / DECAY_M);
        return sum;
      });
    });
  }

  /** A node to go to from a node. device, counter: as for `Random`; purpose and purpose + 1 are used. */
  next(fromNode: number, device: number, purpose: number, counter: number): number {
    const cumulative = this.#cumulative[this.#districtOfNode[fromNode]!]!;
    const drawn = this.#random.uniform(device, purpose, counter) * cumulative.at(-1)!;
    const nodes = this.#nodesOf[cumulative.findIndex((sum) => sum > drawn)]!;
    return nodes[Math.floor(this.#random.uniform(device, purpose + 1, counter) * nodes.length)]!;
  }
}

function nearest(centers: readonly Point[], point: Point): number {
  let best = 0;
  let bestM = Infinity;
  for (const [index, center] of centers.entries()) {
    const distanceM = Math.hypot(center.x - point.x, center.y - point.y);
    if (distanceM < bestM) [best, bestM] = [index, distanceM];
  }
  return best;
}
