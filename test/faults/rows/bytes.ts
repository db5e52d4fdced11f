// Rows 24 to 29: bytes that are no MQTT, packets that are too large, topics and payloads that are nobody's, times that cannot be.
import { connect } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { seeded, sendMalformed } from '../../broker/malformed.ts';
import { eventually } from '../../city-process.ts';
import { Wire } from '../../broker/wire.ts';
import { KIND } from '../ledger.ts';
import { atMost, exactly } from '../row.ts';
import type { Length, Outcome, Row } from '../row.ts';
import type { System } from '../system.ts';
import { judge, trial } from '../trial.ts';
import type { Trial } from '../trial.ts';

const CITY = 'wuxi';
const MB = 1 << 20;
const CLOSED_MS = 5000;
const HOUR_MS = 3_600_000;

/** Devices send all the while: they must not notice. */
async function beside(body: (parts: Trial) => Promise<Outcome>, leavesGaps = false): Promise<Outcome> {
  return trial({}, async (parts) => {
    const { devices } = parts;
    await devices.send(1000);
    await devices.acknowledged(1000, 10_000);
    const before = await devices.mark();
    const outcome = await body(parts);
    const after = await devices.mark();
    const judged = await judge(parts);
    const checks = [
      ...judged.checks.filter(({ name }) => !leavesGaps || name !== 'gaps'),
      ...outcome.checks,
      exactly('healthy connections lost', after.disconnects - before.disconnects, 0),
    ];
    return { checks, figures: { ...outcome.figures, ackP99Ms: after.ackMs.p99 } };
  });
}

async function oversized(): Promise<Outcome> {
  const connections = 20;
  return beside(async ({ system }) => {
    await sleep(1000);
    const beforeMb = system.api.rssMb;
    const closedMs = await Promise.all(
      Array.from({ length: connections }, (_, at) => sendOversized(system.mqttPort, at % 2 === 0, at % 4 < 2)),
    );
    const grownMb = system.api.rssMb - beforeMb;
    return {
      checks: [
        atMost('slowest close ms', Math.max(...closedMs), CLOSED_MS),
        atMost('RSS MB more for each', grownMb / connections, 1),
      ],
      figures: { connections },
    };
  });
}

/** → how long until the other side closed, ms. Sends as much as it is let. */
async function sendOversized(port: number, afterConnect: boolean, claimsMost: boolean): Promise<number> {
  const socket = connect(port, '127.0.0.1');
  socket.on('error', () => undefined);
  socket.resume();
  const wire = new Wire(socket);
  if (afterConnect) {
    wire.writer.connect({
      clientId: `large-${Math.floor(performance.now() * 1000)}`,
      cleanSession: true,
      keepAliveS: 60,
    });
    wire.send();
    await wire.until(() => wire.packets.length > 0 || wire.closed);
  }
  const beganMs = performance.now();
  // 268,435,455 bytes, the most that four length bytes can say, or 1 MB that really comes.
  const length = claimsMost ? [0xff, 0xff, 0xff, 0x7f] : [0x80, 0x80, 0x40];
  const topic = Buffer.from(`\0\x1bcity/${CITY}/${KIND}/p-0/event\0\x01`, 'latin1');
  wire.send(Buffer.from([0x32, ...length]));
  wire.send(topic);
  for (let sent = 0; sent < MB && !wire.closed; sent += MB / 16) wire.send(Buffer.alloc(MB / 16, 0x61));
  await wire.until(() => wire.closed, 2 * CLOSED_MS).catch(() => undefined);
  socket.destroy();
  return performance.now() - beganMs;
}

async function malformed(length: Length, seed: number): Promise<Outcome> {
  // Compiled code, pools and the heap of a city that has just started have their size after some hundred, wholly after thousands.
  const [warmUp, streams] = length === 'quick' ? [500, 2000] : [10_000, 100_000];
  return beside(async ({ system }) => {
    const first = seed * 1e6;
    await sendMalformed(system.mqttPort, first, first + warmUp, 50);
    const beforeMb = system.api.rssMb;
    await sendMalformed(system.mqttPort, first + warmUp, first + warmUp + streams, 50);
    await sleep(1000);
    const share = system.api.rssMb / beforeMb;
    const alive = Number(system.api.isRunning);
    const limit = length === 'quick' ? 1.5 : 1.2;
    return { checks: [exactly('alive', alive, 1), atMost('RSS, times before', share, limit)], figures: { streams } };
  });
}

