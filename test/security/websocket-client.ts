// A raw WebSocket for tests that come from another address: `node websocket-client.ts URL HEADERS-AS-JSON [CONNECT-PACKET-AS-HEX]` prints the
// HTTP status that answers, and for 101 the first message as hex.
import { WebSocket } from 'ws';

const [url = '', headers = '{}', packet] = process.argv.slice(2);
const protocols = packet === undefined ? [] : ['mqtt'];
const socket = new WebSocket(url, protocols, { headers: JSON.parse(headers) as { [name: string]: string } });
socket.on('error', () => undefined);
socket.on('unexpected-response', (_, { statusCode }) => finish(String(statusCode)));
socket.on('open', () => {
  if (packet !== undefined) socket.send(Buffer.from(packet, 'hex'));
});
socket.on('message', (data) => finish(`101 ${(data as Buffer).toString('hex')}`));
socket.on('close', () => finish('closed'));

function finish(text: string): never {
  process.stdout.write(text);
  process.exit(0);
}
