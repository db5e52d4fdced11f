// The page in a real browser, over a real city. Screenshots land in test-results/ for human eyes.
import { execFileSync } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { shareWith } from '../../cli/load-share.ts';
import { launchBrowser, positionsOn, seeMoving } from '../browser.ts';
import { eventually, startCity } from '../city-process.ts';
import type { CityProcess } from '../city-process.ts';
import { madePlan, madeResult } from '../loadtest/made-result.ts';
import { describeWith } from '../parts.ts';

const SCREENSHOTS = new URL('../../test-results/', import.meta.url).pathname;
const DESKTOP = { width: 1440, height: 900 };
const PHONE = { width: 390, height: 844 };
const PATIENCE_MS = 30_000;
// Without a graphics card, and beside other tests, a click takes seconds.
vi.setConfig({ testTimeout: 60_000 });

describeWith(['chromium', 'mosquitto_pub'], 'the page', () => {
  let city: CityProcess;
  let browser: Browser;
  let page: Page;
  const problems: string[] = [];

  beforeAll(async () => {
    await mkdir(SCREENSHOTS, { recursive: true });
    city = await startCity(['--seed', '7']);
    browser = await launchBrowser();
    page = await open('dark', DESKTOP);
    page.on('pageerror', (error) => problems.push(String(error)));
    page.on('console', (message) => {
      if (message.type() === 'error') problems.push(message.text());
    });
    page.on('request', (request) => {
      const { hostname } = new URL(request.url());
      if (hostname !== '127.0.0.1' && !request.url().startsWith('blob:') && !request.url().startsWith('data:'))
        problems.push(`asks ${request.url()}`);
    });
  });
  afterAll(async () => {
    await browser?.close();
    await city?.stop();
  });

  async function open(colorScheme: 'dark' | 'light', viewport: { width: number; height: number }): Promise<Page> {
    const context = await browser.newContext({ viewport, colorScheme, locale: 'en-GB', hasTouch: viewport === PHONE });
    const opened = await context.newPage();
    await opened.goto(city.http);
    return opened;
  }
  const positions = (kind: string) => positionsOn(page, kind);

  it('shows buses within five seconds, and they move', async () => {
    const openedMs = performance.now();
    await eventually('buses on the map', async () => ((await positions('bus')).length > 100 ? true : undefined));
    const tookMs = performance.now() - openedMs;
    console.log(
      `first buses on the page ${(tookMs / 1000).toFixed(1)} s after looking; city ready in ${(city.readyMs / 1000).toFixed(1)} s`,
    );
    await seeMoving(page, 'bus', 20);
  });

  it('draws every kind', async () => {
    for (const kind of [
      'vehicle',
      'parking-spot',
      'water-meter',
      'electricity-meter',
      'gas-meter',
      'weather-station',
    ]) {
      await page.getByTestId(`rail-${kind}`).click();
      const listed = new RegExp(`${kind}-\\d{4}`);
      await eventually(`devices of kind ${kind} in the panel`, async () =>
        listed.test(await page.getByTestId('panel').innerText()) ? true : undefined,
      );
    }
    await page.getByTestId('rail-bus').click();
    expect((await positions('vehicle')).length).toBeGreaterThan(500);
  });

  it('opens the clicked bus, and its chart grows', async () => {
    await eventually(
      'a bus under the pointer',
      async () => {
        const target = await page.evaluate(() => {
          const box = document.querySelector('[data-testid=map]')!.getBoundingClientRect();
          const points = window.citytwin
            .positions('bus')
            .map((bus) => ({ ...bus, ...window.citytwin.project(bus.lon, bus.lat) }));
          // The headway strip lies over the map's lower part.
          const bottom = document.querySelector('[data-testid=dock]')?.getBoundingClientRect().top ?? box.bottom;
          return points.find(
            ({ x, y }) => x > box.left + 120 && x < box.right - 420 && y > box.top + 80 && y < bottom - 40,
          );
        });
        if (target === undefined) return undefined;
        await page.mouse.click(target.x, target.y);
        return (await page.getByTestId('device-title').count()) > 0 ? true : undefined;
      },
      PATIENCE_MS,
    );
    expect(await page.getByTestId('device-title').innerText()).toMatch(/bus-\d{4}/i);
    const before = await page.evaluate(() => window.citytwin.chartPoints());
    await eventually(
      'a longer chart',
      async () => {
        const now = await page.evaluate(() => window.citytwin.chartPoints());
        return now > before && now > 1 ? now : undefined;
      },
      PATIENCE_MS,
    );
  });

  it('sends a command and shows its ack', async () => {
    // Any bus may be at its terminal, where a hold is refused; take one under way.
    const { items } = (await city.get('/api/devices?kind=bus&limit=200')) as {
      items: { device: string; fields: { status: string } }[];
    };
    const moving = items.find(({ fields }) => fields.status === 'inTransitTo')!;
    await page.evaluate((id) => window.citytwin.select('bus', id), moving.device);
    const form = page.getByTestId('command-hold');
    await form.locator('input').first().fill('30');
    await form.locator('button[type=submit]').click();
    await eventually(
      'an ack',
      async () => {
        const text = await page
          .getByTestId('command-state')
          .first()
          .innerText()
          .catch(() => '');
        return /accepted|done/i.test(text) ? text : undefined;
      },
      PATIENCE_MS,
    );
  });

  it('pauses and resumes with the space bar', async () => {
    const label = () => page.getByTestId('pause').getAttribute('aria-label');
    const running = await label();
    await page.keyboard.press('Escape');
    await page.keyboard.press('Space');
    await eventually('a paused clock', async () =>
      ((await city.get('/api/health')) as { speed: number }).speed === 0 ? true : undefined,
    );
    await eventually('a button that says so', async () => ((await label()) === running ? undefined : true));
    await page.keyboard.press('Space');
    await eventually('a running clock', async () =>
      ((await city.get('/api/health')) as { speed: number }).speed === 1 ? true : undefined,
    );
  });

  it('shows what happens, in the list and on the map, as soon as it was let happen', async () => {
    await page.getByTestId('rail-scenario').click();
    const args = { event: 'power-cut', where: { lat: 31.57, lon: 120.3, radiusM: 800 }, for: '30m' };
    const { body } = await city.post('/api/scenario', { name: 'event', args });
    expect(body).toMatchObject({ state: 'done' });
    await eventually('a power cut in the list', async () =>
      /Power cut/.test(await page.getByTestId('happening').innerText()) ? true : undefined,
    );
    expect(await page.evaluate(() => window.citytwin.areas())).toHaveLength(1);
  }, 40_000);

  it('shows the flow counters', async () => {
    await page.getByTestId('rail-platform').click();
    // Simulator, broker, ingest and store: more than 20,000 devices have each sent something.
    await eventually('four large counters', async () => {
      const text = await page.getByTestId('platform-counters').innerText();
      const counts = (text.match(/\d[\d,\s]*/g) ?? []).map((count) => Number(count.replace(/\D/g, '')));
      return counts.filter((count) => count > 20_000).length >= 4 ? true : undefined;
    });
  });

  it('shows what is refused and takes it again, and how full the journal is', async () => {
    const topic = 'city/wuxi/bus/bus-stranger/telemetry';
    const address = ['-h', '127.0.0.1', '-p', String(city.mqttPort), '-q', '1'];
    execFileSync('mosquitto_pub', [...address, '-t', topic, '-m', '{"ts":1,"seq":1}']);
    await page.getByTestId('rail-platform').click();
    const card = page.getByTestId('rejected');
    await eventually('the record with its cause', async () =>
      /clock[\s\S]*bus-stranger/.test(await card.innerText()) ? true : undefined,
    );
    await card.getByText('Take them again').click();
    await eventually('its answer', async () => (/\d+ taken again/.test(await card.innerText()) ? true : undefined));
    expect(await page.getByTestId('journal').getAttribute('data-level')).toBe('ok');
    expect(await page.getByTestId('journal').innerText()).toMatch(/\d MB of 1,074 MB/);
  });

  it('shows a load test of the platform while it goes on, and how it ended', async () => {
    const { username: _user, password: _password, ...target } = madePlan.target;
    const share = shareWith({ ...target, port: city.mqttPort });
    const result = madeResult({ sentPerS: 4321 });
    const speaking = setInterval(() => share.second(result.timeline[0]!), 200);
    const shows = (words: RegExp) =>
      eventually(`${words} in the card`, async () =>
        words.test(await page.getByTestId('load-test').innerText()) ? true : undefined,
      );
    try {
      await page.getByTestId('rail-platform').click();
      await page.getByTestId('load-test').waitFor();
      await shows(/Running[\s\S]*1,000\/s/);
    } finally {
      clearInterval(speaking);
      await share.end(result);
    }
    await shows(/Over, and valid[\s\S]*4,321\/s/);
  });

  it('speaks Chinese and looks right in both themes and sizes', async () => {
    await page.goto('about:blank'); // it would go on drawing beside the others
    for (const [name, viewport] of [
      ['desktop', DESKTOP],
      ['phone', PHONE],
    ] as const) {
      const other = await open('dark', viewport);
      await eventually(
        'a map with buses',
        async () =>
          (await other.evaluate(() => window.citytwin?.positions('bus').length ?? 0)) > 100 ? true : undefined,
        PATIENCE_MS,
      );
      // The page follows the system's theme while it is open.
      const background = () => other.evaluate(() => getComputedStyle(document.body).backgroundColor);
      const seen = new Set<string>();
      for (const theme of ['dark', 'light'] as const) {
        await other.emulateMedia({ colorScheme: theme });
        await expect.poll(async () => seen.has(await background())).toBe(false);
        seen.add(await background());
        await other.screenshot({ path: `${SCREENSHOTS}page-${name}-${theme}.png` });
        const overflow = await other.evaluate(() => document.documentElement.scrollWidth - window.innerWidth);
        expect(overflow).toBeLessThanOrEqual(0);
      }
      await other.context().close();
    }
    await page.goto(`${city.http}/?lang=zh`);
    await eventually(
      'Chinese words',
      async () => (/公交/.test(await page.locator('body').innerText()) ? true : undefined),
      PATIENCE_MS,
    );
    expect(await page.locator('html').getAttribute('lang')).toMatch(/^zh/);
  }, 120_000);

  it('comes back by itself when the city returns on the same port', async () => {
    const { port } = new URL(city.http);
    const state = () => page.getByTestId('connection').getAttribute('data-state');
    await city.stop();
    await eventually('a lost connection', async () => ((await state()) === 'lost' ? true : undefined), PATIENCE_MS);
    city = await startCity(['--seed', '7', '--port', port]);
    await eventually(
      'live again',
      async () => ((await state()) === 'live' && (await positions('bus')).length > 100 ? true : undefined),
      PATIENCE_MS,
    );
  }, 90_000);

  it('logs no error and asks no other host', () => {
    // Losing the connection on purpose is logged by the browser itself.
    expect(problems.filter((text) => !/WebSocket|ERR_CONNECTION|Failed to fetch|net::/.test(text))).toEqual([]);
  });
});
