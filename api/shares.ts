// What the other parts say about themselves on `counters/{part}`: kept as it came, newest only.
import { show } from '../telemetry/description.ts';
import { Rejection, parsePayload } from '../telemetry/json-codec.ts';

const MAX_PARTS = 32;
/** The api's own counters are never taken from outside. */
const OWN = new Set(['api', 'ingest', 'live', 'acks']);

export interface Share {
  readonly [counter: string]: unknown;
}

export class Shares {
  readonly #parts = new Map<string, Share>();

  /** @throws Rejection */
  take(part: string, payload: Uint8Array): void {
    if (OWN.has(part)) return;
    const share = parsePayload(payload);
    for (const [name, value] of Object.entries(share)) {
      const nested = typeof value === 'object' && value !== null;
      if (!nested && !Number.isFinite(value))
        throw new Rejection('wrong-type', `counter ${part}.${name} must be a number, got ${show(value)}`);
    }
    if (!this.#parts.has(part) && this.#parts.size >= MAX_PARTS)
      throw new Rejection('foreign-topic', `at most ${MAX_PARTS} parts may report counters, got ${show(part)}`);
    this.#parts.set(part, share);
  }

  of(part: string): Share | undefined {
    return this.#parts.get(part);
  }

  all(): { [part: string]: Share } {
    return Object.fromEntries(this.#parts);
  }
}
