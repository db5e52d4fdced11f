// What a run of the city would publish, kept in lists: for tests and measurements that give it to a store themselves.
import { deviceId } from '../simulator/devices.ts';
import type { Sink } from '../simulator/sink.ts';
import type { DeviceEvent, TelemetryRecord } from '../telemetry/messages.ts';

export class Collected {
  records: TelemetryRecord[] = [];
  events: DeviceEvent[] = [];
  readonly #ids = new Map<string, string[]>();

  readonly sink: Sink = {
    record: (kind, device, ts, seq, readings) =>
      void this.records.push({ kind, device: this.#id(kind, device), ts, seq, fields: { ...readings } }),
    event: (kind, device, ts, seq, name, state, readings) =>
      void this.events.push({
        kind,
        device: this.#id(kind, device),
        ts,
        seq,
        name,
        fields: { ...readings },
        ...(state && { state }),
      }),
    ack: () => {},
  };

  /** Each text once: there are millions of records. */
  #id(kind: string, device: number): string {
    const known = this.#ids.get(kind) ?? [];
    this.#ids.set(kind, known);
    return (known[device] ??= deviceId(kind, device));
  }
}
