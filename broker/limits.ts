// What one client, and all of them together, may take from the broker. Every number is a default that `startBroker` lets be changed.
import type { ConnectLimits } from './connect-rate.ts';
import type { QueueLimits } from './queues.ts';
import type { RetainedLimits } from './retained.ts';
import type { SessionLimits } from './sessions.ts';

export interface Limits extends ConnectLimits, QueueLimits, RetainedLimits, SessionLimits {
  readonly maxConnections: number;
  /** Connections that their clients have ended, forgotten per second; the others wait, and count as connected meanwhile. */
  readonly departuresPerS: number;
  /** Longest packet before the CONNECT is accepted: client id, name, password and will fit. */
  readonly connectBytes: number;
  readonly packetBytes: number;
  /** Longest packet of who may publish timetables, and of no other message than those. */
  readonly timetableBytes: number;
  /** Publishes of one client that wait for their ticket or are being delivered; above it the client is not read. */
  readonly maxInProgress: number;
  /** Publishes of a single device, and how many it may send at once; above it the device is not read until its quota has grown. */
  readonly devicePublishesPerS: number;
  readonly devicePublishesAtOnce: number;
  /** Records that wait for an api in another process, of all clients; above it nobody who publishes is read. */
  readonly awaitedRecords: number;
  /** The same in bytes as they were received. */
  readonly awaitedBytes: number;
  readonly subscriptionsPerClient: number;
  /** A larger keep-alive, and none at all, is refused. */
  readonly keepAliveS: number;
  /** QoS 0 to a subscriber with more output waiting is dropped. */
  readonly slowBytes: number;
  /** With more output waiting, a client must take some of it within drainTimeoutMs, and is not read once it has to be answered. */
  readonly blockedBytes: number;
  readonly drainTimeoutMs: number;
  /** A client with more output waiting is ended. */
  readonly outputBytes: number;
  /** When more waits for all clients together, the one with the most is ended. */
  readonly allOutputBytes: number;
  readonly connectTimeoutMs: number;
  /** Who is not identified by then is refused. */
  readonly authenticateTimeoutMs: number;
  /** Takeovers of one client id within 10 s after which it is refused for a minute. */
  readonly takeovers: number;
}

export const DEFAULT_LIMITS: Limits = {
  maxConnections: 50_000,
  departuresPerS: 4000,
  connectsPerS: 1500,
  connectsPerAddressPerS: 500,
  connectWaitMs: 20_000,
  connectBytes: 4096,
  packetBytes: 65_536,
  timetableBytes: 1_048_576,
  maxInProgress: 4096,
  devicePublishesPerS: 20,
  devicePublishesAtOnce: 100,
  awaitedRecords: 50_000,
  awaitedBytes: 33_554_432,
  subscriptionsPerClient: 1000,
  retainedTopics: 200_000,
  retainedBytes: 67_108_864,
  sessions: 10_000,
  sessionExpiryS: 86_400,
  sessionMessages: 1000,
  queuedBytes: 268_435_456,
  keepAliveS: 300,
  slowBytes: 262_144,
  blockedBytes: 1_048_576,
  drainTimeoutMs: 3000,
  outputBytes: 8_388_608,
  allOutputBytes: 268_435_456,
  connectTimeoutMs: 10_000,
  authenticateTimeoutMs: 5000,
  takeovers: 10,
};
