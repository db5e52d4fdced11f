// Counts what passes the broker and what it refuses, by cause; logs each cause at most once per interval so that a flood cannot fill a log.
import type { BrokerCounters } from '../telemetry/messages.ts';

/** The part of a pino logger that the broker uses. */
export interface Log {
  info(object: object, message: string): void;
  warn(object: object, message: string): void;
  error(object: object, message: string): void;
}

export interface BrokerTotals extends BrokerCounters {
  /** QoS 0 publishes not forwarded to a subscriber that reads too slowly, and QoS 1 publishes that did not fit a sleeping session. */
  readonly dropped: number;
}

const LOG_INTERVAL_MS = 10_000;

export class Tally {
  in = 0;
  out = 0;
  dropped = 0;
  #refused = 0;
  readonly #byCause = new Map<string, number>();
  readonly #loggedAt = new Map<string, number>();
  readonly #log: Log;

  constructor(log: Log) {
    this.#log = log;
  }

  refuse(cause: string, details: object): void {
    this.#refused++;
    const count = (this.#byCause.get(cause) ?? 0) + 1;
    this.#byCause.set(cause, count);
    const now = performance.now();
    if (now - (this.#loggedAt.get(cause) ?? -Infinity) < LOG_INTERVAL_MS) return;
    this.#loggedAt.set(cause, now);
    this.#log.warn({ audit: 'refused', cause, count, ...details }, 'broker refused');
  }

  totals(clients: number): BrokerTotals {
    return {
      in: this.in,
      out: this.out,
      refused: this.#refused,
      refusedByCause: Object.fromEntries(this.#byCause),
      clients,
      dropped: this.dropped,
    };
  }
}
