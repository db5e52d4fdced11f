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
    return Number(this.units) / FRACTION;
  }

  /** The total in steps of 2^-32. */
  get units(): bigint {
    return (BigInt(this.#high) * BigInt(FRACTION) + BigInt(this.#whole)) * BigInt(FRACTION) + BigInt(this.#fraction);
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

/** Of a fraction when it is squared; the square of what is finer would not be an integer of a double. */
const STEPS = 2 ** 26;

/** Mean and standard deviation that do not depend on the order of values either; equal values have no spread at all. */
export class ExactSpread {
  #count = 0;
  /** Sums of whole parts, of fractions in steps, of their squares and of their product. */
  readonly #a = new ExactSum();
  readonly #f = new ExactSum();
  readonly #aa = new ExactSum();
  readonly #af = new ExactSum();
  readonly #ff = new ExactSum();

  /** value: |value| < 2^26 */
  add(value: number): void {
    const a = Math.trunc(value);
    const f = Math.round((value - a) * STEPS);
    this.#count++;
    this.#a.add(a);
    this.#f.add(f);
    this.#aa.add(a * a);
    this.#af.add(a * f);
    this.#ff.add(f * f);
  }

  /** Of at least one value. */
  get mean(): number {
    return Number(this.#sum) / STEPS / this.#count;
  }

  /** Of the sample (n − 1); undefined for fewer than two values. */
  get sd(): number | undefined {
    if (this.#count < 2) return undefined;
    const steps = BigInt(STEPS);
    const squares = (whole(this.#aa) * steps + 2n * whole(this.#af)) * steps + whole(this.#ff);
    const spread = BigInt(this.#count) * squares - this.#sum * this.#sum;
    return Math.sqrt(Number(spread) / (this.#count * (this.#count - 1))) / STEPS;
  }

  /** In steps. */
  get #sum(): bigint {
    return whole(this.#a) * BigInt(STEPS) + whole(this.#f);
  }
}

function whole(sum: ExactSum): bigint {
  return sum.units / BigInt(FRACTION);
}
