// Every way to a broker that a plan knows: TCP, TLS with a client certificate, WebSocket with and without TLS, MQTT 3.1.1 and 5, passwords,
// several source addresses. And what is said when one of them is wrong.
import { createServer as createHttpServer } from 'node:http';
import { connect, createServer } from 'node:net';
import type { AddressInfo, Server, Socket } from 'node:net';
import { readFileSync } from 'node:fs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createMqttUpgrade } from '../../broker/websocket.ts';
import type { Plan, Target } from '../../loadtest/plan.ts';
import { TargetError } from '../../loadtest/refusal.ts';
import { whyNot } from '../../loadtest/rehearsal.ts';
import { runLoad } from '../../loadtest/run.ts';
import { start } from '../broker/start.ts';
import { spawnLoad } from '../cli/load-command.ts';
import { describeWith } from '../parts.ts';
import { PLAIN, target } from './plans.ts';
import { startTransports } from './targets.ts';
import type { Transports } from './targets.ts';

const QUICK: Plan = { ...PLAIN, publishers: 4, durationS: 0.3, qos: 1, subscribeQos: 1 };
const ALL_OF_IT = { sent: 300, acked: 300, received: 300, lost: 0, duplicated: 0, reordered: 0, errors: {} };
const TRANSPORTS = ['tcp', 'tls', 'ws', 'wss'] as const;
const open: { close(): void }[] = [];
afterAll(() => {
  for (const server of open) server.close();
});

async function listening(server: Server): Promise<number> {
  open.push(server);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return (server.address() as AddressInfo).port;
}

