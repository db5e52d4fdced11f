// Which bus drives which trips when all goes by plan: first come, first served at each terminal. Answers how many buses a timetable needs, and
// where each bus is in the middle of a day. What buses do when they are late is not decided here.
import type { City } from '../city.ts';
import { LinkTable } from '../traffic/link-table.ts';
import { Signals } from '../traffic/signals.ts';
import type { DayType } from '../world.ts';
import { LAYOVER_MIN_S, RECOVERY } from './made-timetable.ts';
import { networksOf } from './network.ts';
import type { LineNetwork } from './network.ts';
import { publishedTimetable } from './schedule.ts';
import type { Trip } from './schedule.ts';
import { EMPTY_MPS } from './shuttle.ts';

/** Starts are planned on half minutes, running times on seconds. */
const ROUNDING_MS = 60_000;
/** Buses of a line whose timetable is made for the fleet, where the city says nothing. */
const USUAL_BUSES = 10;

/** A trip on its day. */
export interface Slot {
  readonly trip: Trip;
  readonly slotMs: number;
  /** Civil days since 1970. */
  readonly day: number;
}

/** A trip as a bus drives it by plan. */
export interface Turn {
  readonly slot: Slot;
  readonly departMs: number;
  readonly endMs: number;
  /** May start again. */
  readonly readyMs: number;
}

export interface Pool {
  /** Infinity: as many as it takes, but no more; buses are then driven empty rather than added, and keep time in hand. */
  readonly buses: number;
}

/** slots: of one line, by time. @returns the turns of each bus; trips that no bus can make by their patience are in none */
export function dutiesOf(slots: readonly Slot[], network: LineNetwork, { buses }: Pool): Turn[][] {
  const duties: Turn[][] = [];
  const frugal = buses === Infinity;
  for (const slot of slots) {
    const at = network.from[slot.trip.side.way]!;
    const hereMs = (turn: Turn) => (terminalAfter(turn, network) === at ? turn.readyMs : Infinity);
    const thereMs = (turn: Turn) => turn.readyMs + 1000 * emptyS(network, terminalAfter(turn, network), at);
    const added = () =>
      duties.length < buses ? { duty: duties[duties.push([]) - 1]!, readyMs: slot.slotMs } : undefined;
    const inTimeMs = slot.slotMs + (frugal ? 0 : ROUNDING_MS);
    const late = () => soonest(duties, slot.slotMs + 1000 * slot.trip.patienceS, thereMs);
    const found =
      soonest(duties, inTimeMs, hereMs) ??
      (frugal ? (soonest(duties, inTimeMs, thereMs) ?? added()) : (added() ?? late()));
    found?.duty.push(turnOf(slot, Math.max(slot.slotMs, found.readyMs), frugal));
  }
  return duties;
}

/** Seconds of an empty run; Infinity where the line has no way between the two. */
export function emptyS(network: LineNetwork, from: number, to: number): number {
  if (from === to) return 0;
  const side = network.empty[from]![to];
  return side === undefined ? Infinity : side.lengthM / EMPTY_MPS;
}

/** networks: of the city. Buses that a city's lines need for their published timetables on their busiest sort of day; other lines their share. By line. */
export function busesNeededByLine(city: City, networks: readonly LineNetwork[]): number[] {
  return city.lines.map(({ trips, buses = USUAL_BUSES }, line) => {
    if (trips === undefined) return buses;
    const timetable = publishedTimetable(trips, networks[line]!.sides);
    const needed = (type: DayType) =>
      dutiesOf(slotsOf(timetable.on(type), 0, 0), networks[line]!, { buses: Infinity }).length;
    return Math.max(needed('workday'), needed('weekend'), needed('holiday'));
  });
}

/** The fleet with which no published trip is cancelled for want of a bus when all goes by plan. */
export function busesNeeded(city: City): number {
  const networks = networksOf(city, new LinkTable(city), new Signals(city));
  return busesNeededByLine(city, networks).reduce((sum, buses) => sum + buses, 0);
}

export function slotsOf(trips: readonly Trip[], day: number, midnightMs: number): Slot[] {
  return trips.map((trip) => ({ trip, slotMs: midnightMs + 1000 * trip.startS, day }));
}

function turnOf(slot: Slot, departMs: number, frugal: boolean): Turn {
  const runS = slot.trip.planS.at(-1)!;
  const restS = Math.max(LAYOVER_MIN_S, frugal ? RECOVERY * runS : 0);
  const endMs = departMs + 1000 * runS;
  return { slot, departMs, endMs, readyMs: endMs + 1000 * restS };
}

function terminalAfter({ slot }: Turn, network: LineNetwork): number {
  return network.to[slot.trip.side.way]!;
}

/** The bus that can be there first, if any can in time. */
function soonest(
  duties: readonly Turn[][],
  latestMs: number,
  thereMs: (last: Turn) => number,
): { readonly duty: Turn[]; readonly readyMs: number } | undefined {
  let best: { readonly duty: Turn[]; readonly readyMs: number } | undefined;
  for (const duty of duties) {
    const readyMs = thereMs(duty.at(-1)!);
    if (readyMs <= latestMs && readyMs < (best?.readyMs ?? Infinity)) best = { duty, readyMs };
  }
  return best;
}
