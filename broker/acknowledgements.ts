// The acknowledgements owed to one client: each leaves when its ticket has settled and all earlier ones have left [MQTT-4.6.0-2]. Neighbours
// often have the same ticket, that of a group commit: they are waited for once.

/** Neighbours that leave together. */
interface Run {
  readonly ticket: Promise<void> | undefined;
  readonly done: (() => void)[];
  settled: boolean;
}

export class Acknowledgements {
  /** Oldest first. */
  readonly #runs: Run[] = [];
  /** Of the oldest run, those that have left. */
  #left = 0;
  #owed = 0;

  get owed(): number {
    return this.#owed;
  }

  /** Calls done, in order, once the ticket settles; a ticket that rejects is failed (never acknowledged), once for all neighbours that have it. */
  add(ticket: Promise<void> | undefined, done: () => void, failed: (error: unknown) => void): void {
    if (!ticket && this.#owed === 0) {
      done();
      return;
    }
    this.#owed++;
    const newest = this.#runs.at(-1);
    if (newest && (!ticket || newest.ticket === ticket)) {
      newest.done.push(done);
      return;
    }
    const run: Run = { ticket, done: [done], settled: ticket === undefined };
    this.#runs.push(run);
    ticket
      ?.then(() => {
        run.settled = true;
        this.#leave();
      })
      .catch(failed);
  }

  #leave(): void {
    while (this.#runs[0]?.settled) {
      const { done } = this.#runs[0];
      // What is added meanwhile joins this run or comes behind it.
      while (this.#left < done.length) {
        this.#owed--;
        done[this.#left++]!();
      }
      this.#runs.shift();
      this.#left = 0;
    }
  }
}
