// The MQTT broker: Aedes behind our policy. It starts and ends it, listens on TCP, and offers the stream seam for MQTT over WebSocket.
// What is allowed is decided in policy.ts; nothing is stored here.
import type { IncomingMessage } from 'node:http';
import { createServer } from 'node:net';
import type { AddressInfo, Server } from 'node:net';
import type { Duplex } from 'node:stream';
import { Aedes } from 'aedes';
import type { Client } from 'aedes';
import { KIND_PATTERN, show } from '../telemetry/description.ts';
import { isLoopback } from '../telemetry/loopback.ts';
import type { Take } from '../telemetry/messages.ts';
import { Arrivals } from './arrivals.ts';
import { countClientErrors } from './client-errors.ts';
import type { Connection } from './connection.ts';
import type { Credentials } from './credential-source.ts';
import { leaveInTurn } from './departures.ts';
import { Door } from './door.ts';
import { Exchanges } from './exchanges.ts';
import { HOLD } from './guard.ts';
import { IngestLink } from './ingest-link.ts';
import type { LinkState } from './ingest-link.ts';
import { DEFAULT_LIMITS } from './limits.ts';
import type { Limits } from './limits.ts';
import { Memory, SESSION_MARK, numberFrom } from './memory.ts';
import type { Stored } from './memory.ts';
import { Pacing } from './pacing.ts';
import { Policy } from './policy.ts';
import { RepeatedFilters } from './repeated-filters.ts';
import { Retained } from './retained.ts';
import { topicRefusal } from './roles.ts';
import { Sessions } from './sessions.ts';
import { SlowReaders } from './slow-readers.ts';
import { Status } from './status.ts';
import type { StatusTotals } from './status.ts';
import { makeStrict } from './strict-parser.ts';
import { Tally } from './tally.ts';
import type { BrokerTotals, Log } from './tally.ts';
import { createTlsServer } from './tls-listener.ts';
import type { TlsMaterial } from './tls-listener.ts';
import { Traffic } from './traffic.ts';
import { Turns } from './turns.ts';

export interface BrokerOptions {
  readonly city: string;
  readonly host: string;
  /** TCP; 0 = a free one */
  readonly port: number;
  /** A second listener that speaks TLS; on the same address unless it names another. */
  readonly tls?: { readonly host?: string; readonly port: number; readonly material: TlsMaterial };
  /** Absent or `anonymous`: only on loopback, and everyone without a name is integrator, controller and viewer. */
  readonly credentials?: Credentials;
  /** Called for every accepted publish, those of publish() included. */
  readonly take: Take;
  /** Records of QoS 1 and 2 go to an api in another process instead of `take`, and are acknowledged when it has acknowledged them. */
  readonly awaitApi?: boolean;
  readonly log: Log;
  readonly limits?: Partial<Limits>;
  /** Monotonic clock [ms], for how long sessions sleep and ids rest; default: the machine's. */
  readonly nowMs?: () => number;
}

export interface Broker {
  /** The TCP port it listens on. */
  readonly port: number;
  /** The port on which it listens for TLS, if it does. */
  readonly tlsPort: number | undefined;
  /** Speaks MQTT on any stream, for example a WebSocket. */
  readonly handle: (stream: Duplex, request?: IncomingMessage) => void;
  /**
   * Publishes as the broker itself; resolves when the frame is durable and in the output of its subscribers, whether or not they read.
   * @throws for a topic that is none of the city's
   */
  publish(topic: string, payload: Uint8Array, options: { qos: 0 | 1; retain: boolean }): Promise<void>;
  /** `take` has not settled so much that nobody who publishes should be read, or it has. For a broker whose `take` is the api itself. */
  crowd(isCrowded: boolean): void;
  /** Totals since the start. */
  counters(): BrokerTotals;
  /** What `$SYS/broker/` says, as numbers. */
  status(): StatusTotals;
  /** How records get to an api in another process; undefined when nothing waits for one. */
  ingestLink(): LinkState | undefined;
  /** Stops reading, waits up to 3 s for the acknowledgements that are owed, then ends all connections. */
  close(): Promise<void>;
}

const HOUSEKEEPING_MS = 500;
const SWEEP_MS = 1000;
const DRAIN_MS = 3000;
const FLUSH_MS = 1000;
const STATUS_EVERY_MS = 10_000; // mosquitto's sys_interval
/** Our own `$SYS` topics that viewers may read. */
const STATUS_TOPICS = '$SYS/broker/';

