// How late a thread comes to read what waits in its sockets, by its own fault: told from the turns of its event loop, because a process that is
// stopped, or whose core is taken, uses no CPU time that would show it. It reads nothing and waits for nothing.

export class Turns {
  /** When the loop meant to be back at the latest. */
  #backNs = Infinity;
  /** How much later than that it was back the last time. */
  #carriedNs = 0;
  #reading = false;
  #firstNs = 0;
  #lateNs = 0;
  readonly #over = (): void => {
    this.#reading = false;
  };

  /** The loop has come around at `now` and rests for `forNs` at most, unless a socket wakes it. ns of clock.ts */
  rest(now: number, forNs: number): void {
    this.#carriedNs = Math.max(0, now - this.#backNs);
    this.#backNs = now + forNs;
  }

  /**
   * A socket is read. Everything in one turn was there at its beginning or came since, and may have come since the loop meant to be back.
   * @returns for how long, at most, its bytes have waited for the thread, ns
   */
  read(now: number): number {
    if (!this.#reading) {
      this.#reading = true;
      setImmediate(this.#over);
      this.#firstNs = now;
      this.#lateNs = Math.max(this.#carriedNs, now - this.#backNs);
    }
    return this.#lateNs + now - this.#firstNs;
  }
}
