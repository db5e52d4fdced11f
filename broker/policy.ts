// The hooks that Aedes calls, and what stands between its faults and our promises: a hook never throws or rejects, a refused publish is
// acknowledged, dropped and counted, and a PUBACK leaves only after the publish's ticket has settled. Decisions are in door.ts and roles.ts.
import type { Aedes, AedesOptions, AedesPublishPacket, Client, PublishPacket, Subscription } from 'aedes';
import type { Duplex } from 'node:stream';
import { parseTopic } from '../telemetry/topics.ts';
import type { Take } from '../telemetry/messages.ts';
import { Acknowledgements } from './acknowledgements.ts';
import { deliverThrough } from './delivery.ts';
import { Refused } from './door.ts';
import type { Caller, Door } from './door.ts';
import { deliverAtGrantedQos } from './granted-qos.ts';
import { Guard } from './guard.ts';
import { readThrough } from './intake.ts';
import type { Limits } from './limits.ts';
import { Outflow } from './outflow.ts';
import { isTopic } from './roles.ts';
import type { Access } from './roles.ts';
import { rememberRoutes } from './routes.ts';
import { ShortPublish, ShortWay } from './short-way.ts';
import { Sleepers } from './sleepers.ts';
import type { Log, Tally } from './tally.ts';

/** Where refused publishes and filters go: `$` keeps it out of reach of wildcards, and no role may subscribe it. */
const NOWHERE = '$refused';
const NOTHING = Buffer.alloc(0);
const AUTHENTICATE_TIMEOUT_MS = 5000;
/** Topics longer than this are looked at before Aedes sees them: it ends the connection at 100 levels. */
const SUSPICIOUS_LENGTH = 100;
/** What a latecomer must know; history is none of it. */
const RETAINED = new Set(['status', 'kind', 'clock', 'counters', 'timetable', 'scenarioState']);

/** Of one connection, from its first byte to its last. */
export interface Session {
  readonly guard: Guard;
  readonly outflow: Outflow;
  readonly owed: Acknowledgements;
  readonly subscriptions: Set<string>;
  readonly client: Client;
  caller?: Caller;
  /** Its connection has ended. */
  gone: boolean;
  access?: Access;
  /** Publishes read from it and not yet acknowledged and delivered. */
  inProgress: number;
  /** Those of them, of QoS 1, that Aedes reads and acknowledges itself. */
  byAedes: number;
  /** Those of them, of QoS 1, that wait for a turn to themselves. */
  deferred: number;
  /** Publishes that wait for a ticket and for which Aedes must be told to read on. */
  readOn: number;
}

export class Policy {
  readonly #door: Door;
  readonly #take: Take;
  readonly #limits: Limits;
  readonly #tally: Tally;
  readonly #log: Log;
  readonly #sessions = new WeakMap<Client, Session>();
  /** Connections that are not read because too much of theirs is under way. */
  readonly held = new Set<Session>();
  /** All connections that have a client. */
  readonly open = new Set<Session>();
  readonly #retained = new Set<string>();
  readonly #city: string;
  #shortWay!: ShortWay;

  constructor(city: string, door: Door, take: Take, limits: Limits, tally: Tally, log: Log) {
    this.#door = door;
    this.#take = take;
    this.#limits = limits;
    this.#tally = tally;
    this.#log = log;
    this.#city = city;
  }

  /** Before the first client. */
  serve(aedes: Aedes): void {
    this.#shortWay = new ShortWay(this.#city, this, this.#limits, new Sleepers(aedes));
    rememberRoutes(aedes);
  }

  /** Options for Aedes; every hook is closed against exceptions. */
  hooks(): AedesOptions {
    return {
      preConnect: (client, packet, done) => {
        const session = this.#sessions.get(client);
        if (session) {
          const { clientId, clean = true, will } = packet;
          session.caller = { clientId, nameless: clientId === '', clean, willTopic: will?.topic };
        }
        done(null, session !== undefined);
      },
      authenticate: (client, username, password, done) => {
        this.#authenticate(client, username, password).then(
          () => done(null, true),
          (error: unknown) => done(this.#refusedConnect(client, error) as never, false),
        );
      },
      authorizePublish: (client, packet, done) => this.#authorizePublish(client, packet, done),
      authorizeSubscribe: (client, subscription, done) => {
        let allowed = false;
        try {
          allowed = this.#maySubscribe(client, subscription);
        } catch (error) {
          this.#log.error({ err: error }, 'broker: a subscription could not be judged');
        }
        // Aedes stores a kept session's filters, refused ones included, as soon as the first is granted: so all are judged first.
        setImmediate(done, null, allowed ? subscription : null);
      },
      authorizeForward: (client, packet) => this.#forward(client, packet),
      published: (packet, client: Client | null, done) => {
        const session = client ? this.#sessions.get(client) : undefined;
        if (session && packet.qos < 2) this.#finished(session, packet);
        done(null);
      },
    };
  }

