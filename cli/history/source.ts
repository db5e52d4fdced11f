// What can be exported or replayed: messages in the order of time, batch by batch, wherever they are kept. One file beside this one for
// each place; here is what they share.
import type { Description } from '../../telemetry/description.ts';
import type { TelemetryRecord } from '../../telemetry/messages.ts';
import { nearestChoice } from '../../telemetry/names.ts';
import type { RecordingHeader, RecordingLine } from '../../telemetry/ndjson.ts';
import { UsageError } from '../options.ts';

export type Message = Exclude<RecordingLine, { type: 'header' }>;

export interface Selection {
  /** Absent: all. */
  readonly kinds?: readonly string[];
  /** [fromMs, toMs) */
  readonly fromMs: number;
  readonly toMs: number;
}

export const EVERYTHING: Selection = { fromMs: 0, toMs: 8.64e15 };

export interface Source {
  /** Descriptions of the selected kinds only. */
  readonly header: RecordingHeader;
  /** Of the newest message, where it is known beforehand. */
  readonly newestMs?: number;
  /** Once; ascending in time, but for recordings that hold late lines. */
  messages(): AsyncIterable<readonly Message[]>;
  close(): Promise<void>;
}

/** What identifies a message, whatever it is. */
export function recordOf(message: Message): TelemetryRecord {
  if (message.type === 'record') return message.record;
  return message.type === 'event' ? message.event : message.truth;
}

/** The selected ones. @throws UsageError for a kind that is not there, naming the nearest that is */
export function selectKinds(descriptions: readonly Description[], { kinds }: Selection): Description[] {
  if (kinds === undefined) return [...descriptions];
  const known = descriptions.map(({ kind }) => kind);
  return kinds.map((kind) => {
    const found = descriptions.find((description) => description.kind === kind);
    if (found !== undefined) return found;
    const nearest = nearestChoice(kind, known);
    const hint = nearest === undefined ? '' : ` (did you mean ${nearest}?)`;
    throw new UsageError(
      `unknown kind ${kind}${hint}, expected some of ${known.join(', ') || 'none: nothing is stored'}`,
    );
  });
}

/** Messages in one batch of a merged stream. */
const MERGED_BATCH = 2000;

interface Head {
  readonly batches: AsyncIterator<readonly Message[]>;
  batch: readonly Message[];
  at: number;
}

/** Streams that are each ascending in time as one; messages of the same ms in the order of kind, device and seq. */
export async function* mergeByTime(
  streams: readonly AsyncIterable<readonly Message[]>[],
): AsyncGenerator<readonly Message[]> {
  const heads: Head[] = [];
  for (const stream of streams) {
    const head = { batches: stream[Symbol.asyncIterator](), batch: [], at: 0 };
    if (await refill(head)) heads.push(head);
  }
  let merged: Message[] = [];
  while (heads.length > 0) {
    let ts = Infinity;
    for (const head of heads) ts = Math.min(ts, tsOf(head));
    const ofTheMs: Message[] = [];
    for (let which = heads.length - 1; which >= 0; which--) {
      const head = heads[which]!;
      while (tsOf(head) === ts) {
        ofTheMs.push(head.batch[head.at++]!);
        if (head.at < head.batch.length || (await refill(head))) continue;
        heads.splice(which, 1);
        break;
      }
    }
    if (ofTheMs.length > 1) ofTheMs.sort(compareOfTheMs);
    for (const message of ofTheMs) merged.push(message);
    if (merged.length < MERGED_BATCH) continue;
    yield merged;
    merged = [];
  }
  if (merged.length > 0) yield merged;
}

/** False at its end. */
async function refill(head: Head): Promise<boolean> {
  for (;;) {
    const { done, value } = await head.batches.next();
    if (done) return false;
    head.batch = value;
    head.at = 0;
    if (value.length > 0) return true;
  }
}

function tsOf({ batch, at }: Head): number {
  return recordOf(batch[at]!).ts;
}

function compareOfTheMs(one: Message, other: Message): number {
  const [a, b] = [recordOf(one), recordOf(other)];
  if (a.kind !== b.kind) return a.kind < b.kind ? -1 : 1;
  if (a.device !== b.device) return a.device < b.device ? -1 : 1;
  return a.seq - b.seq;
}
