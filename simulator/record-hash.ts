// The fingerprint of a run: a sum over all messages of a 64-bit hash of each. A sum does not care about order, so one worker or many, at
// any speed, give the same. Not for cryptography.
import type { Value } from '../telemetry/description.ts';
import { hashText } from './random.ts';

const number64 = new Float64Array(1);
const halves = new Uint32Array(number64.buffer);
const TWO_32 = 2 ** 32;
/** Texts are few (statuses, lines, stops); when someone sends many, the memory starts anew. */
const MAX_TEXTS = 20_000;

/** A sum of 64-bit hashes, modulo 2^64. */
export class HashSum {
  #low = 0;
  #high = 0;
  #count = 0;

  /** Hashes in the sum. */
  get count(): number {
    return this.#count;
  }

  get state(): HashState {
    return { low: this.#low, high: this.#high, count: this.#count };
  }

  /** low, high: 32 bits each, unsigned. */
  add(low: number, high: number): void {
    this.#sum(low, high);
    this.#count++;
  }

  merge({ low, high, count }: HashState): void {
    this.#sum(low, high);
    this.#count += count;
  }

  /** 16 hex digits. */
  toString(): string {
    return hex(this.#high) + hex(this.#low);
  }

  #sum(low: number, high: number): void {
    const sum = this.#low + low;
    this.#low = sum % TWO_32;
    this.#high = (this.#high + high + (sum >= TWO_32 ? 1 : 0)) % TWO_32;
  }
}

export class RecordHash {
  readonly sum = new HashSum();
  readonly #texts = new Map<string, number>();

  /** A record, or an event when `name` is given. Fields count in any order; undefined ones do not count. */
  add(
    kind: string,
    device: string,
    ts: number,
    seq: number,
    readings: { readonly [name: string]: Value | undefined },
    name = '',
    state = '',
  ): void {
    let a = 0;
    let b = 0;
    for (const field in readings) {
      const value = readings[field];
      if (value === undefined) continue;
      const fieldHash = this.#text(field);
      if (typeof value === 'number') number64[0] = value + 0;
      else if (typeof value === 'string') number64[0] = this.#text(value) + 0.25;
      else number64[0] = value ? 0.75 : 0.125;
      const mixed = mix(mix(fieldHash ^ halves[0]!) + halves[1]!);
      a = (a + mixed) | 0;
      b = (b + mixTwin(mixed ^ fieldHash)) | 0;
    }
    number64[0] = ts;
    const head = mix(mix(this.#text(kind) + Math.imul(hashText(device), 3)) ^ (halves[0]! + Math.imul(seq, 5)));
    const event = name === '' ? 0 : mix(this.#text(name) + Math.imul(this.#text(state), 7));
    a = mix(a ^ head ^ event);
    b = mixTwin((b ^ mix(head + halves[1]!)) + event);
    this.sum.add(a >>> 0, b >>> 0);
  }

  #text(text: string): number {
    let hash = this.#texts.get(text);
    if (hash === undefined) {
      hash = hashText(text);
      if (this.#texts.size >= MAX_TEXTS) this.#texts.clear();
      this.#texts.set(text, hash);
    }
    return hash;
  }
}

export interface HashState {
  readonly low: number;
  readonly high: number;
  readonly count: number;
}

/** A 64-bit hash of a text, as two halves of 32 bits. */
export function textHash(text: string): readonly [low: number, high: number] {
  return [hashText(text), hashText(`${text}#`)];
}

function hex(value: number): string {
  return value.toString(16).padStart(8, '0');
}

/** Murmur3's finaliser (A. Appleby, public domain). */
function mix(value: number): number {
  let x = value | 0;
  x = Math.imul(x ^ (x >>> 16), 0x85ebca6b);
  x = Math.imul(x ^ (x >>> 13), 0xc2b2ae35);
  return x ^ (x >>> 16);
}

/** Another one with other constants, for the second half. Source: C. Wellons, "lowbias32", 2018. */
function mixTwin(value: number): number {
  let x = value | 0;
  x = Math.imul(x ^ (x >>> 16), 0x21f0aaad);
  x = Math.imul(x ^ (x >>> 15), 0x735a2d97);
  return x ^ (x >>> 15);
}
