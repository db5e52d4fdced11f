// A typed array that grows: columns of files whose length nobody knows beforehand.

const FIRST_LENGTH = 4096;

export class GrowingInt32 {
  length = 0;
  #values = new Int32Array(FIRST_LENGTH);

  push(value: number): void {
    if (this.length === this.#values.length) {
      const longer = new Int32Array(2 * this.length);
      longer.set(this.#values);
      this.#values = longer;
    }
    this.#values[this.length++] = value;
  }

  /** What was pushed; a view, good until the next push. */
  get values(): Int32Array {
    return this.#values.subarray(0, this.length);
  }
}
