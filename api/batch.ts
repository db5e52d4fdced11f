// Records and events on their way into the store. It decides nothing.
import type { DeviceEvent, TelemetryRecord } from '../telemetry/messages.ts';
import type { Kind } from './kinds.ts';
import { PackedRecords } from './packed-records.ts';
import type { RecordList } from './packed-records.ts';

/** Payload, as received, that a batch takes at most, and one message more: decoded, and as columns or lines, it is several times as much. */
export const MAX_BATCH_BYTES = 16 << 20;

/** It waits for the store. */
export interface WaitingBatch {
  readonly records: RecordList;
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

/** It was just taken. */
export interface Batch extends WaitingBatch {
  readonly records: TelemetryRecord[];
  readonly recordKinds: Kind[];
  readonly recordHandles: number[];
}

/** Nobody but the store needs what is in it any more. */
export interface QueuedBatch extends WaitingBatch {
  readonly records: PackedRecords;
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
  return { records: [], recordKinds: [], recordHandles: [], ...nothing() };
}

/** records: empty */
export function emptyQueuedBatch(records = new PackedRecords()): QueuedBatch {
  return { records, ...nothing() };
}

export function sizeOf({ records, events }: WaitingBatch): number {
  return records.length + events.length;
}

/** bytes: of its payload */
export function addTo(batch: Batch, taken: Taken, bytes: number): void {
  note(batch, taken, bytes);
  if (taken.channel === 'event') return;
  batch.records.push(taken.message);
  batch.recordKinds.push(taken.kind);
  batch.recordHandles.push(taken.handle);
}

/** bytes: of its payload */
export function packInto(batch: QueuedBatch, taken: Taken, bytes: number): void {
  note(batch, taken, bytes);
  if (taken.channel === 'telemetry') batch.records.add(taken.message);
}

/** All of another one, behind what is there. */
export function join(batch: QueuedBatch, { records, suspects, events, suspectEvents, bytes, last }: Batch): void {
  for (const suspect of suspects) batch.suspects.push(batch.records.length + suspect);
  for (const record of records) batch.records.add(record);
  for (const event of events) batch.events.push(event);
  batch.suspectEvents += suspectEvents;
  batch.bytes += bytes;
  batch.last = last;
}

function nothing(): Omit<WaitingBatch, 'records'> {
  return { suspects: [], events: [], suspectEvents: 0, bytes: 0, last: 0, closed: false };
}

/** All but the record. */
function note(batch: WaitingBatch, { channel, message, suspect }: Taken, bytes: number): void {
  batch.bytes += bytes;
  if (channel === 'event') {
    if (suspect) batch.suspectEvents++;
    batch.events.push(message as DeviceEvent);
  } else if (suspect) batch.suspects.push(batch.records.length);
}
