// What Aedes' memory gets wrong or leaves without bound: retained messages by filter, the queues of clients that are away, sessions
// without a subscription. It stores in memory only; whether a message may be retained at all is decided in policy.ts.
import { Readable } from 'node:stream';
import type { Aedes, Client } from 'aedes';
import { matches } from './filters.ts';

/** Aedes forgets a session without a subscription; this filter, which nobody may subscribe, stands for it [MQTT-3.2.2-2]. */
export const SESSION_MARK = '$session';
const MAX_PACKET_ID = 65_535;

interface Stored {
  readonly cmd: string;
  readonly topic: string;
  readonly payload: Buffer;
  readonly qos: 0 | 1 | 2;
  readonly dup?: boolean;
  readonly messageId?: number;
}

interface Subscription {
  readonly clientId: string;
  readonly topic: string;
  readonly qos: 0 | 1 | 2;
}

/** The part of Aedes' persistence that is corrected here. */
interface Persistence {
  storeRetained(packet: Stored): Promise<void>;
  createRetainedStreamCombi(filters: readonly string[]): Readable;
  subscriptionsByClient(client: { readonly id: string }): Promise<{ topic: string; qos: number }[]>;
  outgoingStream(client: Client): Readable;
  outgoingEnqueueCombi(subscriptions: readonly Subscription[], packet: Stored): Promise<void>;
  outgoingClearMessageId(client: Client, packet: object): Promise<object | undefined>;
}

export interface MemoryOptions {
  /** Messages kept for one session. */
  readonly sessionMessages: number;
  /** True when the client's session began with an earlier connection. */
  readonly isResumed: (clientId: string) => boolean;
  /** A message was not kept because its session is full. */
  readonly onDrop: () => void;
}

export class Memory {
  readonly #retained = new Map<string, Stored>();
  readonly #kept = new Map<string, number>();
  readonly #options: MemoryOptions;

  /** Takes the place of the broker's own memory; before the first client. */
  constructor(aedes: Aedes, options: MemoryOptions) {
    this.#options = options;
    const { persistence } = aedes as Aedes & { persistence: Persistence };
    this.#correctRetained(persistence);
    this.#correctSessions(persistence);
    this.#correctQueues(persistence);
  }

  get retainedMessages(): number {
    return this.#retained.size;
  }

  #correctRetained(persistence: Persistence): void {
    persistence.storeRetained = (packet) => {
      // A payload is a view into the chunk it arrived in; a copy lets the chunk go.
      if (packet.payload.length === 0) this.#retained.delete(packet.topic); // [MQTT-3.3.1-10]
      else this.#retained.set(packet.topic, { ...packet, payload: Buffer.from(packet.payload) });
      return Promise.resolve();
    };
    persistence.createRetainedStreamCombi = (filters) => Readable.from(this.#retainedOf(filters));
  }

  *#retainedOf(filters: readonly string[]): Generator<Stored> {
    for (const filter of filters) {
      const exact = /[+#]/.test(filter) ? undefined : this.#retained.get(filter);
      if (exact) yield exact;
      if (!/[+#]/.test(filter)) continue;
      for (const [topic, packet] of this.#retained) if (matches(filter, topic)) yield packet;
    }
  }

  #correctSessions(persistence: Persistence): void {
    const subscriptions = persistence.subscriptionsByClient.bind(persistence);
    persistence.subscriptionsByClient = async (client) => {
      const found = await subscriptions(client);
      return found.length === 0 && this.#options.isResumed(client.id) ? [{ topic: SESSION_MARK, qos: 0 }] : found;
    };
    const stream = persistence.outgoingStream.bind(persistence);
    persistence.outgoingStream = (client) => Readable.from(resent(client, stream(client)));
  }

  #correctQueues(persistence: Persistence): void {
    const enqueue = persistence.outgoingEnqueueCombi.bind(persistence);
    persistence.outgoingEnqueueCombi = async (subscriptions, packet) => {
      if (subscriptions.length === 0) return;
      const kept = { ...packet, payload: Buffer.from(packet.payload) };
      for (const [qos, subscribers] of this.#byGrantedQos(subscriptions, packet.qos)) {
        await enqueue(subscribers, qos === packet.qos ? kept : { ...kept, qos });
      }
    };
    const clear = persistence.outgoingClearMessageId.bind(persistence);
    persistence.outgoingClearMessageId = async (client, packet) => {
      const cleared = await clear(client, packet);
      const count = this.#kept.get(client.id) ?? 0;
      if (cleared === undefined || count === 0) return cleared;
      if (count === 1) this.#kept.delete(client.id);
      else this.#kept.set(client.id, count - 1);
      return cleared;
    };
  }

  /** Each session with room once, however many of its filters match, under the best QoS of them [MQTT-3.3.5-1]. */
  #byGrantedQos(subscriptions: readonly Subscription[], published: number): Map<1 | 2, Subscription[]> {
    const best = new Map<string, Subscription>();
    for (const subscription of subscriptions) {
      const other = best.get(subscription.clientId);
      if (!other || other.qos < subscription.qos) best.set(subscription.clientId, subscription);
    }
    const groups = new Map<1 | 2, Subscription[]>();
    for (const subscription of best.values()) {
      const qos = Math.min(subscription.qos, published) as 1 | 2;
      if (!this.#hasRoom(subscription.clientId)) continue;
      const group = groups.get(qos);
      if (group) group.push(subscription);
      else groups.set(qos, [subscription]);
    }
    return groups;
  }

  #hasRoom(clientId: string): boolean {
    const count = this.#kept.get(clientId) ?? 0;
    if (count < this.#options.sessionMessages) this.#kept.set(clientId, count + 1);
    else this.#options.onDrop();
    return count < this.#options.sessionMessages;
  }
}

/**
 * What a session has kept, to be sent at its return: what was sent before goes under its old identifier with DUP [MQTT-3.3.1-1]
 * [MQTT-4.4.0-1], and what follows uses none of these identifiers [MQTT-2.3.1-2].
 */
async function* resent(client: Client, kept: Readable): AsyncGenerator<Stored> {
  const packets: Stored[] = await kept.toArray();
  const highest = packets.reduce((id, { messageId = 0 }) => Math.max(id, messageId), 0);
  numberFrom(client, (highest % MAX_PACKET_ID) + 1);
  for (const packet of packets) {
    yield packet.cmd === 'publish' && packet.messageId !== undefined ? { ...packet, dup: true } : packet;
  }
}

/** The packet identifier that Aedes gives to the next QoS 1 or 2 delivery. */
export function numberFrom(client: Client, packetId: number): void {
  Object.assign(client, { _nextId: packetId });
}
