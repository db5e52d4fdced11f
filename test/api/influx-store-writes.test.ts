// What both InfluxDB stores make of any answer to a write: bad lines are found and no good one is lost, everything else is an error that
// says what to do. The server is a fake that answers as told; the real ones are in influx1-store.test.ts and influx2-store.test.ts.
import { afterEach, describe, expect, it } from 'vitest';
import { StoreAway, StoreBusy } from '../../api/store.ts';
import type { Store } from '../../api/store.ts';
import { createInflux1Store } from '../../api/stores/influx1.ts';
import { createInflux2Store } from '../../api/stores/influx2.ts';
import type { TelemetryRecord } from '../../telemetry/messages.ts';
import { fakeInflux } from './influx-store-fake.ts';
import type { FakeAnswer, FakeInflux } from './influx-store-fake.ts';
import { batch, description, event, record } from './records.ts';

const T0 = Date.UTC(2026, 10, 20);
const DEADLINE_MS = 500;
const STORES: { [name: string]: (url: string, zips?: boolean, writeTimeoutMs?: number) => Store } = {
  influx1: (url, zips = false, writeTimeoutMs = DEADLINE_MS) =>
    createInflux1Store({ city: 'wuxi', writeTimeoutMs, url, zips, database: 'x' }),
  influx2: (url, zips = false, writeTimeoutMs = DEADLINE_MS) =>
    createInflux2Store({ city: 'wuxi', writeTimeoutMs, url, zips, org: 'o', bucket: 'x', token: 't' }),
};
const opened: FakeInflux[] = [];
afterEach(() => {
  for (const server of opened.splice(0)) server.close();
});

/** A store with a described kind in front of a server that answers as told from then on. */
async function storeAt(
  name: string,
  answer: (lines: string[]) => FakeAnswer | undefined | Promise<FakeAnswer>,
  deadlineMs = DEADLINE_MS,
): Promise<{ store: Store; server: FakeInflux }> {
  let ready = false;
  const server = await fakeInflux((lines) => (ready ? answer(lines) : { status: 204 }));
  opened.push(server);
  const store = STORES[name]!(server.url, false, deadlineMs);
  await store.open();
  await store.describe(description('bus'));
  ready = true;
  server.writes.length = 0;
  return { store, server };
}

const records = (count: number): TelemetryRecord[] =>
  Array.from({ length: count }, (_, n) => record('bus-1', T0 + n, n + 1, { speedMps: n }));
const isSeq = (line: string, ...seqs: number[]): boolean => seqs.some((seq) => line.includes(` seq=${seq},`));
const error = (message: string): string => JSON.stringify({ error: message, code: 'invalid', message });
const json = { 'content-type': 'application/json; charset=utf-8' };

