// What the broker says about itself under `$SYS/broker/`, in mosquitto's names, and as counters for `/metrics`. It counts nothing itself
// and names no client.

/** All since the start of the broker unless they say otherwise. */
export interface StatusTotals {
  readonly uptimeS: number;
  /** Connected now. */
  readonly clientsConnected: number;
  /** Sessions whose client is away. */
  readonly clientsDisconnected: number;
  /** Sessions that ended because their client did not come back in time. */
  readonly clientsExpired: number;
  /** Sessions that ended, their client away, to make room for others. */
  readonly sessionsDisplaced: number;
  /** Most connected at once. */
  readonly clientsMaximum: number;
  /** Open connections, those that have not yet sent CONNECT included. */
  readonly connections: number;
  /** Connections accepted. */
  readonly sockets: number;
  /** MQTT packets of all kinds. An answer counts as sent when its question has come. */
  readonly messagesReceived: number;
  readonly messagesSent: number;
  readonly publishesReceived: number;
  readonly publishesSent: number;
  readonly publishesDropped: number;
  /** On the wire, TLS and WebSocket frames included. */
  readonly bytesReceived: number;
  readonly bytesSent: number;
  /** Of the clients that are connected. */
  readonly subscriptions: number;
  readonly retainedMessages: number;
  /** Topics and payloads. */
  readonly retainedBytes: number;
  /** Of QoS 1 and 2, for sessions that outlive their connection: not sent or not acknowledged yet. */
  readonly queuedMessages: number;
  /** What those take: topics, payloads and something for each. */
  readonly queuedBytes: number;
}

/** mosquitto's `load/…` and the total behind each. */
const LOADS = {
  'messages/received': 'messagesReceived',
  'messages/sent': 'messagesSent',
  'publish/received': 'publishesReceived',
  'publish/sent': 'publishesSent',
  'publish/dropped': 'publishesDropped',
  'bytes/received': 'bytesReceived',
  'bytes/sent': 'bytesSent',
  sockets: 'sockets',
} as const satisfies { [name: string]: keyof StatusTotals };
const SPANS_MIN = [1, 5, 15];
const MINUTE_S = 60;

export class Status {
  readonly #version: string;
  #last: StatusTotals | undefined;
  readonly #averages = new Map<string, number>();

  constructor(version: string) {
    this.#version = version;
  }

  /** The topics and their texts now; the averages move on by what happened since the last call. */
  topics(totals: StatusTotals): Map<string, string> {
    this.#moveAverages(totals);
    const { clientsConnected: connected, clientsDisconnected: disconnected } = totals;
    const values: { [name: string]: number | string } = {
      version: this.#version,
      uptime: `${Math.floor(totals.uptimeS)} seconds`,
      'clients/total': connected + disconnected,
      'clients/connected': connected,
      'clients/disconnected': disconnected,
      'clients/expired': totals.clientsExpired,
      'clients/maximum': totals.clientsMaximum,
      'messages/received': totals.messagesReceived,
      'messages/sent': totals.messagesSent,
      'publish/messages/received': totals.publishesReceived,
      'publish/messages/sent': totals.publishesSent,
      'publish/messages/dropped': totals.publishesDropped,
      'bytes/received': totals.bytesReceived,
      'bytes/sent': totals.bytesSent,
      'subscriptions/count': totals.subscriptions,
      'retained messages/count': totals.retainedMessages,
    };
    for (const [name, average] of this.#averages) values[`load/${name}`] = average.toFixed(2);
    return new Map(Object.entries(values).map(([name, value]) => [`$SYS/broker/${name}`, String(value)]));
  }

  /** Per minute, fading by 1/e within 1, 5 and 15 minutes: mosquitto(8), "load". */
  #moveAverages(totals: StatusTotals): void {
    const last = this.#last;
    this.#last = totals;
    for (const [load, total] of Object.entries(LOADS)) {
      const seconds = last ? totals.uptimeS - last.uptimeS : 0;
      const perMinute = last && seconds > 0 ? ((totals[total] - last[total]) * MINUTE_S) / seconds : 0;
      for (const spanMin of SPANS_MIN) {
        const name = `${load}/${spanMin}min`;
        const fading = Math.exp(-seconds / (MINUTE_S * spanMin));
        this.#averages.set(name, perMinute + fading * ((this.#averages.get(name) ?? 0) - perMinute));
      }
    }
  }
}
