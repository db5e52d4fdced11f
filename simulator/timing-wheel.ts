// Who wakes when, for millions of sleeping devices: a hashed timing wheel of one-second slots, with a coarse wheel behind it for what lies
// further ahead. Eight bytes a device. It keeps no order between devices that are due in one advance, and it holds no payload.
// Source: Varghese and Lauck, "Hashed and hierarchical timing wheels", SOSP 1987, schemes 6 and 7.

/** Ticks are whole seconds, so that a tick takes whole slots. Slot s holds what is due in (s, s + 1] seconds after the origin. */
const SLOT_MS = 1000;
/** Slots of the near wheel, as a power of two: 36 h, so that daily devices never pass through the far one; 68 min for small fleets. */
const NEAR_BITS = 17;
const NEAR_BITS_SMALL = 12;
const SMALL = 65_536;
/** Blocks of the far wheel. What lies beyond its last one stays for another round. */
const FAR_BLOCKS = 256;
/** A slot is four lists walked side by side: four memory accesses under way at once take little longer than one. */
const LISTS = 4;
/** Devices gathered before they are visited. */
const BATCH = 1024;
/** Due times are kept modulo this, ms; laps are counted once somebody needs them. */
const LAP_MS = 4_294_967_296;
const HORIZON_MS = 60 * 365 * 86_400_000;

/** End of a list; in the next pointer of a device that is in none. */
const END = 0xffffffff;
const NONE = 0xfffffffe;

export class TimingWheel {
  readonly #originMs: number;
  readonly #nearBits: number;
  /** First device of each list, `[slot][list]` and `[block][list]`. */
  readonly #near: Uint32Array;
  readonly #far: Uint32Array;
  /** `[device]` → next device of its list, due time: ms since the origin modulo a lap. Side by side: one cache line a device. */
  readonly #cells: Uint32Array;
  /** Whole laps of the due times; empty until somebody is due more than 49 days ahead. */
  #laps = new Uint16Array(0);
  readonly #batch = new Uint32Array(BATCH);
  #nowMs: number;
  /** First slot that is not over. Whoever is scheduled is due after its begin. */
  #slot = 0;
  #nearCount = 0;
  #advancing = false;

  /** count: devices 0…count−1, none of them scheduled. nowMs: whole ms; the wheel reaches 60 years beyond it. */
  constructor(count: number, nowMs: number) {
    this.#originMs = nowMs;
    this.#nowMs = nowMs;
    this.#nearBits = count < SMALL ? NEAR_BITS_SMALL : NEAR_BITS;
    this.#near = new Uint32Array(LISTS << this.#nearBits).fill(END);
    this.#far = new Uint32Array(LISTS * FAR_BLOCKS).fill(END);
    this.#cells = new Uint32Array(2 * count).fill(NONE);
  }

  /** When a device is due, ms; Infinity: it is not scheduled. */
  dueMs(device: number): number {
    return this.#cells[2 * device] === NONE ? Infinity : this.#originMs + this.#relativeMs(device);
  }