/** Publishes at QoS 1; resolves when the PUBACK came or the connection ended. */
async function publish(
  port: number,
  id: string,
  topic: string,
  payload: Uint8Array,
): Promise<'acked' | 'closed' | 'silent'> {
  const wire = await Wire.connected(port, { clientId: id });
  wire.writer.publish(topic, payload, 1, false, false, 1);
  wire.send();
  await wire.until(() => wire.closed || wire.ofType(4).length > 0, 10_000).catch(() => undefined);
  const outcome = wire.ofType(4).length > 0 ? 'acked' : wire.closed ? 'closed' : 'silent';
  wire.socket.destroy();
  return outcome;
}

const json = (value: unknown): Buffer => Buffer.from(JSON.stringify(value));

async function wrongTopics(): Promise<Outcome> {
  const topics = [
    'city/elsewhere/probe/x/telemetry',
    '$SYS/broker/uptime',
    'city/wuxi/probe/+/telemetry',
    'city/wuxi/probe/#',
    'city/wuxi/probe/ü/telemetry',
    'city/wuxi/probe/a\nb/telemetry',
    'city/wuxi/probe/a\0b/telemetry',
    `city/wuxi/probe/${'x'.repeat(60_000)}/telemetry`,
    `city${'/x'.repeat(101)}`,
    'city/wuxi/probe/x',
    'city/wuxi/probe/../telemetry/',
    'citi/wuxi/probe/x/telemetry',
  ];
  return beside(async ({ system }) => {
    let silent = 0;
    for (const [at, topic] of topics.entries()) {
      const payload = json({ ts: Date.now(), seq: 1, value: 1 });
      if ((await publish(system.mqttPort, `wrong-${at}`, topic, payload)) === 'silent') silent++;
    }
    const will = await Wire.connected(system.mqttPort, {
      clientId: 'will',
      will: { topic: '#', payload: Buffer.from('x'), qos: 0, retain: false },
    });
    const told = await saved(system, 'Grüße 🚌');
    const devices = await system.get<{ items: { device: string }[] }>(`/api/devices?kind=${KIND}&limit=10000`);
    const strangers = devices.items.filter(({ device }) => !/^p-\d+$/.test(device)).length;
    return {
      checks: [
        exactly('strangers stored', strangers, 0),
        exactly('publishes without any answer', silent, 0),
        exactly('will on # is refused', String(will.returnCode !== 0), 'true'),
        exactly('text kept', told, 'Grüße 🚌'),
      ],
      figures: { topics: topics.length },
    };
  });
}

/** A text that goes in by MQTT, as it comes out by HTTP. */
async function saved(system: System, text: string): Promise<string> {
  const description = { kind: 'note', label: 'Note', fields: { text: { label: 'Text', unit: '1', type: 'string' } } };
  await publish(system.mqttPort, 'note', 'city/wuxi/kinds/note', json(description));
  await publish(system.mqttPort, 'note', 'city/wuxi/note/n-1/telemetry', json({ ts: Date.now(), seq: 1, text }));
  return eventually('the text', async () => {
    const { fields } = await system.get<{ fields?: { text: string } }>('/api/devices/note/n-1');
    return fields?.text;
  });
}

async function wrongPayloads(): Promise<Outcome> {
  const ts = Date.now();
  const bad = [
    `{"ts":${ts},"seq":1,"value":NaN}`,
    `{"ts":${ts},"seq":1,"value":Infinity}`,
    `{"ts":${ts},"seq":1,"value":1e400}`,
    `{"ts":${ts},"seq":1,"value":9007199254740993}`,
    `{"ts":${ts},"seq":1,"value":"1"}`,
    `{"ts":${ts},"seq":1,"value":[1]}`,
    `{"ts":${ts},"seq":1,"value":null}`,
    `{"ts":${ts},"seq":1,"value":${'['.repeat(30_000)}${']'.repeat(30_000)}}`,
    `{"ts":${ts},"seq":1,"__proto__":{"value":1}}`,
    `{"ts":${ts},"seq":1,"constructor":1}`,
    `{"ts":1e400,"seq":1,"value":1}`,
    `{"ts":"now","seq":1,"value":1}`,
    `{"seq":1,"value":1}`,
    `[${ts}]`,
    'null',
    '',
    '\xff\xfe',
  ];
  return beside(async ({ system }) => {
    const before = (await system.rejected()).total;
    let unacked = 0;
    for (const text of bad) {
      const outcome = await publish(
        system.mqttPort,
        'bad',
        `city/wuxi/${KIND}/bad/telemetry`,
        Buffer.from(text, 'latin1'),
      );
      if (outcome !== 'acked') unacked++;
    }
    const { total } = await system.rejected();
    return {
      checks: [exactly('in quarantine', total - before, bad.length), exactly('bad ones without PUBACK', unacked, 0)],
      figures: { bad: bad.length },
    };
  });
}

