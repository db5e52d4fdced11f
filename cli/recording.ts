// Writes what a run sends into a file, one JSON object a line (telemetry/ndjson.ts); gzip when the name ends in .gz.
import { closeSync, openSync, writeSync } from 'node:fs';
import { gzipSync } from 'node:zlib';
import { deviceId } from '../simulator/devices.ts';
import { describe, loadModels } from '../simulator/kinds.ts';
import type { Sink } from '../simulator/sink.ts';
import { RecordingEncoder } from '../telemetry/ndjson.ts';
import { UsageError } from './options.ts';
import type { RunTask } from './shard.ts';

/** Characters gathered before they are written. */
const CHUNK = 1_000_000;

export interface Recording {
  readonly sink: Sink;
  /** Writes what is left. @throws Error when the disk refuses it */
  close(): void;
}

/** @throws UsageError when the file cannot be written */
export async function openRecording(file: string, task: RunTask): Promise<Recording> {
  const models = await loadModels();
  const { scenario, seed, startMs, utcOffsetMin } = task;
  const encoder = new RecordingEncoder({
    city: scenario.city,
    scenario: scenario.name,
    seed,
    startMs,
    utcOffsetMin,
    descriptions: Object.keys(task.fleets).map((kind) => describe(models.get(kind)!)),
  });
  let handle: number;
  try {
    handle = openSync(file, 'w');
  } catch (error) {
    throw new UsageError(`cannot write the recording ${file}: ${(error as Error).message}`);
  }
  let text = encoder.header();
  const flush = () => {
    const bytes = Buffer.from(text);
    text = '';
    // A gzip file may have several members.
    const packed = file.endsWith('.gz') ? gzipSync(bytes) : bytes;
    for (let at = 0; at < packed.length;) at += writeSync(handle, packed, at);
  };
  const write = (line: string) => {
    text += line;
    if (text.length > CHUNK) flush();
  };
  const sink: Sink = {
    record: (kind, device, ts, seq, readings) => write(encoder.record(kind, deviceId(kind, device), ts, seq, readings)),
    event: (kind, device, ts, seq, name, state, readings) =>
      write(encoder.event(kind, deviceId(kind, device), ts, seq, name, state, readings)),
    ack: () => {},
  };
  return {
    sink: scenario.truth
      ? {
          ...sink,
          truth: (kind, device, ts, seq, fields) => write(encoder.truth(kind, deviceId(kind, device), ts, seq, fields)),
        }
      : sink,
    close: () => {
      flush();
      closeSync(handle);
    },
  };
}
