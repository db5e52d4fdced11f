// docs/mqtt.md tells the truth: its limits are the defaults, its clauses are tested, its `$SYS` names are published.
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { DEFAULT_LIMITS } from '../../broker/limits.ts';
import { metricsText } from '../../broker/metrics.ts';
import { start } from '../broker/start.ts';
import { Wire } from '../broker/wire.ts';
import { readPublish } from '../../mqtt/scanner.ts';

const read = (path: string): string => readFileSync(fileURLToPath(new URL(`../../${path}`, import.meta.url)), 'utf8');
const page = read('docs/mqtt.md');

test('its limits are the defaults', () => {
  const row = (name: string): string => page.split('\n').find((line) => line.startsWith(`| ${name}`)) ?? '';
  const kilobytes = (bytes: number): string => `${bytes / 1024} KB`;
  const megabyte = `${DEFAULT_LIMITS.timetableBytes / 1_048_576} MB`;
  const thousands = (count: number): string => count.toLocaleString('en-GB');
  expect(row('connections')).toContain(thousands(DEFAULT_LIMITS.maxConnections));
  expect(row('new connections')).toContain(`${DEFAULT_LIMITS.connectsPerS}/s in all`);
  expect(row('new connections')).toContain(`${DEFAULT_LIMITS.connectsPerAddressPerS}/s from one address`);
  expect(row('new connections')).toContain(`up to ${DEFAULT_LIMITS.connectWaitMs / 1000} s`);
  expect(row('connections that end')).toContain(`${DEFAULT_LIMITS.departuresPerS}/s`);
  expect(row('CONNECT')).toContain(kilobytes(DEFAULT_LIMITS.connectBytes));
  expect(row('CONNECT')).toContain(`within ${DEFAULT_LIMITS.connectTimeoutMs / 1000} s`);
  expect(row('packet')).toContain(kilobytes(DEFAULT_LIMITS.packetBytes));
  expect(row('packet')).toContain(megabyte);
  expect(row('filters')).toContain(`${DEFAULT_LIMITS.subscriptionsPerClient} per client`);
  expect(row('publishes of one client')).toContain(String(DEFAULT_LIMITS.maxInProgress));
  expect(row('output that waits')).toContain(`${kilobytes(DEFAULT_LIMITS.slowBytes)} at QoS 0`);
  expect(row('output that blocks')).toContain(`${DEFAULT_LIMITS.blockedBytes / 1_048_576} MB at QoS 1`);
  expect(row('output that blocks')).toContain(`for ${DEFAULT_LIMITS.drainTimeoutMs / 1000} s`);
  expect(row('output in all')).toContain(`${DEFAULT_LIMITS.outputBytes / 1_048_576} MB of one client`);
  expect(row('output in all')).toContain(`${DEFAULT_LIMITS.allOutputBytes / 1_048_576} MB of all`);
  expect(row('keep-alive')).toContain(`1…${DEFAULT_LIMITS.keepAliveS} s`);
  expect(row('take-overs')).toContain(`${DEFAULT_LIMITS.takeovers} in 10 s`);
  expect(row('retained topics')).toContain(thousands(DEFAULT_LIMITS.retainedTopics));
  expect(row('kept sessions')).toContain(thousands(DEFAULT_LIMITS.sessions));
  expect(row('retained bytes')).toContain(`${DEFAULT_LIMITS.retainedBytes / 1_048_576} MB`);
  expect(row('a kept session asleep')).toContain(`${DEFAULT_LIMITS.sessionExpiryS / 3600} h`);
  expect(row('messages of a kept session')).toContain(`${DEFAULT_LIMITS.sessionMessages} messages`);
  expect(row('messages of a kept session')).toContain(`${DEFAULT_LIMITS.queuedBytes / 1_048_576} MB of all`);
});

test('each clause that it calls stricter has a test of its name', () => {
  const table = page.slice(page.indexOf('### Stricter'), page.indexOf('### Where'));
  const files = ['conformance', 'kept-delivery', 'before-connack', 'outflow'].map((name) =>
    read(`test/broker/${name}.test.ts`),
  );
  const tests = files.join('').replaceAll('MQTT-3-8.3-4', 'MQTT-3.8.3-4');
  const clauses = new Set(table.match(/\[MQTT-[\d.]+-\d+\]/g));
  expect(clauses.size).toBeGreaterThan(15);
  expect([...clauses].filter((clause) => !tests.includes(clause))).toEqual([]);
});

test('the metrics that it names are shown', async () => {
  const broker = await start();
  const section = page.slice(page.indexOf('## `/metrics`'), page.indexOf('## How'));
  const names = [...section.matchAll(/`([a-z]+(?:_[a-z]+)*)(?:\{[^`]*)?`/g)].map(([, name]) => name!);
  expect(names.length).toBeGreaterThan(10);
  const shown = metricsText(broker);
  expect(names.filter((name) => !shown.includes(`# TYPE citytwin_broker_${name} `))).toEqual([]);
});

test('its $SYS names are those that are published', async () => {
  const broker = await start();
  const wire = await Wire.connected(broker.port);
  wire.writer.subscribe(1, [{ filter: '$SYS/broker/#', qos: 0 }]);
  wire.send();
  await wire.until(() => wire.ofType(3).length >= 40);
  const published = wire
    .ofType(3)
    .map(({ header, body }) => readPublish(header, body, 0, body.length).topic.replace('$SYS/broker/', ''));
  const section = page.slice(page.indexOf('## `$SYS'), page.indexOf('## `/metrics`'));
  const words = new Set([...section.matchAll(/`([^`\n]+)`/g)].flatMap(([, words]) => words!.split('/')));
  const unknown = published.flatMap((name) => name.split('/')).filter((word) => !words.has(word));
  expect([...new Set(unknown)]).toEqual([]);
});
