// What is going to happen in a run, what is happening and what is over. Decides when; what an entry does is the run's business.
import type { TimelineEntry } from './scenario.ts';

/** An entry with its moment in a run. */
export interface Occurrence extends TimelineEntry {
  readonly fromMs: number;
  /** Infinity: for good, or until repaired. */
  readonly untilMs: number;
}

/** Of what is over. */
const REMEMBERED = 100;

export class Timeline {
  /** By `fromMs`. */
  readonly #scheduled: Occurrence[];
  readonly #happening: Occurrence[] = [];
  /** The newest. */
  readonly #over: Occurrence[] = [];

  constructor(entries: readonly TimelineEntry[], startMs: number) {
    this.#scheduled = entries.map((entry) => occurrenceOf(entry, startMs)).sort((a, b) => a.fromMs - b.fromMs);
  }

  /** All that has not ended. */
  get ahead(): readonly Occurrence[] {
    return [...this.#happening, ...this.#scheduled];
  }

  /** Each occurrence with its state, by time; of those that are over the newest. */
  states(): { occurrence: Occurrence; state: 'scheduled' | 'happening' | 'over' }[] {
    const as = (state: 'scheduled' | 'happening' | 'over') => (occurrence: Occurrence) => ({ occurrence, state });
    return [
      ...this.#over.map(as('over')),
      ...this.#happening.map(as('happening')),
      ...this.#scheduled.map(as('scheduled')),
    ].sort((a, b) => a.occurrence.fromMs - b.occurrence.fromMs);
  }

  /** Something comes in from outside; it must not lie in the past. */
  add(occurrence: Occurrence): void {
    this.#scheduled.push(occurrence);
    this.#scheduled.sort((a, b) => a.fromMs - b.fromMs);
  }

  /** Moves to `nowMs`, the end of a tick; an entry belongs to the ticks after its beginning, up to its end. Calls `end` for what ends and `begin` for what begins, in order of time. @returns true when something did */
  advance(nowMs: number, begin: (occurrence: Occurrence) => void, end: (occurrence: Occurrence) => void): boolean {
    let changed = false;
    for (let at = 0; at < this.#happening.length;) {
      const occurrence = this.#happening[at]!;
      if (occurrence.untilMs >= nowMs) {
        at++;
        continue;
      }
      this.#happening.splice(at, 1);
      this.#remember(occurrence);
      end(occurrence);
      changed = true;
    }
    while (this.#scheduled.length > 0 && this.#scheduled[0]!.fromMs < nowMs) {
      const occurrence = this.#scheduled.shift()!;
      begin(occurrence);
      if (occurrence.untilMs >= nowMs) this.#happening.push(occurrence);
      else {
        this.#remember(occurrence);
        end(occurrence);
      }
      changed = true;
    }
    return changed;
  }

  #remember(occurrence: Occurrence): void {
    this.#over.push(occurrence);
    if (this.#over.length > REMEMBERED) this.#over.shift();
  }
}

export function occurrenceOf(entry: TimelineEntry, startMs: number): Occurrence {
  const fromMs = startMs + entry.atMs;
  return { ...entry, fromMs, untilMs: fromMs + entry.durationMs };
}
