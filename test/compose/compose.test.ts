// `docker compose up` as a new user runs it, on a real engine with the base images it can get.
import { execFileSync, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { buildAll, config, down, logs, port, ps, upAll } from 'docker-compose';
import type { IDockerComposeOptions } from 'docker-compose';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { launchBrowser, seeMoving } from '../browser.ts';
import { eventually } from '../city-process.ts';
import { describeWith, partsRequired, program } from '../parts.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const engine = fileURLToPath(new URL('engine.sh', import.meta.url));
const BUILD_MS = 400_000;
const HEALTHY_MS = 60_000;
const SERVICES = ['influxdb', 'broker', 'api', 'simulator', 'control'];

const plugin = spawnSync('docker', ['compose', 'version']).status === 0;
// Where parts are required the set-up starts an engine; elsewhere the one that runs is used.
const engineRuns = spawnSync('docker', ['info']).status === 0;
const options: IDockerComposeOptions = {
  cwd: root,
  composeOptions: ['-p', 'citytwin-test'],
  env: {
    ...process.env,
    DOCKER_BUILDKIT: '0',
    COMPOSE_DOCKER_CLI_BUILD: '0',
    CITYTWIN_PORT: '0',
    CITYTWIN_MQTT_PORT: '0',
  },
  ...(plugin
    ? {}
    : { executable: { standalone: true, executablePath: program('docker-compose') ?? 'docker-compose' } }),
};

describeWith(
  ['docker', ...(plugin ? [] : ['docker-compose']), 'chromium', 'mosquitto_pub'],
  'docker compose up',
  () => {
    let http: string;
    let startedMs: number;

    beforeAll(async () => {
      if (partsRequired) execFileSync(engine, ['start'], { stdio: 'inherit' });
      await config(options);
      await buildAll({ ...options, log: false });
      startedMs = performance.now();
      await upAll({ ...options, commandOptions: [] });
      http = `http://127.0.0.1:${(await port('api', 8080, options)).data.port}`;
    }, BUILD_MS);
    afterAll(async () => {
      await down({ ...options, commandOptions: ['-v', '--remove-orphans'] });
      if (partsRequired && !engineRuns) spawnSync(engine, ['stop']);
    }, 60_000);

    it(
      'has every service healthy within a minute',
      async () => {
        const state = (service: string) =>
          spawnSync('docker', [
            'ps',
            '-q',
            '--filter',
            'label=com.docker.compose.project=citytwin-test',
            '--filter',
            `label=com.docker.compose.service=${service}`,
            '--filter',
            'health=healthy',
          ])
            .stdout.toString()
            .trim();
        try {
          await eventually(
            'healthy services',
            () => (SERVICES.every((service) => state(service) !== '') ? true : undefined),
            HEALTHY_MS,
          );
        } catch (error) {
          throw new Error(`${(await ps(options)).out}\n${(await logs(SERVICES, options)).out.slice(-6000)}`, {
            cause: error,
          });
        }
        const tookMs = performance.now() - startedMs;
        console.log(`compose: all healthy ${(tookMs / 1000).toFixed(1)} s after up`);
        expect(tookMs).toBeLessThan(HEALTHY_MS);
      },
      BUILD_MS,
    );

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

    it('lets nobody publish without a secret', () => {
      const mapped = spawnSync('docker', [
        'ps',
        '-q',
        '--filter',
        'label=com.docker.compose.project=citytwin-test',
        '--filter',
        'label=com.docker.compose.service=broker',
      ]);
      const [container] = mapped.stdout.toString().trim().split('\n');
      const address = execFileSync('docker', ['port', container!, '1883']).toString().trim();
      expect(address).toMatch(/^127\.0\.0\.1:/);
      const attempt = spawnSync('mosquitto_pub', [
        '-h',
        '127.0.0.1',
        '-p',
        address.split(':')[1]!,
        '-t',
        'city/wuxi/bus/x/telemetry',
        '-m',
        '{}',
      ]);
      expect(attempt.status).not.toBe(0);
    });
  },
  { 'a running Docker engine': engineRuns || partsRequired },
);
