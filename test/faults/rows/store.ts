// Rows 5 to 10: the database is away, hangs, is slow, refuses a line, asks for time, or has forgotten.
import { setTimeout as sleep } from 'node:timers/promises';
import { Wire } from '../../broker/wire.ts';
import { eventually } from '../../city-process.ts';
import type { DevicesPlan } from '../devices.ts';
import { withInflux } from '../influx.ts';
import { KIND } from '../ledger.ts';
import { Proxy } from '../proxy.ts';
import { atLeast, atMost, exactly, inTime } from '../row.ts';
import type { Length, Outcome, Row } from '../row.ts';
import { StoreFront } from '../store-front.ts';
import { judge, trial } from '../trial.ts';
import type { Judged, Trial } from '../trial.ts';

const ACK_P99_MS = 50;
const DRAINED_MS = 60_000;
const WARM_UP_MS = 2000;
/** The journal stops at 0.9 of 2^30 bytes. */
const BACKLOG_BYTES = 900e6;
const STARTED_MS = 5000;

/** A city into an InfluxDB behind a front of ours. The comparison past us goes to the database itself. */
async function behindFront(
  body: (front: StoreFront, parts: Trial) => Promise<Outcome>,
  devices: Partial<DevicesPlan> = {},
): Promise<Outcome> {
  return withInflux(async ({ url }) => {
    const front = await StoreFront.start(url);
    try {
      return await trial({ store: 'influx1', storeUrl: front.url, devices }, (parts) => body(front, parts));
    } finally {
      await front.close();
    }
  });
}

async function away(length: Length): Promise<Outcome> {
  const [ratePerS, awayMs] = length === 'quick' ? [2000, 4000] : [5000, 60_000];
  return withInflux(async ({ url }) => {
    const proxy = await Proxy.start(Number(new URL(url).port));
    try {
      return await trial({ store: 'influx1', storeUrl: `http://127.0.0.1:${proxy.port}` }, async (parts) => {
        const { devices, system } = parts;
        await devices.send(ratePerS);
        await sleep(WARM_UP_MS);
        const before = await devices.mark();
        proxy.set({ refuses: true });
        await sleep(awayMs);
        const during = await devices.mark();
        const { backlog } = (await system.counters()).ingest;
        proxy.set({});
        // The load goes on: a second of it is no backlog.
        const drainedMs = await system.settle(DRAINED_MS, ratePerS);
        const judged = await judge(parts);
        const checks = [
          inTime(
            'ack p99 ms while away',
            during.ackMs.p99,
            Math.max(ACK_P99_MS, length === 'quick' ? before.ackMs.p99 : 0),
            length,
          ),
          atLeast('acked while away', during.acked - before.acked, (0.9 * ratePerS * awayMs) / 1000),
          atMost('drained ms', drainedMs, DRAINED_MS),
        ];
        const figures = { ...judged.figures, awayMs, ratePerS, backlog, p99BeforeMs: before.ackMs.p99 };
        return { checks: [...judged.checks, ...checks], figures };
      });
    } finally {
      await proxy.close();
    }
  });
}

/** A journal that is nearly full because the database is away, a kill, a start: that must not take longer than any other. */
async function fullJournal(): Promise<Outcome> {
  const [fillPerS, livePerS] = [40_000, 5000];
  return behindFront(
    async (front, parts) => {
      const { devices, system } = parts;
      await devices.send(fillPerS);
      await devices.acknowledged(fillPerS, 30_000);
      front.set({ status: 503 });
      const full = async () => {
        const { journal } = await system.get<{ journal: { bytes: number } }>('/api/health');
        return journal.bytes > BACKLOG_BYTES ? journal.bytes : undefined;
      };
      const bytes = await eventually('the journal to fill', full, 120_000);
      const { backlog } = (await system.counters()).ingest;
      await system.api.end('SIGKILL');
      await devices.send(livePerS);
      await system.api.start();
      const acceptsMs = await devices.acknowledged(1, 30_000);
      // What could not be sent meanwhile comes at once.
      await devices.acknowledged(3 * livePerS, 30_000);
      await devices.mark();
      await sleep(10_000);
      const { ackMs } = await devices.mark();
      front.set({});
      const drainedMs = await system.settle(5 * DRAINED_MS, livePerS);
      const judged = await judge(parts, 2 * DRAINED_MS);
      const checks = [
        atMost('start to accepting ms', system.api.readyMs + acceptsMs, STARTED_MS),
        atLeast('drained, times the live rate', backlog / (drainedMs / 1000) / livePerS, 2),
      ];
      const figures = { ...judged.figures, ackP99Ms: ackMs.p99, backlog, journalMB: bytes / 1e6, drainedMs };
      return { checks: [...judged.checks, ...checks], figures };
    },
    { payloadBytes: 500 },
  );
}