describe.each(Object.keys(STORES))('%s store: answers to a write', { timeout: 20_000 }, (name) => {
  it('finds one bad line in 5,000 with 14 more requests at most when the server names none', async () => {
    for (const position of [0, 1, 2_500, 4_998, 4_999]) {
      const good = new Set<string>();
      const { store, server } = await storeAt(name, (lines) => {
        if (lines.some((line) => isSeq(line, position + 1))) return { status: 400, body: 'a line is bad' };
        for (const line of lines) good.add(line);
        return { status: 204 };
      });
      const { refused } = await store.append(batch(records(5_000)));
      expect(refused).toEqual([{ record: position, reason: expect.stringContaining('a line is bad') }]);
      expect(good.size).toBe(4_999);
      expect(server.writes.length).toBeLessThanOrEqual(1 + 14);
    }
  });

  it('takes lines that the server quotes at its word: one more request', async () => {
    const bad = [3, 700, 4_999];
    const good = new Set<string>();
    const { store, server } = await storeAt(name, (lines) => {
      const refused = lines.filter((line) => isSeq(line, ...bad));
      if (refused.length > 0) {
        const message = refused.map((line) => `unable to parse '${line}': invalid boolean`).join('\n');
        return {
          status: 400,
          body: error(name === 'influx1' ? `partial write: ${message} dropped=0` : message),
          headers: json,
        };
      }
      for (const line of lines) good.add(line);
      return { status: 204 };
    });
    const { refused } = await store.append(batch(records(5_000)));
    expect(refused).toEqual(bad.map((seq) => ({ record: seq - 1, reason: 'unable to parse: invalid boolean' })));
    expect(good.size).toBe(4_997);
    expect(server.writes).toHaveLength(2);
  });

  it.each([400, 422])(
    'checks what a partial write (%i) blames: a type conflict costs one more request',
    async (status) => {
      const bad = [1, 9, 2_000];
      const { store, server } = await storeAt(name, (lines) => {
        const count = lines.filter((line) => isSeq(line, ...bad)).length;
        const reason = `partial write: field type conflict: input field "doorOpen" on measurement "bus" is type boolean, already exists as type string dropped=${count}`;
        return count === 0 ? { status: 204 } : { status, body: error(reason), headers: json };
      });
      const doors = records(5_000).map((one) => (bad.includes(one.seq) ? { ...one, fields: { doorOpen: true } } : one));
      const { refused } = await store.append(batch(doors));
      expect(refused!.map((refusal) => refusal.record)).toEqual(bad.map((seq) => seq - 1));
      expect(server.writes).toHaveLength(2);
    },
  );

  it('believes no server that blames the wrong line', async () => {
    const good = new Set<string>();
    const reason =
      'field type conflict: input field "doorOpen" on measurement "bus" is type boolean, already exists as type float';
    const { store } = await storeAt(name, (lines) => {
      const bad = lines.filter((line) => isSeq(line, 77, 78)).length;
      if (bad > 0) return { status: 400, body: error(`partial write: ${reason} dropped=${bad}`), headers: json };
      for (const line of lines) good.add(line);
      return { status: 204 };
    });
    const doors = records(200).map((one) => (one.seq > 150 ? { ...one, fields: { doorOpen: true } } : one));
    const { refused } = await store.append(batch(doors));
    expect(refused!.map((refusal) => refusal.record).toSorted((a, b) => a! - b!)).toEqual([76, 77]);
    expect(good.size).toBe(198);
  });

  it.each([
    ['a word of 2.x', { code: 'invalid', message: 'not like this' }, 'not like this'],
    ['what is no text', { error: { code: 7 } }, '{"error":{"code":7}}'],
    ['nothing', null, 'null'],
  ])('finds a bad line also where the server says %s of it', async (_, body, reason) => {
    const { store } = await storeAt(name, (lines) =>
      lines.some((line) => isSeq(line, 2))
        ? { status: 400, body: JSON.stringify(body), headers: json }
        : { status: 204 },
    );
    expect((await store.append(batch(records(3)))).refused).toEqual([
      { record: 1, reason: expect.stringContaining(reason) },
    ]);
  });

  it('finds the device for which the server has no room', async () => {
    const { store, server } = await storeAt(name, (lines) => {
      const count = lines.filter((line) => line.includes('device=new-1 ')).length;
      const reason = `partial write: max-values-per-tag limit exceeded (100000/100000): measurement="bus" tag="device" value="new-1" dropped=${count}`;
      return count === 0 ? { status: 204 } : { status: 400, body: error(reason), headers: json };
    });
    const some = records(1_000).map((one) => (one.seq % 100 === 0 ? { ...one, device: 'new-1' } : one));
    const { refused } = await store.append(batch(some));
    expect(refused!.map((refusal) => refusal.record)).toEqual([...Array(10).keys()].map((n) => n * 100 + 99));
    expect(server.writes).toHaveLength(2);
  });

  it('refuses all of a batch in one answer when the server dropped all of it', async () => {
    const { store, server } = await storeAt(name, (lines) => ({
      status: 422,
      body: error(`partial write: max-values-per-tag limit exceeded dropped=${lines.length}`),
      headers: json,
    }));
    const { refused } = await store.append(batch(records(300), [event('bus-1', T0, 301, 'arrived')]));
    expect(refused!.map((refusal) => refusal.record ?? refusal.event)).toEqual([...records(300).keys(), 0]);
    expect(refused!.at(-1)).toMatchObject({ event: 0 });
    expect(server.writes).toHaveLength(1);
  });

  it('sends smaller requests to a server that finds them too large, from then on too', async () => {
    const stored = new Set<string>();
    const { store, server } = await storeAt(name, (lines) => {
      if (lines.length > 1_500) return { status: 413, body: 'too large' };
      for (const line of lines) stored.add(line);
      return { status: 204 };
    });
    expect(await store.append(batch(records(4_000)))).toEqual({ duplicates: 0 });
    expect(stored.size).toBe(4_000);
    server.writes.length = 0;
    await store.append(batch(records(4_000)));
    expect(Math.max(...server.writes.map((lines) => lines.length))).toBeLessThanOrEqual(1_500);
  });

  it('refuses a line that is too large on its own', async () => {
    const { store } = await storeAt(name, (lines) =>
      lines.some((line) => isSeq(line, 3)) ? { status: 413, body: 'too large' } : { status: 204 },
    );
    const { refused } = await store.append(batch(records(8)));
    expect(refused).toEqual([{ record: 2, reason: expect.stringContaining('too large') }]);
  });

  it.each([429, 503])('says on %i how long the server wants to be left alone', async (status) => {
    const answers: { [header: string]: string }[] = [
      { 'retry-after': '7' },
      { 'retry-after': new Date(Date.now() + 90_000).toUTCString() },
      {},
    ];
    const { store, server } = await storeAt(name, () => ({ status, headers: answers.shift()! }));
    const failures: unknown[] = [];
    for (let n = 0; n < 3; n++) failures.push(await store.append(batch(records(1))).catch((reason: unknown) => reason));
    expect(failures[0]).toBeInstanceOf(StoreBusy);
    expect((failures[0] as StoreBusy).retryAfterMs).toBe(7_000);
    expect((failures[1] as StoreBusy).retryAfterMs).toBeGreaterThan(80_000);
    expect((failures[1] as StoreBusy).retryAfterMs).toBeLessThanOrEqual(90_000);
    expect(failures[2]).not.toBeInstanceOf(StoreBusy);
    expect(server.writes).toHaveLength(3);
  });

  it.each([
    [401, '--store-'],
    [403, '--store-'],
    [404, '--store-'],
    [500, 'not now'],
    [200, '200'],
  ])(
    'rejects on %i with address and advice, without a retry of its own, and works again afterwards',
    async (status, advice) => {
      const answers = [status, 204];
      const { store, server } = await storeAt(name, () => {
        const next = answers.shift()!;
        return { status: next, ...(next !== 204 && { body: 'not now' }) };
      });
      const failure = await store.append(batch(records(1))).catch((reason: unknown) => reason);
      const { message } = failure as Error;
      expect(message).toContain(`${server.url} refuses a write: ${status}`);
      expect(message).toContain(advice);
      expect(server.writes).toHaveLength(1);
      expect(await store.append(batch(records(1)))).toEqual({ duplicates: 0 });
    },
  );

  it('compresses when it is told to, and the server reads the same lines', async () => {
    const plain = await storeAt(name, () => ({ status: 204 }));
    await plain.store.append(batch(records(500)));
    const zipped = STORES[name]!(plain.server.url, true);
    await zipped.open();
    await zipped.describe(description('bus'));
    plain.server.headers.length = 0;
    await zipped.append(batch(records(500)));
    expect(plain.server.headers[0]!['content-encoding']).toBe('gzip');
    expect(plain.server.writes.at(-1)).toEqual(plain.server.writes[0]);
  });

  it('has one write in flight, whoever asks', async () => {
    let inFlight = 0;
    let most = 0;
    const { store } = await storeAt(name, async () => {
      most = Math.max(most, ++inFlight);
      await new Promise((resolve) => setImmediate(resolve));
      inFlight--;
      return { status: 204 };
    });
    await Promise.all([...Array(5).keys()].map((n) => store.append(batch([record('bus-1', T0, n, {})]))));
    expect(most).toBe(1);
  });

  it('has two requests of a write at the server at once, each with its whole deadline', async () => {
    const both = Promise.withResolvers<void>();
    let asked = 0;
    const { store, server } = await storeAt(name, async () => {
      if (++asked === 2) both.resolve();
      await both.promise; // the first is answered when the second is there
      return { status: 204 };
    });
    const count = { influx1: 20_000, influx2: 10_000 }[name]!;
    expect(await store.append(batch(records(count)))).toEqual({ duplicates: 0 });
    expect(server.writes.map((lines) => lines.length)).toEqual([count / 2, count / 2]);
  });

  it('gives a server one request at a time that could not answer two in their time', async () => {
    const [answerMs, deadlineMs] = [600, 1000];
    let free = Promise.resolve();
    const oneAfterTheOther = async (): Promise<FakeAnswer> => {
      free = free.then(() => new Promise((resolve) => setTimeout(resolve, answerMs)));
      await free;
      return { status: 204 };
    };
    const { store } = await storeAt(name, oneAfterTheOther, deadlineMs);
    const count = { influx1: 30_000, influx2: 15_000 }[name]!;
    await expect(store.append(batch(records(count)))).rejects.toThrow('does not answer');
    await free;
    expect(await store.append(batch(records(count)))).toEqual({ duplicates: 0 });
  });

  it('takes an answer that breaks off for none, and the next write succeeds', async () => {
    const answers = [0, 204];
    const { store, server } = await storeAt(name, () => ({ status: answers.shift()! }));
    await expect(store.append(batch(records(1)))).rejects.toThrow(`${server.url} does not answer`);
    expect(await store.append(batch(records(1)))).toEqual({ duplicates: 0 });
  });

  it('tells a server that was not there from one that is slow, busy or refuses', async () => {
    const answers: (FakeAnswer | undefined)[] = [{ status: 0 }, undefined, { status: 503 }, { status: 401 }];
    const { store, server } = await storeAt(name, () => answers.shift());
    const wasAway = (): Promise<boolean> =>
      store.append(batch(records(1))).then(
        () => expect.unreachable(),
        (reason: unknown) => reason instanceof StoreAway,
      );
    expect([await wasAway(), await wasAway(), await wasAway(), await wasAway()]).toEqual([true, false, false, false]);
    server.close();
    expect(await wasAway()).toBe(true);
  });

  it('takes a slow server for slow with two requests at it, too', async () => {
    const { store } = await storeAt(name, () => undefined);
    const count = { influx1: 20_000, influx2: 10_000 }[name]!;
    await expect(store.append(batch(records(count)))).rejects.not.toBeInstanceOf(StoreAway);
  });

  it('waits for an answer no longer than it may, and leaves no request behind', async () => {
    let hangs = true;
    const { store, server } = await storeAt(name, () => (hangs ? undefined : { status: 204 }));
    await expect(store.append(batch(records(1)))).rejects.toThrow(`${server.url} does not answer`);
    await expect.poll(() => server.openWrites).toBe(0);
    hangs = false;
    expect(await store.append(batch(records(1)))).toEqual({ duplicates: 0 });
  });
});
