// The newest record of each device of one kind, in columns. It knows nothing of who asks: REST reads rows, the live stream reads what
// changed since a version. A position stays until a newer record brings another one.
import type { Description, Value } from '../telemetry/description.ts';
import type { TelemetryRecord } from '../telemetry/messages.ts';
import { columnSize } from './device-index.ts';
import type { DeviceIndex } from './device-index.ts';

const ABSENT_BOOLEAN = 255;
const STICKY = new Set(['lat', 'lon']);

/** west, south, east, north; degrees */
export type Box = readonly [number, number, number, number];

type Column =
  | { readonly name: string; readonly type: 'number'; cells: Float64Array }
  | { readonly name: string; readonly type: 'boolean'; cells: Uint8Array }
  | { readonly name: string; readonly type: 'string'; cells: (string | undefined)[] };

export interface DeviceRow {
  readonly kind: string;
  readonly device: string;
  readonly ts: number;
  readonly seq: number;
  readonly lat?: number;
  readonly lon?: number;
  readonly online?: boolean;
  readonly fields: { readonly [name: string]: Value };
}

export class Latest {
  readonly devices: DeviceIndex;
  #kind = '';
  #columns: Column[] = [];
  #size = 0;
  #ts = new Float64Array(0);
  #seq = new Uint32Array(0);
  /** Of the commit that brought the newest record; 0: none yet. */
  #version = new Uint32Array(0);
  #owner = new Float64Array(0);
  #online = new Uint8Array(0);
  #newestVersion = 0;
  #count = 0;
  #newestTs = 0;

  constructor(devices: DeviceIndex, description: Description) {
    this.devices = devices;
    this.describe(description);
  }

  /** Devices with a record. */
  get count(): number {
    return this.#count;
  }
  /** Version of the newest change, 0 before the first. */
  get version(): number {
    return this.#newestVersion;
  }
  get newestTs(): number {
    return this.#newestTs;
  }

  /** Fields that stay keep their values; a changed description shows every device again. */
  describe(description: Description): void {
    const before = new Map(this.#columns.map((column) => [column.name, column]));
    this.#kind = description.kind;
    this.#columns = Object.entries(description.fields).map(([name, { type = 'number' }]) => {
      const column = before.get(name);
      return column?.type === type ? column : newColumn(name, type, this.#size);
    });
  }

