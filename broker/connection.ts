// One connection from its first byte to its last: the stream, the client that Aedes makes of it, and what stands between both. It decides
// nothing; what happens to a connection is decided by who holds it (policy.ts, pacing.ts).
import type { Client } from 'aedes';
import type { Duplex } from 'node:stream';
import { Acknowledgements } from './acknowledgements.ts';
import type { Caller } from './door.ts';
import { Grants } from './grants.ts';
import { Guard } from './guard.ts';
import { Outflow } from './outflow.ts';
import type { Quota } from './quota.ts';
import type { Access } from './roles.ts';

export interface Connection {
  readonly guard: Guard;
  readonly outflow: Outflow;
  readonly owed: Acknowledgements;
  readonly subscriptions: Grants;
  readonly client: Client;
  /** What the bytes go through: of a WebSocket, the socket below it. */
  readonly socket: Duplex;
  caller?: Caller;
  /** It has ended. */
  gone: boolean;
  /** Once its CONNECT is accepted. */
  access?: Access;
  /** How fast it may publish, if it is a single device. */
  quota?: Quota;
  /** Records go to it by the link (ingest-link.ts). */
  isApi: boolean;
  /** Publishes read from it and not yet acknowledged and delivered. */
  inProgress: number;
  /** Those of them, of QoS 1, that Aedes reads and acknowledges itself. */
  byAedes: number;
  /** The turn of the event loop in which it published last, and how many it did then. */
  turn: number;
  inTurn: number;
  /** Publishes that wait for a ticket and for which Aedes must be told to read on. */
  readOn: number;
}

export interface ConnectionLimits {
  readonly connectBytes: number;
  readonly blockedBytes: number;
}

/** What happens to a connection that its holder must hear of. */
export interface Watcher {
  /** It sent a packet too large, and ends. */
  oversize(connection: Connection, bytes: number): void;
  /** After a write: so much waits for it, above 0. */
  waits(connection: Connection, bytes: number): void;
  /** It was answered although it does not read what waits for it. */
  answered(connection: Connection): void;
}

/** Before Aedes reads from the stream; connect: makes Aedes' client of it. */
export function openConnection(
  stream: Duplex,
  socket: Duplex,
  connect: () => Client,
  limits: ConnectionLimits,
  watcher: Watcher,
): Connection {
  const guard = new Guard(stream, limits, (bytes) => watcher.oversize(connection, bytes));
  const outflow = new Outflow(stream, limits.blockedBytes, {
    waits: (bytes) => watcher.waits(connection, bytes),
    answered: () => watcher.answered(connection),
  });
  const connection: Connection = {
    guard,
    outflow,
    owed: new Acknowledgements(),
    subscriptions: new Grants(),
    client: connect(),
    socket,
    gone: false,
    isApi: false,
    inProgress: 0,
    byAedes: 0,
    turn: -1,
    inTurn: 0,
    readOn: 0,
  };
  return connection;
}
