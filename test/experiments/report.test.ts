import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { htmlOf } from '../../experiments/report-html.ts';
import { interruptedLine, reportLines } from '../../experiments/report-text.ts';
import { jsonOf, reportOf } from '../../experiments/report.ts';
import type { Report } from '../../experiments/report.ts';
import { runExperiment } from '../../experiments/runner.ts';
import { readSettings } from '../../experiments/settings.ts';
import { launchBrowser } from '../browser.ts';
import { fake } from './fake-experiments.ts';

const shelter = fake('shelter');
const circumstances = { version: '1.2.3', node: 'v24.0.0', date: '2026-05-20T08:00:00.000Z' };

async function reported(seeds: number, ...assignments: string[]): Promise<Report> {
  const assignment = { settings: readSettings(shelter, assignments), firstSeed: 1, seeds };
  return reportOf(shelter, assignment, await runExperiment(shelter, { ...assignment, threads: 1 }), {
    ...circumstances,
    wallSeconds: () => 0.5,
  });
}

describe('the JSON report', () => {
  let report: Report;
  beforeAll(async () => {
    report = JSON.parse(jsonOf(await reported(10, 'policy=none,roof,heated-roof'))) as Report;
  });

  it('has what scripts rely on', () => {
    expect(report).toMatchObject({
      name: 'shelter',
      claim: shelter.claim,
      seeds: 10,
      settings: { waitS: 300, stops: 12, season: 'winter', policy: ['none', 'roof', 'heated-roof'] },
      command: 'citytwin experiment shelter --seeds 10 --set policy=none,roof,heated-roof',
      ...circumstances,
      wallSeconds: 0.5,
    });
    expect(report.arms.map(({ name }) => name)).toEqual(['none', 'roof', 'heated-roof']);
    for (const { kpis } of report.arms) {
      expect(Object.keys(kpis)).toEqual(['waitS', 'riders', 'queueM']);
      for (const { mean, ci95 } of Object.values(kpis)) {
        expect(ci95).toHaveLength(2);
        expect(ci95[0]).toBeLessThan(mean);
        expect(ci95[1]).toBeGreaterThan(mean);
      }
    }
    const pairs = report.differences.map(({ arm, baseline, kpi }) => `${arm} ${baseline} ${kpi}`);
    expect(pairs).toEqual(
      ['roof', 'heated-roof'].flatMap((arm) => ['waitS', 'riders', 'queueM'].map((kpi) => `${arm} none ${kpi}`)),
    );
    expect(report.checks.map(({ id, ok }) => [id, ok])).toEqual([
      ['S1', true],
      ['S2', false],
    ]);
    expect(report.verdict).toMatch(/^A roof changes the wait by -\d/);
  });

  it('says what a difference means to people', () => {
    const effects = report.differences.map(({ arm, kpi, effect }) => `${arm} ${kpi} ${effect}`);
    expect(effects).toContain('roof waitS better');
    expect(effects).toContain('heated-roof waitS better');
    expect(effects).toContain('roof queueM none');
    const riders = report.differences.find(({ kpi }) => kpi === 'riders')!;
    expect(riders.effect === 'unclear').toBe(riders.ci95[0] <= 0 && riders.ci95[1] >= 0);
  });

  it('has null where there is no number, leaves its pair out and counts it', () => {
    expect(report.samples.roof!.queueM!.map((value) => value === null)).toEqual(
      [4, 9].reduce((nulls, seed) => nulls.with(seed, true), Array<boolean>(10).fill(false)),
    );
    expect(report.arms[0]!.kpis.queueM!.n).toBe(8);
    expect(report.differences.find(({ kpi }) => kpi === 'queueM')!.n).toBe(8);
    expect(report.arms[0]!.kpis.waitS!.n).toBe(10);
  });

  it('is the same again', async () => {
    expect(JSON.parse(jsonOf(await reported(10, 'policy=none,roof,heated-roof')))).toEqual(report);
  });
});

