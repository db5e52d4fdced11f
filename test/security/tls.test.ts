// MQTT over TLS: who comes in with which certificate, which versions are spoken, and that a renewed pair takes effect.
import { once } from 'node:events';
import { copyFileSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { connect } from 'node:tls';
import type { ConnectionOptions, TLSSocket } from 'node:tls';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { Credentials } from '../../broker/credential-source.ts';
import { createCredentials } from '../../broker/credentials.ts';
import { addUser } from '../../broker/users.ts';
import { openCertificates } from '../../cli/certificates.ts';
import type { Certificates } from '../../cli/certificates.ts';
import type { Logger } from '../../cli/log.ts';
import { start, until } from '../broker/start.ts';
import { Wire } from '../broker/wire.ts';
import { describeWith } from '../parts.ts';
import { Authority } from './certificates.ts';
import type { Pair } from './certificates.ts';

const warnings: string[] = [];
const quiet = { info: () => undefined, error: () => undefined, warn: (text: string) => void warnings.push(text) };
const SERVICES = { username: 'viewer' };

describeWith(['openssl'], 'MQTT over TLS', () => {
  const folder = mkdtempSync(join(tmpdir(), 'citytwin-tls-'));
  const files = { tlsCert: join(folder, 'used.pem'), tlsKey: join(folder, 'used.key') };
  let authority: Authority;
  let stranger: Authority;
  let first: Pair;
  let device: Pair;
  let credentials: Credentials;
  let certificates: Certificates;
  let password = '';

  beforeAll(async () => {
    authority = new Authority(folder, 'authority');
    stranger = new Authority(folder, 'stranger');
    first = authority.server('first');
    device = authority.client('device', 'door/d-1');
    use(first);
    const users = join(folder, 'users');
    credentials = await createCredentials(users);
    await addUser(users, { name: 'door/d-1', role: 'device' }, null);
    password = readFileSync(join(users, 'viewer.password'), 'utf8').trim();
    certificates = (await openCertificates({ ...files, tlsClientCa: authority.cert }, quiet as unknown as Logger))!;
    await until(() => credentials.named?.('door/d-1') !== undefined);
  });
  afterAll(() => {
    certificates.close();
    credentials.close?.();
    rmSync(folder, { recursive: true });
  });

  function use({ cert, key }: Pair): void {
    copyFileSync(cert, files.tlsCert);
    copyFileSync(key, files.tlsKey);
  }

  const startSecure = () => start({ credentials, tls: { port: 0, material: certificates } });

  /** CONNACK's code, or what ended the connection before. */
  async function connected(port: number, tls: ConnectionOptions, fields: object): Promise<number | string> {
    const socket = connect({ host: '127.0.0.1', port, ca: readFileSync(authority.cert), ...tls });
    try {
      await once(socket, 'secureConnect');
    } catch (error) {
      return (error as { code?: string }).code ?? String(error);
    }
    const wire = new Wire(socket);
    wire.writer.connect({ clientId: 'wire', cleanSession: true, keepAliveS: 60, ...fields });
    wire.send();
    await wire.until(() => wire.packets.length > 0 || wire.closed);
    socket.destroy();
    return wire.returnCode ?? 'ended';
  }

  const shows = ({ cert, key }: Pair): ConnectionOptions => ({ cert: readFileSync(cert), key: readFileSync(key) });

  it.each([
    ['no certificate and a password', () => ({}), () => ({ ...SERVICES, password }), 0],
    ['no certificate and a wrong password', () => ({}), () => ({ ...SERVICES, password: 'x' }), 4],
    ['neither', () => ({}), () => ({}), 5],
    ['a certificate of a user', () => shows(device), () => ({ clientId: 'door/d-1' }), 0],
    ['and that name', () => shows(device), () => ({ clientId: 'door/d-1', username: 'door/d-1' }), 0],
    ['and another client id', () => shows(device), () => ({ clientId: 'door/d-2' }), 5],
    ['and another name', () => shows(device), () => ({ ...SERVICES, password }), 5],
    ['a certificate of nobody', () => shows(authority.client('ghost', 'door/ghost')), () => ({}), 5],
    [
      'one that has ended',
      () => shows(authority.client('old', 'door/d-1', -1)),
      () => ({ clientId: 'door/d-1' }),
      'ended',
    ],
    ['one of a stranger', () => shows(stranger.client('other', 'door/d-1')), () => ({ clientId: 'door/d-1' }), 'ended'],
    ['TLS 1.2', () => ({ maxVersion: 'TLSv1.2' as const }), () => ({ ...SERVICES, password }), 0],
  ])('%s', async (_, tls, fields, expected) => {
    const broker = await startSecure();
    expect(await connected(broker.tlsPort!, tls(), fields())).toBe(expected);
  });

  it('TLS 1.1 is not spoken', async () => {
    const broker = await startSecure();
    const old = { minVersion: 'TLSv1.1', maxVersion: 'TLSv1.1', ciphers: 'DEFAULT@SECLEVEL=0' } as const;
    expect(await connected(broker.tlsPort!, old, {})).toMatch(/^ERR_SSL/);
    await until(() => broker.counters().refusedByCause?.tls === 1);
  });

  it('what is no TLS ends, and the others go on', async () => {
    const broker = await startSecure();
    const wire = await Wire.connected(broker.tlsPort!, { ...SERVICES, password });
    await wire.until(() => wire.closed);
    expect(wire.returnCode).toBeUndefined();
    expect(await connected(broker.tlsPort!, {}, { ...SERVICES, password })).toBe(0);
  });

  it('a renewed pair takes effect without a restart, half of one does not', async () => {
    const broker = await startSecure();
    const serial = async (): Promise<string> => {
      const socket: TLSSocket = connect({ host: '127.0.0.1', port: broker.tlsPort!, ca: readFileSync(authority.cert) });
      await once(socket, 'secureConnect');
      const { serialNumber } = socket.getPeerCertificate();
      socket.destroy();
      return serialNumber;
    };
    const before = await serial();
    const second = authority.server('second');
    copyFileSync(second.cert, files.tlsCert);
    await until(() => warnings.some((text) => text.includes('not that of the certificate')));
    expect(await serial()).toBe(before);
    copyFileSync(second.key, files.tlsKey);
    const deadlineMs = performance.now() + 5000;
    while ((await serial()) === before) expect(performance.now()).toBeLessThan(deadlineMs);
    use(first);
  });

  describe('does not begin', () => {
    it.each([
      ['without a key', () => ({ tlsCert: first.cert }), /both --tls-cert FILE and --tls-key FILE/],
      ['with the key of another', () => ({ tlsCert: first.cert, tlsKey: device.key }), /not that of the certificate/],
      ['with a file that is none', () => ({ tlsCert: '/nowhere', tlsKey: first.key }), /no file \/nowhere/],
    ])('%s', async (_, settings, message) => {
      await expect(openCertificates(settings(), quiet as unknown as Logger)).rejects.toThrow(message);
    });
  });
});
