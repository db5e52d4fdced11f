// Clients that do not read what they are sent. Nobody waits for them: each is itself not read while its answers wait, and is ended when it has
// taken nothing for a while or when too much waits for it. What need not be sent to them is decided elsewhere (policy.ts, kept-delivery.ts).
/* oxlint-disable no-underscore-dangle -- Node tells of the progress of a write nowhere else; its own socket time-out looks at the same */
import type { Socket } from 'node:net';
import type { Connection } from './connection.ts';
import { HOLD } from './guard.ts';
import type { Limits } from './limits.ts';
import { keepAlive } from './pacing.ts';

type OutputLimits = Pick<Limits, 'blockedBytes' | 'drainTimeoutMs' | 'outputBytes' | 'allOutputBytes'>;

/** As client-errors.ts knows them. */
export const FROZEN = 'takes nothing';
export const OVERFLOW = 'too much waits for it';

interface Slow {
  bytes: number;
  /** What its socket had taken when it was last seen to take something. */
  taken: number;
  sinceMs: number;
  /** While it is not read. */
  onDrain?: () => void;
}

export class SlowReaders {
  readonly #limits: OutputLimits;
  readonly #slow = new Map<Connection, Slow>();
  #bytes = 0;

  constructor(limits: OutputLimits) {
    this.#limits = limits;
  }

  /** Output that waits for clients, as it was when each was last looked at. */
  get bytes(): number {
    return this.#bytes;
  }

  /** After a write: so much waits for the client, above 0. */
  waits(connection: Connection, bytes: number): void {
    const { outputBytes, allOutputBytes } = this.#limits;
    const slow = this.#slow.get(connection) ?? this.#begin(connection);
    this.#count(slow, bytes);
    if (bytes > outputBytes) this.#end(connection, OVERFLOW);
    else if (this.#bytes > allOutputBytes) this.#end(this.#slowest(), OVERFLOW);
  }

  /** It was answered although it is blocked: what it sends on would only make more answers. */
  answered(connection: Connection): void {
    const slow = this.#slow.get(connection);
    if (!slow || slow.onDrain) return;
    slow.onDrain = () => release(connection, slow);
    connection.guard.hold(HOLD.answers);
    connection.client.conn.on('drain', slow.onDrain);
  }

  /** Several times within drainTimeoutMs. */
  look(nowMs: number): void {
    const { blockedBytes, drainTimeoutMs } = this.#limits;
    for (const [connection, slow] of this.#slow) {
      this.#count(slow, connection.outflow.waitingBytes);
      const taken = takenBytes(connection);
      if (taken !== slow.taken) Object.assign(slow, { taken, sinceMs: nowMs });
      if (slow.bytes >= blockedBytes && nowMs - slow.sinceMs >= drainTimeoutMs) {
        this.#end(connection, FROZEN);
        continue;
      }
      if (slow.bytes <= blockedBytes / 2) release(connection, slow);
      if (slow.onDrain) keepAlive(connection.client);
      if (slow.bytes === 0) this.forget(connection);
    }
  }

  forget(connection: Connection): void {
    this.#bytes -= this.#slow.get(connection)?.bytes ?? 0;
    this.#slow.delete(connection);
  }

  #begin(connection: Connection): Slow {
    const slow: Slow = { bytes: 0, taken: takenBytes(connection), sinceMs: performance.now() };
    this.#slow.set(connection, slow);
    return slow;
  }

  #count(slow: Slow, bytes: number): void {
    this.#bytes += bytes - slow.bytes;
    slow.bytes = bytes;
  }

  #slowest(): Connection {
    return [...this.#slow].reduce((most, one) => (one[1].bytes > most[1].bytes ? one : most))[0];
  }

  #end(connection: Connection, why: string): void {
    this.forget(connection);
    connection.client.conn.destroy(new Error(why));
  }
}

function release({ guard, client }: Connection, slow: Slow): void {
  if (!slow.onDrain) return;
  client.conn.removeListener('drain', slow.onDrain);
  delete slow.onDrain;
  guard.release(HOLD.answers);
}

/** Only ever grows; a write that is under way counts as far as it has come. */
function takenBytes({ outflow, socket }: Connection): number {
  const { _handle: handle } = socket as Socket & { _handle?: { bytesWritten: number; writeQueueSize: number } | null };
  return outflow.leftBytes + (handle ? handle.bytesWritten - handle.writeQueueSize : 0);
}
