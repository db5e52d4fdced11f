// The scenario on the real page: a real browser and api, the simulator played by the test. No broker, no models.
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { builtPage } from '../../cli/page.ts';
import type { ScenarioState } from '../../telemetry/messages.ts';
import { NOW, bus, describeKind, frame, quiet, scenarioState, startCity, telemetry } from '../api/city.ts';
import type { TestCity } from '../api/city.ts';
import { launchBrowser } from '../browser.ts';
import { eventually } from '../city-process.ts';
import { describeWith } from '../parts.ts';

const collection = (features: object[] = []) => ({ type: 'FeatureCollection', features });
const MAP = {
  id: 'wuxi',
  name: { en: 'Wuxi', zh: '无锡' },
  center: [120.3, 31.57],
  bounds: [120.2, 31.5, 120.4, 31.65],
  note: 'a test',
  layers: {
    land: collection(),
    water: collection(),
    parks: collection(),
    streets: collection([
      {
        type: 'Feature',
        properties: { class: 'arterial', name: 'Renmin Road', nameZh: '人民路' },
        geometry: {
          type: 'LineString',
          coordinates: [
            [120.25, 31.57],
            [120.35, 31.57],
          ],
        },
      },
    ]),
    busLines: collection(),
    stops: collection(),
    labels: collection(),
  },
};

