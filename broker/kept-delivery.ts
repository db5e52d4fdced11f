// Delivers QoS 1 and 2 to clients whose session outlives its connection, in place of Aedes' own delivery: always from the head of the session's
// queue, so that what comes now cannot overtake what was kept, and nothing is sent twice on one connection [MQTT-4.6.0-6]. Whom a message
// concerns is not decided here, nor how much may be kept (queues.ts).
/* oxlint-disable no-underscore-dangle -- Aedes offers no seam here; these are its own names */
import type { Client } from 'aedes';
import { outflowOf } from './outflow.ts';
import type { Outflow } from './outflow.ts';
import type { Message, Queues } from './queues.ts';

/** The part of Aedes' client that is used here. */
interface Recipient extends Client {
  readonly closed: boolean;
  _nextId: number;
}

interface Link {
  readonly client: Recipient;
  readonly outflow: Outflow;
  /** For the client to read what it has been sent. */
  isWaiting: boolean;
}

const MAX_PACKET_ID = 65_535;
const PUBREL = 0x62; // 3.6.1

export class KeptDelivery {
  readonly #queues: Queues;
  readonly #onSend: () => void;
  /** Connections that have their CONNACK, by client id. */
  readonly #links = new Map<string, Link>();

  /** onSend: a message goes out, for the first time or again. */
  constructor(queues: Queues, onSend: () => void) {
    this.#queues = queues;
    this.#onSend = onSend;
  }

  /**
   * The client has its CONNACK: what its session keeps goes out, then what comes. What was sent on an earlier connection comes first, under its
   * old identifier and with DUP [MQTT-3.3.1-1] [MQTT-4.4.0-1]; what follows uses none of these identifiers [MQTT-2.3.1-2].
   */
  begin(client: Client): void {
    if ((client as unknown as Recipient).closed) return;
    const link = { client: client as unknown as Recipient, outflow: outflowOf(client.conn), isWaiting: false };
    link.client._nextId = (this.#queues.rewind(client.id) % MAX_PACKET_ID) + 1;
    this.#links.set(client.id, link);
    client.conn.once('close', () => {
      if (this.#links.get(client.id) === link) this.#links.delete(client.id);
    });
    this.#sendWaiting(link);
  }

  /** One more for the session: now, if its client is there and nothing waits before it. It goes out even where it could not be kept. */
  take(clientId: string, message: Message): void {
    const link = this.#links.get(clientId);
    const isNext = link && !this.#queues.next(clientId);
    const isKept = this.#queues.add(clientId, message);
    if (!link || link.client.closed) return;
    if (isKept) this.#sendWaiting(link);
    else if (isNext && !link.outflow.isBlocked) {
      this.#onSend();
      link.outflow.publish(message, this.takeId(link.client));
    }
  }

  #sendWaiting(link: Link): void {
    while (!link.isWaiting && !link.client.closed && this.#queues.next(link.client.id)) {
      if (link.outflow.isBlocked) this.#wait(link);
      else this.#sendNext(link);
    }
  }

  #wait(link: Link): void {
    link.isWaiting = true;
    link.outflow.whenRead(() => {
      link.isWaiting = false;
      if (this.#links.get(link.client.id) === link) this.#sendWaiting(link);
    });
  }

  #sendNext({ client, outflow }: Link): void {
    const kept = this.#queues.next(client.id)!;
    if (kept.cmd === 'publish') this.#onSend();
    const { messageId: oldId } = kept;
    const packetId = oldId ?? this.takeId(client);
    this.#queues.send(client.id, packetId);
    if (kept.cmd === 'pubrel') client.conn.write(Buffer.from([PUBREL, 2, packetId >> 8, packetId & 0xff]));
    else if (oldId === undefined) outflow.publish(kept, packetId);
    else outflow.publishAgain(kept, packetId);
  }

  /** For the next delivery above QoS 0, kept or not: one that no message of the session has [MQTT-2.3.1-4]. */
  takeId(client: Client): number {
    const recipient = client as unknown as Recipient;
    let id = recipient._nextId;
    if (!client.clean) {
      for (let tried = 1; tried < MAX_PACKET_ID && this.#queues.uses(client.id, id); tried++) id = following(id);
    }
    recipient._nextId = following(id);
    return id;
  }
}

function following(packetId: number): number {
  return packetId >= MAX_PACKET_ID ? 1 : packetId + 1;
}
