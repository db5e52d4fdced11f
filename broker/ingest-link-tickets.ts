// The tickets of records that wait for the api. Those that come within one turn of the event loop share a ticket: a record costs no promise of
// its own. Which of them are acknowledged is the queue's business.

interface Group {
  /** Sequence of its last record. */
  last: number;
  count: number;
  readonly sinceMs: number;
  readonly ticket: Promise<void>;
  readonly settle: () => void;
}

/** So that the first of a busy turn does not wait for the last. */
const MAX_RECORDS = 128;

export class LinkTickets {
  /** Oldest first. */
  #groups: Group[] = [];
  #first = 0;
  /** Of this turn. */
  #open: Group | undefined;

  /** When the oldest record that waits has come [ms]; undefined when none does. */
  get oldestMs(): number | undefined {
    return this.#groups[this.#first]?.sinceMs;
  }

  /** For the next record; settles when `settle` has been called with a higher sequence. */
  of(sequence: number): Promise<void> {
    const group = this.#open && this.#open.count < MAX_RECORDS ? this.#open : this.#begin();
    group.last = sequence;
    group.count++;
    return group.ticket;
  }

  /** head: the oldest sequence that is not acknowledged. */
  settle(head: number): void {
    while (this.#first < this.#groups.length && this.#groups[this.#first]!.last < head) {
      const group = this.#groups[this.#first++]!;
      if (group === this.#open) this.#open = undefined;
      group.settle();
    }
    if (this.#first < 1024 && this.#first < this.#groups.length) return;
    this.#groups = this.#groups.slice(this.#first);
    this.#first = 0;
  }

  #begin(): Group {
    const { promise: ticket, resolve: settle } = Promise.withResolvers<void>();
    const group: Group = { last: 0, count: 0, sinceMs: performance.now(), ticket, settle };
    this.#groups.push(group);
    if (!this.#open) setImmediate(() => (this.#open = undefined));
    this.#open = group;
    return group;
  }
}
