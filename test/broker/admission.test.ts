import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Credentials } from '../../broker/credential-source.ts';
import { createCredentials, ephemeralCredentials, loadCredentials, readSecret } from '../../broker/credentials.ts';
import type { Identity } from '../../broker/roles.ts';
import { addUser } from '../../broker/users.ts';
import { start, until } from './start.ts';
import { Wire } from './wire.ts';

let folder = '';
let credentials: Credentials;
let devicePassword = '';
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'citytwin-credentials-'));
  await createCredentials(folder);
  devicePassword = (await addUser(folder, { name: 'door/d-1', role: 'device' }))!;
  await addUser(folder, { name: 'acme', role: 'integrator', kinds: ['door'] }, 'secret of acme');
  credentials = await loadCredentials(folder);
});
afterAll(() => rm(folder, { recursive: true }));

const will = (topic: string) => ({ will: { topic, payload: Buffer.from('offline'), qos: 1 as const, retain: true } });

describe('credentials', () => {
  it('are checked without keeping files waiting, which need the same threads', async () => {
    let checked = 0;
    const wrong = Array.from({ length: 16 }, async () => {
      await credentials.verify('simulator', Buffer.from('wrong'));
      checked++;
    });
    await stat(folder);
    expect(checked).toBeLessThan(6);
    await Promise.all(wrong);
  });

  it('are generated at the first start, readable by the owner only, and kept at the second', async () => {
    const secret = await readSecret(folder, 'simulator');
    expect(secret).toMatch(/^[\w-]{32}$/);
    expect((await stat(join(folder, 'simulator.password'))).mode & 0o777).toBe(0o600);
    expect((await stat(join(folder, 'users.json'))).mode & 0o777).toBe(0o600);
    expect(await readFile(join(folder, 'users.json'), 'utf8')).not.toContain(secret);
    const again = await createCredentials(folder);
    expect(await again.verify('simulator', Buffer.from(secret))).toEqual({ name: 'simulator', roles: ['gateway'] });
  });

  it('know the right password only, also the second time', async () => {
    const right = Buffer.from('secret of acme');
    for (let round = 0; round < 2; round++) {
      expect(await credentials.verify('acme', right)).toEqual({ name: 'acme', roles: ['integrator'], kinds: ['door'] });
      expect(await credentials.verify('acme', Buffer.from('secret of acmf'))).toBeUndefined();
      expect(await credentials.verify('nobody', right)).toBeUndefined();
      expect(await credentials.verify('__proto__', right)).toBeUndefined();
    }
  });

  it('name every problem of a bad file', async () => {
    const bad = await mkdtemp(join(tmpdir(), 'citytwin-credentials-'));
    await writeFile(
      join(bad, 'users.json'),
      '{"users":[{"name":"d1","role":"device","hash":"x"},{"name":"a","role":"boss","kinds":["Bus"]}]}',
    );
    await expect(loadCredentials(bad)).rejects.toThrow(/\{kind\}\/\{device\}, got "d1".*scrypt.*got "boss".*\["Bus"\]/);
    await rm(bad, { recursive: true });
  });
});

describe('CONNECT with credentials', () => {
  it.each([
    ['no name', {}, 5],
    ['an unknown name', { username: 'x', password: 'y' }, 4],
    ['a wrong password', { username: 'acme', password: 'y' }, 4],
    ['a name without a password', { username: 'acme' }, 4],
    ['the right password', { username: 'acme', password: 'secret of acme' }, 0],
  ])('%s', async (_, fields, expected) => {
    const broker = await start({ credentials });
    const wire = await Wire.connected(broker.port, fields);
    expect(wire.returnCode).toBe(expected);
    expect(broker.counters().refused).toBe(expected === 0 ? 0 : 1);
  });

  it("binds a device's client id to its name, and its topics to itself", async () => {
    const broker = await start({ credentials });
    const device = { username: 'door/d-1', password: devicePassword };
    expect((await Wire.connected(broker.port, { ...device, clientId: 'door/d-2' })).returnCode).toBe(5);
    const wire = await Wire.connected(broker.port, { ...device, clientId: 'door/d-1' });
    expect(wire.returnCode).toBe(0);
    for (const [at, of] of ['d-1', 'd-2'].entries()) {
      wire.writer.publish(`city/wuxi/door/${of}/telemetry`, Buffer.from('{}'), 1, false, false, at + 1);
    }
    wire.send();
    await wire.until(() => wire.ofType(4).length === 2);
    expect(broker.frames.map(({ topic }) => topic)).toEqual(['city/wuxi/door/d-1/telemetry']);
    expect(broker.counters().refusedByCause).toEqual({ 'client-id-not-user': 1, 'not-allowed': 1 });
  });
});

