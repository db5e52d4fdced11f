// The operation of one line at its terminals: the next ready bus takes the next trip, a trip that waits too long for a bus is cancelled. It
// follows the fixed timetable and looks at nothing between the terminals.
import type { DayType } from '../world.ts';
import { slotsOf } from './duties.ts';
import type { Slot } from './duties.ts';
import type { LineNetwork } from './network.ts';
import { servedTimes } from './ridership.ts';
import type { Timetable } from './schedule.ts';
import { placeAtStart } from './state.ts';
import type { Bus } from './state.ts';

/** Two buses never leave a terminal on one way closer than this, ms. */
const APART_MS = 10_000;

interface Served {
  readonly day: number;
  readonly fromMs: number;
  readonly untilMs: number;
}

export class Operation {
  readonly network: LineNetwork;
  readonly timetable: Timetable;
  /** Of the line, by index. */
  readonly #buses: Bus[];
  /** Trips that wait for their time or for a bus, by terminal, by time. */
  readonly slots: Slot[][];
  readonly #served: Served[][];
  readonly #lastMs: Float64Array;
  /** Nothing is due before. */
  #nextMs = -Infinity;
  #cancelled = 0;

  constructor(network: LineNetwork, timetable: Timetable, buses: readonly Bus[]) {
    this.network = network;
    this.timetable = timetable;
    this.#buses = [...buses];
    this.slots = network.terminals.map(() => []);
    this.#served = network.sides.map(() => []);
    this.#lastMs = new Float64Array(network.sides.length).fill(-Infinity);
  }

  get buses(): readonly Bus[] {
    return this.#buses;
  }

  /** A bus of another line is one of this line. */
  join(bus: Bus): void {
    this.#buses.push(bus);
    this.#buses.sort((a, b) => a.index - b.index);
  }

  leave(bus: Bus): void {
    this.#buses.splice(this.#buses.indexOf(bus), 1);
  }

  /** Trips since the start that found no bus. */
  get cancelled(): number {
    return this.#cancelled;
  }

  /** A civil day is of this sort from now on: its trips that have not begun are these. */
  open(day: number, dayType: DayType, midnightMs: number, nowMs: number): void {
    const trips = this.timetable.on(dayType);
    for (const [terminal, slots] of this.slots.entries())
      this.slots[terminal] = slots.filter((slot) => slot.day !== day || slot.slotMs < nowMs);
    this.#await(slotsOf(trips, day, midnightMs).filter(({ slotMs }) => slotMs >= nowMs));
    for (const [way, side] of this.network.sides.entries()) {
      const others = this.#served[way]!.filter((served) => served.day !== day && served.untilMs > nowMs);
      const times = servedTimes(trips.filter((trip) => trip.side === side));
      const today = times.map(({ fromS, untilS }) => ({
        day,
        fromMs: midnightMs + 1000 * fromS,
        untilMs: midnightMs + 1000 * untilS,
      }));
      this.#served[way] = [...others, ...today];
    }
  }

  /** Exactly these trips are still to be driven. */
  expect(slots: readonly Slot[]): void {
    for (let terminal = 0; terminal < this.slots.length; terminal++) this.slots[terminal] = [];
    this.#await(slots);
  }

  /** Whether people come for a way now: it has trips about this time. */
  serves(way: number, nowMs: number): boolean {
    return this.#served[way]!.some(({ fromMs, untilMs }) => fromMs <= nowMs && nowMs < untilMs);
  }

  /** Gives a trip that is due to the bus that has been ready longest. cancel: told of trips that are given up. @returns that bus, at the first stop */
  release(nowMs: number, cancel: (slot: Slot) => void): Bus | undefined {
    if (nowMs < this.#nextMs) return undefined;
    this.#nextMs = Infinity;
    for (const [terminal, slots] of this.slots.entries()) {
      while (slots.length > 0 && nowMs >= slots[0]!.slotMs + 1000 * slots[0]!.trip.patienceS) {
        this.#cancelled++;
        cancel(slots.shift()!);
      }
      const slot = slots[0];
      if (slot === undefined) continue;
      this.#nextMs = Math.min(this.#nextMs, slot.slotMs);
      if (nowMs < slot.slotMs || nowMs - this.#lastMs[slot.trip.side.way]! < APART_MS) continue;
      const bus = this.#longestReady(terminal, nowMs);
      if (bus === undefined) continue;
      slots.shift();
      this.#nextMs = -Infinity;
      this.#take(bus, slot, nowMs);
      return bus;
    }
    return undefined;
  }

  /** A bus has come to its terminal. */
  receive(bus: Bus): void {
    const next = this.slots[bus.terminal]![0]?.trip.side;
    const side = next ?? this.network.sides.find((_, way) => this.network.from[way] === bus.terminal);
    bus.service = undefined;
    if (side !== undefined) placeAtStart(bus, side);
  }

  #await(slots: readonly Slot[]): void {
    for (const slot of slots) this.slots[this.network.from[slot.trip.side.way]!]!.push(slot);
    for (const waiting of this.slots) waiting.sort((a, b) => a.slotMs - b.slotMs || a.trip.side.way - b.trip.side.way);
    this.#nextMs = -Infinity;
  }

  #longestReady(terminal: number, nowMs: number): Bus | undefined {
    let first: Bus | undefined;
    for (const bus of this.#buses) {
      if (bus.mode !== 'layover' || bus.terminal !== terminal) continue;
      if (bus.readyMs > nowMs || bus.brokenUntilMs !== undefined) continue;
      if (first === undefined || bus.readyMs < first.readyMs) first = bus;
    }
    return first;
  }

  #take(bus: Bus, { trip, slotMs }: Slot, nowMs: number): void {
    this.#lastMs[trip.side.way] = nowMs;
    bus.service = { trip, slotMs, isExtra: false };
    bus.terminal = this.network.to[trip.side.way]!;
    bus.arrivedMs = nowMs;
    placeAtStart(bus, trip.side);
  }
}
