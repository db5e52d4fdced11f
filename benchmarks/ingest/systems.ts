// The systems that are measured: each is started afresh, empty, measured and ended. What is the same of all of them is in measure.ts.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, writeFileSync } from 'node:fs';
import { connect } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { DuckDBInstance } from '@duckdb/node-api';
import { freePort } from '../../test/ports.ts';
import type { City } from './city.ts';
import { startCity } from './city.ts';
import type { Influx } from './influx.ts';
import { DATABASE, startInflux } from './influx.ts';
import type { Measured } from './measure.ts';
import { measure } from './measure.ts';
import { startNodeRed } from './node-red.ts';
import { Program } from './program.ts';
import type { Job } from './publisher.ts';
import { TRACKER } from './records.ts';

export type Load = Omit<Job, 'port' | 'qos' | 'needsCredit'>;

const PYTHON_BATCH = 5000;
/** Debian's own: paho is a package of it. */
const PYTHON = '/usr/bin/python3';

/** At QoS 1; also counts the rows in its file afterwards. */
export async function cityIntoDuckDb(
  load: Load,
  nodeArguments: readonly string[] = [],
): Promise<Measured & { readonly rows: number }> {
  const city = await startCity(undefined, nodeArguments);
  let rows = 0;
  const stored = async () => (await city.counters()).stored;
  try {
    const target = { programs: { city: city.program }, stored };
    const measured = await measure(target, { ...load, port: city.mqttPort, qos: 1, needsCredit: false });
    rows = await rowsOf(city);
    return { ...measured, rows };
  } finally {
    await city.program.end();
  }
}

/** Into InfluxDB at QoS 1, no faster than it stores. */
export async function cityIntoInflux(load: Load, nodeArguments: readonly string[] = []): Promise<Measured> {
  return withInflux(async (influx) => {
    const city = await startCity(influx.url, nodeArguments);
    try {
      const target = { programs: { city: city.program, influxd: influx.program }, stored: influx.stored };
      return await measure(target, { ...load, port: city.mqttPort, qos: 1, needsCredit: true });
    } finally {
      await city.program.end();
    }
  });
}

/** mosquitto → a script with paho → InfluxDB, QoS 0. */
export function pythonIntoInflux(load: Load): Promise<Measured> {
  return peerIntoInflux(load, 'python', (mqttPort, influx) =>
    Program.start({
      command: PYTHON,
      args: [
        join(import.meta.dirname, 'python-writer.py'),
        ...[mqttPort, influx.port, DATABASE, PYTHON_BATCH].map(String),
      ],
      isReady: (stdout) => stdout.includes('ready'),
    }),
  );
}

/** mosquitto → Node-RED → InfluxDB, QoS 0. */
export function nodeRedIntoInflux(load: Load): Promise<Measured> {
  return peerIntoInflux(load, 'node-red', (mqttPort, influx) => startNodeRed(mqttPort, influx.port));
}

export async function withInflux<T>(body: (influx: Influx) => Promise<T>): Promise<T> {
  const influx = await startInflux();
  try {
    return await body(influx);
  } finally {
    await influx.program.end();
  }
}

export function pythonVersion(): string {
  const program = 'import sys, paho.mqtt; print(sys.version.split()[0], paho.mqtt.__version__)';
  const [python, paho] = execFileSync(PYTHON, ['-c', program], { encoding: 'utf8' }).trim().split(' ');
  return `Python ${python}, paho-mqtt ${paho}`;
}

async function peerIntoInflux(
  load: Load,
  name: string,
  startWriter: (mqttPort: number, influx: Influx) => Promise<Program>,
): Promise<Measured> {
  return withInflux(async (influx) => {
    const { program: mosquitto, port } = await startMosquitto();
    try {
      const writer = await startWriter(port, influx);
      try {
        const programs = { [name]: writer, mosquitto, influxd: influx.program };
        const target = { programs, stored: influx.stored };
        const measured = await measure(target, { ...load, port, qos: 0, needsCredit: true });
        if (writer.log !== '') process.stderr.write(`${name} says: ${writer.log}\n`);
        return measured;
      } finally {
        await writer.end();
      }
    } finally {
      await mosquitto.end();
    }
  });
}

/** Defaults, except that nothing is dropped because a queue of 1000 is full and no small write waits for another. */
async function startMosquitto(): Promise<{ program: Program; port: number }> {
  const folder = mkdtempSync(join(tmpdir(), 'citytwin-mosquitto-'));
  const port = await freePort();
  const file = join(folder, 'mosquitto.conf');
  const settings = ['allow_anonymous true', 'max_queued_messages 0', 'set_tcp_nodelay true'];
  writeFileSync(file, [`listener ${port} 127.0.0.1`, ...settings, ''].join('\n'));
  const isReady = () => isOpen(port);
  return { program: await Program.start({ command: 'mosquitto', args: ['-c', file], folder, isReady }), port };
}

function isOpen(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1');
    const answer = (open: boolean) => {
      socket.destroy();
      resolve(open);
    };
    socket.once('connect', () => answer(true)).once('error', () => answer(false));
  });
}

/** A DuckDB file has one owner. */
async function rowsOf(city: City): Promise<number> {
  await city.program.stop();
  const instance = await DuckDBInstance.create(join(city.data, 'city.duckdb'), { access_mode: 'READ_ONLY' });
  const connection = await instance.connect();
  const sql = `SELECT count(*)::DOUBLE FROM (SELECT DISTINCT device, seq FROM "${TRACKER.kind}")`;
  const [[rows] = [0]] = (await connection.runAndReadAll(sql)).getRows();
  connection.closeSync();
  instance.closeSync();
  return Number(rows);
}
