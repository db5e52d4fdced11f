// The seconds of a run, merged from what all parts report; each is handed on once when it can be known, and all again at the end, when what
// came late is in. It reads no clock.
import { Cells } from './cells.ts';
import type { CellsState, PackedCells } from './cells.ts';
import type { Bucket } from './orders.ts';
import type { Second } from './result.ts';
import { emptyBucket } from './tally.ts';

interface Entry<B = Bucket> {
  readonly bucket: B;
  connected: number;
}

type Packed = Omit<Bucket, 'latency' | 'acks' | 'lag'> & {
  readonly [name in 'latency' | 'acks' | 'lag']: PackedCells;
};

/** Of the latest seconds the cells lie open, 20 kB each; older ones, to which little comes, are packed into a fifth or less. */
const OPEN_SECONDS = 60;

export class Timeline {
  readonly #open = new Map<number, Entry>();
  readonly #packed = new Map<number, Entry<Packed>>();

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
    const packed = this.#packed.get(atS);
    const { bucket, connected } = packed ? unpacked(packed) : this.#entry(atS);
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
    let entry = this.#open.get(second);
    if (!entry) {
      const old = this.#packed.get(second);
      this.#packed.delete(second);
      entry = old ? unpacked(old) : { bucket: emptyBucket(), connected: 0 };
      this.#open.set(second, entry);
      this.#packFirst();
    }
    return entry;
  }

  /** The one that was opened first. */
  #packFirst(): void {
    if (this.#open.size <= OPEN_SECONDS) return;
    const [second, { bucket, connected }] = this.#open.entries().next().value!;
    const { latency, acks, lag } = bucket;
    this.#open.delete(second);
    this.#packed.set(second, {
      bucket: { ...bucket, latency: latency.pack(), acks: acks.pack(), lag: lag.pack() },
      connected,
    });
  }
}

function unpacked({ bucket, connected }: Entry<Packed>): Entry {
  const { latency, acks, lag } = bucket;
  const cells = { latency: Cells.unpack(latency), acks: Cells.unpack(acks), lag: Cells.unpack(lag) };
  return { bucket: { ...bucket, ...cells }, connected };
}
