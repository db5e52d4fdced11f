// A sum that does not depend on the order of what is added: readings of one tick come in another order at another speed. Whole parts and
// fractions are added apart, as integers.

/** Steps of a fraction: what is finer than 2^-32 is lost. */
const FRACTION = 2 ** 32;
/** Below 2^53, where integers end, with room for one more number. */
const CARRY_AT = 2 ** 52;

export class ExactSum {
  #high = 0;
  #whole = 0;
  #fraction = 0;

  /** value: finite; order does not matter while |value| < 2^52. */
  add(value: number): void {
    const whole = Math.trunc(value);
    this.#whole += whole;
    this.#fraction += Math.round((value - whole) * FRACTION);
    if (this.#fraction >= CARRY_AT || this.#fraction <= -CARRY_AT) this.#carryFraction();
    if (this.#whole >= CARRY_AT || this.#whole <= -CARRY_AT) this.#carryWhole();
  }

  /** Of the same total always the same number, however it is spread over the parts. */
  get value(): number {
    const total =
      (BigInt(this.#high) * BigInt(FRACTION) + BigInt(this.#whole)) * BigInt(FRACTION) + BigInt(this.#fraction);
    return Number(total) / FRACTION;
  }

  #carryFraction(): void {
    const whole = Math.trunc(this.#fraction / FRACTION);
    this.#whole += whole;
    this.#fraction -= whole * FRACTION;
  }

  #carryWhole(): void {
    const high = Math.trunc(this.#whole / FRACTION);
    this.#high += high;
    this.#whole -= high * FRACTION;
  }
}
