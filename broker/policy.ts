// The hooks that Aedes calls, and what stands between its faults and our promises: a hook never throws or rejects, a refused publish is
// acknowledged, dropped and counted, and a PUBACK leaves only after the publish's ticket has settled. Decisions are in door.ts and roles.ts.
import type { Aedes, AedesOptions, AedesPublishPacket, Client, PublishPacket, Subscription } from 'aedes';
import type { Duplex } from 'node:stream';
import { ingestFilter, parseTopic } from '../telemetry/topics.ts';
import type { Take } from '../telemetry/messages.ts';
import { NoRoom } from '../telemetry/no-room.ts';
import { openConnection } from './connection.ts';
import { originOf } from './origin.ts';
import type { Connection } from './connection.ts';
import { deliverThrough } from './delivery.ts';
import { Refused } from './door.ts';
import type { Admitted, Door } from './door.ts';
import type { Exchanges } from './exchanges.ts';
import { deliverAtGrantedQos } from './granted-qos.ts';
import type { IngestLink } from './ingest-link.ts';
import { WINDOW } from './ingest-link-queue.ts';
import { readThrough } from './intake.ts';
import type { Limits } from './limits.ts';
import { NOWHERE, numberFrom } from './memory.ts';
import type { Memory, Stored } from './memory.ts';
import type { Pacing } from './pacing.ts';
import type { Retained } from './retained.ts';
import { Quotas } from './quota.ts';
import { rememberRoutes } from './routes.ts';
import { shieldFromAedes } from './shield.ts';
import { ShortPublish, ShortWay } from './short-way.ts';
import { SubscriptionTurns } from './subscription-turns.ts';
import type { SlowReaders } from './slow-readers.ts';
import type { Log, Tally } from './tally.ts';

const NOTHING = Buffer.alloc(0);

export interface PolicyParts {
  readonly city: string;
  readonly door: Door<Connection>;
  readonly take: Take;
  /** Where acknowledgements wait for an api in another process. */
  readonly link?: IngestLink | undefined;
  readonly limits: Limits;
  readonly retained: Retained<Stored>;
  readonly exchanges: Exchanges;
  readonly pacing: Pacing;
  readonly slow: SlowReaders;
  readonly tally: Tally;
  readonly log: Log;
}

export class Policy {
  readonly #parts: PolicyParts;
  readonly #connections = new WeakMap<Client, Connection>();
  readonly #quotas: Quotas;
  /** All connections that have a client. */
  readonly open = new Set<Connection>();
  #shortWay!: ShortWay;
  #turns!: SubscriptionTurns;
  #memory!: Memory;

  constructor(parts: PolicyParts) {
    this.#parts = parts;
    const { devicePublishesPerS, devicePublishesAtOnce } = parts.limits;
    this.#quotas = new Quotas(devicePublishesPerS, devicePublishesAtOnce);
  }

  /** Before the first client. */
  serve(aedes: Aedes, memory: Memory): void {
    this.#memory = memory;
    const { city, pacing, limits } = this.#parts;
    this.#shortWay = new ShortWay(city, this, pacing, limits);
    this.#turns = new SubscriptionTurns(aedes);
    rememberRoutes(aedes);
  }

