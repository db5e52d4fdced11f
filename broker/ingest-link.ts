// The way of records to an api in another process, where acknowledged is to mean stored: each record of QoS 1 or 2 goes to the one connection that
// has subscribed for it, and its ticket settles when that has acknowledged it. What an earlier connection did not acknowledge goes again, first
// and in order. Records of QoS 0 and all other messages are not its business, and neither is who may take the link (roles.ts).
import { NoRoom } from '../telemetry/no-room.ts';
import type { Connection } from './connection.ts';
import { LinkQueue } from './ingest-link-queue.ts';
import { LinkTickets } from './ingest-link-tickets.ts';
import type { Limits } from './limits.ts';
import type { Log, Tally } from './tally.ts';

type LinkLimits = Pick<Limits, 'awaitedRecords' | 'awaitedBytes' | 'blockedBytes'>;

/** Whoever sends on all the same is ended when so many times the limit waits. */
const LAST_RESORT = 2;

export interface LinkState {
  readonly isUp: boolean;
  /** Records that wait for the api, sent to it or not. */
  readonly records: number;
  readonly bytes: number;
  /** How long the oldest of them has waited; 0 without any. */
  readonly oldestMs: number;
  /** Sent a second time, after a reconnect. */
  readonly resent: number;
  readonly isFull: boolean;
}

export interface LinkOptions {
  readonly limits: LinkLimits;
  readonly tally: Tally;
  readonly log: Log;
  /** So much waits that nobody who publishes should be read, or there is room again. */
  readonly onCrowd: (isFull: boolean) => void;
}

export class IngestLink {
  readonly #options: LinkOptions;
  readonly #queue = new LinkQueue();
  readonly #tickets = new LinkTickets();
  #connection: Connection | undefined;
  /** For it to read what it has been sent. */
  #isWaiting = false;
  #isFull = false;
  #resent = 0;

  constructor(options: LinkOptions) {
    this.#options = options;
  }

  /** The connection of the api, when it is there. */
  get connection(): Connection | undefined {
    return this.#connection;
  }

  /** True when records wait that were not sent to the api yet. */
  get isBehind(): boolean {
    return this.#queue.hasUnsent;
  }

  get state(): LinkState {
    const { oldestMs } = this.#tickets;
    return {
      isUp: this.#connection !== undefined,
      records: this.#queue.length,
      bytes: this.#queue.bytes,
      oldestMs: oldestMs === undefined ? 0 : performance.now() - oldestMs,
      resent: this.#resent,
      isFull: this.#isFull,
    };
  }

  /** Settles when the api has acknowledged the record. The payload must never change. @throws NoRoom */
  take(topic: string, payload: Uint8Array): Promise<void> {
    if (this.#isFull && this.#holds(LAST_RESORT)) throw new NoRoom('too many records wait for the api');
    const sequence = this.#queue.add(topic, payload);
    const ticket = this.#tickets.of(sequence);
    this.#send();
    if (!this.#isFull && this.#holds(1)) this.#crowd(true);
    return ticket;
  }

  /** Takes the place of whoever had it: the newest api is the one that lives. */
  attach(connection: Connection): void {
    if (connection === this.#connection) return;
    if (this.#connection) this.#connection.isApi = false;
    connection.isApi = true;
    this.#connection = connection;
    this.#isWaiting = false;
    this.#queue.rewind();
    const { log } = this.#options;
    log.info({ client: connection.caller?.clientId, records: this.#queue.length }, 'broker: the api takes records');
    this.#send();
  }

  /** It is gone, or wants no more. */
  detach(connection: Connection): void {
    if (connection !== this.#connection) return;
    connection.isApi = false;
    this.#connection = undefined;
    this.#queue.rewind();
    const { log } = this.#options;
    log.warn(
      { client: connection.caller?.clientId, records: this.#queue.length },
      'broker: no api, nothing is acknowledged',
    );
  }

  /** PUBACK of a connection, whosever it is. */
  acknowledge(connection: Connection, packetId: number): void {
    if (connection !== this.#connection || !this.#queue.acknowledge(packetId)) return;
    this.#tickets.settle(this.#queue.head);
    if (this.#queue.hasUnsent) this.#send();
    if (this.#isFull && !this.#holds(1 / 2)) this.#crowd(false);
  }

  /** As much as the api reads: what waits for it waits here, where it is counted. */
  #send(): void {
    const connection = this.#connection;
    if (!connection || this.#isWaiting) return;
    const { tally, limits } = this.#options;
    const { outflow } = connection;
    while (this.#queue.hasUnsent) {
      if (outflow.waitingBytes >= limits.blockedBytes / 2) {
        this.#wait(connection);
        return;
      }
      const awaited = this.#queue.next();
      if (!awaited) return;
      tally.out++;
      if (awaited.wasSent) {
        this.#resent++;
        outflow.publishAgain(awaited, awaited.packetId); // [MQTT-3.3.1-1]
      } else outflow.publish(awaited, awaited.packetId);
      awaited.wasSent = true;
    }
  }

  #wait(connection: Connection): void {
    this.#isWaiting = true;
    connection.outflow.whenRead(() => {
      if (connection !== this.#connection) return;
      this.#isWaiting = false;
      this.#send();
    });
  }

  #holds(times: number): boolean {
    const { awaitedRecords, awaitedBytes } = this.#options.limits;
    return this.#queue.length >= times * awaitedRecords || this.#queue.bytes >= times * awaitedBytes;
  }

  #crowd(isFull: boolean): void {
    this.#isFull = isFull;
    this.#options.onCrowd(isFull);
  }
}
