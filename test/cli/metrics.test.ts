// What Prometheus reads of a city as it runs: `citytwin up` and `citytwin broker` as processes.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { createInterface } from 'node:readline';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { startCity } from '../city-process.ts';
import { readMetrics } from '../prometheus.ts';

const launcher = fileURLToPath(new URL('../../bin/citytwin.js', import.meta.url));
const metricsAt = async (http: string) => readMetrics(await (await fetch(`${http}/metrics`)).text());

it('a full city shows the numbers of its broker beside those of its ingest', async () => {
  const city = await startCity(['--no-simulator', '--store', 'memory']);
  try {
    const { samples } = await metricsAt(city.http);
    expect(samples.get('citytwin_broker_clients')).toBe(1); // the control centre
    expect(samples.get('citytwin_broker_messages_received_total')).toBeGreaterThan(0);
    expect(samples.has('citytwin_ingest_stored_total')).toBe(true);
  } finally {
    await city.stop();
  }
}, 60_000);

it('a broker alone shows the same numbers under the same names', async () => {
  const child = spawn(process.execPath, [launcher, 'broker', '--json', '--port', '0', '--mqtt-port', '0'], {
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  try {
    const [line] = (await once(createInterface(child.stdout), 'line')) as [string];
    const { samples } = await metricsAt((JSON.parse(line) as { http: string }).http);
    expect(samples.get('citytwin_broker_clients')).toBe(0);
    expect(samples.has('citytwin_broker_messages_received_total')).toBe(true);
  } finally {
    child.kill();
    await once(child, 'exit');
  }
}, 60_000);
