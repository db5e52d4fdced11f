// What the devices of the fault tests were promised: one row per acknowledged record, in files outside the system under test. A value is a
// function of its identity, so that a stored record can be told to be right even when its acknowledgement never came.
import { closeSync, openSync, readFileSync, writeSync } from 'node:fs';

export const KIND = 'probe';
export const DESCRIPTION = {
  kind: KIND,
  label: 'Probe',
  fields: { value: { label: 'Value', unit: '1', min: 0, max: 1_000_000 } },
};

/** u32 device, u32 seq, f64 ts; little-endian. The first row of a file has device 2^32 − 1: its ts is when the devices began. */
const ROW_BYTES = 16;
const BEGIN = 2 ** 32 - 1;
const ROWS_AT_ONCE = 4096;

export interface LedgerRow {
  readonly device: number;
  readonly seq: number;
  readonly ts: number;
}

/** One life of the devices: their sequences begin at 1. */
export interface Ledger {
  /** No record of this life is older, ms since 1970. */
  readonly bornMs: number;
  readonly rows: readonly LedgerRow[];
}

export const deviceName = (device: number): string => `p-${device}`;
/** NaN for a name that is not one of ours. */
export const deviceNumber = (name: string): number => (/^p-\d+$/.test(name) ? Number(name.slice(2)) : Number.NaN);

/** In thousandths below 1,000,000. */
export function valueOf(device: number, seq: number, ts: number): number {
  let hash = Math.imul(device + 1, 0x9e3779b1) ^ Math.imul(seq, 0x85ebca6b) ^ Math.imul(ts % 2 ** 31, 0xc2b2ae35);
  hash ^= hash >>> 15;
  return ((Math.imul(hash, 0x2c1b3c6d) >>> 2) % 1_000_000_000) / 1000;
}

/** Rows are in the file after `flush()`, which the devices call in the turn in which the PUBACKs came. */
export class LedgerFile {
  readonly #file: number;
  readonly #buffer = Buffer.alloc(ROW_BYTES * ROWS_AT_ONCE);
  #at = 0;

  constructor(path: string, bornMs: number) {
    this.#file = openSync(path, 'wx');
    this.add(BEGIN, 0, bornMs);
    this.flush();
  }

  add(device: number, seq: number, ts: number): void {
    if (this.#at === this.#buffer.length) this.flush();
    this.#buffer.writeUInt32LE(device, this.#at);
    this.#buffer.writeUInt32LE(seq, this.#at + 4);
    this.#buffer.writeDoubleLE(ts, this.#at + 8);
    this.#at += ROW_BYTES;
  }

  flush(): void {
    if (this.#at > 0) writeSync(this.#file, this.#buffer, 0, this.#at);
    this.#at = 0;
  }

  close(): void {
    this.flush();
    closeSync(this.#file);
  }
}

/** A row that a killed process did not write whole is left out: its devices were gone, nobody was promised anything. */
export function readLedger(path: string): Ledger {
  const bytes = readFileSync(path);
  const rows: LedgerRow[] = [];
  let bornMs = 0;
  for (let at = 0; at + ROW_BYTES <= bytes.length; at += ROW_BYTES) {
    const device = bytes.readUInt32LE(at);
    const ts = bytes.readDoubleLE(at + 8);
    if (device === BEGIN) bornMs = ts;
    else rows.push({ device, seq: bytes.readUInt32LE(at + 4), ts });
  }
  return { bornMs, rows };
}
