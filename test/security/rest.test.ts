// REST and the live stream behind a login: which route needs what, sessions, tokens, changes that come from elsewhere, streams that end.
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket } from 'ws';
import { isTooDeep } from '../../api/access/json-depth.ts';
import { Sessions } from '../../api/access/sessions.ts';
import { neededFor } from '../../api/access/table.ts';
import { addToken, removeTokens } from '../../broker/tokens.ts';
import { addUser, removeUser } from '../../broker/users.ts';
import { openAccess } from '../../cli/access.ts';
import type { Access } from '../../cli/access.ts';
import { createLog } from '../../cli/log.ts';
import { bus, describeKind, startCity, telemetry, until } from '../api/city.ts';
import type { TestCity } from '../api/city.ts';

const PASSWORD = 'a long password';
const PEOPLE = ['viewer', 'operator', 'admin'] as const;
const folder = mkdtempSync(join(tmpdir(), 'citytwin-rest-'));
const tokens: { [name: string]: string } = {};
let access: Access;
let city: TestCity;

beforeAll(async () => {
  for (const role of PEOPLE) {
    await addUser(folder, { name: `${role}-ann`, role }, PASSWORD);
    tokens[role] = await addToken(folder, `${role}-ann`, Date.now());
  }
  await addUser(folder, { name: 'door/d-1', role: 'device' }, PASSWORD);
  tokens.device = await addToken(folder, 'door/d-1', Date.now());
  tokens.over = await addToken(folder, 'admin-ann', Date.now() - 1000, 1);
  const settings = { host: '127.0.0.1', credentials: folder, openHttp: false } as const;
  const further = { jwtAlgorithm: 'ES256', jwtAudience: 'citytwin' } as const;
  access = (await openAccess({ ...settings, ...further }, createLog({ logLevel: 'silent' }), false))!;
  city = await startCity({ access: { accounts: access.accounts }, recheckMs: 50 });
  await city.api.take(describeKind(bus));
  await city.api.take(telemetry('b-1', { ts: 1_777_593_600_000, seq: 1, speedMps: 3 }));
});
afterAll(async () => {
  await city.api.close();
  access.close();
  rmSync(folder, { recursive: true });
});

interface Asked {
  readonly method?: string;
  readonly headers?: { readonly [name: string]: string };
  readonly body?: string;
}
const ask = (path: string, { method = 'GET', headers = {}, body }: Asked = {}): Promise<Response> =>
  fetch(city.base + path, {
    method,
    headers: { ...(body === undefined ? {} : { 'content-type': 'application/json' }), ...headers },
    ...(body === undefined ? {} : { body }),
  });
const bearer = (role: string) => ({ authorization: `Bearer ${tokens[role]}` });

async function loggedIn(name: string): Promise<{ cookie: string; csrf: string; setCookie: string }> {
  const answer = await ask('/api/session', { method: 'POST', body: JSON.stringify({ name, password: PASSWORD }) });
  const setCookie = answer.headers.get('set-cookie')!;
  return { cookie: setCookie.split(';')[0]!, setCookie, csrf: ((await answer.json()) as { csrf: string }).csrf };
}

