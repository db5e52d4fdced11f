// The page behind a login in a real browser: the form, what a viewer may not, the content security policy, and names that are meant to be run.
import { mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import mqttJs from 'mqtt';
import type { Browser, Page } from 'playwright-core';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { addUser } from '../../broker/users.ts';
import { addToken } from '../../broker/tokens.ts';
import { launchBrowser } from '../browser.ts';
import { eventually } from '../city-process.ts';
import { describeWith } from '../parts.ts';
import { startGuarded } from './city.ts';
import type { GuardedCity } from './city.ts';

const SCREENSHOTS = new URL('../../test-results/', import.meta.url).pathname;
const PASSWORD = 'a long password';
const EVIL = '<img src=x onerror="window.pwned=1"><script>window.pwned=2</script>';
vi.setConfig({ testTimeout: 60_000 });

declare global {
  interface Window {
    pwned?: number;
    violations?: string[];
  }
}

describeWith(['chromium'], 'the page behind a login', () => {
  const folder = mkdtempSync(join(tmpdir(), 'citytwin-page-'));
  let city: GuardedCity;
  let browser: Browser;
  let page: Page;
  let token = '';

  beforeAll(async () => {
    mkdirSync(SCREENSHOTS, { recursive: true });
    await addUser(folder, { name: 'vera', role: 'viewer' }, PASSWORD);
    await addUser(folder, { name: 'olaf', role: 'operator' }, PASSWORD);
    await addUser(folder, { name: 'acme', role: 'integrator', kinds: ['door'] }, PASSWORD);
    token = await addToken(folder, 'vera', Date.now());
    city = await startGuarded(folder, ['--store', 'memory']);
    browser = await launchBrowser();
    page = await browser.newPage({ viewport: { width: 1440, height: 900 } });
    await page.addInitScript(() => {
      window.violations = [];
      addEventListener('securitypolicyviolation', ({ violatedDirective, blockedURI }) =>
        window.violations!.push(`${violatedDirective} ${blockedURI}`),
      );
    });
  });
  afterAll(async () => {
    await browser.close();
    await city.stop();
    rmSync(folder, { recursive: true });
  });

  async function logIn(name: string, password: string): Promise<void> {
    await page.fill('input[name=name]', name);
    await page.fill('input[name=password]', password);
    await page.click('button[type=submit]');
  }

  const live = () => page.locator('[data-testid=connection][data-state=live]').waitFor({ timeout: 30_000 });

  it('shows the form and nothing of the city, says what is wrong, and lets in who is right', async () => {
    const asked: string[] = [];
    page.on('request', (request) => asked.push(new URL(request.url()).pathname));
    await page.goto(city.http);
    await page.locator('input[name=name]').waitFor();
    await page.screenshot({ path: join(SCREENSHOTS, 'login.png') });
    expect(asked.filter((path) => path.startsWith('/api') || path === '/live')).toEqual(['/api/session']);
    await logIn('vera', 'wrong');
    await expect.poll(() => page.locator('[role=alert]').textContent()).toMatch(/name or password is wrong/);
    await logIn('vera', PASSWORD);
    await live();
    expect(await page.locator('[data-testid=who]').textContent()).toBe('vera · viewer');
    await page.screenshot({ path: join(SCREENSHOTS, 'logged-in.png') });
    expect(await page.evaluate(() => document.cookie)).toBe('');
  });

  it('does not let a viewer pause the city, and says so; an operator may', async () => {
    const pause = () =>
      page.evaluate(async () => {
        const { csrf } = (await (await fetch('/api/session')).json()) as { csrf: string };
        const headers = { 'content-type': 'application/json', 'x-citytwin-csrf': csrf };
        return (await fetch('/api/scenario', { method: 'POST', headers, body: '{"name":"pause"}' })).status;
      });
    expect(await pause()).toBe(403);
    await page.getByRole('button', { name: 'Pause' }).first().click();
    await expect.poll(() => page.locator('body').textContent()).toContain('needs the role operator');
    await page.getByRole('button', { name: 'Log out' }).click();
    await page.locator('input[name=name]').waitFor();
    await logIn('olaf', PASSWORD);
    await live();
    await page.getByRole('button', { name: 'Pause' }).first().click();
    await expect.poll(() => page.getByRole('button', { name: 'Resume' }).count()).toBeGreaterThan(0);
  });

  it('shows names that are meant to be run as text', async () => {
    const acme = { username: 'acme', password: PASSWORD, clientId: 'acme', reconnectPeriod: 0 };
    const mqtt = await mqttJs.connectAsync(`mqtt://127.0.0.1:${city.mqttPort}`, acme);
    const text = { label: EVIL, unit: '', type: 'string' };
    const place = { label: EVIL, unit: 'deg' };
    const description = {
      kind: 'door',
      label: EVIL,
      labels: { zh: EVIL },
      fields: { lat: place, lon: place, note: text },
      events: { opened: { label: EVIL, severity: 'critical' } },
      commands: {
        open: { label: EVIL, args: { type: 'object', properties: { [EVIL]: { type: 'string', title: EVIL } } } },
      },
    };
    const send = (topic: string, message: object) => mqtt.publishAsync(topic, JSON.stringify(message), { qos: 1 });
    await send('city/wuxi/kinds/door', description);
    const at = { ts: Date.now(), lat: 31.57, lon: 120.3 };
    await send('city/wuxi/door/d-1/telemetry', { ...at, seq: 1, note: EVIL });
    await send('city/wuxi/door/d-1/event', { ts: at.ts, seq: 2, name: 'opened', state: 'raised' });
    // As the name of a device it does not even come in.
    await send(`city/wuxi/door/${EVIL.replaceAll('/', '')}/telemetry`, { ...at, seq: 1 });
    await send('city/wuxi/door/d-2/telemetry', { ...at, [EVIL]: EVIL });
    await eventually('the record', async () => {
      const answer = await fetch(`${city.http}/api/devices/door/d-1`, {
        headers: { authorization: `Bearer ${token}` },
      });
      return answer.ok ? true : undefined;
    });
    for (const view of ['door', 'alarms', 'platform', 'overview']) {
      await page.goto(`${city.http}/?view=${view}&kind=door&device=d-1`);
      await live();
      await expect.poll(() => page.locator('body').innerText()).toContain('<img src=x');
      expect(await page.locator('img[src=x]').count()).toBe(0);
      expect(await page.evaluate(() => window.pwned)).toBeUndefined();
    }
    await mqtt.endAsync();
  });

  it('breaks no rule of its content security policy, and none would let a script in', async () => {
    expect(await page.evaluate(() => window.violations)).toEqual([]);
    await page.evaluate(() => {
      const script = document.createElement('script');
      script.textContent = 'window.pwned = 3';
      document.body.append(script);
      document.body.insertAdjacentHTML('beforeend', '<img src=x onerror="window.pwned=4">');
    });
    await expect.poll(() => page.evaluate(() => window.violations!.length)).toBeGreaterThanOrEqual(2);
    expect(await page.evaluate(() => window.pwned)).toBeUndefined();
    const elsewhere = await page.evaluate(() =>
      fetch('http://127.0.0.1:9/').then(
        () => 'sent',
        () => 'refused',
      ),
    );
    expect(elsewhere).toBe('refused');
    expect(await page.evaluate(() => window.violations!.some((text) => text.startsWith('connect-src')))).toBe(true);
  });

  it('shows the form when the session is taken away elsewhere', async () => {
    await addUser(folder, { name: 'olaf', role: 'operator' }, 'another long password');
    await page.locator('input[name=name]').waitFor({ timeout: 30_000 });
  });
});
