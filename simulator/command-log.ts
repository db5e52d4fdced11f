// What came into a run from outside its scenario, with the simulated time at which it took effect: enough to repeat a live session exactly.
import type { Command } from '../telemetry/messages.ts';
import { HashSum, textHash } from './record-hash.ts';
import type { TimelineEntry } from './scenario.ts';

export type LogEntry =
  | { readonly atMs: number; readonly kind: string; readonly device: string; readonly command: Command }
  | { readonly atMs: number; readonly event: Omit<TimelineEntry, 'atMs'> };

export class CommandLog {
  /** Over all entries, whatever their order: workers keep a log each. */
  readonly sum = new HashSum();
  readonly #numbers = new Map<string, number>();
  /** Called with each entry, so that a live session can write it down at once. */
  onEntry: ((entry: LogEntry) => void) | undefined;

  /** atMs: end of the tick in which the command is obeyed. */
  command(atMs: number, kind: string, device: string, command: Command): void {
    this.#add({ atMs, kind, device, command });
  }

  /** atMs: simulated time when the event came; it begins with the next tick. */
  event(atMs: number, event: Omit<TimelineEntry, 'atMs'>): void {
    this.#add({ atMs, event });
  }

  /** 1, 2, 3 … for the ids of a controller's commands. */
  nextNumber(controller: string): number {
    const number = (this.#numbers.get(controller) ?? 0) + 1;
    this.#numbers.set(controller, number);
    return number;
  }

  #add(entry: LogEntry): void {
    this.sum.add(...textHash(JSON.stringify(entry)));
    this.onEntry?.(entry);
  }
}
