// The services of docker-compose.yml under a project name of the tests', on an engine that runs or may be started, on free ports.
import { execFileSync, spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { buildAll, config, down, logs, port, ps, upAll } from 'docker-compose';
import type { IDockerComposeOptions } from 'docker-compose';
import { eventually } from '../city-process.ts';
import { partsRequired, program } from '../parts.ts';

export const SERVICES = ['influxdb', 'broker', 'api', 'simulator', 'control'];
export const HEALTHY_MS = 60_000;

const PROJECT = 'citytwin-test';
const engine = fileURLToPath(new URL('engine.sh', import.meta.url));
const plugin = spawnSync('docker', ['compose', 'version']).status === 0;
// Where parts are required the set-up starts an engine; elsewhere the one that runs is used.
const engineRuns = spawnSync('docker', ['info']).status === 0;
const options: IDockerComposeOptions = {
  cwd: fileURLToPath(new URL('../..', import.meta.url)),
  composeOptions: ['-p', PROJECT],
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

/** Programs without which there is nothing to test. */
export const COMPOSE_PARTS = ['docker', ...(plugin ? [] : ['docker-compose'])];
export const engineThere = { 'a running Docker engine': engineRuns || partsRequired };

/** Builds the image; nothing runs yet. */
export async function build(): Promise<void> {
  if (partsRequired) execFileSync(engine, ['start'], { stdio: 'inherit' });
  await config(options);
  await buildAll({ ...options, log: false });
}

export async function up(): Promise<void> {
  await upAll({ ...options, commandOptions: [] });
}

export async function remove(): Promise<void> {
  await down({ ...options, commandOptions: ['-v', '--remove-orphans'] });
  if (partsRequired && !engineRuns) spawnSync(engine, ['stop']);
}

/** Where a service's port is published on this machine. */
export async function addressOf(service: string, inside: number): Promise<{ address: string; port: number }> {
  return (await port(service, inside, options)).data;
}

export function docker(...words: string[]): string {
  return execFileSync('docker', words, { encoding: 'utf8', stdio: ['ignore', 'pipe', 'pipe'] }).trim();
}

/** Id of a service's container, running or not. */
export function containerOf(service: string, ...filters: string[]): string | undefined {
  const labels = [`label=com.docker.compose.project=${PROJECT}`, `label=com.docker.compose.service=${service}`];
  const [id] = docker('ps', '-aq', ...[...labels, ...filters].flatMap((one) => ['--filter', one])).split('\n');
  return id === '' ? undefined : id;
}

/** @throws with the state and the log of all services when one is not healthy in time */
export async function allHealthy(): Promise<void> {
  const isHealthy = (service: string): boolean => containerOf(service, 'health=healthy') !== undefined;
  try {
    await eventually('healthy services', () => (SERVICES.every(isHealthy) ? true : undefined), HEALTHY_MS);
  } catch (error) {
    throw new Error(`${(await ps(options)).out}\n${(await logs(SERVICES, options)).out.slice(-6000)}`, {
      cause: error,
    });
  }
}

/** SIGTERM to services at once, and to the next group when those have ended. → how each ended: exit code, and whether memory was short */
export function stop(...services: string[]): { [service: string]: string } {
  docker('stop', '-t', '15', ...services.map((service) => containerOf(service)!));
  const endOf = (service: string): string =>
    docker(
      'inspect',
      '-f',
      'exit {{.State.ExitCode}}{{if .State.OOMKilled}}, out of memory{{end}}',
      containerOf(service)!,
    );
  return Object.fromEntries(services.map((service) => [service, endOf(service)]));
}
