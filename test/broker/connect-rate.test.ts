import { describe, expect, it } from 'vitest';
import { ConnectRate } from '../../broker/connect-rate.ts';
import { DEFAULT_LIMITS } from '../../broker/limits.ts';
import { start, until } from './start.ts';
import { Wire } from './wire.ts';

const LIMITS = { connectsPerS: 100, connectsPerAddressPerS: 10, connectWaitMs: 2000 };

describe('the connect rate', () => {
  it('serves a quarter of a second of connections at once, spaces the next evenly, and refuses who would wait too long', () => {
    const rate = new ConnectRate({ ...LIMITS, connectsPerAddressPerS: 1e9 });
    const waits = Array.from({ length: 400 }, (_, at) => rate.waitMs(`10.0.${at >> 8}.${at & 255}`, 5000));
    expect(waits.slice(0, 26).every((waitMs) => waitMs === 0)).toBe(true);
    expect(waits.slice(26, 29)).toEqual([10, 20, 30]);
    expect(waits.filter((waitMs) => waitMs === undefined)).toHaveLength(400 - 26 - 200);
    expect(rate.waitMs('10.9.9.9', 7000)).toBe(10);
  });

  it('is lower for one address, which takes nothing from the others', () => {
    const rate = new ConnectRate(LIMITS);
    const greedy = Array.from({ length: 50 }, () => rate.waitMs('10.0.0.1', 0));
    expect(greedy.filter((waitMs) => waitMs === 0)).toHaveLength(3);
    expect(greedy.filter((waitMs) => waitMs === undefined)).toHaveLength(50 - 23);
    expect(rate.waitMs('10.0.0.2', 0)).toBe(0);
  });

  it.each(['127.0.0.1', '127.8.0.1', '::1', '::ffff:127.0.0.1', undefined])(
    'knows one address %s as many',
    (address) => {
      const rate = new ConnectRate({ ...LIMITS, connectsPerS: 1e9 });
      expect(Array.from({ length: 100 }, () => rate.waitMs(address, 0)).every((waitMs) => waitMs === 0)).toBe(true);
    },
  );

  it('brings 10,000 who come back at once in within 7 s by default, from 100 addresses or more', () => {
    const rate = new ConnectRate({ ...DEFAULT_LIMITS });
    const waits = Array.from({ length: 10_000 }, (_, at) => rate.waitMs(`10.0.0.${at % 100}`, 0));
    expect(waits).not.toContain(undefined);
    expect(Math.max(...waits.map(Number))).toBeLessThan(7000);
  });

  it('forgets addresses instead of growing without end', () => {
    const rate = new ConnectRate({ ...LIMITS, connectsPerS: 1e9 });
    for (let at = 0; at < 50_000; at++) rate.waitMs(`10.${at >> 16}.${(at >> 8) & 255}.${at & 255}`, at);
    expect(rate.addresses).toBeLessThanOrEqual(20_000);
  });
});

describe('a storm of connections', () => {
  it('waits its turn, is served, and is refused by count beyond the wait', async () => {
    const broker = await start({ limits: { connectsPerS: 20, connectWaitMs: 400 } });
    const wires = await Promise.all(
      Array.from({ length: 60 }, (_, at) => Wire.connected(broker.port, { clientId: `c${at}` })),
    );
    const served = wires.filter(({ returnCode }) => returnCode === 0);
    const refused = wires.filter(({ returnCode }) => returnCode === undefined);
    expect(served.length).toBeGreaterThanOrEqual(6 + 8 - 1);
    expect(refused.every(({ closed }) => closed)).toBe(true);
    expect(broker.counters().refusedByCause).toEqual({ 'connect-rate': refused.length });
    expect(served.length + refused.length).toBe(60);
  });

  it('leaves nothing behind of those who do not wait', async () => {
    const broker = await start({ limits: { connectsPerS: 5, connectWaitMs: 2000 } });
    const wires = await Promise.all(Array.from({ length: 12 }, () => Wire.open(broker.port)));
    for (const wire of wires) wire.socket.destroy();
    await until(() => broker.status().connections === 0);
    expect(broker.counters().clients).toBe(0);
  });
});