describe('the text', () => {
  it('shows claim, numbers, checks and verdict', async () => {
    const report = await reported(10);
    const lines = reportLines(report);
    const text = lines.join('\n');
    expect(lines[1]).toBe(`Claim: ${shelter.claim}`);
    expect(text).toMatch(
      /Waiting time \[s\], less is better\n {2}none +3\d\d ± \d+\n {2}roof +2\d\d ± \d+ +−\d.* better/,
    );
    expect(text).toMatch(/^ok +S1 .* target 300 s, ±60 s$/m);
    expect(text).toMatch(/^FAIL +S2 /m);
    expect(text).toContain(`Verdict: ${report.verdict}`);
    expect(text).toContain('none has no queueM with 2 of 10 seeds');
    expect(text).toContain(report.command);
  });

  it('says of one seed that it proves nothing, and gives no interval', async () => {
    const report = await reported(1);
    const text = reportLines(report).join('\n');
    expect(text).toContain('One seed proves nothing');
    expect(text).not.toMatch(/\d ± | {2}(better|worse|no difference)$/m);
    const { mean, ci95 } = report.arms[0]!.kpis.waitS!;
    expect(ci95).toEqual([mean, mean]);
    expect(htmlOf(report, shelter.parameters)).toContain('One seed proves nothing');
  });

  it('says how far an interrupted one came', () => {
    expect(interruptedLine({ none: 5, roof: 4 }, 10)).toBe('interrupted: seeds done of 10: none 5, roof 4');
  });
});

describe('the page', () => {
  let report: Report;
  let html: string;
  beforeAll(async () => {
    report = await reported(10, 'policy=none,heated-roof');
    html = htmlOf(report, shelter.parameters);
  });

  it('holds everything: claim, settings, numbers, checks, verdict, sources, command, version', () => {
    for (const words of [
      'A roof &quot;halves&quot; the wait &amp; more &lt;b&gt;people&lt;/b&gt; come (City Hall, 2020).',
      'mean wait without a roof',
      'none, heated-roof',
      'heated roof',
      'a roof halves the wait',
      '✗ not met',
      '✓ met',
      'On roofs, 1999',
      'citytwin experiment shelter --seeds 10 --set policy=none,heated-roof',
      '1.2.3',
      'v24.0.0',
      '2026-05-20',
    ]) {
      expect(html).toContain(words);
    }
    expect(html).not.toMatch(/NaN|undefined|Infinity|<b>people|<per day>/);
  });

  it('draws every arm and every difference of every KPI', () => {
    const { kpis, arms, differences } = report;
    expect(html.match(/<svg /g)).toHaveLength(kpis.length * arms.length + differences.length);
    // Ten seeds, two of them without a queue.
    const dots = [...html.matchAll(/class="seeds" d="([^"]*)"/g)].map((match) => match[1]!.match(/M/g)!.length);
    expect(dots.toSorted((a, b) => a - b)).toEqual([8, 8, 8, 10, 10, 10, 10, 10, 10]);
  });

  it('refers to nothing outside itself', () => {
    expect(html).not.toMatch(/<script|<link|<img|<iframe|\bsrc=|\bhref=|url\(|@import|https?:/i);
  });

  describe('in a browser', () => {
    let browser: Awaited<ReturnType<typeof launchBrowser>>;
    beforeAll(async () => {
      browser = await launchBrowser();
    });
    afterAll(() => browser.close());

    it.each([
      ['a desk', 1440, 900],
      ['a phone', 390, 844],
    ])('asks for nothing and fits %s, light and dark', async (_, width, height) => {
      const grounds = new Set<string>();
      for (const colorScheme of ['light', 'dark'] as const) {
        const page = await browser.newPage({ viewport: { width, height }, colorScheme });
        const said: string[] = [];
        page.on('request', (request) => said.push(request.url()));
        page.on('console', (message) => said.push(message.text()));
        await page.setContent(html);
        expect(await page.evaluate(() => document.documentElement.scrollWidth)).toBe(width);
        grounds.add(await page.evaluate(() => getComputedStyle(document.body).backgroundColor));
        expect(said).toEqual([]);
        await page.close();
      }
      expect(grounds.size).toBe(2);
    });
  });
});
