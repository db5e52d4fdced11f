// Looks two hours ahead at the terminals of one line, once a minute: buses that have nothing to do go to the depot, come back for their trips,
// and drive empty to a terminal that will lack one. The depot is at the terminal; a bus that stands there is not driven, only switched off.
import { emptyS } from './duties.ts';
import type { Slot } from './duties.ts';
import { LAYOVER_MIN_S } from './made-timetable.ts';
import type { Operation } from './operation.ts';
import { placeAtStart } from './state.ts';
import type { Bus } from './state.ts';

const AHEAD_MS = 7_200_000;
/** Without a trip for longer, a bus goes to the depot; it is back this long before its trip. */
const DEPOT_MS = 1_800_000;
const PULL_OUT_MS = 600_000;
/** A trip that starts less late than this waits for the bus that is coming. */
const GRACE_MS = 300_000;
/** An empty bus plans to be there this much before its trip. */
const EARLY_MS = 300_000;

interface TerminalOutlook {
  /** Trips ahead for which no bus is there or under way. */
  readonly short: Slot[];
  /** At the depot, for trips of this terminal or to be had elsewhere. */
  readonly depot: Bus[];
  /** In layover, and of no use here. */
  readonly spare: Bus[];
  /** In layover, with a trip only after a long while. */
  readonly idle: Bus[];
}

export function lookAhead(operation: Operation, nowMs: number): void {
  const outlooks = operation.slots.map((_, terminal) => outlookOf(operation, terminal, nowMs));
  const lacking = outlooks.map((outlook) => pullOut(outlook, nowMs));
  for (const [terminal, slots] of lacking.entries()) {
    for (const slot of slots) bringEmpty(operation, outlooks, terminal, slot, nowMs);
  }
  for (const { spare, idle } of outlooks) for (const bus of [...spare, ...idle]) bus.mode = 'depot';
}

/** When a bus that is bound for its terminal is expected to be ready there. */
export function expectedReadyMs({ service, delayS, expectedMs }: Bus): number {
  const restMs = 1000 * LAYOVER_MIN_S;
  if (service === undefined) return expectedMs + restMs;
  return service.slotMs + 1000 * (service.trip.planS.at(-1)! + Math.max(0, delayS)) + restMs;
}

/** The bus of the line that will be ready first at a terminal it is bound for; undefined when none is under way. */
export function nextBound({ buses }: Operation, terminal: number): Bus | undefined {
  let next: Bus | undefined;
  let soonestMs = Infinity;
  for (const bus of buses) {
    const isBound = (bus.mode === 'moving' || bus.mode === 'atStop') && bus.terminal === terminal;
    if (!isBound || expectedReadyMs(bus) >= soonestMs) continue;
    next = bus;
    soonestMs = expectedReadyMs(bus);
  }
  return next;
}

interface Supply {
  /** Absent: whichever will have driven a trip that has not begun. */
  readonly bus?: Bus;
  readonly readyMs: number;
}

function outlookOf(operation: Operation, terminal: number, nowMs: number): TerminalOutlook {
  const outlook: TerminalOutlook = { short: [], depot: [], spare: [], idle: [] };
  const supply: Supply[] = tripsTo(operation, terminal, nowMs);
  for (const bus of operation.buses) {
    if (bus.terminal !== terminal || bus.brokenUntilMs !== undefined) continue;
    if (bus.mode === 'depot') {
      if (!bus.tank.mustCharge) outlook.depot.push(bus);
    } else supply.push({ bus, readyMs: bus.mode === 'layover' ? bus.readyMs : expectedReadyMs(bus) });
  }
  supply.sort((a, b) => a.readyMs - b.readyMs || (a.bus?.index ?? Infinity) - (b.bus?.index ?? Infinity));
  let next = 0;
  for (const slot of operation.slots[terminal]!) {
    if (slot.slotMs > nowMs + AHEAD_MS) break;
    const found = supply[next];
    if (found === undefined || found.readyMs > slot.slotMs + GRACE_MS) outlook.short.push(slot);
    else {
      next++;
      if (isIdle(found, nowMs) && slot.slotMs > nowMs + DEPOT_MS) outlook.idle.push(found.bus!);
    }
  }
  outlook.spare.push(...supply.slice(next).flatMap((found) => (isIdle(found, nowMs) ? [found.bus!] : [])));
  return outlook;
}

/** What trips that are to begin will bring to a terminal. */
function tripsTo({ network, slots }: Operation, terminal: number, nowMs: number): Supply[] {
  const supply: Supply[] = [];
  for (const waiting of slots) {
    for (const { trip, slotMs } of waiting) {
      if (slotMs > nowMs + AHEAD_MS) break;
      if (network.to[trip.side.way] !== terminal) continue;
      supply.push({ readyMs: slotMs + 1000 * (trip.planS.at(-1)! + LAYOVER_MIN_S) });
    }
  }
  return supply;
}

function isIdle({ bus, readyMs }: Supply, nowMs: number): boolean {
  return bus?.mode === 'layover' && readyMs <= nowMs;
}

/** Sends buses out of the depot in time for their trips, and keeps others there for later ones. @returns trips for which there is none */
function pullOut({ short, depot }: TerminalOutlook, nowMs: number): Slot[] {
  depot.sort((a, b) => a.readyMs - b.readyMs || a.index - b.index);
  const lacking: Slot[] = [];
  for (const slot of short) {
    const bus = depot.shift();
    if (bus === undefined) lacking.push(slot);
    else if (slot.slotMs <= nowMs + PULL_OUT_MS) {
      bus.mode = 'layover';
      bus.readyMs = nowMs;
      bus.layoverSinceMs = nowMs;
    }
  }
  return lacking;
}

/** Lets a bus that another terminal can do without drive there when it is time to. */
function bringEmpty(
  { network, slots }: Operation,
  outlooks: readonly TerminalOutlook[],
  to: number,
  slot: Slot,
  nowMs: number,
): void {
  for (let from = 0; from < slots.length; from++) {
    const side = from === to ? undefined : network.empty[from]![to];
    if (side === undefined) continue;
    const { spare, depot } = outlooks[from]!;
    const arrivesMs = nowMs + 1000 * emptyS(network, from, to);
    const readyMs = arrivesMs + 1000 * LAYOVER_MIN_S;
    if (readyMs >= slot.slotMs + 1000 * slot.trip.patienceS) continue;
    const bus = spare.shift() ?? depot.shift();
    if (bus === undefined) continue;
    if (readyMs < slot.slotMs - EARLY_MS) return; // In reserve.
    bus.mode = 'empty';
    bus.tank.isSwitchedOff = false;
    bus.terminal = to;
    bus.expectedMs = arrivesMs;
    bus.pace = 1;
    placeAtStart(bus, side);
    bus.stop = side.lastStop;
    bus.halt = side.lastStop;
    return;
  }
}
