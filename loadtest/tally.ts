// What one part counts while it runs: totals, and per second of the schedule what has changed since it last reported. It judges nothing.
import { COARSE_BITS, Cells, FINE_BITS } from './cells.ts';
import type { Bucket } from './orders.ts';

export class Tally {
  offered = 0;
  sent = 0;
  acked = 0;
  /** Unique deliveries. */
  received = 0;
  owed = 0;
  unsent = 0;
  lastNs = 0;
  readonly connect = new Cells(FINE_BITS);
  readonly subscribe = new Cells(FINE_BITS);
  readonly ack = new Cells(FINE_BITS);
  readonly latency = new Cells(FINE_BITS);
  readonly lag = new Cells(FINE_BITS);
  /** How late deliveries, or acknowledgements where nothing is delivered here, were read. */
  readonly readLag = new Cells(FINE_BITS);
  readonly opening = new Cells(FINE_BITS);
  readonly blocked = new Cells(FINE_BITS);
  readonly errors = new Map<string, number>();
  /** When the first measured message is due; messages due before it belong to the warm-up. */
  startNs = Infinity;
  #buckets = new Map<number, Bucket>();
  #second = Number.NaN;
  #bucket: Bucket | undefined;

  error(cause: string): void {
    this.errors.set(cause, (this.errors.get(cause) ?? 0) + 1);
  }

  due(dueNs: number, fanOut: number): void {
    this.bucketOf(dueNs).offered++;
    if (dueNs < this.startNs) return;
    this.offered++;
    this.owed += fanOut;
  }

  /** ownNs: late by our own fault; blockedNs: because the target took nothing. */
  wrote(dueNs: number, nowNs: number, ownNs: number, blockedNs: number): void {
    const bucket = this.bucketOf(dueNs);
    bucket.sent++;
    bucket.lag.record(ownNs / 1000);
    if (dueNs < this.startNs) return;
    this.sent++;
    this.lastNs = nowNs;
    this.lag.record(ownNs / 1000);
    this.blocked.record(blockedNs / 1000);
  }

  acknowledged(dueNs: number, nowNs: number): void {
    const us = (nowNs - dueNs) / 1000;
    const bucket = this.bucketOf(dueNs);
    bucket.acked++;
    bucket.acks.record(us);
    if (dueNs < this.startNs) return;
    this.acked++;
    this.ack.record(us);
  }

  /** An acknowledgement that cannot come any more: it would have taken at least this long. */
  neverAcknowledged(dueNs: number, nowNs: number): void {
    const us = (nowNs - dueNs) / 1000;
    this.bucketOf(dueNs).acks.record(us);
    if (dueNs >= this.startNs) this.ack.record(us);
  }

  /** Measured ones only. */
  delivered(dueNs: number, nowNs: number): void {
    const us = (nowNs - dueNs) / 1000;
    const bucket = this.bucketOf(dueNs);
    bucket.received++;
    bucket.latency.record(us);
    this.received++;
    this.lastNs = nowNs;
    this.latency.record(us);
  }

  /** Messages that never left have waited at least this long, for each delivery they owe; for the acknowledgement where they owe none. */
  neverSent(dueNs: number, nowNs: number, messages: number, deliveries: number): void {
    if (dueNs < this.startNs) return;
    const us = (nowNs - dueNs) / 1000;
    const bucket = this.bucketOf(dueNs);
    this.unsent += messages;
    this.blocked.record(us, messages);
    if (deliveries > 0) {
      bucket.latency.record(us, deliveries);
      this.latency.record(us, deliveries);
    } else {
      bucket.acks.record(us, messages);
      this.ack.record(us, messages);
    }
  }

  /** Of the second in which a message was due. */
  bucketOf(dueNs: number): Bucket {
    const second = Math.floor((dueNs - this.startNs) / 1e9);
    if (second === this.#second) return this.#bucket!;
    let bucket = this.#buckets.get(second);
    if (!bucket) {
      bucket = emptyBucket();
      this.#buckets.set(second, bucket);
    }
    this.#second = second;
    this.#bucket = bucket;
    return bucket;
  }

  /** What was counted since the last call. */
  takeBuckets(): [second: number, Bucket][] {
    const taken = [...this.#buckets];
    this.#buckets = new Map();
    this.#second = Number.NaN;
    this.#bucket = undefined;
    return taken;
  }
}

export function emptyBucket(): Bucket {
  return {
    offered: 0,
    sent: 0,
    acked: 0,
    received: 0,
    latency: new Cells(COARSE_BITS),
    acks: new Cells(COARSE_BITS),
    lag: new Cells(COARSE_BITS),
  };
}
