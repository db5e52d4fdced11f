// Node-RED 4 with the flow that people build: MQTT in → a function that makes points and collects them → InfluxDB batch. Installed by npm into a
// folder of its own under the system's temporary one, once.
import { execFileSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { freePort } from '../../test/ports.ts';
import { DATABASE } from './influx.ts';
import { Program } from './program.ts';

export const NODE_RED = '4.1.8';
const INFLUX_NODES = '0.7.0';
const POINTS_AT_ONCE = 5000;

/** @returns the program once its flow is subscribed. @throws when npm cannot install it */
export async function startNodeRed(mqttPort: number, influxPort: number): Promise<Program> {
  const installed = install();
  const folder = mkdtempSync(join(tmpdir(), 'citytwin-node-red-'));
  const port = await freePort();
  writeFileSync(join(folder, 'flow.json'), JSON.stringify(flow(mqttPort, influxPort)));
  writeFileSync(join(folder, 'settings.js'), settings(installed, folder, port));
  return Program.start({
    command: process.execPath,
    args: [join(installed, 'node_modules/node-red/red.js'), '--settings', join(folder, 'settings.js'), 'flow.json'],
    folder,
    isReady: (stdout) => stdout.includes('Connected to broker'),
  });
}

function install(): string {
  const folder = join(tmpdir(), `citytwin-node-red-${NODE_RED}`);
  if (existsSync(join(folder, 'node_modules/node-red-contrib-influxdb'))) return folder;
  mkdirSync(folder, { recursive: true });
  writeFileSync(join(folder, 'package.json'), JSON.stringify({ private: true }));
  const packages = [`node-red@${NODE_RED}`, `node-red-contrib-influxdb@${INFLUX_NODES}`];
  execFileSync('npm', ['install', '--no-audit', '--no-fund', '--silent', ...packages], { cwd: folder });
  return folder;
}

function settings(installed: string, folder: string, port: number): string {
  const options = {
    uiHost: '127.0.0.1',
    uiPort: port,
    userDir: folder,
    flowFile: 'flow.json',
    nodesDir: [join(installed, 'node_modules/node-red-contrib-influxdb')],
    credentialSecret: false,
    logging: { console: { level: 'info', metrics: false, audit: false } },
    telemetry: { enabled: false, updateNotification: false },
  };
  return `module.exports = ${JSON.stringify(options)};`;
}

/** Without its editor's places and colours. */
function flow(mqttPort: number, influxPort: number): object[] {
  return [
    { id: 'tab', type: 'tab', label: 'ingest' },
    { id: 'broker', type: 'mqtt-broker', broker: '127.0.0.1', port: mqttPort, keepalive: 60, cleansession: true },
    {
      id: 'in',
      type: 'mqtt in',
      z: 'tab',
      topic: 'city/+/+/+/telemetry',
      qos: '0',
      datatype: 'json',
      broker: 'broker',
      inputs: 0,
      wires: [['points']],
    },
    {
      id: 'points',
      type: 'function',
      z: 'tab',
      initialize: `context.set('points', []);`,
      func: POINTS,
      outputs: 1,
      wires: [['out']],
    },
    {
      id: 'influx',
      type: 'influxdb',
      hostname: '127.0.0.1',
      port: influxPort,
      database: DATABASE,
      influxdbVersion: '1.x',
    },
    { id: 'out', type: 'influxdb batch', z: 'tab', influxdb: 'influx', precision: 'n', wires: [] },
  ];
}

const POINTS = `
const [, city, kind, device] = msg.topic.split('/');
const { ts, ...fields } = msg.payload;
const timestamp = ts + String(fields.seq % 1000000).padStart(6, '0');
const points = context.get('points');
points.push({ measurement: kind, tags: { city, device }, fields, timestamp });
if (points.length < ${POINTS_AT_ONCE}) return null;
context.set('points', []);
return { payload: points };`;
