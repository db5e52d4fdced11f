import { once } from 'node:events';
import { createServer } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import mqttJs from 'mqtt';
import { afterEach, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { createMqttUpgrade } from '../../broker/websocket.ts';
import type { MqttUpgrade } from '../../broker/websocket.ts';
import { PacketWriter } from '../../mqtt/packets.ts';
import { start, until } from './start.ts';

const open: { server: Server; upgrade: MqttUpgrade }[] = [];
afterEach(() => {
  for (const { server, upgrade } of open.splice(0)) {
    upgrade.close();
    server.close();
  }
});

async function startWithWebSocket() {
  const broker = await start();
  const upgrade = createMqttUpgrade({ handle: broker.handle });
  const server = createServer();
  server.on('upgrade', (request, socket, head) => upgrade.upgrade(request, socket, head));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  open.push({ server, upgrade });
  return { broker, url: `ws://127.0.0.1:${(server.address() as AddressInfo).port}/mqtt` };
}

/** The HTTP status that answers an upgrade. */
function statusOf(url: string, protocols: string[], headers: { [name: string]: string } = {}): Promise<number> {
  return new Promise((resolve) => {
    const webSocket = new WebSocket(url, protocols, { headers });
    webSocket.on('open', () => {
      webSocket.terminate();
      resolve(101);
    });
    webSocket.on('unexpected-response', (_, response) => {
      webSocket.terminate();
      resolve(response.statusCode!);
    });
    webSocket.on('error', () => undefined);
  });
}

describe('MQTT over WebSocket', () => {
  it('carries a message from a WebSocket client to a TCP client and back', async () => {
    const { broker, url } = await startWithWebSocket();
    const web = await mqttJs.connectAsync(url, { reconnectPeriod: 0 });
    const tcp = await mqttJs.connectAsync(`mqtt://127.0.0.1:${broker.port}`, { reconnectPeriod: 0 });
    const seen: string[] = [];
    for (const [name, client] of Object.entries({ web, tcp })) {
      client.on('message', (_, payload) => seen.push(`${name} ${payload.toString()}`));
      await client.subscribeAsync('city/wuxi/#', { qos: 1 });
    }
    await web.publishAsync('city/wuxi/bus/b/event', 'from web', { qos: 1 });
    await until(() => seen.length === 2);
    await tcp.publishAsync('city/wuxi/bus/b/event', 'from tcp', { qos: 1 });
    await until(() => seen.length === 4);
    expect(seen.sort()).toEqual(['tcp from tcp', 'tcp from web', 'web from tcp', 'web from web']);
    expect(broker.counters()).toMatchObject({ in: 2, out: 4, clients: 2 });
    await Promise.all([web.endAsync(), tcp.endAsync()]);
    await until(() => broker.counters().clients === 0);
  });

  it.each([
    ['the subprotocol mqtt and no Origin', ['mqtt'], {}, 101],
    ['no subprotocol', [], {}, 400],
    ['another subprotocol', ['chat'], {}, 400],
    ['a foreign Origin', ['mqtt'], { origin: 'http://evil.example' }, 403],
    ['an Origin that is no URL', ['mqtt'], { origin: 'null' }, 403],
  ])('answers an upgrade with %s', async (_, protocols, headers, expected) => {
    const { url } = await startWithWebSocket();
    expect(await statusOf(url, protocols, headers)).toBe(expected);
  });

  it("accepts the page's own Origin", async () => {
    const { url } = await startWithWebSocket();
    expect(await statusOf(url, ['mqtt'], { origin: `http://${new URL(url).host}` })).toBe(101);
  });

  it('guards sizes as on TCP', async () => {
    const { broker, url } = await startWithWebSocket();
    const webSocket = new WebSocket(url, ['mqtt']);
    await once(webSocket, 'open');
    const writer = new PacketWriter();
    writer.connect({ clientId: 'x'.repeat(5000), cleanSession: true, keepAliveS: 60 });
    webSocket.send(writer.take());
    await once(webSocket, 'close');
    expect(broker.counters().refusedByCause).toEqual({ oversize: 1 });
  });

  it.each([
    ['a text message', 'hello'],
    ['a message of 1 MB', Buffer.alloc(1_048_576)],
  ])('ends a connection that sends %s', async (_, message) => {
    const { broker, url } = await startWithWebSocket();
    const webSocket = new WebSocket(url, ['mqtt']);
    webSocket.on('error', () => undefined);
    await once(webSocket, 'open');
    webSocket.send(message);
    await once(webSocket, 'close');
    expect(await statusOf(url, ['mqtt'])).toBe(101);
    expect(broker.frames).toEqual([]);
  });
});
