// The acknowledgements owed to one client: each leaves when its ticket has settled and all earlier ones have left [MQTT-4.6.0-2].

interface Owed {
  settled: boolean;
  readonly done: () => void;
}

export class Acknowledgements {
  #owed: Owed[] = [];
  #head = 0;

  get owed(): number {
    return this.#owed.length - this.#head;
  }

  /** Calls done, in order, once the ticket settles; a ticket that rejects is failed (never acknowledged). */
  add(ticket: Promise<void> | undefined, done: () => void, failed: (error: unknown) => void): void {
    if (!ticket && this.owed === 0) {
      done();
      return;
    }
    const entry: Owed = { settled: ticket === undefined, done };
    this.#owed.push(entry);
    ticket
      ?.then(() => {
        entry.settled = true;
        this.#leave();
      })
      .catch(failed);
  }

  #leave(): void {
    while (this.#head < this.#owed.length && this.#owed[this.#head]!.settled) this.#owed[this.#head++]!.done();
    if (this.#head === this.#owed.length) {
      this.#owed = [];
      this.#head = 0;
    } else if (this.#head > 1024) {
      this.#owed = this.#owed.slice(this.#head);
      this.#head = 0;
    }
  }
}