async function wrongClocks(): Promise<Outcome> {
  const offsetsMs = [24 * HOUR_MS, 10 * 60_000, -8 * 24 * HOUR_MS, -50 * 365 * 24 * HOUR_MS, 1e15];
  return beside(async ({ system }) => {
    const before = (await system.rejected()).total;
    for (const offsetMs of offsetsMs) {
      const payload = json({ ts: Date.now() + offsetMs, seq: 1, value: 1 });
      await publish(system.mqttPort, 'clock', `city/wuxi/${KIND}/clock/telemetry`, payload);
    }
    const { total } = await system.rejected();
    return { checks: [exactly('in quarantine', total - before, offsetsMs.length)] };
  });
}

/** An hour of a device, in any order, a tenth of it twice: what is read is the hour. */
async function shuffled(_length: Length, seed: number): Promise<Outcome> {
  const count = 3600;
  return beside(async ({ system }) => {
    const random = seeded(seed);
    const fromMs = Date.now() - 2 * HOUR_MS;
    const records = Array.from({ length: count }, (_, at) => ({ ts: fromMs + at * 1000, seq: at + 1, value: at }));
    const sent = [...records, ...records.filter(() => random() < 0.1)]
      .map((record) => ({ record, key: random() }))
      .toSorted((a, b) => a.key - b.key);
    const wire = await Wire.connected(system.mqttPort, { clientId: 'late' });
    for (const [at, { record }] of sent.entries()) {
      wire.writer.publish(`city/wuxi/${KIND}/late/telemetry`, json(record), 1, false, false, at + 1);
    }
    wire.send();
    await wire.until(() => wire.ofType(4).length === sent.length, 20_000);
    wire.socket.destroy();
    const read = () =>
      system.get<{ ts: number[]; value: number[] }>(
        `/api/devices/${KIND}/late/history?field=value&from=${fromMs}&to=${fromMs + count * 1000}`,
      );
    const history = await eventually('the whole hour', async () => {
      const answer = await read();
      return answer.ts.length >= count ? answer : undefined;
    });
    const right = history.ts.filter((ts, at) => ts === records[at]?.ts && history.value[at] === at).length;
    return {
      checks: [exactly('records of the hour', history.ts.length, count), exactly('in their place', right, count)],
    };
    // Shuffled numbers look like gaps when they come.
  }, true);
}

export const bytes: readonly Row[] = [
  {
    number: 24,
    fault: 'packets of 1 MB and claims of 256 MB, before and after CONNECT',
    criterion: 'closed at the header, < 1 MB of memory each',
    run: oversized,
  },
  {
    number: 25,
    fault: 'malformed MQTT, 100,000 seeded streams (quick: 2,000)',
    criterion: 'no crash, healthy devices served, memory back to + 20 % (quick: + 50 %)',
    run: malformed,
  },
  {
    number: 26,
    fault: 'topics that are foreign, wild, ill-formed or too long; a will on #',
    criterion: 'nothing stored under a wrong name, texts with emoji kept',
    run: wrongTopics,
  },
  {
    number: 27,
    fault: 'NaN, Infinity, 1e400, 2^53+1, wrong types, 30,000 levels, __proto__',
    criterion: 'each in quarantine and acknowledged, no crash',
    gap: 'deeper nesting than 30,000 does not fit into the largest packet',
    run: wrongPayloads,
  },
  {
    number: 28,
    fault: "a device's clock is wrong by 10 min to 50 years",
    criterion: 'each in quarantine',
    gap: "jumps of the server's clock: no way to turn one process' clock without faketime",
    run: wrongClocks,
  },
  {
    number: 29,
    fault: 'an hour of records shuffled, a tenth of them twice',
    criterion: 'stored once, each in its place',
    run: shuffled,
  },
];
