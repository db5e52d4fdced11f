import { beforeAll, describe, expect, it } from 'vitest';
import { judge, readExpectation } from '../../loadtest/expect.ts';
import { findMax } from '../../loadtest/find-max.ts';
import { htmlOf } from '../../loadtest/report-html.ts';
import { reportLines } from '../../loadtest/report-text.ts';
import { junitOfLoad, reportOf } from '../../loadtest/report.ts';
import type { Result } from '../../loadtest/result.ts';
import { launchBrowser } from '../browser.ts';
import { NOTHING, madePlan, madeResult } from './made-result.ts';

const circumstances = {
  version: '1.2.3',
  node: 'v24.0.0',
  date: '2026-05-20T08:00:00.000Z',
  command: 'citytwin load publish',
  complete: true,
};
const SECRETS = ['geheim', 'a secret', 'PRIVATE KEY', 'AUTHORITY', 'CERTIFICATE'];

function reported(expected: readonly string[] = [], changes: Partial<Result> = {}, complete = true) {
  const result = madeResult(changes);
  const judged = expected.map((text) => judge(readExpectation(text), result));
  return reportOf(result, judged, { ...circumstances, complete });
}

describe('the JSON report', () => {
  it('has what scripts rely on, and no secret', () => {
    const report = JSON.parse(JSON.stringify(reported(['lost=0']))) as object;
    expect(report).toMatchObject({
      broker: 'mqtt://127.0.0.1:1883',
      profile: 'publish',
      connections: 11,
      offeredPerS: 1000,
      sentPerS: 1000,
      receivedPerS: 1000,
      sent: 10_000,
      received: 10_000,
      lost: 0,
      duplicated: 0,
      latencyMs: {
        p50: expect.any(Number),
        p90: expect.any(Number),
        p99: expect.any(Number),
        p999: expect.any(Number),
        max: 10,
      },
      connectMs: { max: 3 },
      generator: { lagMsP99: 0.2, saturated: false },
      ok: true,
    });
    for (const secret of SECRETS) expect(JSON.stringify(report)).not.toContain(secret);
  });

  it.each([
    ['an expectation that is not met', reported(['latency.p99<1ms'])],
    ['a saturated generator', reported([], { generator: { ...madeResult().generator, saturated: true } })],
    ['an early end', reported([], {}, false)],
    ['a run that was skipped', reported([], { skipped: 'it has no $share', sent: 0 })],
    ['an expectation of what was skipped', reported(['lost=0'], { skipped: 'it has no $share', sent: 0 })],
  ])('is not ok with %s', (_, report) => {
    expect(report.ok).toBe(false);
  });

  it('names WebSocket and IPv6 addresses as one types them', () => {
    const { target } = madePlan;
    const address = (changes: Partial<typeof target>) =>
      reported([], { plan: { ...madePlan, target: { ...target, ...changes } } }).broker;
    expect(address({ transport: 'wss', port: 8084, path: '/mqtt' })).toBe('wss://127.0.0.1:8084/mqtt');
    expect(address({ transport: 'wss', path: '/mqtt?token=geheim' })).toBe('wss://127.0.0.1:1883/mqtt?…');
    expect(address({ host: '::1', transport: 'tls' })).toBe('mqtts://[::1]:1883');
  });
});

describe('the verdict', () => {
  it('is of the broker only when the run is valid', () => {
    expect(reported(['lost=0']).verdict).toMatch(/^1,000 messages\/s, nothing lost; .*All expectations are met\.$/);
    const saturated = { ...madeResult().generator, saturated: true, why: 'a thread at 100 %' };
    expect(reported([], { generator: saturated }).verdict).toMatch(
      /^Not valid: .*a thread at 100 %.*nothing about the broker/,
    );
    expect(reported([], {}, false).verdict).toMatch(/^Stopped before its end\. /);
    expect(reported([], { skipped: 'it has no $share' }).verdict).toBe('Skipped: it has no $share.');
    expect(reported([], { latencyMs: NOTHING }).verdict).toMatch(/nobody subscribed/);
    expect(reported([], { sent: 0, latencyMs: NOTHING }).verdict).toMatch(/^11 connections, half of them in 2 ms/);
  });
});