async function hangs(): Promise<Outcome> {
  return behindFront(async (front, parts) => {
    const { devices, system } = parts;
    await devices.send(2000);
    await sleep(WARM_UP_MS);
    await devices.mark();
    front.set({ lateMs: 3_600_000 });
    await sleep(60_000);
    const { ackMs } = await devices.mark();
    const { mostWritesAtOnce, writes } = front;
    front.set({});
    const drainedMs = await system.settle(DRAINED_MS, 2000);
    const judged = await judge(parts);
    const checks = [
      atMost('writes at once', mostWritesAtOnce, 2),
      atMost('ack p99 ms while it hangs', ackMs.p99, ACK_P99_MS),
    ];
    return { checks: [...judged.checks, ...checks], figures: { ...judged.figures, writes, drainedMs } };
  });
}

async function slow(): Promise<Outcome> {
  const slowMs = 60_000;
  return behindFront(async (front, parts) => {
    const { devices, system } = parts;
    front.set({ lateMs: 2000 });
    await devices.send(5000);
    await sleep(slowMs);
    const { writes, mostWritesAtOnce } = front;
    const { backlog } = (await system.counters()).ingest;
    front.set({});
    const drainedMs = await system.settle(DRAINED_MS, 5000);
    const judged = await judge(parts);
    const checks = [
      atLeast('backlog shown', backlog, 5000),
      atMost('writes at once', mostWritesAtOnce, 2),
      atMost('writes', writes, 2 * (slowMs / 2000) + 2),
    ];
    return { checks: [...judged.checks, ...checks], figures: { ...judged.figures, drainedMs } };
  });
}

async function badLine(): Promise<Outcome> {
  const records = 5000;
  return behindFront(async (front, parts) => {
    const { devices, system } = parts;
    await devices.send(500);
    await devices.acknowledged(500, 10_000);
    // Busy, until so many wait that one write carries them all.
    front.set({ status: 503, retryAfterS: 1 });
    await devices.send(records);
    await sleep(500);
    await publishBad(system.mqttPort);
    while ((await devices.state()).made < records) await sleep(20);
    await devices.send(0);
    front.set({ dislikes: 'device=bad' });
    await system.settle(DRAINED_MS);
    const { writes } = front;
    const { total, byCause } = await system.rejected();
    const judged = await judge(parts);
    const checks = [exactly('in quarantine', total, 1), atMost('writes', writes, 2 + 14)];
    return { checks: [...judged.checks, ...checks], figures: { causes: Object.keys(byCause).join(' ') } };
  });
}

/** Good for us, and not for the database. */
async function publishBad(port: number): Promise<void> {
  const wire = await Wire.connected(port, { clientId: 'bad' });
  const payload = Buffer.from(JSON.stringify({ ts: Date.now(), seq: 1, value: 1 }));
  wire.writer.publish(`city/wuxi/${KIND}/bad/telemetry`, payload, 1, false, false, 1);
  wire.send();
}

async function busy(): Promise<Outcome> {
  const [busyMs, retryAfterS] = [15_000, 3];
  return behindFront(async (front, parts) => {
    const { devices } = parts;
    const checks = [];
    for (const status of [429, 503] as const) {
      await devices.send(2000);
      await sleep(WARM_UP_MS);
      front.set({ status, retryAfterS });
      await sleep(busyMs);
      const times = front.writesAtMs;
      const pauses = times.slice(1).map((atMs, at) => atMs - times[at]!);
      front.set({});
      checks.push(atLeast(`shortest wait s after ${status}`, Math.min(...pauses, busyMs) / 1000, retryAfterS));
      checks.push(atMost(`writes at ${status}`, times.length, busyMs / 1000 / retryAfterS + 1));
    }
    const judged: Judged = await judge(parts);
    return { checks: [...judged.checks, ...checks], figures: judged.figures };
  });
}

export const store: readonly (Row & { readonly part?: string })[] = [
  {
    number: 5,
    fault: 'the database refuses connections (60 s; quick: 4 s)',
    criterion: 'lost 0, ack p99 < 50 ms, drained < 60 s',
    needs: ['influxd'],
    run: away,
  },
  {
    number: 5,
    part: 'b',
    fault: 'kill -9 with 900 MB in the journal and no database',
    criterion: 'lost 0, start to accepting < 5 s, drained at twice the live rate',
    needs: ['influxd'],
    run: fullJournal,
  },
  {
    number: 6,
    fault: 'the database accepts and never answers, 60 s',
    criterion: 'lost 0, at most two requests in flight, memory flat',
    needs: ['influxd'],
    run: hangs,
  },
  {
    number: 7,
    fault: 'the database takes 2 s for a batch, 60 s',
    criterion: 'lost 0, backlog shown, no retry storm',
    needs: ['influxd'],
    run: slow,
  },
  {
    number: 8,
    fault: 'the database answers 400 for one line in 5,000',
    criterion: 'the rest stored, 1 in quarantine, at most 14 requests more',
    needs: ['influxd'],
    run: badLine,
  },
  {
    number: 9,
    fault: 'the database answers 429, then 503, with Retry-After',
    criterion: 'asked no earlier than told, lost 0',
    needs: ['influxd'],
    run: busy,
  },
];
