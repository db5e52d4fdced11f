// Compares what the devices were promised with what the store has: every acknowledged record exactly once, with its value, in order.
import { valueOf } from './ledger.ts';
import type { Ledger } from './ledger.ts';
import type { StoredRow } from './stored.ts';

export interface Verdict {
  readonly acked: number;
  readonly stored: number;
  /** Acknowledged and not stored. */
  readonly lost: number;
  /** Stored more than once: what is too many. */
  readonly duplicates: number;
  /** Stored with a value that no device sent. */
  readonly wrong: number;
  /** Stored without having been acknowledged: sent, and its PUBACK never came. */
  readonly unpromised: number;
  /** Records of a device that stand before an older one of the same life. */
  readonly disordered: number;
}

/** A device's records are rarely more: a number for each (life, device, seq). */
const SEQS = 2 ** 22;

/** Of one store: `rows` in the store's own order. */
export async function compare(ledgers: readonly Ledger[], rows: AsyncIterable<StoredRow>): Promise<Verdict> {
  const promised = new Map<number, number>();
  const lives = ledgers.toSorted((a, b) => a.bornMs - b.bornMs);
  const keyOf = (life: number, device: number, seq: number) => (life * 2 ** 16 + device) * SEQS + seq;
  for (const [life, { rows: acked }] of lives.entries()) {
    for (const { device, seq, ts } of acked) promised.set(keyOf(life, device, seq), ts);
  }
  const acked = promised.size;
  const unpromised = new Set<number>();
  const found = new Set<number>();
  const newest = new Map<number, number>();
  let [stored, duplicates, wrong, disordered] = [0, 0, 0, 0];
  for await (const { device, seq, ts, value } of rows) {
    // Not one of ours: a row may have devices of its own beside.
    if (Number.isNaN(device)) continue;
    stored++;
    const life = lives.findLastIndex(({ bornMs }) => bornMs <= ts);
    const key = keyOf(life, device, seq);
    const promisedTs = promised.get(key);
    if (Math.abs(value - valueOf(device, seq, ts)) > 1e-9 || (promisedTs !== undefined && promisedTs !== ts)) wrong++;
    if (found.has(key) || unpromised.has(key)) duplicates++;
    else (promisedTs === undefined ? unpromised : found).add(key);
    const track = life * 2 ** 16 + device;
    if (seq < (newest.get(track) ?? 0)) disordered++;
    newest.set(track, seq);
  }
  return { acked, stored, lost: acked - found.size, duplicates, wrong, unpromised: unpromised.size, disordered };
}