  /** version: of the commit, ascending. Older records than the newest are passed over. */
  update(handle: number, record: TelemetryRecord, version: number): void {
    if (!this.devices.isAlive(handle)) return;
    const slot = this.#claim(handle);
    const known = this.#version[slot]! > 0;
    const last = this.#ts[slot]!;
    if (known && (record.ts < last || (record.ts === last && record.seq < this.#seq[slot]!))) return;
    if (!known) this.#count++;
    this.#ts[slot] = record.ts;
    this.#seq[slot] = record.seq;
    this.#version[slot] = version;
    this.#newestVersion = version;
    if (record.ts > this.#newestTs) this.#newestTs = record.ts;
    for (const column of this.#columns) writeCell(column, slot, record.fields[column.name]);
  }

  setOnline(handle: number, online: boolean): void {
    this.#online[this.#claim(handle)] = online ? 2 : 1;
  }

  has(slot: number): boolean {
    return slot < this.#version.length && this.#version[slot]! > 0;
  }

  tsAt(slot: number): number {
    return this.#ts[slot]!;
  }

  fieldsAt(slot: number): { [name: string]: Value } {
    const fields: { [name: string]: Value } = {};
    for (const column of this.#columns) {
      const value = readCell(column, slot);
      if (value !== undefined) fields[column.name] = value;
    }
    return fields;
  }

  row(slot: number): DeviceRow {
    const fields = this.fieldsAt(slot);
    const { lat, lon } = fields;
    const online = this.#online[slot]!;
    return {
      kind: this.#kind,
      device: this.devices.idAt(slot),
      ts: this.#ts[slot]!,
      seq: this.#seq[slot]!,
      ...(typeof lat === 'number' && typeof lon === 'number' ? { lat, lon } : {}),
      ...(online > 0 ? { online: online === 2 } : {}),
      fields,
    };
  }

  /**
   * Slots from `fromSlot` on whose device changed after version `since` and is not outside `box`, at most `max`, into `found`.
   * @returns the slot to go on with; `devices.slots` when done.
   */
  changed(since: number, fromSlot: number, box: Box | undefined, max: number, found: number[]): number {
    const end = Math.min(this.devices.slots, this.#version.length);
    const lat = box && this.#position('lat');
    const lon = box && this.#position('lon');
    let slot = fromSlot;
    for (; slot < end && found.length < max; slot++) {
      const version = this.#version[slot]!;
      if (version <= since || version === 0) continue;
      if (box && lat && lon && isOutside(box, lon[slot]!, lat[slot]!)) continue;
      found.push(slot);
    }
    return slot >= end ? this.devices.slots : slot;
  }

  #position(name: string): Float64Array | undefined {
    const column = this.#columns.find((column) => column.name === name);
    return column?.type === 'number' ? column.cells : undefined;
  }

  #claim(handle: number): number {
    const slot = this.devices.slotOf(handle);
    if (slot >= this.#size) this.#grow(slot);
    if (this.#owner[slot] !== handle) {
      if (this.#version[slot]! > 0) this.#count--;
      this.#owner[slot] = handle;
      this.#version[slot] = 0;
      this.#online[slot] = 0;
      for (const column of this.#columns) clearCell(column, slot);
    }
    return slot;
  }

  #grow(slot: number): void {
    this.#size = columnSize(slot);
    this.#ts = grown(this.#ts, new Float64Array(this.#size));
    this.#seq = grown(this.#seq, new Uint32Array(this.#size));
    this.#version = grown(this.#version, new Uint32Array(this.#size));
    this.#owner = grown(this.#owner, new Float64Array(this.#size).fill(-1));
    this.#online = grown(this.#online, new Uint8Array(this.#size));
    for (const column of this.#columns) {
      if (column.type === 'number') column.cells = grown(column.cells, new Float64Array(this.#size).fill(NaN));
      if (column.type === 'boolean')
        column.cells = grown(column.cells, new Uint8Array(this.#size).fill(ABSENT_BOOLEAN));
    }
  }
}

function grown<Cells extends Float64Array | Uint32Array | Uint8Array>(old: Cells, larger: Cells): Cells {
  larger.set(old);
  return larger;
}

/** False where a device has no position: it is outside no box. */
function isOutside([west, south, east, north]: Box, lon: number, lat: number): boolean {
  return lon < west || lon > east || lat < south || lat > north;
}

function newColumn(name: string, type: 'number' | 'boolean' | 'string', size: number): Column {
  if (type === 'number') return { name, type, cells: new Float64Array(size).fill(NaN) };
  if (type === 'boolean') return { name, type, cells: new Uint8Array(size).fill(ABSENT_BOOLEAN) };
  return { name, type, cells: [] };
}

function writeCell(column: Column, slot: number, value: Value | undefined): void {
  if (column.type === 'number') {
    if (typeof value === 'number') column.cells[slot] = value;
    else if (!STICKY.has(column.name)) column.cells[slot] = NaN;
  } else if (column.type === 'boolean') {
    column.cells[slot] = typeof value === 'boolean' ? Number(value) : ABSENT_BOOLEAN;
  } else column.cells[slot] = typeof value === 'string' ? value : undefined;
}

function clearCell(column: Column, slot: number): void {
  if (column.type === 'number') column.cells[slot] = NaN;
  else writeCell(column, slot, undefined);
}

function readCell(column: Column, slot: number): Value | undefined {
  if (column.type === 'string') return column.cells[slot];
  const cell = column.cells[slot];
  if (cell === undefined || Number.isNaN(cell)) return undefined;
  if (column.type === 'number') return cell;
  return cell === ABSENT_BOOLEAN ? undefined : cell === 1;
}
