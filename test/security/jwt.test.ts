// JSON Web Tokens as passwords: whom they let in, and every way in which one can be wrong.
import { createHmac, generateKeyPairSync, randomBytes } from 'node:crypto';
import type { KeyObject } from 'node:crypto';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { SignJWT } from 'jose';
import type { JWTPayload } from 'jose';
import { afterAll, describe, expect, it } from 'vitest';
import { createCredentials } from '../../broker/credentials.ts';
import { JwtSource } from '../../broker/jwt-credentials.ts';
import type { JwtAlgorithm } from '../../broker/jwt-algorithms.ts';
import { start, until } from '../broker/start.ts';
import { Wire } from '../broker/wire.ts';

const folder = mkdtempSync(join(tmpdir(), 'citytwin-jwt-'));
afterAll(() => rmSync(folder, { recursive: true }));

const secret = randomBytes(48).toString('base64url');
const ec = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const otherEc = generateKeyPairSync('ec', { namedCurve: 'P-256' });
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 });
const spki = (key: KeyObject): string => key.export({ type: 'spki', format: 'pem' }) as string;
const NOW_S = Math.floor(Date.now() / 1000);

function file(name: string, text: string): string {
  const path = join(folder, name);
  writeFileSync(path, text, { mode: 0o600 });
  return path;
}
const onBad = (): void => undefined;
const source = (keyFile: string, algorithm: JwtAlgorithm, nowMs = Date.now) =>
  JwtSource.open({ keyFile, algorithm, audience: 'citytwin', onBad, nowMs });

interface Claims {
  sub?: string | undefined;
  aud?: string;
  exp?: number | undefined;
  nbf?: number;
  role?: unknown;
  kinds?: unknown;
}

async function signed(claims: Claims, key: KeyObject | Uint8Array = ec.privateKey, alg = 'ES256'): Promise<string> {
  const payload = { sub: 'door/d-1', aud: 'citytwin', exp: NOW_S + 60, ...claims };
  return new SignJWT(JSON.parse(JSON.stringify(payload)) as JWTPayload).setProtectedHeader({ alg }).sign(key);
}

const part = (value: object): string => Buffer.from(JSON.stringify(value)).toString('base64url');

describe('a token', () => {
  it.each([
    ['HS256', () => file('secret', secret), Buffer.from(secret)],
    ['RS256', () => file('rsa.pem', spki(rsa.publicKey)), rsa.privateKey],
    ['ES256', () => file('ec.pem', spki(ec.publicKey)), ec.privateKey],
    [
      'ES256',
      () => file('set.json', JSON.stringify({ keys: [ec.publicKey.export({ format: 'jwk' })] })),
      ec.privateKey,
    ],
  ] as const)('signed with %s lets its subject in', async (algorithm, path, key) => {
    const tokens = await source(path(), algorithm);
    const token = Buffer.from(await signed({}, key, algorithm));
    expect(await tokens.verify('door/d-1', token)).toMatchObject({
      name: 'door/d-1',
      roles: ['device'],
      device: { kind: 'door', device: 'd-1' },
    });
    expect(await tokens.verify('door/d-2', token)).toBeUndefined();
    tokens.close();
  });

  it('says what its subject may do', async () => {
    const tokens = await source(file('ec.pem', spki(ec.publicKey)), 'ES256');
    const acme = await tokens.bearer(await signed({ sub: 'acme', role: 'integrator', kinds: ['door'] }));
    expect(acme).toMatchObject({ name: 'acme', roles: ['integrator'], kinds: ['door'] });
    tokens.close();
  });

  const wrong: [string, () => Promise<string> | string][] = [
    ['that has ended', () => signed({ exp: NOW_S - 60 })],
    ['that has not begun', () => signed({ nbf: NOW_S + 60 })],
    ['for somebody else', () => signed({ aud: 'elsewhere' })],
    ['without an end', () => signed({ exp: undefined })],
    ['without a subject', () => signed({ sub: undefined })],
    ['of another key', () => signed({}, otherEc.privateKey)],
    ['of a role that is none', () => signed({ role: 'boss' })],
    ['of a device that is none', () => signed({ sub: 'somebody' })],
    ['of kinds that are none', () => signed({ sub: 'acme', role: 'gateway', kinds: ['../x'] })],
    ['with another algorithm', () => signed({}, rsa.privateKey, 'RS256')],
    [
      'without a signature',
      () => `${part({ alg: 'none' })}.${part({ sub: 'door/d-1', aud: 'citytwin', exp: NOW_S + 60 })}.`,
    ],
    [
      'that takes the public key for a secret',
      () => {
        const text = `${part({ alg: 'HS256' })}.${part({ sub: 'door/d-1', aud: 'citytwin', exp: NOW_S + 60 })}`;
        return `${text}.${createHmac('sha256', spki(ec.publicKey)).update(text).digest('base64url')}`;
      },
    ],
    ['that is none', () => 'aa.bb.cc'],
  ];
  it.each(wrong)('%s is not believed', async (_, token) => {
    const tokens = await source(file('ec.pem', spki(ec.publicKey)), 'ES256');
    expect(await tokens.bearer(await token())).toBeUndefined();
    tokens.close();
  });

  it('needs a key that fits, and no message quotes it', async () => {
    const weak = file('weak', 'geheim');
    await expect(source(weak, 'HS256')).rejects.toThrow(/32 bytes or more, got 6$/);
    await expect(source(file('pem', spki(ec.publicKey)), 'HS256')).rejects.toThrow(/no secret for HS256/);
    await expect(source(weak, 'ES256')).rejects.toThrow(/holds no public key/);
    await expect(source(join(folder, 'nowhere'), 'ES256')).rejects.toThrow(/no file/);
  });
});

describe('CONNECT with a token', () => {
  it('is let in by it, bound to its id, and put out when it ends; a name of the file belongs to the file', async () => {
    let nowMs = Date.now();
    const jwt = await source(file('ec.pem', spki(ec.publicKey)), 'ES256', () => nowMs);
    const credentials = await createCredentials(join(folder, 'users'), { further: [jwt] });
    const broker = await start({ credentials });
    const password = await signed({});
    const device = { username: 'door/d-1', password };
    expect((await Wire.connected(broker.port, { ...device, clientId: 'door/d-2' })).returnCode).toBe(5);
    const wire = await Wire.connected(broker.port, { ...device, clientId: 'door/d-1' });
    expect(wire.returnCode).toBe(0);
    const viewer = { username: 'viewer', password: await signed({ sub: 'viewer', role: 'admin' }) };
    expect((await Wire.connected(broker.port, viewer)).returnCode).toBe(4);
    nowMs += 120_000;
    await until(() => wire.closed, 8000);
    expect(broker.counters().refusedByCause).toMatchObject({ 'no-longer-welcome': 1 });
    credentials.close?.();
  });
});