  /**
   * Schedules a device, or moves it if it is scheduled; Infinity cancels. atMs: a whole ms after the last advance. Moving walks the
   * device's list: cheap for single devices, not for a whole fleet.
   * @throws RangeError for other times; Error inside a visit, which schedules by what it returns
   */
  schedule(device: number, atMs: number): void {
    if (this.#advancing) throw new Error('nobody is scheduled during an advance: return the next time from the visit');
    if (!(atMs > this.#nowMs)) throw new RangeError(`atMs must be after ${this.#nowMs}, got ${atMs}`);
    this.#remove(device);
    this.#put(device, atMs);
  }

  /**
   * Visits everything due at or before nowMs, each device in order of its own times, devices in no particular order.
   * visit: returns when the device is due next, a whole ms after atMs (if that is not after nowMs it is visited again at once), or Infinity.
   * @throws RangeError when time runs backwards
   */
  advance(nowMs: number, visit: (device: number, atMs: number) => number): void {
    if (!(nowMs >= this.#nowMs)) throw new RangeError(`a wheel turns forward only: it is ${this.#nowMs}, got ${nowMs}`);
    const untilMs = nowMs - this.#originMs;
    this.#advancing = true;
    for (;;) {
      if (this.#slot * SLOT_MS < untilMs && this.#nearCount > 0) this.#visitSlot(nowMs, visit);
      if ((this.#slot + 1) * SLOT_MS > untilMs) break;
      this.#enter(this.#nextSlot(Math.floor(untilMs / SLOT_MS)));
    }
    this.#advancing = false;
    this.#nowMs = nowMs;
  }

  /** The next slot worth a look, at most `last`: where nobody is near, the begin of the next block. */
  #nextSlot(last: number): number {
    if (this.#nearCount > 0) return this.#slot + 1;
    const block = Math.floor(this.#slot / (1 << this.#nearBits)) + 1;
    return Math.min(last, block << this.#nearBits);
  }

  #enter(slot: number): void {
    this.#slot = slot;
    if ((slot & ((1 << this.#nearBits) - 1)) !== 0) return;
    // A block begins: its devices move from the far wheel to the near one, those of a later round go back.
    const first = (slot >>> this.#nearBits) % FAR_BLOCKS;
    for (let list = LISTS * first; list < LISTS * (first + 1); list++) {
      let device = this.#far[list]!;
      this.#far[list] = END;
      while (device !== END) {
        const next = this.#cells[2 * device]!;
        this.#put(device, this.#originMs + this.#relativeMs(device));
        device = next;
      }
    }
  }

  /** Visits who is due in the current slot; those due later in it stay. */
  #visitSlot(nowMs: number, visit: (device: number, atMs: number) => number): void {
    const near = this.#near;
    const cells = this.#cells;
    const batch = this.#batch;
    const list = LISTS * (this.#slot & ((1 << this.#nearBits) - 1));
    let a = near[list]!;
    let b = near[list + 1]!;
    let c = near[list + 2]!;
    let d = near[list + 3]!;
    near[list] = near[list + 1] = near[list + 2] = near[list + 3] = END;
    while ((a & b & c & d) !== -1) {
      let size = 0;
      while (size <= BATCH - LISTS && (a & b & c & d) !== -1) {
        if (a !== END) a = cells[2 * (batch[size++] = a)]!;
        if (b !== END) b = cells[2 * (batch[size++] = b)]!;
        if (c !== END) c = cells[2 * (batch[size++] = c)]!;
        if (d !== END) d = cells[2 * (batch[size++] = d)]!;
      }
      this.#nearCount -= size;
      for (let i = 0; i < size; i++) this.#visit(batch[i]!, nowMs, visit);
    }
  }

  #visit(device: number, nowMs: number, visit: (device: number, atMs: number) => number): void {
    let atMs = this.#originMs + this.#relativeMs(device);
    while (atMs <= nowMs) {
      const nextMs = visit(device, atMs);
      if (!(nextMs > atMs))
        throw new RangeError(`device ${device} was due at ${atMs} and wants to be due at ${nextMs}`);
      atMs = nextMs;
    }
    this.#put(device, atMs);
  }

  /** Hangs a device that is in no list into the list of its time. */
  #put(device: number, atMs: number): void {
    const cell = 2 * device;
    if (atMs === Infinity) {
      this.#cells[cell] = NONE;
      return;
    }
    const relativeMs = atMs - this.#originMs;
    if (!Number.isInteger(relativeMs) || relativeMs > HORIZON_MS)
      throw new RangeError(`atMs must be a whole ms within 60 years, got ${atMs} for device ${device}`);
    if (relativeMs - this.#slot * SLOT_MS >= LAP_MS) this.#countLaps();
    if (this.#laps.length > 0) this.#laps[device] = Math.floor(relativeMs / LAP_MS);
    this.#cells[cell + 1] = relativeMs;
    const slot = slotOf(relativeMs);
    if (this.#isNear(slot)) {
      const list = this.#nearList(slot, device);
      this.#cells[cell] = this.#near[list]!;
      this.#near[list] = device;
      this.#nearCount++;
    } else {
      const list = this.#farList(slot, device);
      this.#cells[cell] = this.#far[list]!;
      this.#far[list] = device;
    }
  }

  #remove(device: number): void {
    if (this.#cells[2 * device] === NONE) return;
    const slot = slotOf(this.#relativeMs(device));
    // Who came near while the block had not begun is still in the far wheel.
    if (this.#isNear(slot) && this.#unlink(this.#near, this.#nearList(slot, device), device)) this.#nearCount--;
    else this.#unlink(this.#far, this.#farList(slot, device), device);
    this.#cells[2 * device] = NONE;
  }

  #unlink(heads: Uint32Array, list: number, device: number): boolean {
    let at = heads[list]!;
    if (at === device) {
      heads[list] = this.#cells[2 * device]!;
      return true;
    }
    for (; at !== END; at = this.#cells[2 * at]!) {
      if (this.#cells[2 * at] !== device) continue;
      this.#cells[2 * at] = this.#cells[2 * device]!;
      return true;
    }
    return false;
  }

  #isNear(slot: number): boolean {
    return slot - this.#slot < 1 << this.#nearBits;
  }

  #nearList(slot: number, device: number): number {
    return LISTS * (slot & ((1 << this.#nearBits) - 1)) + (device & (LISTS - 1));
  }

  #farList(slot: number, device: number): number {
    return LISTS * ((slot >>> this.#nearBits) % FAR_BLOCKS) + (device & (LISTS - 1));
  }

  /** Due time of a scheduled device, ms since the origin: the first after the current slot's begin that fits, unless laps are counted. */
  #relativeMs(device: number): number {
    const lowMs = this.#cells[2 * device + 1]!;
    if (this.#laps.length > 0) return this.#laps[device]! * LAP_MS + lowMs;
    const fromMs = this.#slot * SLOT_MS;
    return fromMs + ((lowMs - fromMs) >>> 0);
  }

  #countLaps(): void {
    if (this.#laps.length > 0) return;
    const laps = new Uint16Array(this.#cells.length / 2);
    for (let device = 0; device < laps.length; device++) {
      if (this.#cells[2 * device] !== NONE) laps[device] = Math.floor(this.#relativeMs(device) / LAP_MS);
    }
    this.#laps = laps;
  }
}

function slotOf(relativeMs: number): number {
  return Math.floor((relativeMs - 1) / SLOT_MS);
}
