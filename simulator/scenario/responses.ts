// How devices answer to an entry of the timeline: which share of those it befell raised an event in time, and how long they took.
import type { EventState, Meter } from './meter.ts';

/** First time at which each device raised an event after an entry of the timeline, and whom the entry befell. */
abstract class Response implements Meter {
  readonly #name: string;
  readonly #entryId: string;
  readonly #entryAtMs: number;
  readonly #firstMs = new Map<number, number>();
  #befallen: readonly number[] = [];

  constructor(name: string, entryId: string, entryAtMs: number) {
    this.#name = name;
    this.#entryId = entryId;
    this.#entryAtMs = entryAtMs;
  }

  get lack(): string {
    return `${this.#entryId} befell no device`;
  }

  /** Devices may answer before it is known whom the entry befell. */
  anyEvent(device: number, ts: number, name: string, state: EventState): void {
    if (name !== this.#name || state === 'cleared' || ts < this.#entryAtMs) return;
    const known = this.#firstMs.get(device);
    if (known === undefined || ts < known) this.#firstMs.set(device, ts);
  }

  befell(entryId: string, devices: () => readonly number[]): void {
    if (entryId === this.#entryId) this.#befallen = devices();
  }

  value(): number | undefined {
    return this.#befallen.length === 0 ? undefined : this.answer();
  }

  protected get befallen(): number {
    return this.#befallen.length;
  }

  /** Ms of each befallen device that raised the event at all. */
  protected delaysMs(): number[] {
    return this.#befallen.flatMap((device) => {
      const ts = this.#firstMs.get(device);
      return ts === undefined ? [] : [ts - this.#entryAtMs];
    });
  }

  protected abstract answer(): number;
}

export class PromptShare extends Response {
  readonly #withinMs: number;

  constructor(name: string, entryId: string, entryAtMs: number, withinMs: number) {
    super(name, entryId, entryAtMs);
    this.#withinMs = withinMs;
  }

  protected override answer(): number {
    return this.delaysMs().filter((delayMs) => delayMs <= this.#withinMs).length / this.befallen;
  }
}

/** Seconds within which 95 % of the befallen devices raised the event; Infinity when fewer did at all. */
export class DelayMeter extends Response {
  protected override answer(): number {
    const delaysMs = this.delaysMs().sort((a, b) => a - b);
    const rank = Math.max(1, Math.ceil(0.95 * this.befallen));
    return (delaysMs[rank - 1] ?? Infinity) / 1000;
  }
}
