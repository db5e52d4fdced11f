// One entry of the journal: what it is, into bytes, out of them. It knows no record and no file.
import { ENTRY_HEAD_BYTES, MAX_ENTRY_BYTES } from './format.ts';

/** As in MQTT. */
const MAX_TOPIC_BYTES = 65_535;

export interface Entry {
  readonly topic: string;
  readonly payload: Uint8Array;
  /** ms since 1970, a fraction is kept */
  readonly receivedMs: number;
  /** One byte, the caller's. */
  readonly flags: number;
}

/** Entries whose sequence numbers follow each other. */
export interface Group {
  readonly first: number;
  readonly last: number;
  /** Payloads are views of one buffer: who keeps one keeps about 1 MB. */
  readonly entries: readonly Entry[];
}

/** The most bytes that an entry can take: three of UTF-8 for each UTF-16 unit of the topic. */
export function mostBytes({ topic, payload }: Entry): number {
  return ENTRY_HEAD_BYTES + 3 * topic.length + payload.length;
}

/** @throws RangeError saying what is too large */
export function checkSize(entry: Entry): void {
  const topicBytes = Buffer.byteLength(entry.topic);
  if (topicBytes > MAX_TOPIC_BYTES)
    throw new RangeError(`a topic in the journal takes at most ${MAX_TOPIC_BYTES} bytes, got ${topicBytes}`);
  const bytes = mostBytes(entry);
  if (bytes > MAX_ENTRY_BYTES)
    throw new RangeError(`an entry of the journal takes at most ${MAX_ENTRY_BYTES} bytes, got ${bytes}`);
}

/** Room for it must be there. @returns where it ends */
export function putEntry(bytes: Buffer, view: DataView, at: number, entry: Entry): number {
  const { topic, payload } = entry;
  const topicBytes = bytes.write(topic, at + ENTRY_HEAD_BYTES);
  const payloadAt = at + ENTRY_HEAD_BYTES + topicBytes;
  bytes.set(payload, payloadAt);
  const end = payloadAt + payload.length;
  view.setUint32(at, end - at - 4, true);
  view.setUint8(at + 4, entry.flags);
  view.setFloat64(at + 5, entry.receivedMs, true);
  view.setUint16(at + 13, topicBytes, true);
  return end;
}

/** Adds those of a record from the `skip`-th on to `entries`. @throws Error when an intact body does not hold what its head says */
export function takeEntries(body: Buffer, count: number, skip: number, entries: Entry[]): void {
  let at = 0;
  for (let index = 0; index < count; index++) {
    if (at + ENTRY_HEAD_BYTES > body.length) throw new Error(`a record says ${count} entries and holds ${index}`);
    const end = at + 4 + body.readUInt32LE(at);
    const payloadAt = at + ENTRY_HEAD_BYTES + body.readUInt16LE(at + 13);
    if (payloadAt > end || end > body.length) throw new Error(`entry ${index} of a record reaches beyond it`);
    if (index >= skip)
      entries.push({
        topic: body.toString('utf8', at + ENTRY_HEAD_BYTES, payloadAt),
        payload: body.subarray(payloadAt, end),
        receivedMs: body.readDoubleLE(at + 5),
        flags: body.readUInt8(at + 4),
      });
    at = end;
  }
}
