// A group while it fills: entries are copied into one buffer, as records that lack only their crc, and share one promise. It sends nothing.
import { putEntry } from './entry.ts';
import type { Entry } from './entry.ts';
import { HEAD_BYTES, startRecord } from './format.ts';

/** A record is closed at this size: a flipped byte costs one of them, not a group of megabytes. */
const RECORD_BYTES = 128 << 10;

export class FillingGroup {
  #buffer: ArrayBuffer;
  #bytes: Buffer;
  #view: DataView;
  #at = 0;
  #recordAt = 0;
  #recordCount = 0;
  #count = 0;
  #first = 0;
  #durable: Promise<void> | undefined;
  #settle: (() => void) | undefined;

  constructor(capacityBytes: number) {
    this.#buffer = new ArrayBuffer(capacityBytes);
    this.#bytes = Buffer.from(this.#buffer);
    this.#view = new DataView(this.#buffer);
  }

  get bytes(): number {
    return this.#at;
  }

  get first(): number {
    return this.#first;
  }

  get last(): number {
    return this.#first + this.#count - 1;
  }

  /** Of all its entries; settled by `settle`. */
  get durable(): Promise<void> {
    return this.#durable!;
  }

  /** `mostBytes` of an entry; a head may come on top. */
  fits(mostBytes: number): boolean {
    return this.#at + HEAD_BYTES + mostBytes <= this.#buffer.byteLength;
  }

  put(entry: Entry, sequence: number): void {
    if (this.#count === 0) this.#begin(sequence);
    if (this.#recordCount === 0) {
      this.#recordAt = this.#at;
      this.#at += HEAD_BYTES;
    }
    this.#at = putEntry(this.#bytes, this.#view, this.#at, entry);
    this.#count++;
    this.#recordCount++;
    if (this.#at - this.#recordAt >= RECORD_BYTES) this.closeRecord();
  }

  /** To be called before the buffer leaves. */
  closeRecord(): void {
    if (this.#recordCount === 0) return;
    const bodyBytes = this.#at - this.#recordAt - HEAD_BYTES;
    const first = this.#first + this.#count - this.#recordCount;
    startRecord(this.#view, this.#recordAt, bodyBytes, this.#recordCount, first);
    this.#recordCount = 0;
  }

  /** For the worker; the group cannot be filled until it is given back. */
  get buffer(): ArrayBuffer {
    return this.#buffer;
  }

  giveBack(buffer: ArrayBuffer): void {
    this.#buffer = buffer;
    this.#bytes = Buffer.from(buffer);
    this.#view = new DataView(buffer);
  }

  /** It is durable, and empty again. */
  settle(): void {
    this.#settle?.();
    this.#at = 0;
    this.#count = 0;
  }

  #begin(sequence: number): void {
    this.#first = sequence;
    const { promise, resolve } = Promise.withResolvers<void>();
    this.#durable = promise;
    this.#settle = resolve;
  }
}