describe('CONNECT on loopback', () => {
  it('lets everyone in without a name, and the parts with their secrets', async () => {
    const { credentials, secretOf } = ephemeralCredentials();
    const broker = await start({ credentials });
    expect((await Wire.connected(broker.port)).returnCode).toBe(0);
    const simulator = { clientId: 'simulator', username: 'simulator', password: secretOf('simulator') };
    const wire = await Wire.connected(broker.port, simulator);
    expect(wire.returnCode).toBe(0);
    wire.writer.publish('city/wuxi/clock', Buffer.from('{}'), 1, true, false, 1);
    wire.send();
    await wire.until(() => wire.ofType(4).length === 1);
    expect(broker.frames).toHaveLength(1);
    expect((await Wire.connected(broker.port, { ...simulator, password: secretOf('api') })).returnCode).toBe(4);
  });

  it('does not let anyone take over the connection or the session of somebody else', async () => {
    const { credentials, secretOf } = ephemeralCredentials();
    const broker = await start({ credentials });
    const api = { clientId: 'api', username: 'api', password: secretOf('api'), cleanSession: false };
    const wire = await Wire.connected(broker.port, api);
    expect((await Wire.connected(broker.port, { clientId: 'api' })).returnCode).toBe(2);
    expect(wire.closed).toBe(false);
    wire.socket.destroy();
    await until(() => broker.counters().clients === 0);
    expect((await Wire.connected(broker.port, { clientId: 'api', cleanSession: false })).returnCode).toBe(2);
    expect((await Wire.connected(broker.port, api)).returnCode).toBe(0);
    expect(broker.counters().refusedByCause).toEqual({ 'client-id-taken': 2 });
  });

  it.each([
    ['an empty client id with a kept session', { clientId: '', cleanSession: false }, 2],
    ['an empty client id with a clean session', { clientId: '' }, 0],
    ['a client id with a line break', { clientId: 'a\nb' }, 2],
    ['no keep-alive', { keepAliveS: 0 }, 6],
    ['a keep-alive of an hour', { keepAliveS: 3600 }, 6],
    ['a will with a wildcard', will('city/wuxi/bus/+/status'), 5],
    ['a will on all topics', will('#'), 5],
    ['an empty will topic', will(''), undefined],
    ['a will that its sender may not publish', will('city/wuxi/clock'), 5],
    ['a will of its own kind', will('city/wuxi/bus/b/status'), 0],
    ['the client id __proto__', { clientId: '__proto__' }, 0],
  ])('answers %s', async (_, fields, expected) => {
    const broker = await start();
    expect((await Wire.connected(broker.port, fields)).returnCode).toBe(expected);
    expect(broker.counters().clients).toBe(expected === 0 ? 1 : 0);
  });

  it('publishes the will of a client that vanishes, and counts its clients by their connections', async () => {
    const broker = await start();
    const wire = await Wire.connected(broker.port, will('city/wuxi/bus/b/status'));
    expect(broker.counters().clients).toBe(1);
    wire.socket.destroy();
    await until(() => broker.frames.length === 1);
    expect(broker.frames[0]).toMatchObject({ topic: 'city/wuxi/bus/b/status', retain: true });
    await until(() => broker.counters().clients === 0);
  });

  it('lets a client id rest that is taken over again and again', async () => {
    const broker = await start({ limits: { takeovers: 3 } });
    const codes: (number | undefined)[] = [];
    for (let round = 0; round < 6; round++)
      codes.push((await Wire.connected(broker.port, { clientId: 'twin' })).returnCode);
    expect(codes).toEqual([0, 0, 0, 0, 3, 3]);
  });

  describe('that is not let in', () => {
    const TOPIC = 'city/wuxi/bus/b/event';
    const login = { clientId: 'kept', username: 'u', password: 'quick', cleanSession: false } as const;

    /** The password `slow` is known only once `learn` is called. */
    async function slowBroker(limits = {}) {
      const learn: (() => void)[] = [];
      const verify = async (name: string, password: Uint8Array): Promise<Identity> => {
        if (Buffer.from(password).equals(Buffer.from('slow'))) await new Promise<void>((now) => learn.push(now));
        return { name, roles: ['integrator', 'viewer'] };
      };
      const broker = await start({ credentials: { anonymous: false, verify }, limits });
      const first = await Wire.connected(broker.port, login);
      first.writer.subscribe(1, [{ filter: TOPIC, qos: 1 }]);
      first.send();
      await first.until(() => first.ofType(9).length === 1);
      const second = await Wire.open(broker.port);
      second.writer.connect({ ...login, password: 'slow', keepAliveS: 60, cleanSession: true });
      second.send();
      await until(() => learn.length === 1);
      return { broker, first, second, learn };
    }

    async function expectHeard({ broker, first }: Awaited<ReturnType<typeof slowBroker>>): Promise<void> {
      await first.ping();
      await broker.publish(TOPIC, Buffer.from('x'), { qos: 1, retain: false });
      await first.until(() => first.ofType(3).length === 1);
      expect([first.closed, broker.counters().clients]).toEqual([false, 1]);
      expect((await Wire.connected(broker.port, { ...login, username: 'other' })).returnCode).toBe(2);
    }

    it('because it is gone before its password is known leaves the client and its session that have the id', async () => {
      const met = await slowBroker();
      met.second.socket.destroy();
      await until(() => met.broker.status().connections === 1);
      met.learn[0]!();
      await expectHeard(met);
    });

    it('because its password is known too late leaves them too, also once it is known', async () => {
      const met = await slowBroker({ authenticateTimeoutMs: 20 });
      await met.second.until(() => met.second.closed);
      expect(met.second.returnCode).toBe(3);
      met.learn[0]!();
      await expectHeard(met);
    });
  });

  it('that takes an id over gets it when the will of the other is out', async () => {
    const broker = await start();
    const will = { topic: 'city/wuxi/bus/b/status', payload: Buffer.from('gone'), qos: 1, retain: false } as const;
    const first = await Wire.connected(broker.port, { clientId: 'twin', will });
    const second = await Wire.connected(broker.port, { clientId: 'twin' });
    expect([second.returnCode, broker.frames.length]).toEqual([0, 1]);
    await first.until(() => first.closed);
    await second.ping();
    expect([second.closed, broker.counters().clients]).toEqual([false, 1]);
  });

  it('counts what is not MQTT and goes on', async () => {
    const broker = await start();
    const wire = await Wire.open(broker.port);
    wire.send(Buffer.from('GET / HTTP/1.1\r\n\r\n'));
    await wire.until(() => wire.closed);
    await until(() => broker.counters().refused === 1);
    expect((await Wire.connected(broker.port)).returnCode).toBe(0);
  });

  it('ends a connection that never sends CONNECT', async () => {
    const broker = await start({ limits: { connectTimeoutMs: 50 } });
    const wire = await Wire.open(broker.port);
    await wire.until(() => wire.closed);
    expect(wire.packets).toEqual([]);
  });

  it('refuses connections above the limit', async () => {
    const broker = await start({ limits: { maxConnections: 2 } });
    await Wire.connected(broker.port, { clientId: 'a' });
    await Wire.connected(broker.port, { clientId: 'b' });
    const third = await Wire.connected(broker.port, { clientId: 'c' });
    expect([third.returnCode, broker.counters().refusedByCause]).toEqual([undefined, { 'too-many-connections': 1 }]);
  });
});