describe('the table of roles', () => {
  const rows: [method: string, path: string, needs: string, body?: object][] = [
    ['GET', '/healthz', 'nobody'],
    ['GET', '/readyz', 'nobody'],
    ['GET', '/api/session', 'nobody'],
    ['GET', '/api/kinds', 'viewer'],
    ['GET', '/api/devices/bus/b-1', 'viewer'],
    ['GET', '/api/rejected', 'viewer'],
    ['GET', '/api/scenario', 'viewer'],
    ['GET', '/metrics', 'viewer'],
    ['GET', '/openapi.json', 'viewer'],
    ['GET', '/docs/', 'viewer'],
    ['GET', '/api/nothing', 'viewer'],
    ['POST', '/api/devices/bus/b-1/commands', 'operator', { name: 'fly' }],
    ['POST', '/api/alarms/none/ack', 'operator', {}],
    ['POST', '/api/scenario', 'operator', { name: 'event', args: {} }],
    ['GET', '/api/rejected/export', 'admin'],
    ['POST', '/api/rejected/replay', 'admin', {}],
    ['POST', '/api/nothing', 'admin', {}],
    ['DELETE', '/api/kinds', 'admin'],
  ];
  it.each(rows)(
    '%s %s needs %s',
    async (method, path, needs, body) => {
      const order = ['nobody', 'viewer', 'operator', 'admin'];
      for (const role of order) {
        const headers = role === 'nobody' ? {} : bearer(role);
        const text = body === undefined ? {} : { body: JSON.stringify(body) };
        const answer = await ask(path, { method, headers, ...text });
        await answer.body?.cancel();
        const may = order.indexOf(role) >= order.indexOf(needs);
        const refused = role === 'nobody' ? 401 : 403;
        if (may) expect([401, 403], `${role} gets ${answer.status}`).not.toContain(answer.status);
        else expect([role, answer.status]).toEqual([role, refused]);
      }
    },
    30_000,
  );

  it('has every route that the api describes, none of them by default', async () => {
    const { paths } = (await (await ask('/openapi.json', { headers: bearer('viewer') })).json()) as {
      paths: { [path: string]: object };
    };
    const all = Object.entries(paths).flatMap(([path, methods]) =>
      Object.keys(methods).map((method) => [method.toUpperCase(), path.replace(/\{(\w+)\}/g, ':$1')] as const),
    );
    expect(all.length).toBeGreaterThan(20);
    const changing = all
      .filter(([method]) => method !== 'GET')
      .map((route) => [...route, neededFor(...route)].join(' '));
    expect(changing.sort()).toEqual([
      'DELETE /api/session nobody',
      'POST /api/alarms/:id/ack operator',
      'POST /api/devices/:kind/:device/commands operator',
      'POST /api/rejected/replay admin',
      'POST /api/scenario operator',
      'POST /api/session nobody',
    ]);
    const open = all.filter((route) => neededFor(...route) === 'nobody').map(([, path]) => path);
    expect([...new Set(open)].sort()).toEqual(['/api/session', '/healthz', '/readyz']);
  });
});

describe('what was refused', () => {
  it('is shown to everybody who may look, its content to an admin only', async () => {
    const secret = 'hunter2-password';
    await city.api.take({ topic: 'sensors/kitchen', payload: Buffer.from(secret), qos: 1, retain: false });
    await city.api.take(telemetry('b-1', secret));
    const answers = await Promise.all(
      PEOPLE.map(async (role) => (await ask('/api/rejected', { headers: bearer(role) })).text()),
    );
    const items = answers.map((text) => (JSON.parse(text) as { items: object[] }).items);
    expect(answers.map((text) => text.includes('hunter2'))).toEqual([false, false, true]);
    expect(items[0]).toMatchObject([{ cause: 'not-json', kind: 'bus', device: 'b-1' }, { cause: 'foreign-topic' }]);
    expect(items[2]).toMatchObject([{ payload: secret }, { payload: secret }]);
  });
});

describe('a bearer token', () => {
  it.each([
    ['that is none', 'Bearer citytwin_000000000000_AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA', 401],
    ['that has ended', () => `Bearer ${tokens.over}`, 401],
    ['of a device', () => `Bearer ${tokens.device}`, 401],
    ['in small letters', () => `bearer ${tokens.viewer}`, 200],
    ['that is a password', 'Basic dmlld2VyLWFubjphIGxvbmcgcGFzc3dvcmQ=', 401],
  ])('%s', async (_, authorization, status) => {
    const text = typeof authorization === 'string' ? authorization : authorization();
    expect((await ask('/api/kinds', { headers: { authorization: text } })).status).toBe(status);
  });

  it('in an address counts for nothing', async () => {
    for (const name of ['token', 'access_token', 'authorization']) {
      expect((await ask(`/api/kinds?${name}=${tokens.admin}`)).status).toBe(401);
    }
  });
});

