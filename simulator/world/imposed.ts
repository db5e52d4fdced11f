// The events that a scenario imposes on the city, by time. Keeps them, says which are on and when that changes; what they do is decided
// where they are felt.
import type { City } from '../city.ts';
import type { WorldEvent } from '../world.ts';
import { worldEventProblem } from './events.ts';

/** Hours are asked for a week back, and each remembers the days before it. */
const KEEP_MS = 14 * 86_400_000;

export class Imposed {
  readonly #city: City;
  #events: readonly WorldEvent[] = [];
  /** Closings and openings of events that are no longer kept. */
  #forgottenTurns = 0;

  constructor(city: City) {
    this.#city = city;
  }

  /** @throws Error saying why this event cannot happen in this city */
  add(event: WorldEvent): void {
    const problem = worldEventProblem(this.#city, event.event, event.where, event.args);
    if (problem !== undefined) throw new Error(problem);
    if (!(event.untilMs >= event.fromMs))
      throw new Error(`${event.event}: must end after its beginning at ${event.fromMs}, got ${event.untilMs}`);
    // An order that does not depend on when each event came to be known.
    this.#events = [...this.#events, event].sort((a, b) => a.fromMs - b.fromMs || (a.id < b.id ? -1 : 1));
  }

  /** Events of one kind, past and future ones too, by their beginning. */
  of(kind: WorldEvent['event']): WorldEvent[] {
    return this.#events.filter(({ event }) => event === kind);
  }

  at(nowMs: number): WorldEvent[] {
    return this.#events.filter(({ fromMs, untilMs }) => fromMs <= nowMs && nowMs < untilMs);
  }

  /** How often until now a road was closed or opened. */
  roadTurns(nowMs: number): number {
    let turns = this.#forgottenTurns;
    for (const { fromMs, untilMs } of this.of('road-closed'))
      turns += Number(fromMs <= nowMs) + Number(untilMs <= nowMs);
    return turns;
  }

  /** The next moment after now at which an event begins or ends; Infinity when there is none. */
  nextTurnMs(nowMs: number): number {
    let next = Infinity;
    for (const { fromMs, untilMs } of this.#events) {
      if (fromMs > nowMs) next = Math.min(next, fromMs);
      else if (untilMs > nowMs) next = Math.min(next, untilMs);
    }
    return next;
  }

  /** Drops what ended so long ago that no hour remembers it. @returns true when something was dropped */
  forget(nowMs: number): boolean {
    const kept = this.#events.filter(({ untilMs }) => untilMs > nowMs - KEEP_MS);
    if (kept.length === this.#events.length) return false;
    const dropped = this.#events.filter((event) => !kept.includes(event));
    this.#forgottenTurns += 2 * dropped.filter(({ event }) => event === 'road-closed').length;
    this.#events = kept;
    return true;
  }
}
