// MQTT over WebSocket: takes an HTTP upgrade and hands the broker a byte stream. Which path it serves is the caller's business.
import type { IncomingMessage } from 'node:http';
import type { Duplex } from 'node:stream';
import { WebSocketServer, createWebSocketStream } from 'ws';
import type { WebSocket } from 'ws';

export interface MqttUpgradeOptions {
  readonly handle: (stream: Duplex, request: IncomingMessage) => void;
  /** Decides by the Origin header (absent outside browsers); default: no Origin, or the page's own host. */
  readonly allowOrigin?: (origin: string | undefined, request: IncomingMessage) => boolean;
}

export interface MqttUpgrade {
  /** For the HTTP server's 'upgrade' event. */
  upgrade(request: IncomingMessage, socket: Duplex, head: Buffer): void;
  close(): void;
}

/** One WebSocket message may carry several MQTT packets; a packet is at most 64 KiB: who publishes timetables comes by TCP. */
const MAX_MESSAGE_BYTES = 131_072;
const SUBPROTOCOLS = ['mqtt', 'mqttv3.1']; // [MQTT-6.0.0-3]
const UNSUPPORTED_DATA = 1003; // RFC 6455 7.4.1

export function createMqttUpgrade({ handle, allowOrigin = sameHost }: MqttUpgradeOptions): MqttUpgrade {
  const server = new WebSocketServer({
    noServer: true,
    maxPayload: MAX_MESSAGE_BYTES,
    perMessageDeflate: false,
    handleProtocols: (offered) => SUBPROTOCOLS.find((name) => offered.has(name)) ?? false,
  });
  return {
    upgrade(request, socket, head) {
      const status = refusal(request, allowOrigin);
      if (status) {
        socket.on('error', () => undefined);
        socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
        return;
      }
      server.handleUpgrade(request, socket, head, (webSocket) => open(webSocket, request, handle));
    },
    close() {
      for (const webSocket of server.clients) webSocket.terminate();
      server.close();
    },
  };
}

function open(webSocket: WebSocket, request: IncomingMessage, handle: MqttUpgradeOptions['handle']): void {
  webSocket.on('error', () => undefined);
  webSocket.on('message', (_, isBinary) => {
    if (!isBinary) webSocket.close(UNSUPPORTED_DATA); // [MQTT-6.0.0-1]
  });
  handle(createWebSocketStream(webSocket), request);
}

function refusal(
  request: IncomingMessage,
  allowOrigin: NonNullable<MqttUpgradeOptions['allowOrigin']>,
): string | undefined {
  if (!allowOrigin(request.headers.origin, request)) return '403 Forbidden';
  const offered = (request.headers['sec-websocket-protocol'] ?? '').split(',').map((name) => name.trim());
  return SUBPROTOCOLS.some((name) => offered.includes(name)) ? undefined : '400 Bad Request';
}

function sameHost(origin: string | undefined, request: IncomingMessage): boolean {
  if (origin === undefined) return true;
  return URL.canParse(origin) && new URL(origin).host === request.headers.host;
}
