// What the tester writes at the start of each payload, so that a receiver can tell when the message was meant to leave and which one it is.
// The rest of a payload is filler; recorded payloads keep their size and lose their first HEADER_BYTES to the header.

/** magic, run, intended time (high and low word, ns of clock.ts), publisher, sequence: six 32-bit words, big-endian. */
export const HEADER_BYTES = 24;
const MAGIC = 0x4354_4c44; // "CTLD"
const WORD = 2 ** 32;

/** `at` is the first byte of the payload; sequence counts from 0 per publisher over the measured messages. */
export function writeHeader(
  bytes: Buffer,
  at: number,
  runId: number,
  dueNs: number,
  publisher: number,
  sequence: number,
): void {
  bytes.writeUInt32BE(MAGIC, at);
  bytes.writeUInt32BE(runId, at + 4);
  patchHeader(bytes, at, dueNs, sequence);
  bytes.writeUInt32BE(publisher, at + 16);
}

/** The two things that change from message to message of one publisher. */
export function patchHeader(bytes: Buffer, at: number, dueNs: number, sequence: number): void {
  const high = Math.floor(dueNs / WORD);
  putWord(bytes, at + 8, high);
  putWord(bytes, at + 12, dueNs - high * WORD);
  putWord(bytes, at + 20, sequence);
}

/** False for a payload that this run did not send: of another run, or of somebody else on the same topics. */
export function isOurs(bytes: Buffer, at: number, end: number, runId: number): boolean {
  return end - at >= HEADER_BYTES && readWord(bytes, at) === MAGIC && readWord(bytes, at + 4) === runId;
}

/** ns of clock.ts at which the message was meant to leave. */
export function dueNsOf(bytes: Buffer, at: number): number {
  return readWord(bytes, at + 8) * WORD + readWord(bytes, at + 12);
}

export function publisherOf(bytes: Buffer, at: number): number {
  return readWord(bytes, at + 16);
}

export function sequenceOf(bytes: Buffer, at: number): number {
  return readWord(bytes, at + 20);
}

// Buffer's own methods check their arguments at each call; these run per message.
function putWord(bytes: Buffer, at: number, value: number): void {
  bytes[at] = value >>> 24;
  bytes[at + 1] = value >>> 16;
  bytes[at + 2] = value >>> 8;
  bytes[at + 3] = value;
}

function readWord(bytes: Buffer, at: number): number {
  return ((bytes[at]! << 24) | (bytes[at + 1]! << 16) | (bytes[at + 2]! << 8) | bytes[at + 3]!) >>> 0;
}
