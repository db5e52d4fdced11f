// Records, events and a description for the tests of the stores.
import type { StoreBatch } from '../../api/store.ts';
import type { Description, Value } from '../../telemetry/description.ts';
import type { DeviceEvent, TelemetryRecord } from '../../telemetry/messages.ts';

export function description(kind: string): Description {
  return {
    kind,
    label: 'Bus "线"',
    fields: {
      speedMps: { label: 'Speed', unit: 'm/s' },
      doorOpen: { label: 'Door', unit: '', type: 'boolean' },
      lineName: { label: 'Line', unit: '', type: 'string' },
    },
    events: {
      brokenDown: { label: 'Broken down', severity: 'critical' },
      arrived: { label: 'Arrived', severity: 'info' },
    },
  };
}

export function record(device: string, ts: number, seq: number, fields: { [name: string]: Value }): TelemetryRecord {
  return { kind: 'bus', device, ts, seq, fields };
}

export function event(
  device: string,
  ts: number,
  seq: number,
  name: string,
  state?: 'raised' | 'cleared',
  fields: { [name: string]: Value } = {},
): DeviceEvent {
  return { ...record(device, ts, seq, fields), name, ...(state && { state }) };
}

export function batch(records: readonly TelemetryRecord[], events: readonly DeviceEvent[] = []): StoreBatch {
  return { records, suspects: [], events };
}