describe('JUnit', () => {
  it('has a case for the generator and for each expectation', () => {
    const xml = junitOfLoad(reported(['lost=0', 'latency.p99<1ms']));
    expect(xml).toContain('tests="6" failures="1"');
    expect(xml).toContain('<testcase classname="load publish" name="latency.p99&lt;1ms">');
    expect(xml).toMatch(/<failure message="is 9\.9\d*, expected &lt; 1 ms"\/>/);
  });
});

describe('JUnit of a run that was skipped', () => {
  it('says so, with the reason', () => {
    const xml = junitOfLoad(reported([], { skipped: 'it has no $share', sent: 0, connectedAtEnd: 0 }));
    expect(xml).toContain('failures="0"');
    expect(xml).toContain('<skipped message="it has no $share"/>');
  });
});

describe('the lines for a terminal', () => {
  it('end with the verdict', () => {
    const report = reported(['lost=0', 'latency.p99<1ms'], { errors: { refused: 3 } });
    const lines = reportLines(report);
    expect(lines[0]).toBe('publish against mqtt://127.0.0.1:1883');
    expect(lines.at(-1)).toBe(report.verdict);
    expect(lines).toContainEqual(expect.stringMatching(/^end to end +5\.5 ms/));
    expect(lines).toContainEqual('3 × refused');
    expect(lines).toContainEqual('ok    lost=0  0');
    expect(lines).toContainEqual(expect.stringMatching(/^FAIL {2}latency\.p99<1ms {2}9\.9/));
  });
});

describe('the page', () => {
  let html: string;
  beforeAll(async () => {
    const { finding, best } = await findMax({
      startPerS: 1000,
      ceilingPerS: 1e6,
      limits: [readExpectation('lossRatio=0')],
      run: async (perS) => madeResult({ offeredPerS: perS, sentPerS: perS, lost: perS > 5000 ? 7 : 0 }),
      pause: async () => {},
    });
    const result = { ...best!, plan: { ...madePlan, topic: '<script>alert(1)</script>' } };
    html = htmlOf(reportOf(result, [judge(readExpectation('latency.p99<1ms'), result)], circumstances, finding));
  });

  it('shows verdict, search, times, charts, plan and command', () => {
    for (const heading of [
      'Expected',
      'The search',
      'Times',
      'Second by second',
      'Counted',
      'What was done',
      'Repeat it',
    ])
      expect(html).toContain(`<h2>${heading}</h2>`);
    for (const chart of ['Messages per second', 'Latency', 'Percentiles', 'The generator itself'])
      expect(html).toContain(`<figcaption><b>${chart}</b>`);
    expect(html).toMatch(/aria-label="Percentiles: end to end, connect"/);
    expect(html).not.toMatch(/NaN|undefined|Infinity/);
  });

  it('runs nothing that a topic says, and tells no secret', () => {
    expect(html).toContain('&lt;script&gt;');
    expect(html).not.toContain('<script');
    for (const secret of SECRETS) expect(html).not.toContain(secret);
  });

  it('of a run without messages shows connections', () => {
    const page = htmlOf(reported([], { sent: 0, latencyMs: NOTHING }));
    expect(page).toContain('<figcaption><b>Connections</b>');
    expect(page).not.toMatch(/NaN|undefined|Infinity/);
  });

  it.each([
    ['a desk', 1440, 900],
    ['a phone', 390, 844],
  ])('asks for nothing and fits %s', async (_, width, height) => {
    const browser = await launchBrowser();
    try {
      const page = await browser.newPage({ viewport: { width, height } });
      const said: string[] = [];
      page.on('request', (request) => said.push(request.url()));
      page.on('console', (message) => said.push(message.text()));
      await page.setContent(html);
      expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(width);
      expect(said).toEqual([]);
    } finally {
      await browser.close();
    }
  });
});
