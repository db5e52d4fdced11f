// Work that can wait, so much of it in each turn: when thousands of connections begin or end at once, those who stay are served between the
// turns. A turn that was late is not made up for: a busy process does less, and those it serves feel less. It knows nothing of what it does.

const TURN_MS = 10;
const SPENT = 1024;

export class Turns {
  readonly #perTurn: number;
  #left: number;
  #waiting: (() => void)[] = [];
  #head = 0;
  #isTicking = false;

  /** perS: at most, on a process that has time. */
  constructor(perS: number) {
    this.#perTurn = this.#left = Math.max(1, Math.ceil((perS * TURN_MS) / 1000));
  }

  get waiting(): number {
    return this.#waiting.length - this.#head;
  }

  /** Now, or in a later turn; in order. */
  take(act: () => void): void {
    this.#waiting.push(act);
    this.#go();
  }

  #go(): void {
    for (; this.#left > 0 && this.waiting > 0; this.#left--) this.#waiting[this.#head++]!();
    if (this.waiting === 0 || this.#head >= SPENT) {
      this.#waiting = this.#waiting.slice(this.#head);
      this.#head = 0;
    }
    if (this.#isTicking || this.#left === this.#perTurn) return;
    this.#isTicking = true;
    setTimeout(() => {
      this.#isTicking = false;
      this.#left = this.#perTurn;
      this.#go();
    }, TURN_MS);
  }
}
