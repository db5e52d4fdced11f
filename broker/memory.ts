// Takes the place of what Aedes' memory gets wrong or leaves without bound: retained messages by filter, the queues of clients that are away,
// sessions without a subscription. It stores in memory only; what may be kept is decided in retained.ts and sessions.ts.
import { Readable } from 'node:stream';
import type { Aedes, Client } from 'aedes';
import type { Exchanges } from './exchanges.ts';
import { KeptDelivery } from './kept-delivery.ts';
import { KeptSubscriptions } from './kept-subscriptions.ts';
import type { Subscribed } from './kept-subscriptions.ts';
import { Queues } from './queues.ts';
import type { Kept, QueueLimits } from './queues.ts';
import type { Retained } from './retained.ts';
import { deliverRetained } from './retained-delivery.ts';
import { failed, settled } from './settled.ts';

/** Aedes forgets a session without a subscription; this filter, which nobody may subscribe, stands for it [MQTT-3.2.2-2]. */
export const SESSION_MARK = '$session';

/** Where refused publishes and filters go: `$` keeps it out of reach of wildcards, and no role may subscribe it. */
export const NOWHERE = '$refused';

/** A packet as Aedes hands it over and wants it back. */
export interface Stored {
  readonly cmd: string;
  readonly topic: string;
  readonly payload: Buffer;
  readonly qos: 0 | 1 | 2;
  readonly retain: boolean;
}

interface Named {
  readonly id: string;
}

interface Numbered {
  readonly messageId: number;
}

/** The part of Aedes' persistence that is replaced or corrected here. */
interface Persistence {
  storeRetained(packet: Stored): PromiseLike<void>;
  createRetainedStreamCombi(): { pipe(to: object): void };
  addSubscriptions(
    client: Named & { readonly closed: boolean },
    subscriptions: readonly Subscribed[],
  ): PromiseLike<void>;
  removeSubscriptions(client: Named, filters: readonly string[]): PromiseLike<void>;
  cleanSubscriptions(client: Named): PromiseLike<void>;
  subscriptionsByClient(client: Named): PromiseLike<Subscribed[]>;
  subscriptionsByTopic(topic: string): PromiseLike<object[]>;
  incomingGetPacket(client: Client, packet: Numbered): PromiseLike<Numbered>;
  incomingStorePacket(client: Client, packet: Numbered): PromiseLike<void>;
  incomingDelPacket(client: Client, packet: Numbered): PromiseLike<void>;
  cleanIncoming(client: Named): Promise<void>;
  outgoingStream(client: Client): Readable;
  outgoingEnqueueCombi(subscriptions: readonly object[], packet: Stored): PromiseLike<void>;
  outgoingUpdate(client: Client, packet: Kept): Promise<void>;
  outgoingClearMessageId(client: Client, packet: { readonly messageId?: number }): Promise<Kept | undefined>;
}

export interface MemoryOptions {
  readonly retained: Retained<Stored>;
  readonly limits: QueueLimits;
  readonly exchanges: Exchanges;
  /** True when the client has a session that outlives its connection. */
  readonly isKept: (clientId: string) => boolean;
  /** True when the client's session began with an earlier connection. */
  readonly isResumed: (clientId: string) => boolean;
  /** A client has all retained messages of the filters that it has subscribed before this one. */
  readonly onTurn: (client: Client, filter: string) => void;
  /** A message goes to the client of a session. */
  readonly onSend: () => void;
  /** A message was not kept because its session is full. */
  readonly onDrop: () => void;
}

export class Memory {
  readonly #persistence: Persistence;
  readonly #queues: Queues;
  readonly #delivery: KeptDelivery;
  readonly #subscriptions: KeptSubscriptions;
  readonly #options: MemoryOptions;

