// Records and events on their way into the store, as columns. It decides nothing.
import type { DeviceEvent, TelemetryRecord } from '../telemetry/messages.ts';
import type { Kind } from './kinds.ts';

/** Payload, as received, that a batch takes at most, and one message more: decoded, and as columns or lines, it is several times as much. */
export const MAX_BATCH_BYTES = 16 << 20;

export interface Batch {
  readonly records: TelemetryRecord[];
  readonly recordKinds: Kind[];
  readonly recordHandles: number[];
  /** Indices into `records` of those that may be stored already. */
  readonly suspects: number[];
  readonly events: DeviceEvent[];
  /** How many of the events may be stored already. */
  suspectEvents: number;
  /** Of the payloads, as received. */
  bytes: number;
  /** Of the journal: the last entry that is in it; 0 without a journal. */
  last: number;
  /** Nothing more may be added. */
  closed: boolean;
}

/** A message that was decoded and judged. */
export interface Taken {
  readonly channel: 'telemetry' | 'event';
  readonly message: TelemetryRecord | DeviceEvent;
  readonly kind: Kind;
  readonly handle: number;
  /** It may be stored already. */
  readonly suspect: boolean;
}

export function emptyBatch(): Batch {
  const columns = { records: [], recordKinds: [], recordHandles: [], suspects: [], events: [] };
  return { ...columns, suspectEvents: 0, bytes: 0, last: 0, closed: false };
}

export function sizeOf({ records, events }: Batch): number {
  return records.length + events.length;
}

/** bytes: of its payload */
export function addTo(batch: Batch, { channel, message, kind, handle, suspect }: Taken, bytes: number): void {
  batch.bytes += bytes;
  if (channel === 'event') {
    if (suspect) batch.suspectEvents++;
    batch.events.push(message as DeviceEvent);
    return;
  }
  if (suspect) batch.suspects.push(batch.records.length);
  batch.records.push(message);
  batch.recordKinds.push(kind);
  batch.recordHandles.push(handle);
}

/** All of several in their order. */
export function joined(batches: readonly Batch[]): Batch {
  const [only] = batches;
  if (batches.length === 1) return only!;
  const all = emptyBatch();
  for (const batch of batches) {
    for (const suspect of batch.suspects) all.suspects.push(all.records.length + suspect);
    for (const record of batch.records) all.records.push(record);
    for (const kind of batch.recordKinds) all.recordKinds.push(kind);
    for (const handle of batch.recordHandles) all.recordHandles.push(handle);
    for (const event of batch.events) all.events.push(event);
    all.suspectEvents += batch.suspectEvents;
    all.bytes += batch.bytes;
    all.last = batch.last;
  }
  return all;
}
