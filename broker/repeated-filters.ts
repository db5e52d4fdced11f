// A SUBSCRIBE that names a filter more than once gets a code for each mention [MQTT-3.8.4-5]: Aedes answers once per filter, and its client
// would take the codes for those of other filters. Every other SUBSCRIBE is left to Aedes.
import type { Aedes, Client } from 'aedes';

interface Requested {
  readonly topic: string;
  readonly qos: number;
}

interface Subscribe {
  messageId?: number;
  subscriptions: readonly Requested[];
}

interface Asked {
  readonly packet: Subscribe;
  readonly packetId: number;
  readonly filters: readonly string[];
}

const SUBACK = 0x90;
const REFUSED = 0x80; // 3.9.3

export class RepeatedFilters {
  readonly #asked = new WeakMap<Client, Set<Asked>>();

  constructor(aedes: Aedes) {
    aedes.on('subscribe', (granted, client) => this.#answer(client, granted));
  }

  /** Takes the answer upon itself when a filter is repeated: without an identifier Aedes gives none. */
  watch(client: Client, packet: Subscribe): void {
    const filters = packet.subscriptions.map(({ topic }) => topic);
    if (new Set(filters).size === filters.length) return;
    const asked = this.#asked.get(client) ?? new Set();
    this.#asked.set(client, asked.add({ packet, packetId: packet.messageId!, filters }));
    delete packet.messageId;
  }

  /** granted: one for each filter, those refused under another name. */
  #answer(client: Client, granted: readonly Requested[]): void {
    const waiting = this.#asked.get(client);
    for (const asked of waiting ?? []) {
      if (asked.packet.subscriptions !== granted) continue;
      waiting!.delete(asked);
      const codes = asked.filters.map((filter) => granted.find(({ topic }) => topic === filter)?.qos ?? REFUSED);
      client.conn.write(suback(asked.packetId, codes));
    }
  }
}

function suback(packetId: number, codes: readonly number[]): Buffer {
  const length = 2 + codes.length;
  const lengthBytes = [];
  for (let rest = length; rest > 0 || lengthBytes.length === 0; rest >>>= 7)
    lengthBytes.push((rest & 0x7f) | (rest > 0x7f ? 0x80 : 0));
  return Buffer.from([SUBACK, ...lengthBytes, packetId >> 8, packetId & 0xff, ...codes]);
}
