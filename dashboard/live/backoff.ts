// How long to wait before the n-th attempt to reconnect: doubling with full jitter, so that many pages do not return in one wave.

const FIRST_MS = 500;
/** A page is back within five seconds of the server's return. */
const LONGEST_MS = 4_000;
const SHORTEST_MS = 150;

/** attempt 0, 1, 2 …; unit: a random number in [0, 1). */
export function backoffMs(attempt: number, unit: number): number {
  const ceiling = Math.min(LONGEST_MS, FIRST_MS * 2 ** Math.min(attempt, 10));
  return SHORTEST_MS + unit * (ceiling - SHORTEST_MS);
}

export function randomUnit(): number {
  return crypto.getRandomValues(new Uint32Array(1))[0]! / 2 ** 32;
}
