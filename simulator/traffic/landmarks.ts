// How long a drive takes at least, from a few tables of exact times: a route search that knows this looks nearly only along the way.
// Source: Goldberg & Harrelson, "Computing the shortest path: A* search meets graph theory", 2005 (landmarks and the triangle inequality).
import FlatQueue from 'flatqueue';

/** Nodes to which and from which all times are known. More of them search less and cost more a look: 10 were the fastest in the default city. */
const LANDMARKS = 10;
const PER_NODE = 2 * LANDMARKS;
/** No way, ms: beyond every drive, and twice of it still fits 32 bits. */
export const NO_WAY_MS = 1_000_000_000;

/** The links leaving (or entering) node n are number start[n] … start[n + 1] − 1: which link, where it leads to (or comes from), how long it takes. */
export interface Fan {
  readonly start: Int32Array;
  readonly link: Int32Array;
  readonly node: Int32Array;
  readonly ms: Int32Array;
}

export class Landmarks {
  /** For each node and landmark: time from the landmark, time to it. */
  readonly #ms: Int32Array;

  constructor(leaving: Fan, entering: Fan) {
    const nodes = leaving.start.length - 1;
    this.#ms = new Int32Array(nodes * PER_NODE).fill(NO_WAY_MS);
    const nearestMs = new Int32Array(nodes).fill(NO_WAY_MS);
    let landmark = 0;
    for (let i = 0; i < LANDMARKS; i++) {
      const away = timesFrom(landmark, leaving);
      const back = timesFrom(landmark, entering);
      for (let node = 0; node < nodes; node++) {
        this.#ms[node * PER_NODE + 2 * i] = away[node]!;
        this.#ms[node * PER_NODE + 2 * i + 1] = back[node]!;
        nearestMs[node] = Math.min(nearestMs[node]!, away[node]!);
      }
      landmark = farthest(nearestMs);
    }
  }

  /** A drive from node to goal takes no less, ms; 0 at the goal, about NO_WAY_MS where there is certainly no way. */
  leastMs(node: number, goal: number): number {
    const table = this.#ms;
    const a = node * PER_NODE;
    const b = goal * PER_NODE;
    let least = 0;
    for (let i = 0; i < PER_NODE; i += 2) {
      const ahead = table[b + i]! - table[a + i]!;
      const behind = table[a + i + 1]! - table[b + i + 1]!;
      if (ahead > least) least = ahead;
      if (behind > least) least = behind;
    }
    return least;
  }
}

/** Dijkstra over all nodes. */
function timesFrom(start: number, fan: Fan): Int32Array {
  const costMs = new Int32Array(fan.start.length - 1).fill(NO_WAY_MS);
  const queue = new FlatQueue();
  costMs[start] = 0;
  queue.push(start, 0);
  for (let node = queue.pop(); node !== undefined; node = queue.pop()) {
    for (let i = fan.start[node]!; i < fan.start[node + 1]!; i++) {
      const next = fan.node[i]!;
      const reachedMs = costMs[node]! + fan.ms[i]!;
      if (reachedMs >= costMs[next]!) continue;
      costMs[next] = reachedMs;
      queue.push(next, reachedMs);
    }
  }
  return costMs;
}

/** The node farthest from all landmarks so far; what none of them reaches is a corner of its own and helps nobody. */
function farthest(nearestMs: Int32Array): number {
  let best = 0;
  for (let node = 0; node < nearestMs.length; node++) {
    if (nearestMs[node]! < NO_WAY_MS && !(nearestMs[node]! <= nearestMs[best]!)) best = node;
  }
  return best;
}
