// An outsider's list: from another address, with the tools that an outsider has. Without credentials every port refuses; a device is nobody
// else; a viewer commands nothing; and no secret is printed, stored or shown on the way.
import { readFileSync, readdirSync, readlinkSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { addToken } from '../../broker/tokens.ts';
import { addUser } from '../../broker/users.ts';
import { PacketWriter } from '../../mqtt/packets.ts';
import { eventually } from '../city-process.ts';
import { describeWith } from '../parts.ts';
import { Authority } from './certificates.ts';
import { startGuarded } from './city.ts';
import type { GuardedCity } from './city.ts';
import { findElsewhere } from './elsewhere.ts';
import type { Elsewhere } from './elsewhere.ts';

const webSocketClient = fileURLToPath(new URL('websocket-client.ts', import.meta.url));
const elsewhere = findElsewhere();
const folder = mkdtempSync(join(tmpdir(), 'citytwin-outsider-'));
const users = join(folder, 'users');
afterAll(() => {
  elsewhere?.end();
  rmSync(folder, { recursive: true });
});

const KIND = { kind: 'door', label: 'Door', fields: { open: { label: 'Open', unit: '', type: 'boolean' } } };
const PARTS = ['ip', 'curl', 'mosquitto_pub', 'mosquitto_sub', 'openssl'];
const there = { 'another address than loopback': elsewhere !== undefined };

interface User {
  readonly name: string;
  readonly password: string;
}
async function user(name: string, role: Parameters<typeof addUser>[1]['role'], kinds?: string[]): Promise<User> {
  return { name, password: (await addUser(users, { name, role, ...(kinds && { kinds }) }))! };
}

describeWith(
  PARTS,
  'from another address',
  () => {
    let city: GuardedCity;
    let people: { [name in 'device' | 'other' | 'acme' | 'viewer' | 'operator']: User };
    const tokens: { [name: string]: string } = {};
    const { host } = elsewhere!;
    const run: Elsewhere['run'] = (...words) => elsewhere!.run(...words);

    beforeAll(async () => {
      people = {
        device: await user('door/d-1', 'device'),
        other: await user('door/d-2', 'device'),
        acme: await user('acme', 'integrator', ['door']),
        viewer: await user('ann', 'viewer'),
        operator: await user('olaf', 'operator'),
      };
      tokens.viewer = await addToken(users, 'ann', Date.now());
      tokens.operator = await addToken(users, 'olaf', Date.now());
      city = await startGuarded(users, ['--host', host, '--store', 'memory']);
    });
    afterAll(() => city.stop());

    /** The HTTP status and the body. */
    const curl = (path: string, ...args: string[]): [status: number, body: string] => {
      const { stdout } = run('curl', '-s', '-w', '\n%{http_code}', ...args, city.http + path);
      const at = stdout.lastIndexOf('\n');
      return [Number(stdout.slice(at + 1)), stdout.slice(0, at)];
    };
    const bearer = (role: string): string[] => ['-H', `authorization: Bearer ${tokens[role]}`];
    const post = (body: object): string[] => ['-H', 'content-type: application/json', '-d', JSON.stringify(body)];
    const as = ({ name, password }: User, id = name): string[] => ['-u', name, '-P', password, '-i', id];
    const publish = (topic: string, message: string, ...args: string[]) =>
      run('mosquitto_pub', '-h', host, '-p', String(city.mqttPort), '-q', '1', '-t', topic, '-m', message, ...args);
    const webSocket = (path: string, headers: object, ...more: string[]): string =>
      run(process.execPath, webSocketClient, city.http.replace('http', 'ws') + path, JSON.stringify(headers), ...more)
        .stdout;
    const connectPacket = (fields: object): string => {
      const writer = new PacketWriter();
      writer.connect({ clientId: 'outsider', cleanSession: true, keepAliveS: 60, ...fields });
      return Buffer.from(writer.take()).toString('hex');
    };

    describe('without credentials', () => {
      it('no port is open but those of HTTP and MQTT', () => {
        const open = listeningPorts(city.pid).filter(({ isLoopback }) => !isLoopback);
        expect(new Set(open.map(({ port }) => port))).toEqual(
          new Set([Number(new URL(city.http).port), city.mqttPort]),
        );
      });

      it.each([
        '/api/health',
        '/api/counters',
        '/api/kinds',
        '/api/devices?kind=bus',
        '/api/devices/bus/bus-0001/history?field=lat',
        '/api/rejected',
        '/api/rejected/export',
        '/api/scenario',
        '/api/city',
        '/api/session/..%2fkinds',
        '/api//kinds',
        '/metrics',
        '/openapi.json',
        '/docs/',
        '/gtfs.zip',
        '/gtfs-rt/vehicle-positions.pb',
      ])('GET %s says nothing', (path) => {
        const [status, body] = curl(path, '--path-as-is');
        expect([401, 403, 404]).toContain(status);
        expect(body).not.toMatch(/bus-0001|lat|label|citytwin_/);
      });

      it.each([
        ['/api/scenario', { name: 'pause' }],
        ['/api/devices/bus/bus-0001/commands', { name: 'hold', args: {} }],
        ['/api/rejected/replay', {}],
      ])('POST %s changes nothing', (path, body) => {
        expect(curl(path, ...post(body))[0]).toBe(401);
        expect(curl(path, ...post(body), '-H', 'authorization: Bearer admin')[0]).toBe(401);
        expect(curl(path, ...post(body), '-u', 'admin:admin')[0]).toBe(401);
        expect(curl(path, ...post(body), '-H', 'x-forwarded-for: 127.0.0.1', '-H', 'host: localhost')[0]).toBe(401);
      });

      it('the page is the form, and holds no data', () => {
        const [status, body] = curl('/');
        expect([status, body.includes('<!doctype html>')]).toEqual([200, true]);
        expect(curl('/api/session')).toEqual([200, '{"login":"required"}']);
        for (const path of [
          '/../package.json',
          '/%2e%2e/package.json',
          '/..%2fpackage.json',
          '/..%5cpackage.json',
          '/%252e%252e/package.json',
          '/assets/../../package.json',
          '/index.html%00.json',
          '/.git/config',
          '/assets/',
        ]) {
          expect(curl(path, '--path-as-is')[1]).not.toMatch(/"dependencies"|\[core\]/);
        }
      });

      it('MQTT refuses to publish and to listen', () => {
        for (const args of [[], ['-u', 'admin', '-P', 'admin'], ['-u', 'api'], ['-u', 'api', '-P', '']]) {
          const { status, stderr } = publish('city/wuxi/bus/bus-0001/telemetry', '{}', ...args);
          expect(status).toBeGreaterThan(0);
          expect(stderr).toMatch(/not authorised|bad user name or password/i);
        }
        const heard = run('mosquitto_sub', '-h', host, '-p', String(city.mqttPort), '-t', '#', '-W', '2', '-v');
        expect([heard.status > 0, heard.stdout]).toEqual([true, '']);
      });

      it('a raw WebSocket gets no live stream, and MQTT inside one is refused', () => {
        expect(webSocket('/live', {})).toBe('401');
        expect(webSocket('/live?token=' + tokens.viewer, {})).toBe('401');
        expect(webSocket('/live', { cookie: 'citytwin-session=x' })).toBe('401');
        expect(webSocket('/live', { origin: city.http })).toBe('401');
        expect(webSocket('/elsewhere', {})).toBe('404');
        expect(webSocket('/mqtt', {}, connectPacket({}))).toBe('101 20020005'); // CONNACK, not authorised
        const guess = { username: 'api', password: 'api' };
        expect(webSocket('/mqtt', {}, connectPacket(guess))).toBe('101 20020004');
        expect(webSocket('/mqtt', { origin: 'http://evil.example' }, connectPacket({}))).toBe('403');
      });
    });

    describe('a device', () => {
      const record = (): string => JSON.stringify({ ts: Date.now(), seq: 1, open: true });
      const known = (device: string): number => curl(`/api/devices/door/${device}`, ...bearer('viewer'))[0];

      beforeAll(() => {
        const description = publish('city/wuxi/kinds/door', JSON.stringify(KIND), ...as(people.acme));
        expect(description.status).toBe(0);
      });

      it('speaks for itself', async () => {
        expect(publish('city/wuxi/door/d-1/telemetry', record(), ...as(people.device)).status).toBe(0);
        await eventually('the record', () => (known('d-1') === 200 ? true : undefined));
      });

      it('speaks for nobody else', async () => {
        // Acknowledged so that it does not come again for ever, and dropped.
        for (const topic of ['door/d-2/telemetry', 'door/d-2/ack', 'bus/bus-0001/telemetry', 'door/d-1/command']) {
          publish(`city/wuxi/${topic}`, record(), ...as(people.device));
        }
        publish('city/wuxi/kinds/door', JSON.stringify({ ...KIND, label: 'Gate' }), ...as(people.device));
        publish('city/wuxi/clock', '{}', ...as(people.device));
        // What its neighbour sends behind it arrives, and is the first of that name.
        expect(known('d-2')).toBe(404);
        const own = JSON.stringify({ ts: Date.now(), seq: 77, open: false });
        expect(publish('city/wuxi/door/d-2/telemetry', own, ...as(people.other)).status).toBe(0);
        await eventually('the neighbour', () => (known('d-2') === 200 ? true : undefined));
        expect(JSON.parse(curl('/api/devices/door/d-2', ...bearer('viewer'))[1])).toMatchObject({ seq: 77 });
        expect(curl('/api/kinds', ...bearer('viewer'))[1]).not.toContain('Gate');
        expect(curl('/metrics', ...bearer('viewer'))[1]).toContain('not-allowed');
      });

      it('is nobody else by another client id, and leaves no will in another name', () => {
        for (const id of ['door/d-2', 'api-wuxi', 'door/d-1x']) {
          const refused = publish('city/wuxi/door/d-1/telemetry', record(), ...as(people.device, id));
          expect([refused.status > 0, refused.stderr]).toEqual([true, expect.stringMatching(/refused/i)]);
        }
        const will = ['--will-topic', 'city/wuxi/door/d-2/status', '--will-payload', 'offline'];
        expect(publish('city/wuxi/door/d-1/telemetry', record(), ...as(people.device), ...will).status).toBeGreaterThan(
          0,
        );
      });

      it('listens to nobody else', () => {
        for (const topic of ['#', 'city/#', 'city/wuxi/door/+/command', 'city/wuxi/door/d-2/command', '$SYS/#']) {
          const to = ['-h', host, '-p', String(city.mqttPort), '-t', topic, '-W', '2', '-v'];
          const heard = run('mosquitto_sub', ...to, ...as(people.device));
          expect([topic, heard.stdout]).toEqual([topic, '']);
        }
      });

      it('has no business with REST', () => {
        const body = { name: people.device.name, password: people.device.password };
        expect(curl('/api/session', ...post(body))[0]).toBe(401);
      });
    });

    describe('a viewer', () => {
      const hold = { name: 'pause' };
      it('reads, and commands nothing by REST', () => {
        expect(curl('/api/health', ...bearer('viewer'))[0]).toBe(200);
        expect(curl('/api/scenario', ...bearer('viewer'), ...post(hold))[0]).toBe(403);
        expect(curl('/api/devices/door/d-1/commands', ...bearer('viewer'), ...post({ name: 'open' }))[0]).toBe(403);
        expect(curl('/api/rejected/export', ...bearer('viewer'))[0]).toBe(403);
        expect(curl('/api/scenario', ...bearer('operator'), ...post(hold))[0]).toBe(200);
        expect(curl('/api/scenario', ...bearer('operator'), ...post({ name: 'resume' }))[0]).toBe(200);
        expect(curl('/api/rejected/export', ...bearer('operator'))[0]).toBe(403);
      });

      it('sees the live stream, from no foreign page', () => {
        const authorization = `Bearer ${tokens.viewer}`;
        expect(webSocket('/live', { authorization })).toMatch(/^101 /);
        expect(webSocket('/live', { authorization, origin: 'http://evil.example' })).toBe('403');
      });

      it('commands nothing by MQTT', () => {
        const listener = [
          '-h',
          host,
          '-p',
          String(city.mqttPort),
          '-t',
          'city/wuxi/door/d-1/command',
          '-C',
          '1',
          '-W',
          '8',
        ];
        const command = (id: string): string => JSON.stringify({ id, name: 'open', args: {} });
        // The first that arrives is the operator's, though the viewer was there before and after.
        const script = [
          `mosquitto_sub ${quoted([...listener, ...as(people.device)])} & s=$!`,
          'sleep 1',
          ...[
            [people.viewer, 'of-viewer'],
            [people.operator, 'of-operator'],
          ].map(([who, id]) => {
            const to = ['-h', host, '-p', String(city.mqttPort), '-q', '1', '-t', 'city/wuxi/door/d-1/command'];
            return `mosquitto_pub ${quoted([...to, '-m', command(id as string), ...as(who as User)])}`;
          }),
          'wait $s',
        ].join('\n');
        expect(JSON.parse(run('bash', '-c', script).stdout)).toMatchObject({ id: 'of-operator' });
      });
    });

    it('who changed something, and who was refused, is found in the log by one word', async () => {
      await eventually('what was refused', () => city.printed().includes('broker refused') || undefined);
      const trail = city
        .printed()
        .split('\n')
        .filter((line) => line.includes('"audit"'))
        .map((line) => JSON.parse(line) as { [key: string]: unknown });
      const change = { audit: 'change', name: 'olaf', role: 'operator', method: 'POST', path: '/api/scenario' };
      for (const entry of [
        change,
        { audit: 'refused', cause: 'no-credentials' },
        { audit: 'refused', cause: 'not-allowed' },
      ])
        expect(trail).toContainEqual(expect.objectContaining(entry));
      for (const entry of trail) {
        expect(entry.time).toBeGreaterThan(Date.parse('2020-01-01'));
        expect(entry.address ?? entry.client).toEqual(expect.any(String));
      }
    });

    it('no secret is in what is printed, kept or answered, nor in the list of processes', async () => {
      await eventually('what was refused', () => city.printed().includes('broker refused') || undefined);
      const secrets = [
        ...Object.values(people).map(({ password }) => password),
        ...Object.values(tokens).map((token) => token.slice(-32)),
        ...['simulator', 'control', 'api'].map((name) => readFileSync(join(users, `${name}.password`), 'utf8').trim()),
        ...[...readFileSync(join(users, 'users.json'), 'utf8').matchAll(/scrypt:[^"]+/g)].map(([hash]) => hash),
      ];
      expect(secrets.length).toBeGreaterThan(15);
      const answers = ['/metrics', '/api/counters', '/api/health', '/api/rejected', '/openapi.json', '/api/kinds'];
      const seen = {
        printed: city.printed(),
        'command line': readFileSync(`/proc/${city.pid}/cmdline`, 'latin1'),
        environment: readFileSync(`/proc/${city.pid}/environ`, 'latin1'),
        answers: answers.map((path) => curl(path, ...bearer('viewer'))[1]).join(),
        data: filesIn(city.data).join(),
      };
      expect(seen.printed.length).toBeGreaterThan(500);
      for (const [where, text] of Object.entries(seen)) {
        const found = secrets.filter((secret) => text.includes(secret));
        expect([where, found]).toEqual([where, []]);
      }
    });
  },
  there,
);

describeWith(
  PARTS,
  'from another address, with TLS',
  () => {
    let city: GuardedCity;
    let viewer: User;
    const { host } = elsewhere!;
    const run: Elsewhere['run'] = (...words) => elsewhere!.run(...words);
    const authority = new Authority(folder, 'authority');

    beforeAll(async () => {
      const { cert, key } = authority.server('city', [host]);
      viewer = await user('vera', 'viewer');
      const tls = ['--tls-cert', cert, '--tls-key', key, '--tls-client-ca', authority.cert];
      city = await startGuarded(users, ['--host', host, '--store', 'memory', ...tls, '--no-simulator', '--no-control']);
    });
    afterAll(() => city.stop());

    it('only HTTPS and MQTT with TLS are open, nothing in clear text', () => {
      const open = listeningPorts(city.pid).filter(({ isLoopback }) => !isLoopback);
      expect(new Set(open.map(({ port }) => port))).toEqual(new Set([Number(new URL(city.http).port), city.mqttsPort]));
      expect(run('curl', '-s', city.http.replace('https', 'http')).status).toBeGreaterThan(0);
      expect(run('curl', '-s', `${city.http}/healthz`).status).toBe(60); // a certificate of nobody that curl knows
    });

    it('HTTPS asks for a login and gives a cookie for HTTPS only', () => {
      const trusted = ['-s', '--cacert', authority.cert];
      const status = ['-o', '/dev/null', '-w', '%{http_code}'];
      expect(run('curl', ...trusted, ...status, `${city.http}/api/kinds`).stdout).toBe('401');
      expect(run('curl', ...trusted, ...status, '--tls-max', '1.1', `${city.http}/`).stdout).toBe('000');
      const login = ['-H', 'content-type: application/json', '-d', JSON.stringify(viewer)];
      const { stdout } = run('curl', ...trusted, '-i', ...login, `${city.http}/api/session`);
      expect(stdout).toMatch(
        /set-cookie: __Host-citytwin-session=[\w-]{32}; Path=\/; HttpOnly; SameSite=Strict; Secure/,
      );
    });

    it('MQTT asks for a password or a certificate', () => {
      const to = ['-h', host, '-p', String(city.mqttsPort), '-t', 'city/wuxi/counters/broker', '-C', '1', '-W', '3'];
      const trusted = ['--cafile', authority.cert];
      const subscribe = (...args: string[]): number => run('mosquitto_sub', ...to, ...args).status;
      expect(subscribe(...trusted, '-u', viewer.name, '-P', viewer.password)).toBe(0);
      expect(subscribe(...trusted)).toBeGreaterThan(0);
      const { cert, key } = authority.client('vera', 'vera');
      expect(subscribe(...trusted, '--cert', cert, '--key', key)).toBe(0);
      const stranger = new Authority(folder, 'stranger').client('fake', 'vera');
      expect(subscribe(...trusted, '--cert', stranger.cert, '--key', stranger.key)).toBeGreaterThan(0);
      expect(subscribe('-u', viewer.name, '-P', viewer.password)).toBeGreaterThan(0);
    });
  },
  there,
);

/** TCP ports that a process listens on: /proc/net/tcp, proc(5). */
function listeningPorts(pid: number): { port: number; isLoopback: boolean }[] {
  const inodes = new Set(
    readdirSync(`/proc/${pid}/fd`).flatMap((fd) => {
      try {
        return [/^socket:\[(\d+)\]$/.exec(readlinkSync(`/proc/${pid}/fd/${fd}`))?.[1] ?? ''];
      } catch {
        return []; // closed meanwhile
      }
    }),
  );
  return ['tcp', 'tcp6'].flatMap((table) =>
    readFileSync(`/proc/${pid}/net/${table}`, 'utf8')
      .split('\n')
      .slice(1)
      .map((line) => line.trim().split(/\s+/))
      .filter(([, , , state, , , , , , inode]) => state === '0A' && inodes.has(inode ?? ''))
      .map(([, local = '']) => {
        const [address = '', port = ''] = local.split(':');
        return {
          port: parseInt(port, 16),
          isLoopback: address.endsWith('7F') || address === `${'0'.repeat(24)}01000000`,
        };
      }),
  );
}

function filesIn(path: string): string[] {
  return readdirSync(path, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'latin1'));
}

/** For a shell. */
function quoted(words: readonly string[]): string {
  return words.map((word) => `'${word.replaceAll("'", "'\\''")}'`).join(' ');
}
