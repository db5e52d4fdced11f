// Messages per second that one process stores at zero loss: bus-like records from a wire-level publisher in its own thread → TCP → our
// broker with access rules → ingest → DuckDB on disk. Raises nothing, tunes nothing: sends as fast as acknowledgements come back and
// checks that every record is in the store. `node benchmarks/pipeline.ts [seconds] [qos]`
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, cpus, tmpdir } from 'node:os';
import { join } from 'node:path';
import { Worker, isMainThread, parentPort, workerData } from 'node:worker_threads';
import { startApi } from '../api/server.ts';
import { createDuckDbStore } from '../api/stores/duckdb.ts';
import { startBroker } from '../broker/broker.ts';
import { ephemeralCredentials } from '../broker/credentials.ts';
import { Client } from '../mqtt/client.ts';
import type { Description } from '../telemetry/description.ts';
import { RecordEncoder } from '../telemetry/json-codec.ts';
import { deviceTopic, kindTopic } from '../telemetry/topics.ts';
import { pino } from 'pino';

const CITY = 'wuxi';
const DEVICES = 2000;
const CONNECTIONS = 10;
/** Records of one turn of a connection before it looks at its socket. */
const TURN = 200;

const probe: Description = {
  kind: 'probe',
  label: 'Benchmark probe',
  fields: {
    lat: { label: 'Latitude', unit: 'deg', min: -90, max: 90, resolution: 1e-7 },
    lon: { label: 'Longitude', unit: 'deg', min: -180, max: 180, resolution: 1e-7 },
    speedMps: { label: 'Speed', unit: 'm/s', min: 0, max: 50, resolution: 0.01 },
    headingDeg: { label: 'Heading', unit: 'deg', min: 0, max: 360, resolution: 0.1 },
    load: { label: 'Load', unit: '', min: 0, max: 100, resolution: 1 },
    status: { label: 'Status', unit: '', type: 'string', enum: ['moving', 'stopped'] },
    doorOpen: { label: 'Door open', unit: '', type: 'boolean' },
  },
};

interface Job {
  readonly port: number;
  readonly password: string;
  readonly qos: 0 | 1;
  readonly seconds: number;
}

async function publisher({ port, password, qos, seconds }: Job): Promise<void> {
  const encoder = new RecordEncoder(probe);
  const clients = Array.from(
    { length: CONNECTIONS },
    (_, index) => new Client({ host: '127.0.0.1', port, clientId: `bench-${index}`, username: 'simulator', password }),
  );
  await Promise.all(clients.map((client) => client.start()));
  await clients[0]!.publish(kindTopic(CITY, 'probe'), new TextEncoder().encode(JSON.stringify(probe)), 1, true);
  const topics = Array.from({ length: DEVICES }, (_, device) =>
    deviceTopic(CITY, 'probe', `probe-${device}`, 'telemetry'),
  );
  const seq = new Uint32Array(DEVICES);
  const started = performance.now();
  const startTs = Date.now();
  let sent = 0;
  const unsettled = new Set<Promise<void>>();
  await Promise.all(
    clients.map(async (client, lane) => {
      for (let device = lane; performance.now() - started < seconds * 1000;) {
        for (let turn = 0; turn < TURN; turn++, sent++) {
          const number = ++seq[device]!;
          const bytes = encoder.encode(startTs + number, number, {
            lat: 31.5 + (device % 1000) * 1e-4,
            lon: 120.3 + (number % 1000) * 1e-4,
            speedMps: number % 20,
            headingDeg: device % 360,
            load: number % 80,
            status: number % 5 === 0 ? 'stopped' : 'moving',
            doorOpen: number % 5 === 0,
          });
          const settled = client.publish(topics[device]!, bytes, qos);
          if (settled !== undefined) {
            unsettled.add(settled);
            void settled.finally(() => unsettled.delete(settled));
          }
          device += CONNECTIONS;
          if (device >= DEVICES) device = lane;
        }
        if (client.congested) await client.drained();
        else await new Promise(setImmediate);
      }
    }),
  );
  await Promise.all(unsettled);
  const dropped = clients.reduce((sum, client) => sum + client.dropped, 0);
  parentPort!.postMessage({
    sent,
    dropped,
    cpuMs: process.threadCpuUsage().user / 1000 + process.threadCpuUsage().system / 1000,
  });
  await Promise.all(clients.map((client) => client.stop()));
}

