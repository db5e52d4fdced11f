// New connections, up to the moment at which somebody reads from them: how many there may be, how fast they come in, who waits unread for a
// turn. What they say is not its business (policy.ts).
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';
import { ConnectRate } from './connect-rate.ts';
import type { ConnectLimits } from './connect-rate.ts';
import type { Tally } from './tally.ts';
import { Turns } from './turns.ts';

export interface ArrivalLimits extends ConnectLimits {
  readonly maxConnections: number;
}

export type Serve = (stream: Duplex, request?: IncomingMessage) => void;

export class Arrivals {
  /** All that are open, those included that wait. */
  readonly streams = new Set<Duplex>();
  readonly #limits: ArrivalLimits;
  readonly #tally: Tally;
  readonly #rate: ConnectRate;
  readonly #turns: Turns;
  readonly #serve: Serve;
  #closed = false;

  constructor(limits: ArrivalLimits, tally: Tally, serve: Serve) {
    this.#limits = limits;
    this.#tally = tally;
    this.#rate = new ConnectRate(limits);
    this.#turns = new Turns(limits.connectsPerS);
    this.#serve = serve;
  }

  /** request: of a WebSocket, whose address is that of its socket. */
  take(stream: Duplex, request?: IncomingMessage): void {
    // Aedes attaches its own listener late and removes it early; an error without a listener ends the process.
    stream.on('error', () => undefined);
    const waitMs = this.#closed ? undefined : this.#waitMs(stream, request);
    if (waitMs === undefined) {
      stream.destroy();
      return;
    }
    this.streams.add(stream);
    stream.once('close', () => this.streams.delete(stream));
    const serveInTurn = (): void => this.#turns.take(() => this.#begin(stream, request));
    if (waitMs === 0) serveInTurn();
    else setTimeout(serveInTurn, waitMs).unref();
  }

  /** Nobody comes in from now on, those who wait neither. */
  close(): void {
    this.#closed = true;
  }

  #begin(stream: Duplex, request: IncomingMessage | undefined): void {
    if (!stream.destroyed && !this.#closed) this.#serve(stream, request);
  }

  /** Undefined: refused. */
  #waitMs(stream: Duplex, request: IncomingMessage | undefined): number | undefined {
    if (this.streams.size >= this.#limits.maxConnections) {
      this.#tally.refuse('too-many-connections', {});
      return undefined;
    }
    const address = (request?.socket ?? (stream as Socket)).remoteAddress;
    const waitMs = this.#rate.waitMs(address, performance.now());
    if (waitMs === undefined) this.#tally.refuse('connect-rate', { address });
    return waitMs;
  }
}
