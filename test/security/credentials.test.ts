// The folder of credentials while the broker runs: who is added comes in, who is removed is put out, who guesses waits.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { GuessLimit } from '../../broker/guess-limit.ts';
import { CarefulCredentials } from '../../broker/careful-credentials.ts';
import { Busy } from '../../broker/credential-source.ts';
import type { CredentialSource, Credentials } from '../../broker/credential-source.ts';
import { createCredentials, loadCredentials } from '../../broker/credentials.ts';
import { Tokens, addToken, removeTokens } from '../../broker/tokens.ts';
import { addUser, readUsers, removeUser } from '../../broker/users.ts';
import { start, until } from '../broker/start.ts';
import { Wire } from '../broker/wire.ts';

const launcher = fileURLToPath(new URL('../../bin/citytwin.js', import.meta.url));
let folder = '';
const bad: string[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'citytwin-access-'));
  bad.length = 0;
});
afterEach(() => rmSync(folder, { recursive: true }));

const open = (): Promise<Credentials> => createCredentials(folder, { onBad: ({ message }) => void bad.push(message) });
const DEVICE = { name: 'door/d-1', role: 'device' } as const;
const codeOf = async (port: number, username: string, password: string, clientId = username) =>
  (await Wire.connected(port, { username, password, clientId })).returnCode;