describe('a session', () => {
  it('begins with a cookie that scripts and other sites do not get, and ends', async () => {
    const { cookie, setCookie, csrf } = await loggedIn('operator-ann');
    expect(setCookie).toMatch(/^citytwin-session=[\w-]{32}; Path=\/; HttpOnly; SameSite=Strict$/);
    expect(await (await ask('/api/session', { headers: { cookie } })).json()).toEqual({
      login: 'done',
      name: 'operator-ann',
      role: 'operator',
      csrf,
    });
    expect((await ask('/api/kinds', { headers: { cookie } })).status).toBe(200);
    await ask('/api/session', { method: 'DELETE', headers: { cookie, 'x-citytwin-csrf': csrf } });
    expect((await ask('/api/kinds', { headers: { cookie } })).status).toBe(401);
    expect(await (await ask('/api/session', { headers: { cookie } })).json()).toEqual({ login: 'required' });
  });

  it('changes something only with its own word, and from its own page', async () => {
    const { cookie, csrf } = await loggedIn('operator-ann');
    const change = (headers: { [name: string]: string }) =>
      ask('/api/alarms/none/ack', { method: 'POST', headers: { cookie, ...headers }, body: '{"by":"someone else"}' });
    expect((await change({})).status).toBe(403);
    expect((await change({ 'x-citytwin-csrf': `${csrf}x` })).status).toBe(403);
    expect((await change({ 'x-citytwin-csrf': csrf })).status).toBe(404);
    expect((await change({ 'x-citytwin-csrf': csrf, origin: 'http://127.0.0.1:1' })).status).toBe(403);
    expect((await change({ 'x-citytwin-csrf': csrf, origin: city.base })).status).toBe(404);
  });

  it('is of no use to a page of another port, nor may such a page log somebody in', async () => {
    const { cookie } = await loggedIn('viewer-ann');
    const origin = 'http://127.0.0.1:1';
    expect((await ask('/api/kinds', { headers: { cookie, origin } })).status).toBe(403);
    const body = JSON.stringify({ name: 'viewer-ann', password: PASSWORD });
    expect((await ask('/api/session', { method: 'POST', headers: { origin }, body })).status).toBe(403);
  });

  it('is refused to a device and to a wrong password with the same words', async () => {
    const words = await Promise.all(
      [
        ['door/d-1', PASSWORD],
        ['viewer-ann', 'another password'],
        ['nobody', PASSWORD],
        ['__proto__', PASSWORD],
      ].map(async ([name, password]) => {
        const answer = await ask('/api/session', { method: 'POST', body: JSON.stringify({ name, password }) });
        return [answer.status, answer.headers.get('set-cookie'), ((await answer.json()) as { detail: string }).detail];
      }),
    );
    expect(new Set(words.map((word) => word.join())).size).toBe(1);
    expect(words[0]!.slice(0, 2)).toEqual([401, null]);
  });

  it('is one of twenty of its person at most: whoever logs in often ends nobody else’s', () => {
    const sessions = new Sessions(() => 0);
    const ann = sessions.start({ name: 'ann', role: 'admin' }).id;
    const own = Array.from({ length: 20_000 }, () => sessions.start({ name: 'bob', role: 'viewer' }).id);
    expect(sessions.find(ann)?.person.name).toBe('ann');
    expect(own.filter((id) => sessions.find(id))).toEqual(own.slice(-20));
  });

  it('ends by itself: two hours unused, twelve hours at most', () => {
    let nowMs = 0;
    const sessions = new Sessions(() => nowMs);
    const person = { name: 'ann', role: 'viewer' } as const;
    const unused = sessions.start(person).id;
    nowMs += 2 * 3_600_000 + 1;
    expect(sessions.find(unused)).toBeUndefined();
    const used = sessions.start(person).id;
    for (let hour = 0; hour < 12; hour++) {
      expect(sessions.find(used)?.person).toBe(person);
      nowMs += 3_600_000;
    }
    nowMs += 1;
    expect(sessions.find(used)).toBeUndefined();
  });
});

