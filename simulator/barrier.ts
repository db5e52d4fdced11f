// Lets threads wait for each other between two ticks. Spins first, because a tick is shorter than the scheduler's patience.

const ARRIVED = 0;
const GENERATION = 1;
const SPINS = 2000;
/** A worker that waits longer than this has lost a companion. */
const LOST_MS = 60_000;

export class Barrier {
  readonly #state: Int32Array;
  readonly #parties: number;

  /** shared: `Barrier.BYTES` bytes of zeros, the same for all parties. */
  constructor(parties: number, shared: SharedArrayBuffer) {
    this.#parties = parties;
    this.#state = new Int32Array(shared);
  }

  static readonly BYTES = 8;

  /** Returns when all parties have arrived. Blocks the thread. @throws Error when one of them does not come for a minute */
  wait(): void {
    const generation = Atomics.load(this.#state, GENERATION);
    if (Atomics.add(this.#state, ARRIVED, 1) === this.#parties - 1) {
      Atomics.store(this.#state, ARRIVED, 0);
      Atomics.add(this.#state, GENERATION, 1);
      Atomics.notify(this.#state, GENERATION);
      return;
    }
    for (let spin = 0; spin < SPINS; spin++) if (Atomics.load(this.#state, GENERATION) !== generation) return;
    if (Atomics.wait(this.#state, GENERATION, generation, LOST_MS) === 'timed-out') {
      throw new Error('another worker of the simulator has stopped');
    }
  }
}
