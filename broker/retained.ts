// Retained messages: which may be kept, how many of them and of how many bytes, and those that are. History is none of them: only what a
// latecomer must know. Who may publish them is decided in roles.ts.
import { parseTopic } from '../telemetry/topics.ts';
import { matches } from './filters.ts';

/** What a latecomer must know. */
const RETAINED = new Set(['status', 'kind', 'clock', 'counters', 'timetable', 'scenarioState']);

/** Some 20 µs. */
const STEP_TOPICS = 64;

export interface RetainedLimits {
  readonly retainedTopics: number;
  /** Of all topics and payloads together. */
  readonly retainedBytes: number;
}

export interface RetainedMessage {
  readonly topic: string;
  readonly payload: Buffer;
}

export class Retained<Message extends RetainedMessage> {
  readonly #limits: RetainedLimits;
  readonly #onRefused: (cause: 'too-many-retained' | 'retained-bytes', topic: string) => void;
  #bytes = 0;
  readonly #messages = new Map<string, Message>();

  constructor(
    limits: RetainedLimits,
    onRefused: (cause: 'too-many-retained' | 'retained-bytes', topic: string) => void,
  ) {
    this.#limits = limits;
    this.#onRefused = onRefused;
  }

  get count(): number {
    return this.#messages.size;
  }

  /** Topics and payloads. */
  get bytes(): number {
    return this.#bytes;
  }

  /** Whether the frame travels with RETAIN; what is refused goes to those who subscribe now, and the older one stays. */
  mayRetain(topic: string, payload: Uint8Array, retain: boolean): boolean {
    if (!retain) return false;
    if (!RETAINED.has(parseTopic(topic)?.type ?? '') && !topic.startsWith('$SYS/')) return false;
    return this.#hasRoom(topic, payload);
  }

  /** An empty payload clears the topic [MQTT-3.3.1-10]. */
  store(message: Message): void {
    const { topic, payload } = message;
    // It was asked for before its ticket had settled: others may have taken the room meanwhile.
    if (!this.#hasRoom(topic, payload)) return;
    this.#bytes -= bytesOf(this.#messages.get(topic));
    if (payload.length === 0) {
      this.#messages.delete(topic);
      return;
    }
    this.#bytes += bytesOf(message);
    // A payload is a view into the chunk it arrived in; a copy lets the chunk go. The topic keeps its place: whoever is told all sees it once.
    this.#messages.set(topic, { ...message, payload: Buffer.from(payload) });
  }

  /** Each as it is when it is asked for; undefined for every so many topics that do not match: the search may take long. */
  *matching(filter: string): Generator<Message | undefined> {
    if (!/[+#]/.test(filter)) {
      yield this.#messages.get(filter);
      return;
    }
    let passed = 0;
    for (const [topic, message] of this.#messages) {
      if (matches(filter, topic)) yield message;
      else if (++passed % STEP_TOPICS === 0) yield undefined;
    }
  }

  #hasRoom(topic: string, payload: Uint8Array): boolean {
    if (payload.length === 0) return true;
    const had = this.#messages.get(topic);
    if (!had && this.#messages.size >= this.#limits.retainedTopics) return this.#refuse('too-many-retained', topic);
    const total = this.#bytes - bytesOf(had) + bytesOf({ topic, payload });
    return total <= this.#limits.retainedBytes || this.#refuse('retained-bytes', topic);
  }

  #refuse(cause: 'too-many-retained' | 'retained-bytes', topic: string): false {
    this.#onRefused(cause, topic);
    return false;
  }
}

function bytesOf(message: { readonly topic: string; readonly payload: Uint8Array } | undefined): number {
  return message ? message.topic.length + message.payload.length : 0;
}