describe('the live stream', () => {
  const sockets: WebSocket[] = [];
  afterEach(() => sockets.splice(0).forEach((socket) => socket.terminate()));

  /** The HTTP status that answers the upgrade. */
  async function opened(
    headers: { [name: string]: string },
    path = '/live',
  ): Promise<{ status: number; socket: WebSocket }> {
    const socket = new WebSocket(city.base.replace('http', 'ws') + path, { headers });
    sockets.push(socket);
    socket.on('error', () => undefined);
    const status = await new Promise<number>((resolve) => {
      socket.on('open', () => resolve(101));
      socket.on('unexpected-response', (_, { statusCode }) => resolve(statusCode!));
    });
    return { status, socket };
  }

  it.each([
    ['nobody', () => ({}), 401],
    ['a token', () => bearer('viewer'), 101],
    ['a token of a device', () => bearer('device'), 401],
    ['a foreign page with a token', () => ({ ...bearer('viewer'), origin: 'http://evil.example' }), 403],
  ])('%s', async (_, headers, expected) => {
    expect((await opened(headers())).status).toBe(expected);
  });

  it('takes a session from its own page only, and no token in its address', async () => {
    const { cookie } = await loggedIn('viewer-ann');
    expect((await opened({ cookie, origin: city.base })).status).toBe(101);
    expect((await opened({ cookie, origin: 'http://127.0.0.1:1' })).status).toBe(403);
    expect((await opened({}, `/live?token=${tokens.viewer}`)).status).toBe(401);
  });

  it('ends when its token, its user or its session is taken away', async () => {
    await addUser(folder, { name: 'short', role: 'viewer' }, PASSWORD);
    const token = await addToken(folder, 'short', Date.now());
    await until(() => access.credentials.named?.('short') !== undefined);
    // Asked by itself: two hundred upgrades that are refused would be too often.
    await until(async () => (await access.accounts.bearer(token)) !== undefined);
    const admitted = await opened({ authorization: `Bearer ${token}` });
    expect(admitted.status).toBe(101);
    const byToken = once(admitted.socket, 'close');
    await removeTokens(folder, 'short');
    await byToken;

    const { cookie } = await loggedIn('short');
    const byUser = once((await opened({ cookie })).socket, 'close');
    const other = await loggedIn('viewer-ann');
    const bySession = once((await opened({ cookie: other.cookie })).socket, 'close');
    const stays = await opened(bearer('viewer'));
    await removeUser(folder, 'short');
    await byUser;
    await ask('/api/session', { method: 'DELETE', headers: { cookie: other.cookie } });
    await bySession;
    expect(stays.socket.readyState).toBe(WebSocket.OPEN);
  });
});

describe('what nobody should send', () => {
  it.each([
    ['100,000 levels of arrays', '['.repeat(30_000) + ']'.repeat(30_000)],
    ['as many objects', '{"a":'.repeat(10_000) + '1' + '}'.repeat(10_000)],
    ['an own __proto__', '{"name":"pause","__proto__":{"x":1}}'],
    ['a constructor', '{"name":"pause","constructor":{"prototype":{"x":1}}}'],
    ['half of something', '{"name":'],
  ])('%s is 400', async (_, body) => {
    expect((await ask('/api/scenario', { method: 'POST', headers: bearer('operator'), body })).status).toBe(400);
  });

  it('brackets in texts are no depth', () => {
    expect(isTooDeep(JSON.stringify({ a: '[['.repeat(100), '{"\\"': '\\"[['.repeat(50) }), 2)).toBe(false);
    expect(isTooDeep('[[1],[2],[3]]', 2)).toBe(false);
    expect(isTooDeep('[[[1]]]', 2)).toBe(true);
  });

  it('a body is not read before it is known who sends it', async () => {
    const socket = connect(Number(new URL(city.base).port), '127.0.0.1');
    socket.write(
      'POST /api/scenario HTTP/1.1\r\nhost: x\r\ncontent-type: application/json\r\ncontent-length: 60000\r\n\r\n{',
    );
    const [answer] = (await once(socket, 'data')) as [Buffer];
    expect(answer.toString()).toMatch(/^HTTP\/1.1 401 /);
    socket.destroy();
  });

  it('guessing is answered with 429 and when to come again', async () => {
    const guess = (at: number) =>
      ask('/api/session', { method: 'POST', body: JSON.stringify({ name: `guess-${at}`, password: 'wrong' }) });
    let answer = await guess(0);
    for (let at = 1; at < 30 && answer.status === 401; at++) answer = await guess(at);
    expect(answer.status).toBe(429);
    expect(Number(answer.headers.get('retry-after'))).toBeGreaterThanOrEqual(1);
    // Whoever is known already is not shut out by the guesses of a neighbour.
    expect((await loggedIn('viewer-ann')).cookie).toMatch(/=/);
    expect((await ask('/api/kinds', { headers: bearer('viewer') })).status).toBe(200);
  });
});
