// How much is under way at once: a client above its share is not read until half of that is done, and while all together have too much, nobody who
// publishes is. How much of one client is read before it is the others' turn, and how fast a device is read. Aedes 1.2 has no such bounds.
/* oxlint-disable no-underscore-dangle -- Aedes offers no seam here; these are its own names */
import type { Client } from 'aedes';
import type { Connection } from './connection.ts';
import { HOLD } from './guard.ts';
import type { Quota } from './quota.ts';

/** Publishes of one client in one turn of the event loop, and the rest of the piece they came in: about a ms. Node itself would read on for 2 MB. */
const MAX_IN_A_TURN = 250;

/** As if the client had sent something. */
export function keepAlive(client: Client): void {
  const { _keepaliveTimer: timer } = client as Client & { _keepaliveTimer?: NodeJS.Timeout | null };
  timer?.refresh();
}

export class Pacing {
  readonly #maxInProgress: number;
  readonly #held = new Set<Connection>();
  /** Those who have published while there was a crowd, in that order. */
  readonly #crowd = new Set<Connection>();
  #isCrowded = false;
  #turn = 0;
  #isTurnCounted = false;
  /** Those who have had their part of this turn. */
  #resting: Connection[] = [];
  /** Devices over their quota, and what wakes them. */
  readonly #overQuota = new Map<Connection, NodeJS.Timeout>();

  /** maxInProgress: publishes of one client that wait for their ticket or are being delivered. */
  constructor(maxInProgress: number) {
    this.#maxInProgress = maxInProgress;
  }

  /** A device that is over its quota from before is not read yet. */
  comes(connection: Connection): void {
    if (connection.quota) this.#holdOverQuota(connection, connection.quota);
  }

  /** A publish has been read. */
  begun(connection: Connection): void {
    this.published(connection);
    this.#takeTurn(connection);
    if (++connection.inProgress < this.#maxInProgress) return;
    connection.guard.hold(HOLD.progress);
    this.#held.add(connection);
  }

  /** It is acknowledged and with its subscribers. */
  finished(connection: Connection): void {
    connection.inProgress--;
    if (connection.inProgress > this.#maxInProgress / 2 || !this.#held.delete(connection)) return;
    connection.guard.release(HOLD.progress);
  }

  /** It has sent something, and may go on if there is no crowd; for what is not counted here otherwise. */
  published(connection: Connection): void {
    if (connection.quota) this.#charge(connection, connection.quota);
    if (!this.#isCrowded || connection.isApi) return;
    connection.guard.hold(HOLD.crowd);
    this.#crowd.add(connection);
  }

  /** All together have too much under way, or no longer. */
  crowd(isCrowded: boolean): void {
    this.#isCrowded = isCrowded;
    // They read on at once, which the caller may not expect, and may be too many again before all have had their turn.
    if (!isCrowded) setImmediate(() => this.#letIn());
  }

  /** Whoever makes room is read in any case. */
  exempt(connection: Connection): void {
    if (this.#crowd.delete(connection)) connection.guard.release(HOLD.crowd);
  }

  #charge(connection: Connection, quota: Quota): void {
    quota.take(performance.now());
    if (!this.#overQuota.has(connection)) this.#holdOverQuota(connection, quota);
  }

  #holdOverQuota(connection: Connection, quota: Quota): void {
    const waitMs = quota.waitMs(performance.now());
    if (waitMs === 0) {
      this.#overQuota.delete(connection);
      connection.guard.release(HOLD.quota);
      return;
    }
    connection.guard.hold(HOLD.quota);
    this.#overQuota.set(
      connection,
      setTimeout(() => this.#holdOverQuota(connection, quota), waitMs),
    );
  }

  #takeTurn(connection: Connection): void {
    if (!this.#isTurnCounted) {
      this.#isTurnCounted = true;
      setImmediate(() => this.#endTurn());
    }
    if (connection.turn !== this.#turn) [connection.turn, connection.inTurn] = [this.#turn, 0];
    if (++connection.inTurn !== MAX_IN_A_TURN) return;
    connection.guard.hold(HOLD.turn);
    this.#resting.push(connection);
  }

  #endTurn(): void {
    this.#isTurnCounted = false;
    this.#turn++;
    const rested = this.#resting;
    this.#resting = [];
    for (const { guard } of rested) guard.release(HOLD.turn);
  }

  #letIn(): void {
    for (const connection of this.#crowd) {
      if (this.#isCrowded) return;
      this.#crowd.delete(connection);
      connection.guard.release(HOLD.crowd);
    }
  }

  forget(connection: Connection): void {
    clearTimeout(this.#overQuota.get(connection));
    this.#overQuota.delete(connection);
    this.#held.delete(connection);
    this.#crowd.delete(connection);
  }

  /** A held client's PINGREQ waits unread: that is our doing and must not end its connection. */
  keepHeldAlive(): void {
    for (const { client } of this.#held) keepAlive(client);
    for (const { client } of this.#crowd) keepAlive(client);
    for (const { client } of this.#overQuota.keys()) keepAlive(client);
  }

  /**
   * Aedes reads on only when all that it read before is done. A late ticket would so hold up QoS 0 and PINGREQ of its client; the bound
   * above is ours, so Aedes may read on: each 'readable' counts as one packet done. Not now, it is in the middle of parsing.
   */
  readOn(connection: Connection): void {
    if (connection.readOn++ > 0) return;
    setImmediate(() => {
      for (; connection.readOn > 0; connection.readOn--) connection.client.conn.emit('readable');
    });
  }
}
