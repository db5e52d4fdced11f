// The seconds of a run, merged from what all parts report; each is handed on once when it can be known, and all again at the end, when what
// came late is in. It reads no clock.
import { Cells } from './cells.ts';
import type { CellsState } from './cells.ts';
import type { Bucket } from './orders.ts';
import type { Second } from './result.ts';
import { emptyBucket } from './tally.ts';

interface Entry {
  readonly bucket: Bucket;
  connected: number;
}

export class Timeline {
  readonly #seconds = new Map<number, Entry>();

  add(second: number, from: Bucket<CellsState>): void {
    const { bucket } = this.#entry(second);
    bucket.offered += from.offered;
    bucket.sent += from.sent;
    bucket.acked += from.acked;
    bucket.received += from.received;
    bucket.latency.merge(from.latency);
    bucket.acks.merge(from.acks);
    bucket.lag.merge(from.lag);
  }

  /** Connections at the end of a second. */
  connected(second: number, connections: number): void {
    this.#entry(second).connected = connections;
  }

  second(atS: number): Second {
    const { bucket, connected } = this.#entry(atS);
    const { offered, sent, acked, received } = bucket;
    const latency: Cells = bucket.latency.count > 0 ? bucket.latency : bucket.acks;
    return {
      atS,
      offered,
      sent,
      acked,
      received,
      connected,
      p50Ms: latency.quantileMs(0.5),
      p99Ms: latency.quantileMs(0.99),
      maxMs: latency.quantileMs(1),
      lagP99Ms: bucket.lag.quantileMs(0.99),
    };
  }

  /** fromS ≤ atS < toS */
  seconds(fromS: number, toS: number): Second[] {
    return Array.from({ length: Math.max(0, toS - fromS) }, (_, at) => this.second(fromS + at));
  }

  #entry(second: number): Entry {
    let entry = this.#seconds.get(second);
    if (!entry) {
      entry = { bucket: emptyBucket(), connected: 0 };
      this.#seconds.set(second, entry);
    }
    return entry;
  }
}
