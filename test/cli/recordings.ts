// A recording for the tests of export and replay: two kinds, events, texts that need quoting, many messages of the same ms.
import { spawn } from 'node:child_process';
import type { ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import type { Description, Value } from '../../telemetry/description.ts';
import { RecordingEncoder } from '../../telemetry/ndjson.ts';

const launcher = fileURLToPath(new URL('../../bin/citytwin.js', import.meta.url));
export const STEP_MS = 5000;
const DEVICES = 100;
const EVENT_EVERY = 41;

export const tram: Description = {
  kind: 'tram',
  label: 'Tram',
  fields: {
    lat: { label: 'Latitude', unit: 'deg' },
    speedMps: { label: 'Speed', unit: 'm/s' },
    doorOpen: { label: 'Door open', unit: '', type: 'boolean' },
    line: { label: 'Line', unit: '', type: 'string' },
  },
  events: { breakdown: { label: 'Breakdown', severity: 'critical' } },
};
const meter: Description = {
  kind: 'meter',
  label: 'Meter',
  fields: { volumeM3: { label: 'Volume', unit: 'm3' }, note: { label: 'Note', unit: '', type: 'string' } },
};
export const LINES = ['K1', 'say "环线"', 'a,b', 'two\nlines', ' spaces ', ''];

/** The lines of a recording, the header first, each with its newline. */
export function recordingLines(messages: number, startMs: number): string[] {
  const header = { city: 'wuxi', utcOffsetMin: 480, startMs, descriptions: [meter, tram] };
  const encoder = new RecordingEncoder(header);
  const seq = new Uint32Array(DEVICES);
  const lines = Array.from({ length: messages }, (_, n) => {
    const device = n % DEVICES;
    const ts = startMs + Math.floor(n / DEVICES) * STEP_MS;
    const number = ++seq[device]!;
    if (device >= 70) {
      const fields: { [name: string]: Value } = n % 3 === 0 ? { volumeM3: n / 7, note: 'x' } : { volumeM3: n / 7 };
      return encoder.record('meter', `m-${device}`, ts, number, fields);
    }
    const id = `tram-${device}`;
    if (n % EVENT_EVERY === 0)
      return encoder.event('tram', id, ts, number, 'breakdown', n % 2 === 0 ? 'raised' : 'cleared', { speedMps: 0.5 });
    const line = LINES[n % LINES.length]!;
    return encoder.record('tram', id, ts, number, { lat: 31 + n / 3e6, speedMps: n % 30, doorOpen: n % 2 === 0, line });
  });
  return [encoder.header(), ...lines];
}

export interface Ended {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/** Runs the command to its end; `onStart` may send it signals, or stop reading. */
export function citytwin(args: readonly string[], onStart?: (child: ChildProcess) => void): Promise<Ended> {
  return new Promise((resolve) => {
    const child = spawn(process.execPath, [launcher, ...args], { stdio: ['ignore', 'pipe', 'pipe'] });
    let [stdout, stderr] = ['', ''];
    child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
    child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
    child.once('exit', (status) => resolve({ status, stdout, stderr }));
    onStart?.(child);
  });
}
