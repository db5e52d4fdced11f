// QoS 1 publishes on their way out: at most `window` of them un-acknowledged at the broker, the rest waiting in order, all of it bounded.
// It numbers and keeps them until the PUBACK; it does not touch the network.

export interface Outgoing {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly retain: boolean;
  packetId: number;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

/** Publishes use the lower half of the packet identifiers, SUBSCRIBE the upper half, so that they never meet. */
export const MAX_PUBLISH_ID = 32_767;

export class Outbox {
  readonly #window: number;
  readonly #limit: number;
  /** In the order of sending, which is the order of re-sending [MQTT-4.6.0-1]. */
  readonly #unacked = new Map<number, Outgoing>();
  #waiting: Outgoing[] = [];
  #head = 0;
  #lastId = 0;

  /** window: 1…32767 un-acked publishes; limit: all that is kept, un-acked and waiting. */
  constructor(window: number, limit: number) {
    this.#window = window;
    this.#limit = limit;
  }

  get size(): number {
    return this.#unacked.size + this.#waiting.length - this.#head;
  }

  /** The caller has filled a whole window: it should pause until acknowledgements come in. */
  get full(): boolean {
    return this.size >= this.#window;
  }

  /** Settles at the PUBACK; rejects when the outbox is over its limit or abandoned. The payload is copied. */
  add(topic: string, payload: Uint8Array, retain: boolean): Promise<void> {
    if (this.size >= this.#limit)
      return handled(Promise.reject(new Error(`outbox is full with ${this.#limit} publishes`)));
    return handled(
      new Promise((resolve, reject) => {
        this.#waiting.push({ topic, payload: Buffer.from(payload), retain, packetId: 0, resolve, reject });
      }),
    );
  }

  /** The next publish to send for the first time, numbered; undefined when the window is full or nothing waits. */
  next(): Outgoing | undefined {
    if (this.#head === this.#waiting.length || this.#unacked.size >= this.#window) return undefined;
    const publish = this.#waiting[this.#head++]!;
    if (this.#head >= 1024 && this.#head * 2 >= this.#waiting.length) {
      this.#waiting = this.#waiting.slice(this.#head);
      this.#head = 0;
    }
    publish.packetId = this.#freeId();
    this.#unacked.set(publish.packetId, publish);
    return publish;
  }

  acknowledge(packetId: number): void {
    const publish = this.#unacked.get(packetId);
    if (!publish) return;
    this.#unacked.delete(packetId);
    publish.resolve();
  }

  /** What was sent on an earlier connection and never acknowledged, oldest first. */
  unacked(): Iterable<Outgoing> {
    return this.#unacked.values();
  }

  /** Gives up: every publish that is still here rejects. */
  abandon(reason: string): void {
    const all = [...this.#unacked.values(), ...this.#waiting.slice(this.#head)];
    this.#unacked.clear();
    this.#waiting = [];
    this.#head = 0;
    for (const publish of all) publish.reject(new Error(reason));
  }

  #freeId(): number {
    do this.#lastId = this.#lastId >= MAX_PUBLISH_ID ? 1 : this.#lastId + 1;
    while (this.#unacked.has(this.#lastId));
    return this.#lastId;
  }
}

/** A caller may ignore the promise: its rejection must not end the process. */
function handled(promise: Promise<void>): Promise<void> {
  promise.catch(() => undefined);
  return promise;
}