describeWith(['chromium'], 'the scenario on the page', () => {
  let city: TestCity;
  let browser: Browser;
  let page: Page;

  beforeAll(async () => {
    const staticFolder = await builtPage(quiet as unknown as Parameters<typeof builtPage>[0]);
    city = await startCity({ map: MAP, ...(staticFolder === undefined ? {} : { staticFolder }) });
    await city.api.take(describeKind(bus));
    await city.api.take(telemetry('bus-0001', { ts: NOW, seq: 1, lat: 31.57, lon: 120.3, speedMps: 5 }));
    tellTime({ speed: 10, trueSpeed: 9.98 });
    tell(scenarioState);
    browser = await launchBrowser();
    // Less motion: the map is drawn once a second, which leaves the processor to the test.
    const viewport = { width: 1024, height: 720 };
    const context = await browser.newContext({ viewport, locale: 'en-GB', reducedMotion: 'reduce' });
    page = await context.newPage();
    await page.goto(`${city.base}/?view=scenario&lang=en`);
    await page.getByTestId('scenario').waitFor();
  }, 60_000);
  afterAll(async () => {
    await browser?.close();
    await city?.api.close();
  });

  function tell(state: ScenarioState): void {
    void city.api.take(frame('city/wuxi/scenario/state', state));
  }
  function tellTime(clock: object): void {
    const message = { simTimeMs: NOW, utcOffsetMin: 480, speed: 1, trueSpeed: 1, scenario: 'storm-day', seed: 7 };
    void city.api.take(frame('city/wuxi/clock', { ...message, ...clock }));
  }
  /** The next command of the page, answered as the simulator would. */
  async function answerNext(ack: { state: string; reason?: string }): Promise<{ [key: string]: unknown }> {
    const { message } = await eventually('a command', () => city.published.shift());
    void city.api.take(frame('city/wuxi/scenario/ack', { id: message.id, ts: NOW, ...ack }));
    return message;
  }
  const textOf = (testId: string) => page.getByTestId(testId).innerText();
  const saying = (testId: string, pattern: RegExp) =>
    eventually(`${testId} saying ${pattern}`, async () => (pattern.test(await textOf(testId)) ? true : undefined));

  it('says what happens, what comes, and for how long', async () => {
    expect(await textOf('happening')).toMatch(/Power cut[^]*Sanyang Plaza[^]*07:50 – 08:20 · 20 mins left/);
    expect(await textOf('scheduled')).toMatch(/Weather[^]*18 mm\/h[^]*08:30 · in 30 mins/);
    expect(await page.getByTestId('run-bar').getAttribute('aria-label')).toMatch(/1 happening, 1 scheduled, 1 over/);
  });

  it('turns an expectation from holding to failed, by sign and word', async () => {
    const states = () =>
      page.getByTestId('expectation').evaluateAll((rows) => rows.map((row) => (row as HTMLElement).dataset.state));
    expect(await states()).toEqual(['holding', 'waiting']);
    const [first, second] = scenarioState.expectations;
    tell({ ...scenarioState, expectations: [{ ...first!, state: 'failed', value: 3.9 }, second!] });
    await eventually('a failed one', async () => ((await states())[0] === 'failed' ? true : undefined));
    expect(await textOf('expectations')).toMatch(/✗[^]*failed[^]*3\.9[^]*≥ 4\.5/);
  });

  it('draws the place of what happens, and only of that', async () => {
    expect(await page.evaluate(() => window.citytwin.areas())).toEqual(['cut']);
  });

  it('lets an event happen where the map is clicked', async () => {
    await page.getByTestId('inject').click();
    await page.getByTestId('event-choice').selectOption('0');
    await page.getByTestId('inject-send').click();
    await saying('injection-problem', /click on the map/);
    await eventually('a map', () =>
      page.evaluate(() => window.citytwin.project(120.3, 31.57) !== undefined || undefined),
    );
    const { x, y } = await page.evaluate(() => window.citytwin.project(120.28, 31.56));
    await page.mouse.click(x, y);
    await page.getByTestId('duration').fill('45');
    await page.getByTestId('inject-send').click();
    const { name, args } = await answerNext({ state: 'rejected', reason: 'the grid is under repair' });
    expect(name).toBe('event');
    expect(args).toMatchObject({ event: 'power-cut', for: '45m', where: { radiusM: 500 } });
    const { where } = args as { where: { lat: number; lon: number } };
    expect(where.lat).toBeCloseTo(31.56, 3);
    expect(where.lon).toBeCloseTo(120.28, 3);
    await saying('injection-result', /rejected\s+the grid is under repair/);
    await page.getByTestId('inject-send').click();
    await answerNext({ state: 'done' });
    await saying('injection-result', /accepted/);
    expect(await page.getByTestId('event-form').count()).toBe(0);
  });

  it('needs no mouse: keys, typed coordinates, Escape', async () => {
    await page.keyboard.press('e');
    await page.getByTestId('event-choice').focus();
    await page.keyboard.press('P');
    await page.keyboard.press('Tab');
    await page.getByTestId('place-lat').fill('31.6');
    await page.keyboard.press('Tab');
    await page.keyboard.type('120.31');
    await page.keyboard.press('Enter');
    expect((await answerNext({ state: 'done' })).args).toMatchObject({ where: { lat: 31.6, lon: 120.31 } });
    await saying('injection-result', /accepted/);
    await page.keyboard.press('e');
    await page.getByTestId('event-choice').waitFor();
    await page.locator('body').press('Escape');
    await eventually('a closed form', async () =>
      (await page.getByTestId('event-choice').count()) === 0 ? true : undefined,
    );
    expect(page.url()).toContain('view=scenario');
  });

  it('lets something happen to a chosen device', async () => {
    await page.evaluate(() => window.citytwin.select('bus', 'bus-0001'));
    await page.getByTestId('happen-breakdown').locator('summary').click();
    await page.getByTestId('duration-unit').selectOption('open');
    await page.getByTestId('inject-send').click();
    expect((await answerNext({ state: 'done' })).args).toEqual({
      event: 'breakdown',
      kind: 'bus',
      devices: ['bus-0001'],
    });
    await saying('injection-result', /accepted/);
    await page.locator('body').press('Escape');
  });

  it('shows requested and true speed, takes every speed, and keys for slower and faster', async () => {
    tellTime({ speed: 600, trueSpeed: 412 });
    await saying('speed-face', /600×[^]*▼ true 412×/);
    await page.locator('body').press(',');
    expect(await answerNext({ state: 'done' })).toMatchObject({ name: 'speed', args: { speed: 300 } });
    await page.getByTestId('speed-face').click();
    await page.getByTestId('speed-max').click();
    expect(await answerNext({ state: 'done' })).toMatchObject({ name: 'speed', args: { speed: 'max' } });
    await page.keyboard.press('Escape');
    expect(page.url()).toContain('view=scenario');
  });

  it('shows how far the past is filled in, until it is', async () => {
    const hour = 3_600_000;
    tell({ ...scenarioState, backfill: { fromMs: NOW - 4 * hour, toMs: NOW, atMs: NOW - hour } });
    await saying('backfill', /75\s%[^]*04:00[^]*07:00[^]*08:00/);
    tell(scenarioState);
    await eventually('an end', async () => ((await page.getByTestId('backfill').count()) === 0 ? true : undefined));
  });

  it('fits a phone in Chinese: nothing is wider than the screen', async () => {
    await page.setViewportSize({ width: 390, height: 844 });
    await page.goto(`${city.base}/?view=scenario&lang=zh`);
    await page.getByTestId('inject').click();
    await page.getByTestId('event-choice').selectOption('0');
    expect(await textOf('happening')).toMatch(/停电/);
    const cut = await page.evaluate(() =>
      [...document.querySelectorAll<HTMLElement>('.top-bar *, .panel *')]
        .filter((part) => part.getBoundingClientRect().width > 0)
        .filter((part) => part.getBoundingClientRect().right > innerWidth + 1)
        .map((part) => part.className),
    );
    expect(cut).toEqual([]);
  });
});