  /** Takes charge of a new connection before Aedes reads from it. */
  attach(stream: Duplex, connect: () => Client): Session {
    const guard = new Guard(stream, this.#limits, (bytes) => {
      this.#tally.refuse('oversize', { client: session.caller?.clientId, bytes });
    });
    const outflow = new Outflow(stream, this.#limits.blockedBytes);
    const client = connect();
    const session: Session = {
      guard,
      outflow,
      owed: new Acknowledgements(),
      subscriptions: new Set(),
      client,
      gone: false,
      inProgress: 0,
      byAedes: 0,
      deferred: 0,
      readOn: 0,
    };
    this.#sessions.set(client, session);
    this.open.add(session);
    shieldTopics(client);
    deliverThrough(outflow, client, (recipient, packet) => this.#forward(recipient, packet) !== null);
    deliverAtGrantedQos(client);
    readThrough(client, (incoming) => this.#shortWay.take(session, incoming));
    stream.once('close', () => {
      session.gone = true;
      this.open.delete(session);
      this.held.delete(session);
      if (session.caller) this.#door.leave(session.caller.clientId, session);
    });
    return session;
  }

  unsubscribed(client: Client, filters: readonly string[]): void {
    const session = this.#sessions.get(client);
    for (const filter of filters) session?.subscriptions.delete(filter);
  }

  /** A held client's PINGREQ waits unread: that is our doing and must not end its connection. */
  keepHeldAlive(): void {
    for (const { client } of this.held) {
      const { _keepaliveTimer: timer } = client as Client & { _keepaliveTimer?: NodeJS.Timeout | null };
      timer?.refresh();
    }
  }

  /** The frame as it may travel: history is never retained, and retained topics are limited. */
  mayRetain(topic: string, payload: Uint8Array, retain: boolean): boolean {
    if (!retain) return false;
    if (!RETAINED.has(parseTopic(topic)?.type ?? '') && !topic.startsWith('$SYS/')) return false;
    if (payload.length === 0) this.#retained.delete(topic);
    else if (this.#retained.size >= this.#limits.retainedTopics && !this.#retained.has(topic)) {
      this.#tally.refuse('too-many-retained', { topic });
      return false;
    } else this.#retained.add(topic);
    return true;
  }

  /** Counts an accepted frame and passes it on. type: of its topic. */
  accept(
    topic: string,
    payload: Uint8Array,
    qos: 0 | 1 | 2,
    retain: boolean,
    type = parseTopic(topic)?.type,
  ): Promise<void> | undefined {
    if (type === 'telemetry' || type === 'event') this.#tally.in++;
    return this.#take({ topic, payload, qos, retain });
  }

  async #authenticate(client: Client, username: string | undefined, password: Uint8Array | undefined): Promise<void> {
    const session = this.#sessions.get(client)!;
    let late: NodeJS.Timeout | undefined;
    const timeout = new Promise<never>((_, reject) => {
      late = setTimeout(() => reject(new Refused('busy', 3)), AUTHENTICATE_TIMEOUT_MS);
    });
    // Aedes has named the nameless by now. An absent CONNECT field arrives as undefined or null.
    const caller = (session.caller = { ...session.caller!, clientId: client.id });
    const admitted = this.#door.admit(caller, session, username ?? undefined, password ?? undefined);
    const leaveIfGone = (): void => {
      if (session.gone) this.#door.leave(caller.clientId, session);
    };
    admitted.then(leaveIfGone, () => undefined);
    try {
      session.access = (await Promise.race([admitted, timeout])).access;
    } finally {
      clearTimeout(late);
    }
    session.guard.limitBytes = this.#limits[session.access.hasTimetables ? 'timetableBytes' : 'packetBytes'];
  }

  #refusedConnect(client: Client, error: unknown): Error & { returnCode: number } {
    const refused = error instanceof Refused ? error : new Refused('internal', 3);
    this.#tally.refuse(refused.cause, { client: this.#sessions.get(client)?.caller?.clientId });
    if (refused !== error) this.#log.error({ err: error }, 'broker: authentication failed');
    return refused;
  }