async function main(): Promise<void> {
  const seconds = Number(process.argv[2] ?? 10);
  const qos = Number(process.argv[3] ?? 1) === 0 ? 0 : 1;
  const folder = await mkdtemp(join(tmpdir(), 'citytwin-bench-'));
  const log = pino({ level: 'warn' });
  const store = createDuckDbStore({ file: join(folder, 'city.duckdb') });
  await store.open();
  const link: { broker?: Awaited<ReturnType<typeof startBroker>> } = {};
  const api = await startApi({
    city: CITY,
    host: '127.0.0.1',
    port: 0,
    store,
    publish: (topic, payload, options) => link.broker!.publish(topic, payload, { retain: false, ...options }),
    map: {},
    version: 'benchmark',
    log,
  });
  // Main-thread time inside take(): what the api costs the broker's thread per message.
  let takeMs = 0;
  let sample = 0;
  const own = ephemeralCredentials();
  link.broker = await startBroker({
    city: CITY,
    host: '127.0.0.1',
    port: 0,
    credentials: own.credentials,
    log,
    take: (frame) => {
      if (++sample % 64 !== 0) return api.take(frame);
      const before = performance.now();
      const ticket = api.take(frame);
      takeMs += (performance.now() - before) * 64;
      return ticket;
    },
  });
  const cpuBefore = process.cpuUsage();
  const mainBefore = process.threadCpuUsage();
  const started = performance.now();
  const job: Job = { port: link.broker.port, password: own.secretOf('simulator'), qos, seconds };
  const worker = new Worker(new URL(import.meta.url), { workerData: job });
  const result = await new Promise<{ sent: number; dropped: number; cpuMs: number }>((resolve, reject) => {
    worker.once('message', resolve);
    worker.once('error', reject);
  });
  while (api.counters().ingest.in < result.sent - result.dropped || api.counters().ingest.backlog > 0) {
    await new Promise((resolve) => setTimeout(resolve, 20));
    if (performance.now() - started > seconds * 1000 + 60_000) break;
  }
  const tookS = (performance.now() - started) / 1000;
  const cpu = process.cpuUsage(cpuBefore);
  const mainThread = process.threadCpuUsage(mainBefore);
  const { ingest } = api.counters();
  const perMessageUs = (ms: number) => Math.round((ms * 10_000) / ingest.in) / 10;
  const mainMs = (mainThread.user + mainThread.system) / 1000;
  const allMs = (cpu.user + cpu.system) / 1000;
  const report = {
    node: process.version,
    cpu: `${cpus()[0]?.model ?? 'unknown'}, ${availableParallelism()} cores`,
    qos,
    seconds: Math.round(tookS * 10) / 10,
    sent: result.sent,
    stored: ingest.stored,
    lost: result.sent - ingest.stored,
    storedPerS: Math.round(ingest.stored / tookS),
    cpuUsPerMessage: {
      all: perMessageUs(allMs),
      mainThread: perMessageUs(mainMs),
      ofWhichTake: perMessageUs(takeMs),
      publisherThread: perMessageUs(result.cpuMs),
      storeThreads: perMessageUs(allMs - mainMs - result.cpuMs),
    },
    mainThreadBusy: Math.round((mainMs / (tookS * 1000)) * 100) / 100,
    ingest,
  };
  console.log(JSON.stringify(report, undefined, 2));
  await worker.terminate();
  await link.broker.close();
  await api.close();
  await store.close();
  await rm(folder, { recursive: true, force: true });
  process.exit(report.lost === 0 ? 0 : 1);
}

await (isMainThread ? main() : publisher(workerData as Job));
