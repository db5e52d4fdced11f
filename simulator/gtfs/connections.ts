// Ways that no trip takes and every day needs: from where a trip of a line ends to where another begins. Feeds do not tell of empty runs;
// without them each bus could drive but one trip.
import type { Point } from '../city.ts';
import { distance } from '../city/geometry.ts';
import type { FeedLine } from './patterns.ts';

/** Ends nearer than this are one terminal. */
const TERMINAL_M = 300;
/** Nobody drives farther empty; that bus waits for its own way back. */
const EMPTY_MAX_M = 15_000;
/** Of one line. */
const CONNECTIONS_MAX = 24;

/** From a stop to another, as indices into the feed's stops. */
export interface Connection {
  readonly from: number;
  readonly to: number;
}

/** The shortest first. places: of the feed's stops */
export function connectionsOf({ patterns }: FeedLine, places: readonly Point[]): Connection[] {
  const terminals: number[] = [];
  const terminalAt = (stop: number): number => {
    const known = terminals.findIndex((terminal) => distance(places[terminal]!, places[stop]!) <= TERMINAL_M);
    return known === -1 ? terminals.push(stop) - 1 : known;
  };
  const driven = patterns.map(({ stops }) => [terminalAt(stops[0]!), terminalAt(stops.at(-1)!)] as const);
  // An empty bus may drive a way of the line in either direction.
  const joined = new Set(driven.flatMap(([from, to]) => [`${from} ${to}`, `${to} ${from}`]));
  const [begins, ends] = [new Set(driven.map(([from]) => from)), new Set(driven.map(([, to]) => to))];
  const wanted: (Connection & { readonly lengthM: number })[] = [];
  for (const end of ends) {
    for (const begin of begins) {
      if (begin === end || joined.has(`${end} ${begin}`)) continue;
      joined.add(`${end} ${begin}`).add(`${begin} ${end}`);
      const [from, to] = [terminals[end]!, terminals[begin]!];
      const lengthM = distance(places[from]!, places[to]!);
      if (lengthM <= EMPTY_MAX_M) wanted.push({ from, to, lengthM });
    }
  }
  return wanted.sort((a, b) => a.lengthM - b.lengthM).slice(0, CONNECTIONS_MAX);
}