  #authorizePublish(client: Client | null, packet: PublishPacket, done: (error?: Error | null) => void): void {
    const session = client ? this.#sessions.get(client) : undefined;
    if (!session?.access) {
      done(new Error('a publish without a connection'));
      return;
    }
    try {
      if (packet.qos < 2) this.begun(session); // Aedes itself bounds QoS 2
      if (packet.qos === 1) session.byAedes++;
      const cause = session.access.publishRefusal(packet.topic) ?? this.#lengthRefusal(packet);
      const ticket = cause ? this.#drop(cause, client!, packet) : this.#accept(packet);
      if (packet.qos === 0) {
        ticket?.catch((error: unknown) => this.broken(client!, error));
        done(null);
        return;
      }
      session.owed.add(
        ticket,
        () => done(null),
        (error) => this.broken(client!, error),
      );
      if (session.owed.owed > 0) this.#readOn(session);
    } catch (error) {
      this.broken(client!, error);
    }
  }

  /** Who may publish timetables may publish nothing else that is as long. */
  #lengthRefusal({ topic, payload }: PublishPacket): 'oversize' | undefined {
    const isLong = payload.length > this.#limits.packetBytes;
    return isLong && parseTopic(topic)?.type !== 'timetable' ? 'oversize' : undefined;
  }

  /** One client's share of what is under way is bounded: above it, it is not read. */
  begun(session: Session): void {
    if (++session.inProgress < this.#limits.maxInProgress || session.guard.held) return;
    session.guard.hold();
    this.held.add(session);
  }

  #finished(session: Session, packet: PublishPacket): void {
    session.inProgress--;
    if (packet.qos === 1 && !(packet instanceof ShortPublish)) session.byAedes--;
    if (session.inProgress <= this.#limits.maxInProgress / 2 && this.held.delete(session)) session.guard.release();
  }

  /**
   * Aedes reads on only when all that it read before is done. A late ticket would so hold up QoS 0 and PINGREQ of its client; the bound
   * above is ours, so Aedes may read on: each 'readable' counts as one packet done. Not now, it is in the middle of parsing.
   */
  #readOn(session: Session): void {
    if (session.readOn++ > 0) return;
    setImmediate(() => {
      const { client } = session;
      for (; session.readOn > 0; session.readOn--) client.conn.emit('readable');
    });
  }

  #accept(packet: PublishPacket): Promise<void> | undefined {
    const payload = packet.payload as Buffer;
    packet.retain = this.mayRetain(packet.topic, payload, packet.retain);
    return this.accept(packet.topic, payload, packet.qos, packet.retain);
  }

  /** Acknowledged like any other, so that the sender does not come again for ever, and delivered to nobody. */
  #drop(cause: string, client: Client, packet: PublishPacket): undefined {
    this.#tally.refuse(cause, { client: client.id, topic: packet.topic.slice(0, 100) });
    packet.topic = NOWHERE;
    packet.payload = NOTHING;
    packet.retain = false;
  }

  /** What was not taken must not be acknowledged: the connection ends and the sender comes again. */
  broken(client: Client, error: unknown): void {
    this.#tally.refuse('internal', { client: client.id });
    this.#log.error({ err: error }, 'broker: a publish could not be taken');
    client.conn.destroy();
  }

  #maySubscribe(client: Client, subscription: Subscription): boolean {
    const session = this.#sessions.get(client);
    const { topic } = subscription;
    const room =
      session && (session.subscriptions.size < this.#limits.subscriptionsPerClient || session.subscriptions.has(topic));
    if (room && session.access?.maySubscribe(topic)) {
      session.subscriptions.add(topic);
      return true;
    }
    const cause = room === false ? 'too-many-subscriptions' : 'subscribe';
    this.#tally.refuse(cause, { client: client.id, filter: topic.slice(0, 100) });
    subscription.topic = NOWHERE;
    subscription.qos = 0;
    return false;
  }

  #forward(client: Client, packet: AedesPublishPacket): AedesPublishPacket | null {
    if (packet.qos === 0 && client.conn.writableLength > this.#limits.slowBytes) {
      this.#tally.dropped++;
      return null;
    }
    this.#tally.out++;
    return packet;
  }
}

/** Marks over-long topics before Aedes, which ends the connection of their sender: they are to be refused like any other bad topic. */
function shieldTopics(client: Client): void {
  const { _parser: parser } = client as Client & { _parser: NodeJS.EventEmitter };
  const [toAedes] = parser.listeners('packet');
  parser.removeAllListeners('packet');
  parser.on('packet', (packet: { cmd: string; topic: string }) => {
    if (packet.cmd === 'publish' && packet.topic.length > SUSPICIOUS_LENGTH && !isTopic(packet.topic))
      packet.topic = NOWHERE;
    toAedes!.call(parser, packet);
  });
}