describeWith(['mosquitto', 'mosquitto_passwd', 'openssl'], 'a load run against mosquitto goes', () => {
  let transports: Transports;
  beforeAll(async () => {
    transports = await startTransports(PLAIN.clientPrefix);
  });
  afterAll(() => transports.end());

  // At the same time: most of a short run is waiting.
  it.concurrent.each([
    ['tcp', '5'],
    ['tls', '5'],
    ['ws', '3.1.1'],
    ['wss', '5'],
  ] as const)('over %s, with MQTT %s', async (transport, version) => {
    const towards = { ...transports.targets[transport], version };
    const result = await runLoad({
      ...QUICK,
      target: towards,
      topic: `load/${transport}/%i`,
      clientPrefix: `${transport}-`,
    });
    expect(result).toMatchObject(ALL_OF_IT);
    expect(result.connections).toBe(5);
  });

  it.concurrent.each(
    TRANSPORTS.flatMap((transport) => (['3.1.1', '5'] as const).map((version) => [transport, version] as const)),
  )('over %s, with MQTT %s, to a rehearsal of shared subscriptions and of QoS 2', async (transport, version) => {
    const towards = { ...transports.targets[transport], version };
    const plan: Plan = { ...QUICK, qos: 2, subscribeQos: 2, target: towards, subscribers: 3 };
    for (const profile of ['shared', 'publish', 'p2p'] as const) {
      const names = { topic: `load/${transport}/${version}/%i`, clientPrefix: `${transport}-${version}-` };
      expect(await whyNot({ ...plan, ...names, profile }, '127.0.0.1')).toBeUndefined();
    }
  });

  it.concurrent('with a user and password of each device', async () => {
    const login = { username: 'user-%i', password: 'secret-of-%c' };
    const result = await runLoad({ ...QUICK, target: { ...transports.withPassword, ...login } });
    expect(result).toMatchObject(ALL_OF_IT);
  });

  it.concurrent.each(['tcp', 'wss'] as const)('over %s from several source addresses in turn', async (transport) => {
    const sources = ['127.0.0.1', '127.0.0.2', '127.0.0.3'];
    const towards = transports.targets[transport];
    const seen = new Map<string, number>();
    const port = await listening(
      createServer((socket: Socket) => {
        seen.set(socket.remoteAddress!, (seen.get(socket.remoteAddress!) ?? 0) + 1);
        const onward = connect(towards.port, '127.0.0.1');
        for (const end of [socket, onward]) end.on('error', () => undefined);
        socket.pipe(onward).pipe(socket);
      }),
    );
    const plan = { ...QUICK, profile: 'connect', connections: 9, clientPrefix: `from-${transport}-` } as const;
    const result = await runLoad({ ...plan, target: { ...towards, port, sources } });
    expect(result).toMatchObject({ connections: 9, errors: {} });
    // Each is knocked with once before.
    expect(Object.fromEntries(seen)).toEqual({ '127.0.0.1': 4, '127.0.0.2': 4, '127.0.0.3': 4 });
  });

  describe('nowhere, and says why,', () => {
    const cases: readonly [string, (known: Transports) => Partial<Target>, RegExp][] = [
      [
        'without the certificate that the broker wants',
        ({ targets: { tls } }) => ({ ...tls, cert: '', key: '' }),
        /^localhost:\d+( \(.*\))?: ERR_SSL_.*: the broker wants a certificate of the devices; expected --cert and --key$/,
      ],
      [
        'where another authority signed the broker',
        ({ targets: { tls }, certificates }) => ({ ...tls, ca: readFileSync(certificates.otherCa, 'utf8') }),
        /: nobody in --ca signed the broker's certificate; expected --ca with who did, or --insecure$/,
      ],
      [
        'where nobody known signed the broker of a WebSocket',
        ({ targets: { wss } }) => ({ ...wss, ca: '' }),
        /: nobody known signed the broker's certificate/,
      ],
      [
        'where the certificate is of another host',
        ({ targets: { tls } }) => ({ ...tls, host: '127.0.0.2' }),
        /ECONNREFUSED: nobody listens there|is not for 127\.0\.0\.2/,
      ],
      [
        'with TLS to a plain port',
        ({ targets: { tcp } }) => ({ ...tcp, transport: 'tls' }),
        /: does that port speak TLS/,
      ],
      [
        'without TLS to a TLS port',
        ({ targets: { tls } }) => ({ ...tls, transport: 'tcp' }),
        /speak MQTT over plain TCP/,
      ],
      [
        'without WebSocket to its port',
        ({ targets: { ws } }) => ({ ...ws, transport: 'tcp' }),
        /speak MQTT over plain/,
      ],
      ['with WebSocket to a plain port', ({ targets: { tcp } }) => ({ ...tcp, transport: 'ws' }), /speak WebSocket/],
      ['without the password', ({ withPassword }) => withPassword, /refused: not authorized: expected --user/],
      [
        'with a wrong one',
        ({ withPassword }) => ({ ...withPassword, username: 'user-%i', password: 'guess' }),
        /refused: not authorized$/,
      ],
      [
        'from an address that is not of this machine',
        ({ targets: { tcp } }) => ({ ...tcp, sources: ['127.0.0.1', '192.0.2.1'] }),
        / from 192\.0\.2\.1: EADDRNOTAVAIL: --source 192\.0\.2\.1 is no address/,
      ],
    ];
    it.each(cases)('%s', async (_, wrong, message) => {
      const going = runLoad({ ...QUICK, target: { ...PLAIN.target, ...wrong(transports) } });
      await expect(going).rejects.toThrow(TargetError);
      await expect(going).rejects.toThrow(message);
    });

    it.concurrent('as the command does, with exit code 2', async () => {
      const { targets, certificates } = transports;
      const { ca, otherCa, device } = certificates;
      const run = (words: string) =>
        spawnLoad(`publish --broker mqtts://localhost:${targets.tls.port} ${words}`.split(' ')).ended;
      const [foreign, bare, mixed, none] = await Promise.all([
        run(`--ca ${otherCa} --cert ${device.cert} --key ${device.key}`),
        run(`--ca ${ca}`),
        run(`--ca ${ca} --cert ${device.cert} --key ${certificates.server.key}`),
        run(`--ca ${device.key}`),
      ]);
      for (const { status, stdout } of [foreign, bare, mixed, none]) expect([status, stdout]).toEqual([2, '']);
      expect(foreign.stderr).toMatch(/^citytwin: localhost:\d+.*nobody in --ca signed the broker's certificate.*\n$/);
      expect(bare.stderr).toMatch(/^citytwin: localhost:\d+.*expected --cert and --key\n$/);
      expect(mixed.stderr).toMatch(/^citytwin: --key .*server\.key is not the key of --cert .*device\.pem\n$/);
      expect(none.stderr).toMatch(/^citytwin: --ca .*device\.key holds no certificate: expected PEM/);
    });
  });
});

describe('a load run against our broker', () => {
  it('goes over WebSocket', async () => {
    const broker = await start();
    const server = createHttpServer();
    const webSocket = createMqttUpgrade(broker);
    server.on('upgrade', (...request) => webSocket.upgrade(...request));
    const port = await listening(server);
    const topic = 'city/wuxi/load/%c/telemetry';
    const result = await runLoad({ ...QUICK, topic, target: target(port, { transport: 'ws' }) });
    expect(result).toMatchObject(ALL_OF_IT);
    server.closeAllConnections();
  });

  it('names the version to take where it is refused', async () => {
    const { port } = await start();
    await expect(runLoad({ ...QUICK, target: target(port, { version: '5' }) })).rejects.toThrow(
      /unacceptable protocol version: the broker does not speak MQTT 5; expected -V 3\.1\.1$/,
    );
  });

  it('skips shared subscriptions, with the reason', async () => {
    const { port } = await start();
    const topic = 'city/wuxi/load/%c/telemetry';
    const result = await runLoad({ ...QUICK, profile: 'shared', topic, target: target(port) });
    expect(result).toMatchObject({ skipped: 'the broker refuses shared subscriptions', sent: 0 });
  });
});

describe('a load run against what is no broker', () => {
  it.each([
    ['tcp', /malformed packet|closed by the broker|ECONNRESET/],
    ['ws', /Unexpected server response: 404: expected MQTT over WebSocket at \/mqtt/],
  ] as const)('says over %s that a web server answers', async (transport, message) => {
    const port = await listening(createHttpServer((_, response) => response.writeHead(404).end()));
    const going = runLoad({ ...QUICK, target: target(port, { transport }) });
    await expect(going).rejects.toThrow(TargetError);
    await expect(going).rejects.toThrow(message);
  });
});
