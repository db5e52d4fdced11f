// Lets a few of each name in at a time, the others of that name wait in the order in which they came. Names do not wait for each other.
interface Lane {
  inside: number;
  readonly queue: (() => void)[];
}

export class Lanes {
  readonly #atOnce: number;
  readonly #lanes = new Map<string, Lane>();

  constructor(atOnce: number) {
    this.#atOnce = atOnce;
  }

  /** Those inside included. */
  waiting(name: string): number {
    const lane = this.#lanes.get(name);
    return lane ? lane.inside + lane.queue.length : 0;
  }

  /** Resolves when it is one's turn; leave() then must follow. */
  enter(name: string): Promise<void> | undefined {
    let lane = this.#lanes.get(name);
    if (!lane) this.#lanes.set(name, (lane = { inside: 0, queue: [] }));
    if (lane.inside < this.#atOnce) {
      lane.inside++;
      return undefined;
    }
    return new Promise((resolve) => lane.queue.push(resolve));
  }

  leave(name: string): void {
    const lane = this.#lanes.get(name)!;
    const next = lane.queue.shift();
    if (next) next();
    else if (--lane.inside === 0) this.#lanes.delete(name);
  }
}
