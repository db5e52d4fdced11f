// The messages of QoS 2 that clients have begun to send and not yet released: each is taken once and published once, however often it comes
// [MQTT-4.3.3-2]. They belong to the session, so those of a clean one go with its connection. In place of Aedes' memory of them, which a
// connection that was refused clears for the client whose name it used.

interface Sender {
  readonly id: string;
  readonly clean: boolean;
}

interface Exchange {
  readonly ticket: Promise<void> | undefined;
  isPublished: boolean;
}

/** As many as Aedes allows on one connection; here of a session, on however many. */
const MAX_OPEN = 1000;

type ById = Map<number, Exchange>;

export class Exchanges {
  readonly #kept = new Map<string, ById>();
  readonly #clean = new WeakMap<Sender, ById>();

  /** False for one more of a session that has as many open as it may. */
  hasRoom(client: Sender, packetId: number): boolean {
    const own = this.#of(client);
    return !own || own.size < MAX_OPEN || own.has(packetId);
  }

  /** Takes the message, unless it was taken already. → its ticket; when that rejects the client may come again */
  begin(client: Sender, packetId: number, take: () => Promise<void> | undefined): Promise<void> | undefined {
    const begun = this.#of(client)?.get(packetId);
    if (begun) return begun.ticket;
    const ticket = take();
    this.#ofNew(client).set(packetId, { ticket, isPublished: false });
    ticket?.catch(() => this.end(client, packetId));
    return ticket;
  }

  isPublished(client: Sender, packetId: number): boolean {
    return this.#of(client)?.get(packetId)?.isPublished === true;
  }

  publish(client: Sender, packetId: number): void {
    const begun = this.#of(client)?.get(packetId);
    if (begun) begun.isPublished = true;
  }

  /** Its identifier is free for another message. */
  end(client: Sender, packetId: number): void {
    const own = this.#of(client);
    own?.delete(packetId);
    if (own?.size === 0 && !client.clean) this.#kept.delete(client.id);
  }

  /** Of a kept session that is over. */
  forget(clientId: string): void {
    this.#kept.delete(clientId);
  }

  #of(client: Sender): ById | undefined {
    return client.clean ? this.#clean.get(client) : this.#kept.get(client.id);
  }

  #ofNew(client: Sender): ById {
    const own = this.#of(client) ?? (new Map() as ById);
    if (client.clean) this.#clean.set(client, own);
    else this.#kept.set(client.id, own);
    return own;
  }
}