  /** Takes the place of the broker's own memory; before the first client. */
  constructor(aedes: Aedes, options: MemoryOptions) {
    this.#options = options;
    this.#queues = new Queues(options.limits, options.onDrop);
    this.#delivery = new KeptDelivery(this.#queues, options.onSend);
    this.#subscriptions = new KeptSubscriptions(options.isKept);
    this.#persistence = (aedes as Aedes & { persistence: Persistence }).persistence;
    this.#replaceRetained();
    deliverRetained(aedes, (filter) => options.retained.matching(filter), options.onTurn);
    this.#replaceSubscriptions();
    this.#replaceQueues();
    this.#replaceIncoming();
  }

  /** Messages that wait for clients of kept sessions. */
  get queuedMessages(): number {
    return this.#queues.messages;
  }

  get queuedBytes(): number {
    return this.#queues.bytes;
  }

  /** The packet identifier of the next delivery to the client above QoS 0. */
  takeId(client: Client): number {
    return this.#delivery.takeId(client);
  }

  /** Of a session that is over. */
  forget(clientId: string): void {
    this.#queues.forget(clientId);
    this.#subscriptions.forget(clientId);
    this.#options.exchanges.forget(clientId);
  }

  #replaceRetained(): void {
    const { retained } = this.#options;
    this.#persistence.storeRetained = (packet) => {
      retained.store(packet);
      return settled(undefined);
    };
    this.#persistence.createRetainedStreamCombi = () => ({ pipe: () => undefined }); // retained-delivery.ts
  }

  #replaceSubscriptions(): void {
    const persistence = this.#persistence;
    const subscriptions = this.#subscriptions;
    persistence.addSubscriptions = async ({ id, closed }, added) => {
      if (closed) return; // the session may be somebody else's by now
      const granted = added.filter(({ topic }) => topic !== NOWHERE);
      subscriptions.add(id, granted);
    };
    persistence.removeSubscriptions = async ({ id }, filters) => subscriptions.remove(id, filters);
    persistence.cleanSubscriptions = async ({ id }) => subscriptions.forget(id);
    persistence.subscriptionsByClient = async ({ id }) => {
      const found = subscriptions.of(id);
      return found.length === 0 && this.#options.isResumed(id) ? [{ topic: SESSION_MARK, qos: 0 }] : found;
    };
  }

  #replaceQueues(): void {
    const persistence = this.#persistence;
    const queues = this.#queues;
    persistence.outgoingStream = (client) => {
      if (!client.clean) this.#delivery.begin(client);
      return Readable.from([]);
    };
    persistence.subscriptionsByTopic = () => settled([]); // asked for the next alone
    persistence.outgoingEnqueueCombi = (_, packet) => {
      this.#enqueue(packet);
      return settled(undefined);
    };
    persistence.outgoingUpdate = async (client, { cmd, messageId }) => {
      if (cmd === 'pubrel') queues.release(client.id, messageId);
    };
    persistence.outgoingClearMessageId = async (client, { messageId }) => queues.clear(client.id, messageId);
  }

  #replaceIncoming(): void {
    const persistence = this.#persistence;
    const { exchanges } = this.#options;
    persistence.incomingGetPacket = (client, packet) =>
      exchanges.isPublished(client, packet.messageId) ? settled(packet) : failed(new Error('not yet published'));
    persistence.incomingStorePacket = (client, { messageId }) => settled(exchanges.publish(client, messageId));
    persistence.incomingDelPacket = (client, { messageId }) => settled(exchanges.end(client, messageId));
    // Aedes calls this for whoever used the client id, let in or not.
    persistence.cleanIncoming = async () => undefined;
  }

  #enqueue({ topic, payload, qos: published }: Stored): void {
    if (published === 0) return;
    const concerned = this.#subscriptions.concerned(topic, published);
    if (concerned.size === 0) return;
    const copy = Buffer.from(payload); // the chunk it arrived in may go
    for (const [clientId, qos] of concerned) {
      // It will match an established subscription, so it goes out without RETAIN [MQTT-3.3.1-9].
      this.#delivery.take(clientId, { cmd: 'publish', topic, payload: copy, qos, retain: false });
    }
  }
}

/** The packet identifier that Aedes gives to the next QoS 1 or 2 delivery. */
export function numberFrom(client: Client, packetId: number): void {
  Object.assign(client, { _nextId: packetId });
}
