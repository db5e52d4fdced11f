// Takes the place of what Aedes' memory gets wrong or leaves without bound: retained messages by filter, the queues of clients that are away,
// sessions without a subscription. It stores in memory only; what may be kept is decided in retained.ts and sessions.ts.
import { Readable } from 'node:stream';
import type { Aedes, Client } from 'aedes';
import { Queues } from './queues.ts';
import type { QueueLimits } from './queues.ts';
import type { Retained } from './retained.ts';

/** Aedes forgets a session without a subscription; this filter, which nobody may subscribe, stands for it [MQTT-3.2.2-2]. */
export const SESSION_MARK = '$session';
const MAX_PACKET_ID = 65_535;

/** A packet as Aedes hands it over and wants it back. */
export interface Stored {
  readonly cmd: string;
  readonly topic: string;
  readonly payload: Buffer;
  readonly qos: 0 | 1 | 2;
  readonly retain: boolean;
  readonly dup?: boolean;
  readonly brokerId?: string;
  readonly brokerCounter?: number;
  messageId?: number;
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
  outgoingUpdate(client: Client, packet: Stored): Promise<void>;
  outgoingClearMessageId(client: Client, packet: Stored): Promise<Stored | undefined>;
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
  readonly #queues: Queues<Stored>;
  readonly #options: MemoryOptions;

  /** Takes the place of the broker's own memory; before the first client. */
  constructor(aedes: Aedes, options: MemoryOptions) {
    this.#options = options;
    this.#queues = new Queues(options.limits, options.onDrop);
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
    persistence.outgoingStream = (client) => Readable.from(resent(client, queues.of(client.id)));
    persistence.outgoingEnqueueCombi = async (subscriptions, packet) => {
      const payload = Buffer.from(packet.payload); // a copy: the chunk it arrived in may go
      for (const [clientId, qos] of bestQos(subscriptions, packet.qos)) {
        // It will match an established subscription, so it goes out without RETAIN [MQTT-3.3.1-9].
        queues.add(clientId, { ...packet, payload, qos, retain: false });
      }
    };
    persistence.outgoingUpdate = async (client, packet) => queues.update(client.id, packet);
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

/**
 * What a session has kept, to be sent at its return: what was sent before goes under its old identifier with DUP [MQTT-3.3.1-1]
 * [MQTT-4.4.0-1], and what follows uses none of these identifiers [MQTT-2.3.1-2].
 */
function resent(client: Client, packets: readonly Stored[]): Stored[] {
  const highest = packets.reduce((id, { messageId = 0 }) => Math.max(id, messageId), 0);
  numberFrom(client, (highest % MAX_PACKET_ID) + 1);
  return packets.map((packet) =>
    packet.cmd === 'publish' && packet.messageId !== undefined ? { ...packet, dup: true } : packet,
  );
}

/** The packet identifier that Aedes gives to the next QoS 1 or 2 delivery. */
export function numberFrom(client: Client, packetId: number): void {
  Object.assign(client, { _nextId: packetId });
}
