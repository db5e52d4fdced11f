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
  readonly #ended = new Sum();

  /** request: of a WebSocket, whose bytes are counted on its socket. */
  watch(stream: Duplex, request: IncomingMessage | undefined, count: PacketCount): void {
    const socket = request?.socket ?? (stream as Socket);
    this.#open.set(socket, count);
    stream.once('close', () => {
      this.#open.delete(socket);
      this.#ended.add(socket, count);
    });
  }

  totals(): TrafficTotals {
    const sum = Object.assign(new Sum(), this.#ended);
    for (const [socket, count] of this.#open) sum.add(socket, count);
    return sum;
  }
}

/** Added to in place: there are thousands of connections, and everybody waits meanwhile. */
class Sum implements TrafficTotals {
  sockets = 0;
  packets = 0;
  publishes = 0;
  answered = 0;
  bytesReceived = 0;
  bytesSent = 0;

  add(socket: Socket, { packets, publishes, answered }: PacketCount): void {
    this.sockets++;
    this.packets += packets;
    this.publishes += publishes;
    this.answered += answered;
    this.bytesReceived += socket.bytesRead ?? 0;
    this.bytesSent += socket.bytesWritten ?? 0;
  }
}
