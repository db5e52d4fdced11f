// Takes the place of what Aedes' memory gets wrong or leaves without bound: retained messages by filter, the queues of clients that are away,
// sessions without a subscription. It stores in memory only; what may be kept is decided in retained.ts and sessions.ts.
import { Readable } from 'node:stream';
import type { Aedes, Client } from 'aedes';
import { KeptDelivery } from './kept-delivery.ts';
import { Queues } from './queues.ts';
import type { Kept, QueueLimits } from './queues.ts';
import type { Retained } from './retained.ts';

/** Aedes forgets a session without a subscription; this filter, which nobody may subscribe, stands for it [MQTT-3.2.2-2]. */
export const SESSION_MARK = '$session';

/** A packet as Aedes hands it over and wants it back. */
export interface Stored {
  readonly cmd: string;
  readonly topic: string;
  readonly payload: Buffer;
  readonly qos: 0 | 1 | 2;
  readonly retain: boolean;
}

interface Subscription {
  readonly clientId: string;
  readonly topic: string;
  readonly qos: 0 | 1 | 2;
}

interface Named {
  readonly id: string;
}

/** The part of Aedes' persistence that is replaced or corrected here. */
interface Persistence {
  storeRetained(packet: Stored): Promise<void>;
  createRetainedStreamCombi(filters: readonly string[]): Readable;
  subscriptionsByClient(client: Named): Promise<{ topic: string; qos: number }[]>;
  cleanSubscriptions(client: Named): Promise<void>;
  cleanIncoming(client: Named): Promise<void>;
  outgoingStream(client: Client): Readable;
  outgoingEnqueueCombi(subscriptions: readonly Subscription[], packet: Stored): Promise<void>;
  outgoingUpdate(client: Client, packet: Kept): Promise<void>;
  outgoingClearMessageId(client: Client, packet: { readonly messageId?: number }): Promise<Kept | undefined>;
}

export interface MemoryOptions {
  readonly retained: Retained<Stored>;
  readonly limits: QueueLimits;
  /** True when the client's session began with an earlier connection. */
  readonly isResumed: (clientId: string) => boolean;
  /** A message was not kept because its session is full. */
  readonly onDrop: () => void;
}

export class Memory {
  readonly #persistence: Persistence;
  readonly #queues: Queues;
  readonly #delivery: KeptDelivery;
  readonly #options: MemoryOptions;

  /** Takes the place of the broker's own memory; before the first client. */
  constructor(aedes: Aedes, options: MemoryOptions) {
    this.#options = options;
    this.#queues = new Queues(options.limits, options.onDrop);
    this.#delivery = new KeptDelivery(this.#queues);
    this.#persistence = (aedes as Aedes & { persistence: Persistence }).persistence;
    this.#replaceRetained();
    this.#correctSessions();
    this.#replaceQueues();
  }

  /** Messages that wait for clients of kept sessions. */
  get queuedMessages(): number {
    return this.#queues.messages;
  }

  get queuedBytes(): number {
    return this.#queues.bytes;
  }

  /** Of a session that is over. */
  forget(clientId: string): void {
    const client = { id: clientId };
    this.#queues.forget(clientId);
    void this.#persistence.cleanSubscriptions(client);
    void this.#persistence.cleanIncoming(client);
  }

  #replaceRetained(): void {
    const { retained } = this.#options;
    this.#persistence.storeRetained = (packet) => {
      retained.store(packet);
      return Promise.resolve();
    };
    this.#persistence.createRetainedStreamCombi = (filters) => Readable.from(retained.matching(filters));
  }

  #correctSessions(): void {
    const persistence = this.#persistence;
    const subscriptions = persistence.subscriptionsByClient.bind(persistence);
    persistence.subscriptionsByClient = async (client) => {
      const found = await subscriptions(client);
      return found.length === 0 && this.#options.isResumed(client.id) ? [{ topic: SESSION_MARK, qos: 0 }] : found;
    };
  }

  #replaceQueues(): void {
    const persistence = this.#persistence;
    const queues = this.#queues;
    persistence.outgoingStream = (client) => {
      if (!client.clean) this.#delivery.begin(client);
      return Readable.from([]);
    };
    persistence.outgoingEnqueueCombi = async (subscriptions, { topic, payload, qos: published }) => {
      const copy = Buffer.from(payload); // the chunk it arrived in may go
      for (const [clientId, qos] of bestQos(subscriptions, published)) {
        // It will match an established subscription, so it goes out without RETAIN [MQTT-3.3.1-9].
        if (qos !== 0) this.#delivery.take(clientId, { cmd: 'publish', topic, payload: copy, qos, retain: false });
      }
    };
    persistence.outgoingUpdate = async (client, { cmd, messageId }) => {
      if (cmd === 'pubrel') queues.release(client.id, messageId);
    };
    persistence.outgoingClearMessageId = async (client, { messageId }) => queues.clear(client.id, messageId);
  }
}

/** Each session once, however many of its filters match, under the best QoS of them [MQTT-3.3.5-1]. */
function bestQos(subscriptions: readonly Subscription[], published: 0 | 1 | 2): Map<string, 0 | 1 | 2> {
  const best = new Map<string, 0 | 1 | 2>();
  for (const { clientId, qos } of subscriptions) {
    const granted = Math.min(qos, published) as 0 | 1 | 2;
    if (granted > (best.get(clientId) ?? -1)) best.set(clientId, granted);
  }
  return best;
}

/** The packet identifier that Aedes gives to the next QoS 1 or 2 delivery. */
export function numberFrom(client: Client, packetId: number): void {
  Object.assign(client, { _nextId: packetId });
}
