// Bytes written one after the other into a buffer that grows: what the encoders of records have in common. It knows no format.

const MAX_NUMBER_BYTES = 32;
const MINUS = 0x2d;
const POINT = 0x2e;
const ZERO = 0x30;
/** Powers of ten up to which a number is looked at for its decimals. */
const SCALES = [1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9];
/** That `rounded` takes. */
export const MAX_DECIMALS = SCALES.length - 1;
/** An integer of up to 15 digits over one of SCALES is the double that its decimal text stands for. */
const MAX_EXACT = 1e15;
/** Below it, integers are divided as 32-bit integers. */
const MAX_SMALL = 0x7fff_ffff;

export class ByteWriter {
  #buffer: Buffer<ArrayBuffer>;
  #at = 0;

  constructor(capacity = 1024) {
    this.#buffer = Buffer.allocUnsafeSlow(capacity);
  }

  get length(): number {
    return this.#at;
  }

  /** Forgets what is behind the first `length` bytes. */
  cut(length: number): void {
    this.#at = length;
  }

  /** A view of what was written, good until something else is. */
  written(): Buffer<ArrayBuffer> {
    return this.#buffer.subarray(0, this.#at);
  }

  byte(byte: number): void {
    this.#room(1);
    this.#buffer[this.#at++] = byte;
  }

  bytes(bytes: Uint8Array): void {
    const { length } = bytes;
    this.#room(length);
    const buffer = this.#buffer;
    const at = this.#at;
    // A call costs more than a few dozen bytes.
    if (length > 48) buffer.set(bytes, at);
    else for (let index = 0; index < length; index++) buffer[at + index] = bytes[index]!;
    this.#at = at + length;
  }

  text(text: string): void {
    this.#room(3 * text.length);
    this.#at += this.#buffer.write(text, this.#at);
  }

  /** value: integer ≥ 0, below 2^53; digits: at least so many, with zeros in front */
  integer(value: number, digits = 1): void {
    this.#room(MAX_NUMBER_BYTES);
    let length = digits;
    for (let limit = 10 ** digits; value >= limit; limit *= 10) length++;
    const start = this.#at;
    let at = start + length;
    this.#at = at;
    const buffer = this.#buffer;
    let rest = value;
    while (rest > MAX_SMALL) {
      const next = Math.floor(rest / 10);
      buffer[--at] = ZERO + (rest - next * 10);
      rest = next;
    }
    for (let small = rest | 0; at > start;) {
      const next = (small / 10) | 0;
      buffer[--at] = ZERO + (small - next * 10);
      small = next;
    }
  }

  /** In the fewest digits that stand for it and for no other. value: finite; decimals: probably so many are enough. → how many were */
  number(value: number, decimals = 0): number {
    const size = Math.abs(value);
    for (let tried = decimals; tried < SCALES.length; tried++) {
      const scaled = Math.round(size * SCALES[tried]!);
      if (!(scaled < MAX_EXACT)) break;
      if (scaled / SCALES[tried]! !== size) continue;
      this.#decimal(value < 0 || Object.is(value, -0), scaled, tried);
      return tried;
    }
    if (decimals > 0) return this.number(value);
    this.text(Object.is(value, -0) ? '-0' : String(value));
    return 0;
  }

  /** value: rounded to so many decimals, up to MAX_DECIMALS. → false, and nothing is written, when it is too large for that */
  rounded(value: number, decimals: number): boolean {
    const scaled = Math.round(Math.abs(value) * SCALES[decimals]!);
    if (!(scaled < MAX_EXACT)) return false;
    this.#decimal(value < 0 && scaled > 0, scaled, decimals);
    return true;
  }

  /** ± scaled / 10^decimals, without zeros at the end */
  #decimal(isNegative: boolean, scaled: number, decimals: number): void {
    this.#room(MAX_NUMBER_BYTES);
    if (isNegative) this.#buffer[this.#at++] = MINUS;
    const scale = SCALES[decimals]!;
    const whole = Math.floor(scaled / scale);
    this.integer(whole);
    let rest = scaled - whole * scale;
    if (rest === 0) return;
    let digits = decimals;
    for (; rest % 10 === 0; digits--) rest /= 10;
    this.#buffer[this.#at++] = POINT;
    this.integer(rest, digits);
  }

  #room(bytes: number): void {
    if (this.#at + bytes <= this.#buffer.length) return;
    const larger = Buffer.allocUnsafeSlow(2 * (this.#at + bytes));
    larger.set(this.#buffer.subarray(0, this.#at));
    this.#buffer = larger;
  }
}
