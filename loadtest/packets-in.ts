// Cuts what a device reads into packets, with no object per device while packets end where reads end. It checks lengths only.
import { MalformedPacket } from '../mqtt/malformed.ts';

/** The packet that a read broke off in. */
export interface Unfinished {
  rest: Buffer | undefined;
  /** Bytes of `rest` that are there. */
  filled: number;
}

/** header: first byte; the rest of the packet is bytes[start…end), valid during the call. False: read no further. */
type OnPacket<T> = (device: T, header: number, bytes: Buffer, start: number, end: number) => boolean;

/** Longer packets than this are a broken stream. */
const MAX_PACKET_BYTES = 64 * 1_048_576;
const MAX_HEAD_BYTES = 5;

/** @throws MalformedPacket */
export function cut<T extends Unfinished>(device: T, bytes: Buffer, length: number, onPacket: OnPacket<T>): void {
  let at = 0;
  if (device.rest) {
    const rest = device.rest;
    if (rest.length <= MAX_HEAD_BYTES && totalBytes(rest, 0, device.filled) === 0) {
      // Broken off within the first bytes: rare, so joining is cheap enough.
      device.rest = undefined;
      const joined = Buffer.concat([rest.subarray(0, device.filled), bytes.subarray(0, length)]);
      cut(device, joined, joined.length, onPacket);
      return;
    }
    at = bytes.copy(rest, device.filled, 0, Math.min(length, rest.length - device.filled));
    device.filled += at;
    if (device.filled < rest.length) return;
    device.rest = undefined;
    if (!onPacket(device, rest[0]!, rest, bodyAt(rest, 0), rest.length)) return;
  }
  while (at < length) {
    const total = totalBytes(bytes, at, length);
    if (total === 0 || at + total > length) {
      device.rest = Buffer.allocUnsafeSlow(total === 0 ? length - at : total);
      device.filled = bytes.copy(device.rest, 0, at, length);
      return;
    }
    if (!onPacket(device, bytes[at]!, bytes, bodyAt(bytes, at), at + total)) return;
    at += total;
  }
}

/** Of the packet at `at`; 0 when its length is not there yet (2.2.3). */
function totalBytes(bytes: Buffer, at: number, end: number): number {
  let remaining = 0;
  for (let digits = 1; digits <= 4; digits++) {
    if (at + digits >= end) return 0;
    const byte = bytes[at + digits]!;
    remaining += (byte & 0x7f) * 2 ** (7 * (digits - 1));
    if (byte < 0x80) {
      if (remaining > MAX_PACKET_BYTES) throw new MalformedPacket(`a packet of ${remaining} bytes`);
      return 1 + digits + remaining;
    }
  }
  throw new MalformedPacket('remaining length has more than four bytes');
}

function bodyAt(bytes: Buffer, at: number): number {
  let next = at + 1;
  while (bytes[next]! >= 0x80) next++;
  return next + 1;
}