/** @throws when an option is wrong, the port is taken, or the host is not loopback and there are no credentials */
export async function startBroker(options: BrokerOptions): Promise<Broker> {
  checkOptions(options);
  const limits = { ...DEFAULT_LIMITS, ...options.limits };
  const { city, log, take, nowMs = () => performance.now() } = options;
  const tally = new Tally(log);
  const sessions = new Sessions(limits, (clientId) => memory.forget(clientId));
  const door = new Door<Connection>(city, options.credentials, limits, sessions, nowMs);
  const pacing = new Pacing(limits.maxInProgress);
  const slow = new SlowReaders(limits);
  const retained = new Retained<Stored>(limits, (cause, topic) => tally.refuse(cause, { topic }));
  const exchanges = new Exchanges();
  const onCrowd = (isFull: boolean): void => pacing.crowd(isFull);
  const link = options.awaitApi ? new IngestLink({ limits, tally, log, onCrowd }) : undefined;
  const policy = new Policy({ city, door, take, link, limits, retained, exchanges, pacing, slow, tally, log });
  const aedes = await createAedes(policy, limits);
  const memory = new Memory(aedes, {
    retained,
    limits,
    exchanges,
    isKept: (clientId) => sessions.isKept(clientId),
    isResumed: (clientId) => sessions.isResumed(clientId),
    onTurn: (client, filter) => policy.inTurn(client, filter),
    onSend: () => tally.out++,
    onDrop: () => tally.dropped++,
  });
  const repeated = new RepeatedFilters(aedes);
  policy.serve(aedes, memory);
  countClientErrors(aedes, tally, log);

  const traffic = new Traffic();
  const departures = new Turns(limits.departuresPerS);
  const arrivals = new Arrivals(limits, tally, (stream, request) => {
    leaveInTurn(stream, departures);
    const { client, guard } = policy.attach(stream, request?.socket ?? stream, () => aedes.handle(stream, request));
    correct(client, repeated, tally);
    traffic.watch(stream, request, guard);
  });
  const handle: Broker['handle'] = (stream, request) => arrivals.take(stream, request);
  const server = createServer({ noDelay: true }, handle);
  const tlsServer = options.tls && createTlsServer(options.tls.material, handle, (cause) => tally.refuse(cause, {}));
  await listen(server, options.port, options.host);
  if (options.tls && tlsServer) {
    tlsServer.maxConnections = limits.maxConnections; // those that are still shaking hands included
    try {
      await listen(tlsServer, options.tls.port, options.tls.host ?? options.host);
    } catch (error) {
      server.close();
      throw error;
    }
  }
  const endUnwelcome = (which: 'all' | 'ending'): void => {
    for (const connection of door.unwelcome(which)) {
      tally.refuse('no-longer-welcome', { client: connection.caller?.clientId });
      connection.client.conn.destroy();
    }
  };
  options.credentials?.onChange?.(() => endUnwelcome('all'));
  const housekeeping = setInterval(() => {
    pacing.keepHeldAlive();
    slow.look(performance.now());
    sessions.expire(nowMs());
  }, HOUSEKEEPING_MS);
  // Tokens end by themselves.
  const sweeping = setInterval(() => endUnwelcome('ending'), SWEEP_MS);

  const publish: Broker['publish'] = async (topic, payload, { qos, retain }) => {
    const own = topic.startsWith(STATUS_TOPICS);
    const cause = own ? undefined : topicRefusal(topic, city);
    if (cause) throw new Error(`the broker of ${city} publishes to its own topics only (${cause}), got ${show(topic)}`);
    const kept = policy.mayRetain(topic, payload, retain);
    if (!own) await policy.accept(topic, payload, qos, kept);
    await new Promise<void>((resolve, reject) => {
      const packet = { cmd: 'publish', topic, payload: Buffer.from(payload), qos, retain: kept, dup: false } as const;
      aedes.publish(packet, (error) => (error ? reject(error) : resolve()));
    });
  };

  const startedMs = performance.now();
  let clientsMaximum = 0;
  aedes.on('client', () => (clientsMaximum = Math.max(clientsMaximum, door.clients)));
  const totals = (): StatusTotals => ({
    uptimeS: (performance.now() - startedMs) / 1000,
    connections: arrivals.streams.size,
    clientsMaximum,
    retainedMessages: retained.count,
    retainedBytes: retained.bytes,
    queuedMessages: memory.queuedMessages,
    queuedBytes: memory.queuedBytes,
    clientsConnected: door.clients,
    clientsDisconnected: sessions.sleeping,
    clientsExpired: sessions.expired,
    sessionsDisplaced: sessions.displaced,
    ...totalsOf(policy, tally, traffic),
  });
  const status = new Status(`citytwin with aedes ${(aedes as Aedes & { version: string }).version}`);
  const publishStatus = (): void => {
    for (const [topic, text] of status.topics(totals())) {
      publish(topic, Buffer.from(text), { qos: 0, retain: true }).catch((error: unknown) => {
        log.error({ err: error }, 'broker: its status could not be published');
      });
    }
  };
  const telling = setInterval(publishStatus, STATUS_EVERY_MS);
  publishStatus();

  const shutDown = async (): Promise<void> => {
    server.close();
    tlsServer?.close();
    arrivals.close();
    // The api is still heard: others wait for its acknowledgements.
    for (const connection of policy.open) if (!connection.isApi) connection.guard.hold(HOLD.closing);
    const isSettled = () => [...policy.open].every(({ owed }) => owed.owed === 0);
    await until(() => isSettled() || (link !== undefined && !link.connection), DRAIN_MS);
    await until(() => [...arrivals.streams].every((stream) => stream.writableLength === 0), FLUSH_MS);
    clearInterval(housekeeping);
    clearInterval(sweeping);
    clearInterval(telling);
    await new Promise<void>((resolve) => aedes.close(resolve));
    for (const stream of arrivals.streams) stream.destroy();
  };
  let closing: Promise<void> | undefined;

  return {
    port: (server.address() as AddressInfo).port,
    tlsPort: (tlsServer?.address() as AddressInfo | undefined)?.port,
    handle,
    publish,
    crowd: onCrowd,
    counters: () => tally.totals(door.clients),
    status: totals,
    ingestLink: () => link?.state,
    close: () => (closing ??= shutDown()),
  };
}

