// The devices of one kind by id. A handle is a number that is never given twice; its slot is where columns keep the device's values.
// When the index is full the device that came first is forgotten; the store still knows it.

/** Newest devices of a kind kept in memory. */
const DEVICES_IN_MEMORY = 1_000_000;

export class DeviceIndex {
  readonly capacity: number;
  readonly #handles = new Map<string, number>();
  readonly #ids: string[] = [];
  #next = 0;

  constructor(capacity: number = DEVICES_IN_MEMORY) {
    this.capacity = capacity;
  }

  /** Slots in use: 0 … slots − 1. */
  get slots(): number {
    return this.#ids.length;
  }

  /** True when devices were forgotten, so that "not here" no longer means "never seen". */
  get overflowed(): boolean {
    return this.#next > this.capacity;
  }

  handleOf(id: string): number | undefined {
    return this.#handles.get(id);
  }

  slotOf(handle: number): number {
    return handle % this.capacity;
  }

  /** The newest handle that lives in a slot in use. */
  handleAt(slot: number): number {
    const lastSlot = (this.#next - 1) % this.capacity;
    return this.#next - 1 - ((lastSlot - slot + this.capacity) % this.capacity);
  }

  /** False once the device's slot was given to another one. */
  isAlive(handle: number): boolean {
    return handle < this.#next && handle >= this.#next - this.capacity;
  }

  idAt(slot: number): string {
    return this.#ids[slot]!;
  }

  /** id: not in the index yet. */
  add(id: string): number {
    const handle = this.#next++;
    const slot = this.slotOf(handle);
    const forgotten = this.#ids[slot];
    if (forgotten !== undefined) this.#handles.delete(forgotten);
    this.#ids[slot] = id;
    this.#handles.set(id, handle);
    return handle;
  }
}

/** Size of a column that must hold `slot`: the next power of two, at least 64. */
export function columnSize(slot: number): number {
  let size = 64;
  while (size <= slot) size *= 2;
  return size;
}
