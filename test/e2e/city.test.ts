// The running city from outside, with the tools that users have: mosquitto's clients and HTTP.
import { execFile, spawn } from 'node:child_process';
import { connect } from 'node:net';
import { promisify } from 'node:util';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { countersOf, eventually, pausedCounters, startCity } from '../city-process.ts';
import type { CityProcess } from '../city-process.ts';
import { describeWith } from '../parts.ts';

const run = promisify(execFile);

interface Device {
  device: string;
  ts: number;
  seq: number;
  fields: { [name: string]: unknown };
}

describeWith(['mosquitto_pub', 'mosquitto_sub'], 'a running city', () => {
  let city: CityProcess;
  beforeAll(async () => {
    city = await startCity(['--scale', '0.2', '--seed', '7']);
  });
  afterAll(async () => {
    expect(await city.stop()).toBe(0);
  });

  const at = () => ['-h', '127.0.0.1', '-p', String(city.mqttPort)];
  const publish = (topic: string, message: string, ...more: string[]) =>
    run('mosquitto_pub', [...at(), '-q', '1', '-t', topic, '-m', message, ...more]);
  const counters = () => countersOf(city);
  const rejected = async () => ((await city.get('/api/rejected')) as { byCause: { [cause: string]: number } }).byCause;

  /** Lines of `mosquitto_sub -v` until `enough` says so. */
  async function listen(
    filter: string,
    enough: (lines: readonly string[]) => boolean,
    onReady?: () => Promise<unknown>,
  ): Promise<string[]> {
    const child = spawn('mosquitto_sub', [...at(), '-v', '-q', '1', '-t', filter], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    const lines: string[] = [];
    child.stdout.on('data', (chunk: Buffer) => lines.push(...chunk.toString().split('\n').filter(Boolean)));
    try {
      await onReady?.();
      await eventually(`messages on ${filter}`, () => (enough(lines) ? true : undefined));
    } finally {
      child.kill();
    }
    return lines;
  }

  it('shows every kind’s topics and retained descriptions to mosquitto_sub', async () => {
    const kinds = ['bus', 'vehicle', 'parking-spot', 'water-meter'];
    const wanted = [
      ...kinds.map((kind) => `city/wuxi/kinds/${kind} `),
      ...kinds.map((kind) => `city/wuxi/${kind}/`),
      'city/wuxi/clock ',
    ];
    const lines = await listen('city/#', (seen) =>
      wanted.every((start) => seen.some((line) => line.startsWith(start))),
    );
    expect(lines.some((line) => line.startsWith('city/wuxi/bus/bus-0001/status online'))).toBe(true);
  });

  it('lets a mosquitto_pub hold a bus: the acks come back and the bus waits', async () => {
    const bus = await eventually('a moving bus', async () => {
      const { items } = (await city.get('/api/devices?kind=bus&limit=100')) as { items: Device[] };
      return items.find(({ fields }) => fields.status === 'inTransitTo');
    });
    const id = 'hold-by-hand';
    const acks = await listen(
      'city/wuxi/bus/+/ack',
      (lines) => lines.some((line) => line.includes(id)),
      () =>
        eventually('an answer', async () => {
          await publish(
            `city/wuxi/bus/${bus.device}/command`,
            JSON.stringify({ id, name: 'hold', args: { durationS: 60 } }),
          );
          return true;
        }),
    );
    expect(acks.find((line) => line.includes(id))).toMatch(
      new RegExp(`^city/wuxi/bus/${bus.device}/ack .*"state":"accepted"`),
    );
    await city.post('/api/scenario', { name: 'speed', args: { speed: 20 } });
    await eventually('the bus holds', async () => {
      const device = (await city.get(`/api/devices/bus/${bus.device}`)) as Device;
      return device.fields.status === 'holding' ? device : undefined;
    });
    await city.post('/api/scenario', { name: 'speed', args: { speed: 1 } });
  });

  it('takes in an outside device that nobody has heard of', async () => {
    const description = {
      kind: 'flood-gauge',
      label: 'Flood gauge',
      fields: {
        levelM: { label: 'Water level', unit: 'm', min: -5, max: 20 },
        lat: { label: 'Latitude', unit: 'deg' },
        lon: { label: 'Longitude', unit: 'deg' },
      },
    };
    await publish('city/wuxi/kinds/flood-gauge', JSON.stringify(description), '-r');
    const now = Date.now();
    for (const [index, levelM] of [1.1, 1.2, 1.4].entries()) {
      await publish(
        'city/wuxi/flood-gauge/fg-1/telemetry',
        JSON.stringify({ ts: now + index, levelM, lat: 31.57, lon: 120.3 }),
      );
    }
    const kinds = (await city.get('/api/kinds')) as { kind: string; devices: number }[];
    expect(kinds.find(({ kind }) => kind === 'flood-gauge')).toMatchObject({ label: 'Flood gauge', devices: 1 });
    const device = (await city.get('/api/devices/flood-gauge/fg-1')) as Device;
    expect(device.fields.levelM).toBe(1.4);
    const history = await eventually('the last of three in the store', async () => {
      const range = `from=${now}&to=${now + 10}`;
      const stored = await city.get(`/api/devices/flood-gauge/fg-1/history?field=levelM&${range}`);
      return (stored as { ts: number[] }).ts.length === 3 ? stored : undefined;
    });
    expect(history).toEqual({ ts: [now, now + 1, now + 2], levelM: [1.1, 1.2, 1.4] });
  });

  it('refuses ten kinds of bad input with the cause, and goes on', async () => {
    const topic = 'city/wuxi/bus/bus-0001/telemetry';
    const before = { causes: await rejected(), counters: await counters() };
    const ts = Date.now();
    await publish(topic, 'not JSON');
    await publish('city/wuxi/dragon/d-1/telemetry', JSON.stringify({ ts, fire: 1 }));
    await publish(topic, `{"ts":${ts},"speedMps":NaN}`);
    await publish(topic, JSON.stringify({ ts, speedMps: 'fast' }));
    await publish(topic, JSON.stringify({ speedMps: 1 }));
    await publish(topic, JSON.stringify({ ts: ts + 366 * 86_400_000, speedMps: 1 }));
    await run('bash', [
      '-c',
      `printf '{"ts":1,"line":"\\xc3\\x28"}' | mosquitto_pub ${at().join(' ')} -q 1 -t ${topic} -s`,
    ]);
    await publish('city/wuxi/bus/bus-0001/gossip', '{}').catch(() => undefined);
    await publish(`city/${Array.from({ length: 200 }, () => 'x').join('/')}`, '{}').catch(() => undefined);
    await oneMegabyte(city.mqttPort);
    await eventually('all causes', async () => {
      const causes = await rejected();
      const grew = (cause: string) => (causes[cause] ?? 0) > (before.causes[cause] ?? 0);
      return ['not-json', 'unknown-kind', 'wrong-type', 'bad-ts', 'clock', 'bad-utf8'].every(grew) ? true : undefined;
    });
    const refused = await eventually('three refusals by the broker', async () => {
      const now = await counters();
      return now.broker.refused >= before.counters.broker.refused + 3 ? now : undefined;
    });
    await eventually('ingest goes on', async () =>
      (await counters()).ingest.stored > refused.ingest.stored ? true : undefined,
    );
  });

  it('balances: what goes in is stored, refused, a duplicate, dropped or still waiting', async () => {
    for (let sample = 0; sample < 20; sample++) {
      const { ingest } = await counters();
      expect(ingest.in).toBe(ingest.stored + ingest.rejected + ingest.duplicates + ingest.dropped + ingest.backlog);
    }
  });
});

describeWith(['mosquitto_pub'], 'a city left alone', () => {
  it('agrees with itself once paused: what left the simulator reached the broker and the store', async () => {
    const city = await startCity(['--scale', '0.5', '--speed', '30']);
    try {
      await eventually(
        'some traffic',
        async () => ((await countersOf(city)).ingest.stored > 3000 ? true : undefined),
        30_000,
      );
      const settled = await pausedCounters(city);
      expect(settled.simulator.dropped).toBe(0);
      expect(settled.ingest).toMatchObject({
        stored: settled.ingest.in,
        dropped: 0,
        gaps: 0,
        rejected: 0,
        duplicates: 0,
      });
    } finally {
      expect(await city.stop()).toBe(0);
    }
  });

  it('loses and refuses nothing at 600×, nor after a restart of a city that ran ahead', async () => {
    const fast = await startCity(['--scale', '0.1', '--speed', '600']);
    await eventually(
      'an hour',
      async () => {
        const { simTimeMs } = (await fast.get('/api/health')) as { simTimeMs: number };
        return simTimeMs > Date.now() + 3_600_000 ? true : undefined;
      },
      30_000,
    );
    expect((await pausedCounters(fast)).ingest).toMatchObject({ rejected: 0, dropped: 0, gaps: 0 });
    fast.process.kill('SIGKILL');
    const again = await startCity(['--scale', '0.1'], { data: fast.data });
    try {
      await eventually('records', async () => ((await countersOf(again)).ingest.stored > 500 ? true : undefined));
      expect((await countersOf(again)).ingest).toMatchObject({ rejected: 0, dropped: 0 });
    } finally {
      await again.stop();
    }
  }, 90_000);

  it('remembers after a restart and goes on later than what it stored', async () => {
    const first = await startCity(['--scale', '0.1', '--speed', '60']);
    const bus = async (city: CityProcess) => (await city.get('/api/devices/bus/bus-0001')) as Device;
    const before = await eventually('a bus an hour ahead of wall time', async () => {
      const device = await bus(first);
      return device.ts > Date.now() + 60_000 ? device : undefined;
    });
    first.process.kill('SIGKILL');
    const second = await startCity(['--scale', '0.1'], { data: first.data });
    try {
      const after = await bus(second);
      expect(after.ts).toBeGreaterThanOrEqual(before.ts);
      const range = `from=${before.ts}&to=${before.ts + 1}`;
      await eventually('what was shown before, in the store', async () => {
        const { ts } = (await second.get(`/api/devices/bus/bus-0001/history?field=speedMps&${range}`)) as {
          ts: number[];
        };
        return ts.includes(before.ts) ? true : undefined;
      });
    } finally {
      await second.stop();
    }
  });
});

/** A publish of 1 MB on a raw socket; resolves when the broker has closed it. */
function oneMegabyte(port: number): Promise<void> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    socket.on('error', () => undefined);
    socket.on('close', () => resolve());
    socket.on('connect', () =>
      socket.write(Uint8Array.of(0x10, 14, 0, 4, 0x4d, 0x51, 0x54, 0x54, 4, 2, 0, 60, 0, 2, 0x6d, 0x62)),
    );
    socket.once('data', () => {
      const topic = Buffer.from('city/wuxi/bus/bus-0001/telemetry');
      const body = Buffer.concat([Buffer.of(0, topic.length), topic, Buffer.alloc(1_000_000, 0x20)]);
      const length = [(body.length & 0x7f) | 0x80, ((body.length >> 7) & 0x7f) | 0x80, body.length >> 14];
      socket.write(Buffer.concat([Buffer.of(0x30, ...length), body]));
    });
  });
}
