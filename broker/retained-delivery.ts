// Sends retained messages to new subscriptions, in place of Aedes' own way: one filter of a client after the other, each message as it is when
// its turn comes, no more than the client reads, and never so many at once that others wait. What is retained is decided in retained.ts.
import type { Aedes, AedesPublishPacket, Client } from 'aedes';
import { outflowOf } from './outflow.ts';
import type { Outflow } from './outflow.ts';

interface Message {
  readonly topic: string;
  readonly payload: Buffer;
  readonly qos: 0 | 1 | 2;
}

interface Granted {
  readonly topic: string;
  readonly qos: number;
}

/** The part of Aedes' client that is used here. */
interface Recipient extends Client {
  deliverQoS(packet: AedesPublishPacket, done: () => void): void;
}

/** What one client is still to be sent. */
interface Sender {
  readonly client: Recipient;
  readonly outflow: Outflow;
  /** Filters that have not begun; one that is subscribed again meanwhile is here once. */
  readonly filters: Set<string>;
  filter: string | undefined;
  messages: Iterator<Message | undefined> | undefined;
}

const REFUSED = 0x80; // 3.9.3
/** How long the others may wait in one turn of the event loop [ms]. */
const TURN_MS = 3;
/** Messages, or steps of a search, of one client before the next one has its turn. */
const AT_ONCE = 16;
/** With more output waiting, the client reads it first. */
const WAITING_BYTES = 65_536;

type Matching = (filter: string) => Iterator<Message | undefined>;
type OnTurn = (client: Client, filter: string) => void;

/**
 * matching: the retained messages of a filter, each read when it is asked for; undefined for a step of the search that found none. onTurn: those
 * of all filters that the client has subscribed before are in its output.
 */
export function deliverRetained(aedes: Aedes, matching: Matching, onTurn: OnTurn): void {
  const delivery = new RetainedDelivery(matching, onTurn);
  aedes.on('subscribe', (subscriptions, client) => delivery.add(client, subscriptions));
  aedes.on('unsubscribe', (filters, client) => delivery.remove(client, filters));
}

class RetainedDelivery {
  readonly #matching: Matching;
  readonly #onTurn: OnTurn;
  readonly #senders = new Map<Client, Sender>();
  #ready: Sender[] = [];
  #isBusy = false;

  constructor(matching: Matching, onTurn: OnTurn) {
    this.#matching = matching;
    this.#onTurn = onTurn;
  }

  add(client: Client, subscriptions: readonly Granted[]): void {
    const granted = subscriptions.filter(({ qos }) => qos !== REFUSED);
    if (granted.length === 0) return;
    const sender = this.#senders.get(client) ?? this.#begin(client as Recipient);
    for (const { topic } of granted) sender.filters.add(topic);
  }

  #begin(client: Recipient): Sender {
    const outflow = outflowOf(client.conn);
    const sender = { client, outflow, filters: new Set<string>(), filter: undefined, messages: undefined };
    this.#senders.set(client, sender);
    this.#goOn(sender);
    return sender;
  }

  remove(client: Client, filters: readonly string[]): void {
    const sender = this.#senders.get(client);
    if (!sender) return;
    for (const filter of filters) {
      sender.filters.delete(filter);
      if (sender.filter === filter) sender.messages = undefined;
    }
  }

  #goOn(sender: Sender): void {
    this.#ready.push(sender);
    if (this.#isBusy) return;
    this.#isBusy = true;
    setImmediate(() => this.#turn());
  }

  #turn(): void {
    const endMs = performance.now() + TURN_MS;
    let at = 0;
    while (at < this.#ready.length && performance.now() < endMs) this.#serve(this.#ready[at++]!);
    this.#ready = this.#ready.slice(at);
    this.#isBusy = this.#ready.length > 0;
    if (this.#isBusy) setImmediate(() => this.#turn());
  }

  /** Until it is another's turn, the client must read first, or nothing is left. */
  #serve(sender: Sender): void {
    const { client, outflow } = sender;
    for (let step = 0; step < AT_ONCE; step++) {
      const next = client.conn.destroyed ? undefined : this.#next(sender);
      if (!next) {
        this.#senders.delete(client);
        return;
      }
      if (!next.message) continue;
      client.deliverQoS(packetOf(next.message), () => undefined);
      if (outflow.waitingBytes >= WAITING_BYTES) {
        outflow.whenRead(() => this.#goOn(sender));
        return;
      }
    }
    this.#ready.push(sender);
  }

  /** Undefined when the client has been sent all; without a message when the search must go on. */
  #next(sender: Sender): { message: Message | undefined } | undefined {
    const next = sender.messages?.next();
    if (next && !next.done) return { message: next.value };
    const [filter] = sender.filters;
    sender.filter = filter;
    sender.messages = undefined;
    if (filter === undefined) return undefined;
    sender.filters.delete(filter);
    this.#onTurn(sender.client, filter);
    sender.messages = this.#matching(filter);
    return { message: undefined };
  }
}

/** Aedes numbers what a broker has published; this must not count as one of them. */
function packetOf({ topic, payload, qos }: Message): AedesPublishPacket {
  const packet = { cmd: 'publish', topic, payload, qos, retain: true, dup: false, brokerId: null, brokerCounter: 0 };
  return packet as unknown as AedesPublishPacket;
}