describe('the folder of credentials, while the broker runs', () => {
  it('lets in who is added, puts out who is removed, and leaves the others where they are', async () => {
    const credentials = await open();
    const broker = await start({ credentials });
    const first = (await addUser(folder, DEVICE))!;
    const other = (await addUser(folder, { name: 'door/d-2', role: 'device' }))!;
    await until(() => credentials.named?.('door/d-2') !== undefined);
    const wire = await Wire.connected(broker.port, { username: DEVICE.name, password: first, clientId: DEVICE.name });
    const stays = await Wire.connected(broker.port, { username: 'door/d-2', password: other, clientId: 'door/d-2' });
    expect([wire.returnCode, stays.returnCode]).toEqual([0, 0]);
    await removeUser(folder, DEVICE.name);
    await until(() => wire.closed);
    expect(await codeOf(broker.port, DEVICE.name, first)).toBe(4);
    expect(stays.closed).toBe(false);
    credentials.close?.();
  });

  it('puts out whose role or password changes', async () => {
    await addUser(folder, { name: 'ann', role: 'operator' }, 'first password');
    const credentials = await open();
    const broker = await start({ credentials });
    const wire = await Wire.connected(broker.port, { username: 'ann', password: 'first password' });
    await addUser(folder, { name: 'ann', role: 'operator' }, 'second password');
    await until(() => wire.closed);
    expect(await codeOf(broker.port, 'ann', 'first password')).toBe(4);
    expect(await codeOf(broker.port, 'ann', 'second password')).toBe(0);
    credentials.close?.();
  });

  it('takes from a sleeping session what its owner may no longer read, and keeps it for who may', async () => {
    await addUser(folder, { name: 'ann', role: 'viewer' }, 'a long password');
    await addUser(folder, { name: 'bob', role: 'viewer' }, 'a long password');
    const credentials = await open();
    const broker = await start({ credentials });
    const connected = async (username: string): Promise<Wire> =>
      Wire.connected(broker.port, { username, password: 'a long password', clientId: username, cleanSession: false });
    for (const name of ['ann', 'bob']) {
      const wire = await connected(name);
      wire.writer.subscribe(1, [{ filter: 'city/wuxi/bus/#', qos: 1 }]);
      wire.send();
      await wire.until(() => wire.ofType(9).length === 1);
      wire.socket.destroy();
    }
    await until(() => broker.counters().clients === 0);
    await addUser(folder, { name: 'ann', role: 'integrator', kinds: ['door'] }, 'a long password');
    await until(() => credentials.named?.('ann')?.roles.includes('integrator') === true);
    await broker.publish('city/wuxi/bus/b-1/event', Buffer.from('{}'), { qos: 1, retain: false });
    const [ann, bob] = [await connected('ann'), await connected('bob')];
    await bob.until(() => bob.ofType(3).length === 1);
    await ann.ping();
    expect([ann.ofType(2)[0]!.body[0], ann.ofType(3).length]).toEqual([0, 0]); // no session is present [MQTT-3.2.2-3]
    await broker.publish('city/wuxi/bus/b-1/event', Buffer.from('{}'), { qos: 1, retain: false });
    await bob.until(() => bob.ofType(3).length === 2);
    await ann.ping();
    expect(ann.ofType(3)).toEqual([]);
    credentials.close?.();
  });

  it('stays as it was when the file is bad or gone, which is said without quoting it', async () => {
    const password = (await addUser(folder, DEVICE))!;
    const credentials = await open();
    const file = join(folder, 'users.json');
    const text = readFileSync(file, 'utf8');
    const [hash] = /scrypt:[^"]+/.exec(text)!;
    writeFileSync(file, text.slice(0, -20));
    await until(() => bad.length === 1);
    rmSync(file);
    await until(() => bad.length === 2);
    expect(await credentials.verify(DEVICE.name, Buffer.from(password))).toMatchObject({ name: DEVICE.name });
    expect(bad.join()).not.toContain(hash);
    credentials.close?.();
  });

  it('makes secrets for the parts also when a user was there first, and names what to do when nobody is', async () => {
    await expect(loadCredentials(join(folder, 'none'))).rejects.toThrow(/citytwin credentials add/);
    await addUser(folder, { name: 'ann', role: 'admin' });
    const credentials = await open();
    expect((await readUsers(folder)).map(({ name }) => name)).toEqual(['ann', 'simulator', 'control', 'api']);
    expect(await readUsers(join(folder, 'none'))).toEqual([]);
    credentials.close?.();
  });

  it('keeps client ids for whose name they begin with', async () => {
    await addUser(folder, { name: 'ann', role: 'viewer' }, 'a long password');
    await addUser(folder, { name: 'bob-2', role: 'viewer' }, 'a long password');
    const credentials = await open();
    const broker = await start({ credentials });
    const as = (clientId: string) => codeOf(broker.port, 'ann', 'a long password', clientId);
    expect(await as('api-wuxi')).toBe(2);
    expect(await as('simulator')).toBe(2);
    expect(await as('bob-2-laptop')).toBe(2);
    expect(await as('bob-3')).toBe(0);
    expect(await as('ann-laptop')).toBe(0);
    expect(await codeOf(broker.port, 'bob-2', 'a long password', 'bob-2-laptop')).toBe(0);
    credentials.close?.();
  });
});

describe('tokens', () => {
  it('are kept as digests, end, and are taken away one by one or with their user', async () => {
    let nowMs = 1000;
    const first = await addToken(folder, 'ann', nowMs, 5000);
    const second = await addToken(folder, 'ann', nowMs);
    const file = join(folder, 'tokens.json');
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(readFileSync(file, 'utf8')).not.toContain(first.slice(-32));
    const tokens = await Tokens.open(
      folder,
      () => undefined,
      () => nowMs,
    );
    expect([tokens.find(first)?.user, tokens.find(second)?.user]).toEqual(['ann', 'ann']);
    expect(tokens.find(`${first.slice(0, -1)}${first.endsWith('A') ? 'B' : 'A'}`)).toBeUndefined();
    expect([tokens.find(''), tokens.find('citytwin___proto____x')]).toEqual([undefined, undefined]);
    const found = tokens.find(second)!;
    nowMs = 6000;
    expect(tokens.find(first)).toBeUndefined();
    expect(await removeTokens(folder, found.id)).toBe(1);
    await until(() => !tokens.isCurrent(found));
    expect(tokens.find(second)).toBeUndefined();
    tokens.close();
  });
});

describe('guessing', () => {
  it('costs nothing for ten times, then twice as long each time, up to a minute, and is forgiven', () => {
    const guessLimit = new GuessLimit();
    let nowMs = 0;
    const waits = Array.from({ length: 18 }, () => {
      guessLimit.wrong('a', 'ann', nowMs);
      const waitMs = guessLimit.restMs('a', 'ann', nowMs);
      nowMs += waitMs;
      return waitMs / 1000;
    });
    expect(waits).toEqual([0, 0, 0, 0, 0, 0, 0, 0, 0, 1, 2, 4, 8, 16, 32, 60, 60, 60]);
    expect(guessLimit.restMs('b', 'ann', nowMs)).toBe(0);
    guessLimit.right('a', 'ann');
    guessLimit.wrong('a', 'ann', nowMs);
    expect(guessLimit.restMs('a', 'ann', nowMs)).toBe(0);
  });

  /** A thousand guesses for another name, eight after each password of one's own. → how many were checked */
  async function guessing(ownName: (round: number) => string): Promise<number> {
    let checks = 0;
    const source: CredentialSource = {
      decides: () => true,
      recall: () => undefined,
      verify: (name) => {
        if (name !== 'admin') return Promise.resolve({ name, roles: ['device'] });
        checks++;
        return Promise.resolve(undefined);
      },
      isCurrent: () => true,
    };
    const careful = new CarefulCredentials([source], () => 0);
    const from = { address: '192.0.2.1' };
    for (let at = 0; at < 1000; at++) {
      const own = at % 8 === 7 && careful.verify(ownName(at), Buffer.from('mine'), from);
      await Promise.allSettled([careful.verify('admin', Buffer.from(`guess-${at}`), from), own]);
    }
    return checks;
  }

  it('is not forgiven again and again for a right password of one’s own', async () => {
    expect(await guessing(() => 'bus/b-1')).toBeLessThanOrEqual(20);
    // Whoever has a hundred names gains by a few of them.
    expect(await guessing((at) => `bus/b-${at}`)).toBeLessThanOrEqual(110);
  });

  it('does not hold up neighbours that were right before, whatever they show now, and is forgiven for a new one', () => {
    const guessLimit = new GuessLimit();
    guessLimit.right('nat', 'bus/b-1');
    for (let at = 0; at < 10; at++) guessLimit.wrong('nat', 'guess', 0);
    expect(guessLimit.restMs('nat', 'bus/b-2', 0)).toBe(1000);
    expect([guessLimit.restMs('nat', 'bus/b-1', 0), guessLimit.isSuspect('nat', 'bus/b-1')]).toEqual([0, false]);
    // Its password has changed, and it does not know: its own trouble.
    for (let at = 0; at < 12; at++) guessLimit.wrong('nat', 'bus/b-1', 0);
    expect(guessLimit.restMs('nat', 'bus/b-1', 0)).toBe(4000);
    expect(guessLimit.restMs('nat', 'bus/b-2', 0)).toBe(1000);
    guessLimit.right('nat', 'bus/b-1');
    expect([guessLimit.restMs('nat', 'bus/b-1', 0), guessLimit.restMs('nat', 'bus/b-2', 0)]).toEqual([0, 1000]);
    guessLimit.right('nat', 'bus/b-2');
    guessLimit.wrong('nat', 'bus/b-3', 1000);
    expect(guessLimit.restMs('nat', 'bus/b-3', 1000)).toBe(0);
  });

  it('makes its own address wait, nobody else, and not those whose password is known', async () => {
    const ann = { name: 'ann', roles: ['viewer'] } as const;
    let checks = 0;
    const source: CredentialSource = {
      decides: () => true,
      recall: (name) => (name === 'known' ? ann : undefined),
      verify: (name) => {
        checks++;
        return Promise.resolve(name === 'ann' ? ann : undefined);
      },
      isCurrent: () => true,
    };
    const careful = new CarefulCredentials([source], () => 0);
    const guess = (name: string, address: string) => careful.verify(name, Buffer.from('x'), { address });
    for (let at = 0; at < 10; at++) expect(await guess(`guess-${at}`, '192.0.2.1')).toBeUndefined();
    await expect(guess('ann', '192.0.2.1')).rejects.toMatchObject({ cause: 'back-off', retryAfterS: 1 });
    expect(checks).toBe(10);
    expect(await guess('ann', '192.0.2.2')).toBe(ann);
    // Whoever has one address of IPv6 has 2^64.
    await Promise.allSettled(Array.from({ length: 100 }, (_, at) => guess(`guess-${at}`, `2001:db8:0:1::${at}`)));
    expect(checks).toBeLessThanOrEqual(25);
    expect(await guess('known', '192.0.2.1')).toBe(ann);
  });

  it('asks the same once, a few of an address at a time, and lets nobody wait behind another address', async () => {
    const ann = { name: 'ann', roles: ['viewer'] } as const;
    const answers: (() => void)[] = [];
    const source: CredentialSource = {
      decides: () => true,
      recall: () => undefined,
      verify: () => new Promise((resolve) => answers.push(() => resolve(ann))),
      isCurrent: () => true,
    };
    const careful = new CarefulCredentials([source], () => 0);
    const ask = (name: string, address: string) => careful.verify(name, Buffer.from('x'), { address });
    const asked = [...Array(100).keys()].map((at) => ask(`name-${at % 50}`, '192.0.2.1'));
    await until(() => answers.length === 4);
    await expect(ask('one more', '192.0.2.1')).rejects.toThrow(Busy);
    asked.push(ask('from elsewhere', '192.0.2.2'));
    await until(() => answers.length === 5);
    for (let answered = 0; answered < 51; answered++) {
      await until(() => answers.length > answered);
      answers[answered]!();
    }
    expect(new Set(await Promise.all(asked))).toEqual(new Set([ann]));
    expect(answers).toHaveLength(51);
  });

  it.each([
    ['one question for a source that does not regard client ids', undefined, 1],
    ['a question each for one that does', true, 40],
  ])('is not what many connections by one password do: they are %s', async (_, regardsClientId, questions) => {
    const ann = { name: 'ann', roles: ['gateway'] } as const;
    let asked = 0;
    const source: CredentialSource = {
      ...(regardsClientId && { regardsClientId }),
      decides: () => true,
      recall: () => undefined,
      verify: async () => {
        asked++;
        await new Promise(setImmediate);
        return ann;
      },
      isCurrent: () => true,
    };
    const careful = new CarefulCredentials([source], () => 0);
    const ids = Array.from({ length: 40 }, (_unused, at) => `ann-${at}`);
    const answers = ids.map((clientId) => careful.verify('ann', Buffer.from('x'), { address: '192.0.2.1', clientId }));
    expect(await Promise.all(answers)).toEqual(ids.map(() => ann));
    expect(asked).toBe(questions);
  });
});

describe('citytwin credentials', () => {
  const run = (...args: string[]): string =>
    execFileSync(process.execPath, [launcher, 'credentials', ...args, '--credentials', folder], { encoding: 'utf8' });

  it('adds, lists and removes, and shows a secret once', () => {
    const { password } = JSON.parse(run('add', 'ann', '--role', 'admin', '--json')) as { password: string };
    expect(password).toMatch(/^[\w-]{32}$/);
    const token = run('token', 'ann', '--expires', '30d').trim();
    expect(token).toMatch(/^citytwin_[0-9a-f]{12}_[\w-]{32}$/);
    const listed = run('list');
    expect(listed).toMatch(/^ann {2}admin, by password\n {2}token [0-9a-f]{12}, until 20/);
    expect(listed).not.toContain(token.slice(-32));
    const kept = ['users.json', 'tokens.json'].map((name) => readFileSync(join(folder, name), 'utf8')).join();
    for (const secret of [password, token.slice(-32)]) expect(kept).not.toContain(secret);
    expect(run('remove', 'ann')).toContain('out within a second');
    expect(run('list')).toContain('nobody yet');
  });

  it.each([
    [['ad', 'ann'], /unknown action ad, did you mean add/],
    [['add'], /add needs a name/],
    [['add', 'ann'], /--role, one of device/],
    [['add', 'd-1', '--role', 'device'], /named \{kind\}\/\{device\}, got "d-1"/],
    [['remove', 'ann'], /no user or token ann/],
    [['token', 'ann'], /no user ann/],
  ])('refuses %j with what was expected', (args, message) => {
    expect(() => run(...args)).toThrow(message);
  });
});
