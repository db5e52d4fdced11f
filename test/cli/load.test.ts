// `citytwin load` as one types it: what it prints, writes, and ends with. What it refuses is in load-plan.test.ts.
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { commandLine } from '../../cli/load.ts';
import { reportIn, spawnLoad, startTarget } from './load-command.ts';

const SHORT = '--duration 1 --warm-up 0 --drain 1';
let folder: string;
let broker: Awaited<ReturnType<typeof startTarget>>;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'citytwin-load-test-'));
  broker = await startTarget();
});
afterAll(async () => {
  await broker.close();
  rmSync(folder, { recursive: true, force: true });
});

/** words: as one types them; PORT is the broker's. */
function load(words: string) {
  return spawnLoad(words.replace('PORT', String(broker.port)).split(' '), folder);
}

describe('a load run', () => {
  it('prints one JSON document with the keys that scripts rely on, and writes its reports', async () => {
    const files = '--report load.html --report load.json --report load.xml';
    const ended = await load(
      `publish -h 127.0.0.1 -p PORT ${SHORT} --rate 200 --publishers 5 -q 1 --json --expect lost=0 ${files}`,
    ).ended;
    expect(ended.stderr).toBe('');
    const report = reportIn(ended);
    expect(report).toMatchObject({
      broker: `mqtt://127.0.0.1:${broker.port}`,
      profile: 'publish',
      connections: 6,
      offeredPerS: 200,
      sent: 200,
      received: 200,
      lost: 0,
      duplicated: 0,
      generator: { lagMsP99: expect.any(Number) as number, saturated: !report.valid },
      expectations: [{ name: 'lost=0', ok: true, value: 0, limit: '= 0' }],
    });
    for (const key of ['p50', 'p90', 'p99', 'p999', 'max'] as const) {
      expect(report.latencyMs[key]).toBeGreaterThan(0);
      expect(report.connectMs[key]).toBeGreaterThan(0);
    }
    // A generator that shares two cores with other tests may be late: then it must say so.
    expect(report.ok).toBe(report.valid);
    expect(ended.status).toBe(report.valid ? 0 : 1);
    const written = (name: string) => readFileSync(join(folder, name), 'utf8');
    expect(JSON.parse(written('load.json'))).toEqual(report);
    expect(written('load.html')).toContain('<h2>Repeat it</h2>');
    expect(written('load.xml')).toContain('name="lost=0"');
  });

  it('ends with 1 when an expectation is not met, the verdict last', async () => {
    const { status, stdout } = await load(
      `p2p --broker mqtt://127.0.0.1:PORT ${SHORT} -c 8 -I 100 -s 100 -t city/wuxi/load/x%i/telemetry -i 2 --expect connections=9`,
    ).ended;
    expect(status).toBe(1);
    expect(stdout).toContain('FAIL  connections=9  8');
    expect(stdout).toMatch(/40 sent, 40 of 40 received/);
    expect(stdout.trimEnd().split('\n').at(-1)).toMatch(/Not all expectations are met\.$|^Not valid/);
  });

  it('ends with 2 when the broker cannot do what is to be measured', async () => {
    const ended = await load(`shared -p PORT ${SHORT} --rate 100 --json`).ended;
    expect(reportIn(ended)).toMatchObject({ ok: false, skipped: 'the broker refuses shared subscriptions' });
    expect(ended.status).toBe(2);
  });

  it('ends at Ctrl-C with what was done so far', async () => {
    const { child, ended } = load('publish -p PORT --duration 10m --warm-up 0 --rate 400 --json');
    const before = broker.counters().in;
    while (broker.counters().in < before + 400) await promisify(setImmediate)();
    child.kill('SIGINT');
    const { status, ...printed } = await ended;
    expect(status).toBe(1);
    const report = reportIn({ status, ...printed });
    expect(report).toMatchObject({ complete: false, ok: false });
    expect(report.verdict).toMatch(/^Stopped before its end\./);
    expect(report.sent).toBeGreaterThan(300);
    expect(report.sent).toBeLessThan(40_000);
  });

  it('says what is wrong when nobody answers', async () => {
    const { status, stderr } = await load(`publish -p 1 ${SHORT}`).ended;
    expect(stderr).toBe('citytwin: 127.0.0.1:1: ECONNREFUSED: nobody listens there\n');
    expect(status).toBe(2);
  });
});

describe('the command line', () => {
  it('has help under --help, because -h is the host', async () => {
    const { status, stdout } = await load('--help').ended;
    expect(status).toBe(0);
    expect(stdout).toMatch(/^Examples:\n {2}citytwin load/);
    for (const letter of 'hpVcitsqIku') expect(stdout).toContain(`  -${letter}, --`);
  });

  it('ends with 2 and the nearest word for a wrong one, before anything is sent', async () => {
    expect(await load('publsh').ended).toMatchObject({
      status: 2,
      stdout: '',
      stderr: expect.stringMatching(/"publsh", did you mean publish\?/) as string,
    });
    expect(await load('publish --connexions 3').ended).toMatchObject({
      status: 2,
      stderr: expect.stringMatching(/--connexions[\s\S]*--connections/) as string,
    });
  });

  it('lists profiles and presets, as text and as JSON', async () => {
    expect((await load('--list').ended).stdout).toMatch(/reconnect-storm {2}[\s\S]*p2p-50K-50K-50K-50K/);
    const { profiles, presets } = JSON.parse((await load('--list --json').ended).stdout) as {
      profiles: object[];
      presets: object[];
    };
    expect([profiles.length, presets.length]).toEqual([9, 8]);
  });

  it.each([
    ['mqtt://ann:geheim@host:1883', 'mqtt://ann@host:1883'],
    ['mqtt://ann:ge@heim@host', 'mqtt://ann@host'],
    ['mqtts://ann:ge/heim@host', 'mqtts://host'],
    ['wss://host/mqtt?token=geheim', "'wss://host/mqtt?…'"],
    ['ws://ann:geheim@host?token=geheim#geheim', "'ws://ann@host/?…'"],
    ['mqtt://host', 'mqtt://host'],
  ])('is repeated in the report without the secrets of an address: %s', (address, shown) => {
    const words = ['--expect', 'latency.p99<50ms'];
    expect(commandLine(['load', '--broker', address, ...words])).toBe(
      `citytwin load --broker ${shown} --expect 'latency.p99<50ms'`,
    );
    expect(commandLine(['load', `--broker=${address}`])).not.toContain('heim');
  });
});
