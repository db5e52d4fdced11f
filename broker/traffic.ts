// Adds up what goes over all connections, those that have ended included. What is allowed to, and what is delivered, is counted in tally.ts.
import type { IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/** What one connection has received, counted where its packets are counted. */
export interface PacketCount {
  readonly packets: number;
  readonly publishes: number;
  /** Packets that are answered by one packet each. */
  readonly answered: number;
}

export interface TrafficTotals extends PacketCount {
  readonly sockets: number;
  readonly bytesReceived: number;
  readonly bytesSent: number;
}

export class Traffic {
  readonly #open = new Map<Socket, PacketCount>();
  #ended: TrafficTotals = { sockets: 0, packets: 0, publishes: 0, answered: 0, bytesReceived: 0, bytesSent: 0 };

  /** request: of a WebSocket, whose bytes are counted on its socket. */
  watch(stream: Duplex, request: IncomingMessage | undefined, count: PacketCount): void {
    const socket = request?.socket ?? (stream as Socket);
    this.#open.set(socket, count);
    stream.once('close', () => {
      this.#open.delete(socket);
      this.#ended = add(this.#ended, socket, count);
    });
  }

  totals(): TrafficTotals {
    let totals = this.#ended;
    for (const [socket, count] of this.#open) totals = add(totals, socket, count);
    return totals;
  }
}

function add(totals: TrafficTotals, socket: Socket, count: PacketCount): TrafficTotals {
  return {
    sockets: totals.sockets + 1,
    packets: totals.packets + count.packets,
    publishes: totals.publishes + count.publishes,
    answered: totals.answered + count.answered,
    bytesReceived: totals.bytesReceived + (socket.bytesRead ?? 0),
    bytesSent: totals.bytesSent + (socket.bytesWritten ?? 0),
  };
}