  /** Options for Aedes; every hook is closed against exceptions. */
  hooks(): AedesOptions {
    return {
      preConnect: (client, packet, done) => {
        const connection = this.#connections.get(client);
        if (connection) {
          const { clientId, clean = true, will } = packet;
          connection.caller = { clientId, nameless: clientId === '', clean, willTopic: will?.topic };
        }
        done(null, connection !== undefined);
      },
      authenticate: (client, username, password, done) => {
        const connection = this.#connections.get(client)!;
        this.#identify(connection, username, password)
          .then((admitted) => this.#enter(connection, admitted, () => done(null, true)))
          .catch((error: unknown) => done(this.#refusedConnect(client, error) as never, false));
      },
      authorizePublish: (client, packet, done) => this.#authorizePublish(client, packet, done),
      authorizeSubscribe: (client, subscription, done) => {
        let allowed = false;
        try {
          allowed = this.#maySubscribe(client, subscription);
        } catch (error) {
          this.#parts.log.error({ err: error }, 'broker: a subscription could not be judged');
        }
        // Aedes stores a kept session's filters, refused ones included, as soon as the first is granted: so all are judged first.
        setImmediate(done, null, allowed ? subscription : null);
      },
      authorizeForward: (client, packet) => this.#forward(client, packet),
      published: (packet, client: Client | null, done) => {
        const connection = client ? this.#connections.get(client) : undefined;
        if (connection && packet.qos < 2) this.#finished(connection, packet);
        done(null);
      },
    };
  }

  /** Takes charge of a new connection before Aedes reads from it. socket: what the stream's bytes go through. */
  attach(stream: Duplex, socket: Duplex, connect: () => Client): Connection {
    const { limits, tally, pacing, slow, door } = this.#parts;
    const connection = openConnection(stream, socket, connect, limits, {
      oversize: ({ caller }, bytes) => tally.refuse('oversize', { client: caller?.clientId, bytes }),
      waits: (one, bytes) => slow.waits(one, bytes),
      answered: (one) => slow.answered(one),
    });
    const { client, outflow } = connection;
    this.#connections.set(client, connection);
    this.open.add(connection);
    const acknowledged = (packetId: number): void => this.#parts.link?.acknowledge(connection, packetId);
    shieldFromAedes(client, {
      acknowledged,
      inTurn: (change, handOn) => this.#turns.take(client, connection.guard, change, handOn),
    });
    deliverThrough(
      outflow,
      client,
      (recipient, packet) => this.#forward(recipient, packet) !== null,
      () => this.#takeId(connection),
    );
    deliverAtGrantedQos(client, connection.subscriptions);
    readThrough(client, (incoming) => this.#shortWay.take(connection, incoming), acknowledged);
    client.once('connected', () => {
      if (connection.access?.mayPublishAnything && !connection.access.mayIngest) pacing.published(connection);
      connection.guard.connected();
    });
    stream.once('close', () => {
      connection.gone = true;
      this.open.delete(connection);
      this.#parts.link?.detach(connection);
      pacing.forget(connection);
      slow.forget(connection);
      const { caller, quota } = connection;
      if (!caller) return;
      door.leave(caller.clientId, connection);
      // A device's client id is its name.
      if (quota) this.#quotas.leave(caller.clientId, quota, performance.now());
    });
    return connection;
  }

  unsubscribed(client: Client, filters: readonly string[]): void {
    const connection = this.#connections.get(client);
    for (const filter of filters) connection?.subscriptions.delete(filter);
    if (connection && filters.includes(ingestFilter(this.#parts.city))) this.#parts.link?.detach(connection);
  }

  /** The client has been sent the retained messages of what it subscribed before this filter: an api knows what its records need. */
  inTurn(client: Client, filter: string): void {
    const connection = this.#connections.get(client);
    if (!connection || connection.gone || !connection.subscriptions.has(filter)) return;
    if (filter !== ingestFilter(this.#parts.city) || !this.#parts.link) return;
    this.#parts.pacing.exempt(connection);
    this.#parts.link.attach(connection);
  }

  /** The frame as it may travel: history is never retained, and what is retained is limited. */
  mayRetain(topic: string, payload: Uint8Array, retain: boolean): boolean {
    return this.#parts.retained.mayRetain(topic, payload, retain);
  }

  /** Counts an accepted frame and passes it on. type: of its topic. */
  accept(
    topic: string,
    payload: Uint8Array,
    qos: 0 | 1 | 2,
    retain: boolean,
    type = parseTopic(topic)?.type,
  ): Promise<void> | undefined {
    const { link, tally, take } = this.#parts;
    if (type !== 'telemetry' && type !== 'event') return take({ topic, payload, qos, retain });
    const ticket = link && qos > 0 ? link.take(topic, payload) : take({ topic, payload, qos, retain });
    tally.in++;
    if (link && qos === 0 && !link.connection) tally.dropped++;
    return ticket;
  }

  async #identify(
    connection: Connection,
    username: string | undefined,
    password: Uint8Array | undefined,
  ): Promise<Admitted> {
    const { door, limits } = this.#parts;
    let late: NodeJS.Timeout | undefined;
    const timeout = new Promise<never>((_, reject) => {
      late = setTimeout(() => reject(new Refused('busy', 3)), limits.authenticateTimeoutMs);
    });
    // Aedes has named the nameless by now. An absent CONNECT field arrives as undefined or null.
    const { client } = connection;
    const caller = (connection.caller = { ...connection.caller!, ...originOf(client), clientId: client.id });
    try {
      return await Promise.race([door.identify(caller, username ?? undefined, password ?? undefined), timeout]);
    } finally {
      clearTimeout(late);
    }
  }

  /** In one step, and only for a connection that is still there: the id stays with whoever has it until somebody else can have it. */
  #enter(connection: Connection, admitted: Admitted, goOn: () => void): void {
    if (connection.gone || connection.client.closed) return;
    const previous = this.#parts.door.enter(connection.caller!, connection, admitted);
    const { access } = admitted;
    const { timetableBytes, packetBytes } = this.#parts.limits;
    connection.access = access;
    connection.guard.limitBytes = access.hasTimetables ? timetableBytes : packetBytes;
    if (access.isDevice) {
      connection.quota = previous?.quota ?? this.#quotas.come(connection.caller!.clientId, performance.now());
      this.#parts.pacing.comes(connection);
    }
    if (previous) endBefore(previous, goOn);
    else goOn();
  }

  #refusedConnect(client: Client, error: unknown): Error & { returnCode: number } {
    const refused = error instanceof Refused ? error : new Refused('internal', 3);
    const { clientId, address } = this.#connections.get(client)?.caller ?? {};
    this.#parts.tally.refuse(refused.cause, { client: clientId, address });
    if (refused !== error) this.#parts.log.error({ err: error }, 'broker: authentication failed');
    return refused;
  }

  #authorizePublish(client: Client | null, packet: PublishPacket, done: (error?: Error | null) => void): void {
    const connection = client ? this.#connections.get(client) : undefined;
    if (!connection?.access) {
      done(new Error('a publish without a connection'));
      return;
    }
    if (isExchange(packet) && !this.#parts.exchanges.hasRoom(client!, packet.messageId)) {
      this.#parts.tally.refuse('open-exchanges', { client: client!.id });
      client!.conn.destroy(); // MQTT 3.1.1 has no other answer
      return;
    }
    try {
      if (packet.qos < 2) this.#parts.pacing.begun(connection);
      else this.#parts.pacing.published(connection); // exchanges.ts bounds QoS 2
      if (packet.qos === 1) connection.byAedes++;
      const cause = connection.access.publishRefusal(packet.topic) ?? this.#lengthRefusal(packet);
      if (cause) this.#drop(cause, client!, packet);
      else packet.retain = this.mayRetain(packet.topic, packet.payload as Buffer, packet.retain);
      const take = () => (cause ? undefined : this.#accept(packet));
      const ticket = isExchange(packet) ? this.#parts.exchanges.begin(client!, packet.messageId, take) : take();
      if (packet.qos === 0) {
        ticket?.catch((error: unknown) => this.broken(client!, error));
        done(null);
        return;
      }
      connection.owed.add(
        ticket,
        () => done(null),
        (error) => this.broken(client!, error),
      );
      if (connection.owed.owed > 0) this.#parts.pacing.readOn(connection);
    } catch (error) {
      this.broken(client!, error);
    }
  }

  /** Who may publish timetables may publish nothing else that is as long. */
  #lengthRefusal({ topic, payload }: PublishPacket): 'oversize' | undefined {
    const isLong = payload.length > this.#parts.limits.packetBytes;
    return isLong && parseTopic(topic)?.type !== 'timetable' ? 'oversize' : undefined;
  }

  #finished(connection: Connection, packet: PublishPacket): void {
    if (packet.qos === 1 && !(packet instanceof ShortPublish)) connection.byAedes--;
    this.#parts.pacing.finished(connection);
  }

  #accept({ topic, payload, qos, retain }: PublishPacket): Promise<void> | undefined {
    return this.accept(topic, payload as Buffer, qos, retain);
  }

  /** Acknowledged like any other, so that the sender does not come again for ever, and delivered to nobody. */
  #drop(cause: string, client: Client, packet: PublishPacket): void {
    this.#parts.tally.refuse(cause, { client: client.id, topic: packet.topic.slice(0, 100) });
    packet.topic = NOWHERE;
    packet.payload = NOTHING;
    packet.retain = false;
  }

  /** What was not taken must not be acknowledged: the connection ends and the sender comes again. */
  broken(client: Client, error: unknown): void {
    const hasNoRoom = error instanceof NoRoom;
    this.#parts.tally.refuse(hasNoRoom ? 'no-room' : 'internal', { client: client.id });
    if (!hasNoRoom) this.#parts.log.error({ err: error }, 'broker: a publish could not be taken');
    client.conn.destroy();
  }

  #maySubscribe(client: Client, subscription: Subscription): boolean {
    const connection = this.#connections.get(client);
    const { topic } = subscription;
    const room =
      connection &&
      (connection.subscriptions.size < this.#parts.limits.subscriptionsPerClient ||
        connection.subscriptions.has(topic));
    // A kept session would have in its queue what the link sends.
    const isKeptApi = !client.clean && topic === ingestFilter(this.#parts.city);
    if (room && !isKeptApi && connection.access?.maySubscribe(topic)) {
      connection.subscriptions.set(topic, subscription.qos);
      return true;
    }
    const cause = room === false ? 'too-many-subscriptions' : 'subscribe';
    this.#parts.tally.refuse(cause, { client: client.id, filter: topic.slice(0, 100) });
    subscription.topic = NOWHERE;
    subscription.qos = 0;
    return false;
  }

  /** Of the next message above QoS 0 that does not go by the link; whoever may have the link sees no identifier of it elsewhere. */
  #takeId({ client, access }: Connection): number {
    const packetId = this.#memory.takeId(client);
    if (packetId > WINDOW || !this.#parts.link || !access?.mayIngest) return packetId;
    numberFrom(client, WINDOW + 2);
    return WINDOW + 1;
  }

  #forward(client: Client, packet: AedesPublishPacket): AedesPublishPacket | null {
    const { link } = this.#parts;
    if (link?.connection?.client === client && isRecord(packet.topic)) {
      if (packet.qos > 0) return null; // it had it by the link
      if (link.isBehind) {
        this.#parts.tally.dropped++; // it would overtake
        return null;
      }
    }
    if (packet.qos === 0 && client.conn.writableLength > this.#parts.limits.slowBytes) {
      this.#parts.tally.dropped++;
      return null;
    }
    this.#parts.tally.out++;
    return packet;
  }
}

/** Its will is on its way, and its session free, before the newcomer goes on. */
function endBefore({ client, gone }: Connection, goOn: () => void): void {
  if (gone) goOn();
  else if (client.closed) client.conn.once('close', goOn);
  else client.close(goOn);
}

/** Of a topic that was accepted. */
function isRecord(topic: string): boolean {
  return topic.startsWith('city/') && (topic.endsWith('/telemetry') || topic.endsWith('/event'));
}

/** A will has no identifier, and does not come again. */
function isExchange(packet: PublishPacket): packet is PublishPacket & { messageId: number } {
  return packet.qos === 2 && packet.messageId !== undefined;
}
