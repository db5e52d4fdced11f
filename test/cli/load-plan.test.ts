// From settings to a plan, and every bad value named with what was expected.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { LOAD_TABLE } from '../../cli/load-options.ts';
import type { LoadSettings } from '../../cli/load-options.ts';
import { planOf } from '../../cli/load-plan.ts';
import { UsageError } from '../../cli/options.ts';
import { PROFILES } from '../../loadtest/plan.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'citytwin-load-plan-'));
});
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const DEFAULTS = {
  clean: true,
  ...Object.fromEntries(
    Object.entries(LOAD_TABLE).flatMap(([name, { default: value }]) => (value === undefined ? [] : [[name, value]])),
  ),
} as unknown as LoadSettings;
const plan = (argument: string | undefined, changes: Partial<LoadSettings> = {}) =>
  planOf({ ...DEFAULTS, ...changes }, argument, 'city.spool');

describe('a plan', () => {
  it.each(PROFILES)('of profile %s needs nothing but its name', (profile) => {
    const { publishers, subscribers, connections, durationS, topic } = plan(profile);
    expect(connections).toBeGreaterThanOrEqual(publishers + subscribers);
    expect(connections).toBeGreaterThan(0);
    expect(durationS).toBe(30);
    expect(topic).toMatch(profile === 'city' ? /^city\/\+\/#$/ : /%c/);
  });

  it('is of profile publish without a word, against mqtt://127.0.0.1:1883', () => {
    expect(plan(undefined)).toMatchObject({
      profile: 'publish',
      target: { host: '127.0.0.1', port: 1883, transport: 'tcp', version: '3.1.1' },
    });
  });

  it.each<[string, Partial<LoadSettings>, readonly [number, number, number]]>([
    ['publish', { devices: 10 }, [9, 1, 10]],
    ['publish', { devices: 10, publishers: 3 }, [3, 1, 10]],
    ['publish', { subscribers: 0 }, [50, 0, 50]],
    ['fan-out', { devices: 10 }, [5, 5, 10]],
    ['fan-out', { subscribers: 500 }, [5, 500, 505]],
    ['p2p', { devices: 9 }, [4, 4, 9]],
    ['p2p', { publishers: 7 }, [7, 7, 14]],
    ['connect', { devices: 10 }, [0, 0, 10]],
    ['reconnect-storm', { devices: 100 }, [20, 20, 100]],
  ])('of %s with %j has %j publishers, subscribers, connections', (profile, changes, counts) => {
    const { publishers, subscribers, connections } = plan(profile, changes);
    expect([publishers, subscribers, connections]).toEqual(counts);
  });

  it('takes intervals as well as rates', () => {
    expect(plan('publish', { publishers: 20, messageIntervalMs: 100 }).schedule).toEqual({
      kind: 'constant',
      perS: 200,
    });
    expect(plan('connect', { connectIntervalMs: 5 }).connectPerS).toBe(200);
    expect(plan('publish', { rate: 500, rampFrom: 10, schedule: 'ramp' }).schedule).toEqual({
      kind: 'ramp',
      fromPerS: 10,
      toPerS: 500,
    });
  });

  it('of a preset is scaled, and what is given counts more', () => {
    const changes = { preset: 'FANOUT-5-1000-5-250k', loadScale: 0.1 };
    expect(plan(undefined, changes)).toMatchObject({
      preset: 'fanout-5-1000-5-250K',
      profile: 'fan-out',
      subscribers: 100,
      schedule: { perS: 250 },
      qos: 1,
      // 16 in the suite: too few to tell when a message left.
      sizeBytes: 24,
    });
    expect(plan('fan-out', { ...changes, qos: 0, rate: 10 })).toMatchObject({ qos: 0, schedule: { perS: 10 } });
  });

  it('of the city plays a spool at its speed', () => {
    expect(plan('city', { loadSpeed: 4 }).schedule).toEqual({ kind: 'spool', file: 'city.spool', speed: 4 });
  });

  it.each<[string, object]>([
    ['mqtts://broker.example', { transport: 'tls', host: 'broker.example', port: 8883 }],
    ['ws://[::1]:9001', { transport: 'ws', host: '::1', port: 9001, path: '/mqtt' }],
    ['wss://broker.example/?token=1', { path: '/mqtt?token=1' }],
    ['wss://broker.example/other?x=1', { transport: 'wss', port: 443, path: '/other?x=1' }],
    ['mqtt://ann:s%20t@h:1', { username: 'ann', password: 's t', host: 'h', port: 1 }],
  ])('goes to %s', (target, expected) => {
    expect(plan('publish', { target }).target).toMatchObject(expected);
  });

  it('reads secrets from files', () => {
    const file = (name: string, text: string) => {
      writeFileSync(join(folder, name), text);
      return join(folder, name);
    };
    const settings = {
      target: 'mqtts://h',
      user: 'dev-%i',
      passwordFile: file('password', 'geheim\n'),
      cert: file('cert.pem', 'CERT'),
      key: file('key.pem', 'KEY'),
    };
    expect(plan('publish', settings).target).toMatchObject({
      username: 'dev-%i',
      password: 'geheim',
      cert: 'CERT',
      key: 'KEY',
    });
  });

  it('never meets the sessions of another tester', () => {
    expect(plan('publish').clientPrefix).not.toBe(plan('publish').clientPrefix);
  });
});

describe('what does not go together', () => {
  it.each<[string | undefined, Partial<LoadSettings>, RegExp]>([
    ['publsh', {}, /"publsh", did you mean publish\?/],
    ['fanout-5-1000-5-250k', {}, /it is a preset: --preset fanout-5-1000-5-250K/],
    ['publish', { preset: 'p2p-1K-1K-1K-1K' }, /preset p2p-1K-1K-1K-1K is of profile p2p, not publish/],
    ['publish', { profile: 'p2p' }, /two profiles, publish and --profile p2p/],
    ['publish', { rate: 5, messageIntervalMs: 10 }, /--rate and --message-interval/],
    ['connect', { connectRate: 5, connectIntervalMs: 10 }, /--connect-rate and --connect-interval/],
    ['publish', { target: 'mqtt://x', targetPort: 1883 }, /both name the target/],
    ['publish', { passwordFile: 'no-such-file' }, /cannot read no-such-file/],
    ['publish', { target: 'mqtt://:geheim@x' }, /a password needs a user: expected --user/],
    ['publish', { target: 'mqtts://x', cert: 'a.pem' }, /--cert and --key/],
    ['publish', { ca: 'a.pem' }, /mqtts:\/\/ or wss:\/\/, got mqtt:\/\//],
    ['publish', { devices: 3, publishers: 5 }, /--connections 3 are fewer than 5 publishers/],
    ['p2p', { devices: 1 }, /two connections for a pair, got 1/],
    ['connect', { publishers: 5 }, /neither publishes nor subscribes/],
    ['connect', { findMax: true }, /raises the rate of publish, fan-out, p2p, shared, not of connect/],
    ['publish', { findMax: true, schedule: 'ramp' }, /a rate that stays/],
    ['city', { rate: 5 }, /--scale and --speed instead/],
    ['city', { loadTopic: 'load/%i' }, /topics of its devices: --topic is for other profiles/],
    ['publish', { loadTopic: 'load/#' }, /no \+ or #.*, got load\/#/],
    ['publish', { loadTopic: '+/%i' }, /no \+ or #.*, got \+\/%i/],
    ['publish', { loadTopic: 'load/%d/%i' }, /unknown %d in --topic, expected %i .* or %c/],
    ['publish', { loadTopic: 'load/%' }, /unknown % in --topic/],
    ['publish', { loadTopic: '' }, /expected 1 to 60000 bytes/],
  ])('%s with %j is refused', (argument, changes, message) => {
    expect(() => plan(argument, changes)).toThrow(UsageError);
    expect(() => plan(argument, changes)).toThrow(message);
  });
});

describe('a bad value', () => {
  it.each<[keyof LoadSettings, string, RegExp]>([
    ['profile', 'publsh', /did you mean publish\?/],
    ['preset', 'fanuot', /did you mean fanout-1-1k-1-1K\?/],
    ['rate', 'fast', /a number from 0\.001/],
    ['durationS', '5 parsecs', /such as 30s, 2m or 45/],
    ['durationS', '0', /from 1 s to 1 day/],
    ['expect', 'latncy.p99<5ms', /did you mean latency\.p99\?/],
    ['target', 'http://x', /mqtt:\/\/ or mqtts:\/\/ or ws:\/\/ or wss:\/\//],
    ['mqttVersion', '6', /3\.1\.1 \(or 4\) or 5/],
    ['qos', '3', /from 0 to 2/],
    ['loadReport', 'load.pdf', /\.html, \.json or \.xml/],
    ['loadStart', '25:00', /HH:MM/],
    ['source', '127.0.0.2,127.0.0.x', /an IP address of this machine, got 127\.0\.0\.x/],
  ])('of %s, %s, says what was expected', (name, value, message) => {
    expect(() => LOAD_TABLE[name].parse!(value, [])).toThrow(message);
  });

  it('of expectations may stand among good ones', () => {
    const parse = LOAD_TABLE.expect.parse!;
    expect(parse('latency.p99 < 50 ms, lost=0', ['sent>1'])).toEqual(['sent>1', 'latency.p99 < 50 ms', 'lost=0']);
    expect(() => parse('lost=0,lots=1', [])).toThrow(/unknown measure "lots"/);
  });
});
