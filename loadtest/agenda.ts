// Devices to open, each at its time, in the order in which they were put in.
import type { Device } from './device.ts';

export class Agenda {
  #entries: { readonly device: Device; readonly dueNs: number }[] = [];
  #head = 0;

  push(device: Device, dueNs: number): void {
    this.#entries.push({ device, dueNs });
  }

  get nextNs(): number {
    return this.#entries[this.#head]?.dueNs ?? Infinity;
  }

  /** The first one when it is due. */
  take(nowNs: number): { readonly device: Device; readonly dueNs: number } | undefined {
    if (this.nextNs > nowNs) return undefined;
    const entry = this.#entries[this.#head++];
    if (this.#head > 1024 && this.#head * 2 > this.#entries.length) {
      this.#entries = this.#entries.slice(this.#head);
      this.#head = 0;
    }
    return entry;
  }

  clear(): void {
    this.#entries = [];
    this.#head = 0;
  }
}
