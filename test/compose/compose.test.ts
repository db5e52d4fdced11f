// `docker compose up` as a new user runs it, on a real engine with the base images it can get. Each service by itself: test/long.
import { spawnSync } from 'node:child_process';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { launchBrowser, seeMoving } from '../browser.ts';
import { eventually } from '../city-process.ts';
import { describeWith } from '../parts.ts';
import {
  COMPOSE_PARTS,
  HEALTHY_MS,
  SERVICES,
  addressOf,
  allHealthy,
  build,
  engineThere,
  remove,
  stop,
  up,
} from './project.ts';

const BUILD_MS = 400_000;
/** Of docker-compose.yml; what goes on after it is killed. */
const GRACE_MS = 15_000;

describeWith(
  [...COMPOSE_PARTS, 'chromium', 'mosquitto_pub'],
  'docker compose up',
  () => {
    let http: string;
    let startedMs: number;

    beforeAll(async () => {
      await build();
      startedMs = performance.now();
      await up();
      http = `http://127.0.0.1:${(await addressOf('api', 8080)).port}`;
    }, BUILD_MS);
    afterAll(remove, 60_000);

    it('has every service healthy within a minute', { timeout: HEALTHY_MS + 10_000 }, async () => {
      await allHealthy();
      const tookMs = performance.now() - startedMs;
      console.log(`compose: all healthy ${(tookMs / 1000).toFixed(1)} s after up`);
      expect(tookMs).toBeLessThan(HEALTHY_MS);
    });

    it('shows moving buses on the page', async () => {
      const browser = await launchBrowser();
      try {
        const page = await browser.newPage();
        await page.goto(http);
        await seeMoving(page, 'bus', 20);
      } finally {
        await browser.close();
      }
    }, 90_000);

    it('lets nobody publish without a secret', async () => {
      const { address, port } = await addressOf('broker', 1883);
      expect(address).toBe('127.0.0.1');
      const to = ['-h', address, '-p', String(port), '-t', 'city/wuxi/bus/x/telemetry'];
      expect(spawnSync('mosquitto_pub', [...to, '-m', '{}']).status).not.toBe(0);
    });

    it('serves the page and answers the history of a moving bus from InfluxDB', async () => {
      expect(await (await fetch(http)).text()).toContain('<!doctype html>');
      const health = (await (await fetch(`${http}/api/health`)).json()) as {
        status: string;
        store: { kind: string; ok: boolean };
      };
      expect(health).toMatchObject({ status: 'ok', store: { kind: 'influx1', ok: true } });
      const history = await eventually(
        'a history with movement',
        async () => {
          const answer = (await (await fetch(`${http}/api/devices/bus/bus-0001/history?field=lat,lon`)).json()) as {
            ts?: number[];
            lat?: number[];
          };
          return (answer.ts?.length ?? 0) >= 4 && new Set(answer.lat).size > 1 ? answer : undefined;
        },
        60_000,
      );
      expect(history.ts!.length).toBe(history.lat!.length);
    }, 90_000);

    it('ends when it is told to, every service by itself and in time', () => {
      const beganMs = performance.now();
      // Those that others need last, as compose does it.
      const ends = { ...stop('control', 'simulator'), ...stop('api'), ...stop('broker', 'influxdb') };
      expect(ends).toEqual(Object.fromEntries(SERVICES.map((service) => [service, 'exit 0'])));
      expect(performance.now() - beganMs).toBeLessThan(GRACE_MS);
    }, 60_000);
  },
  engineThere,
);