async function createAedes(policy: Policy, limits: Limits): Promise<Aedes> {
  const hooks = policy.hooks();
  const aedes = await Aedes.createBroker({
    ...hooks,
    authorizeSubscribe: (client, subscription, done) => {
      if (subscription?.topic === SESSION_MARK) done(null, null);
      else hooks.authorizeSubscribe!(client, subscription, done);
    },
    drainTimeout: 0, // slow-readers.ts
    connectTimeout: limits.connectTimeoutMs,
    keepaliveLimit: limits.keepAliveS,
    maxClientsIdLength: 256,
  });
  aedes.on('unsubscribe', (filters, client) => policy.unsubscribed(client, filters));
  return aedes;
}

/** Makes a client of Aedes follow the standard where Aedes does not; around whatever else delivers to it. */
function correct(client: Client, repeated: RepeatedFilters, tally: Tally): void {
  numberFrom(client, 1);
  makeStrict(client, {
    packet: (packet) => {
      if (packet.cmd === 'subscribe') repeated.watch(client, packet);
    },
    foreignVersion: (level) => tally.refuse('protocol-version', { level, expected: 'MQTT 3.1.1 (level 4)' }),
  });
}

function totalsOf(policy: Policy, { out, dropped }: Tally, traffic: Traffic) {
  const { sockets, packets, publishes, answered, bytesReceived, bytesSent } = traffic.totals();
  return {
    sockets,
    messagesReceived: packets,
    messagesSent: answered + out,
    publishesReceived: publishes,
    publishesSent: out,
    publishesDropped: dropped,
    bytesReceived,
    bytesSent,
    subscriptions: [...policy.open].reduce((sum, { subscriptions }) => sum + subscriptions.size, 0),
  };
}

function checkOptions({ city, host, port, tls, credentials }: BrokerOptions): void {
  const problems: string[] = [];
  if (!KIND_PATTERN.test(city)) problems.push(`city must match ${KIND_PATTERN.source}, got ${show(city)}`);
  if (!Number.isInteger(port) || port < 0 || port > 65_535)
    problems.push(`port must be an integer from 0 to 65535, got ${show(port)}`);
  const reachable = [host, tls?.host ?? host].find((address) => !isLoopback(address));
  if (reachable !== undefined && (!credentials || credentials.anonymous)) {
    problems.push(
      `a broker that others can reach needs credentials; without them host must be loopback, got ${show(reachable)}`,
    );
  }
  if (problems.length > 0) throw new Error(problems.join('; '));
}

function listen(server: Server, port: number, host: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(port, host, () => {
      server.removeListener('error', reject);
      server.on('error', () => undefined); // a failed accept (too many open files) concerns one connection
      resolve();
    });
  });
}

async function until(condition: () => boolean, withinMs: number): Promise<void> {
  const deadlineMs = performance.now() + withinMs;
  while (!condition() && performance.now() < deadlineMs) await new Promise((resolve) => setTimeout(resolve, 5));
}
