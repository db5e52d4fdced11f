// One connection from its first byte to its last: the stream, the client that Aedes makes of it, and what stands between both. It decides
// nothing; what happens to a connection is decided by who holds it (policy.ts, pacing.ts).
import type { Client } from 'aedes';
import type { Duplex } from 'node:stream';
import { Acknowledgements } from './acknowledgements.ts';
import type { Caller } from './door.ts';
import { Guard } from './guard.ts';
import { Outflow } from './outflow.ts';
import type { Access } from './roles.ts';

export interface Connection {
  readonly guard: Guard;
  readonly outflow: Outflow;
  readonly owed: Acknowledgements;
  readonly subscriptions: Set<string>;
  readonly client: Client;
  caller?: Caller;
  /** It has ended. */
  gone: boolean;
  /** Once its CONNECT is accepted. */
  access?: Access;
  /** Publishes read from it and not yet acknowledged and delivered. */
  inProgress: number;
  /** Those of them, of QoS 1, that Aedes reads and acknowledges itself. */
  byAedes: number;
  /** Publishes that wait for a ticket and for which Aedes must be told to read on. */
  readOn: number;
}

export interface ConnectionLimits {
  readonly connectBytes: number;
  readonly blockedBytes: number;
}

/** Before Aedes reads from the stream; connect: makes Aedes' client of it. onOversize: it sent a packet too large, and ends. */
export function openConnection(
  stream: Duplex,
  connect: () => Client,
  limits: ConnectionLimits,
  onOversize: (connection: Connection, bytes: number) => void,
): Connection {
  const guard = new Guard(stream, limits, (bytes) => onOversize(connection, bytes));
  const outflow = new Outflow(stream, limits.blockedBytes);
  const connection: Connection = {
    guard,
    outflow,
    owed: new Acknowledgements(),
    subscriptions: new Set(),
    client: connect(),
    gone: false,
    inProgress: 0,
    byAedes: 0,
    readOn: 0,
  };
  return connection;
}
