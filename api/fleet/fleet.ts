// The devices of one kind over a range of time, as the questions see them: newest records, values and windows by device, and the group each
// device is in. It asks any store in the words of the contract and refuses what would be too much.
import type { Value } from '../../telemetry/description.ts';
import type { DeviceEvent, TelemetryRecord } from '../../telemetry/messages.ts';
import type { Kind } from '../kinds.ts';
import { Problem, unknownName } from '../problems.ts';
import type { Aggregate, Store } from '../store.ts';
import { HOUR_MS, riseOf } from './windows.ts';
import type { Windows } from './windows.ts';

export interface FleetRange {
  /** [fromMs, toMs) */
  readonly fromMs: number;
  readonly toMs: number;
  /** Of civil days. */
  readonly utcOffsetMin: number;
  /** A text field: its newest value in the range is the device's group. Absent: all are in one, named as the kind. */
  readonly groupBy?: string | undefined;
  /** Only devices of this group. */
  readonly group?: string | undefined;
}

const MAX_DEVICES = 100_000;
/** Windows of all devices together: half a second of this process. */
const MAX_WINDOWS = 2_000_000;
const MAX_EVENTS = 100_000;
/** One bucket from 1970 to 2262: as far as InfluxDB's times reach. */
const ALL_TIMES = { everyMs: 2_562_000 * HOUR_MS, utcOffsetMin: 0 };

/** @throws Problem 400 for a field to group by that is no text of the kind, and for a kind with too many devices */
export async function openFleet(store: Store, kind: Kind, range: FleetRange): Promise<Fleet> {
  const { groupBy, group } = range;
  const { description, devices } = kind;
  if (devices.slots > MAX_DEVICES || devices.overflowed) {
    throw new Problem(400, `a fleet has at most ${MAX_DEVICES} devices, there are more of ${description.kind}`);
  }
  if (groupBy === undefined) {
    if (group !== undefined) throw new Problem(400, `group needs groupBy, got group=${group}`, { value: group });
    return new Fleet(store, kind, range, undefined);
  }
  const { texts } = fieldsOf(kind);
  if (!texts.includes(groupBy)) throw unknownName(400, `text field of ${description.kind}`, groupBy, texts);
  return new Fleet(store, kind, range, await overall(store, description.kind, groupBy, 'last', range));
}

export class Fleet {
  readonly range: FleetRange;
  readonly #store: Store;
  readonly #kind: Kind;
  readonly #groups: ReadonlyMap<string, Value> | undefined;

  constructor(store: Store, kind: Kind, range: FleetRange, groups: ReadonlyMap<string, Value> | undefined) {
    this.#store = store;
    this.#kind = kind;
    this.range = range;
    this.#groups = groups;
  }

  /** null for a device that has named no group in the range. */
  groupOf(device: string): string | null {
    if (!this.#groups) return this.#name;
    const group = this.#groups.get(device);
    return group === undefined ? null : String(group);
  }

  /** All with a record in the range, in order. */
  async devices(): Promise<string[]> {
    return (await this.newest([])).map(({ device }) => device);
  }

  /** Newest record of each device that has all these fields, in order. */
  async newest(having: readonly string[]): Promise<TelemetryRecord[]> {
    for (const field of having) this.#checkNumeric(field);
    const { fromMs, toMs } = this.range;
    const records = await this.#store.latest(this.#name, { fromMs, toMs, having });
    return this.#inOrder(records);
  }

  /** One value for each device over all of the range, in order. */
  async overall(field: string, agg: Aggregate): Promise<{ device: string; value: number }[]> {
    this.#checkNumeric(field);
    const values = await overall(this.#store, this.#name, field, agg, this.range);
    return this.#inOrder([...values].map(([device, value]) => ({ device, value: Number(value) })));
  }

  /** Windows begin at multiples of everyMs since 1970; in order of devices. @throws Problem 400 when they are too many */
  async windows(field: string, agg: Aggregate, everyMs: number): Promise<Windows[]> {
    this.#checkNumeric(field);
    const { fromMs, toMs } = this.range;
    const most = (Math.ceil((toMs - fromMs) / everyMs) + 1) * this.#kind.devices.slots;
    if (most > MAX_WINDOWS) {
      const cure = 'use a longer window or a shorter range';
      throw new Problem(400, `at most ${MAX_WINDOWS} windows, this may become ${most}: ${cure}`, { value: most });
    }
    const bucket = { everyMs, agg, utcOffsetMin: 0 };
    const query = { kind: this.#name, field, fromMs, toMs, bucket, groupBy: 'device' as const };
    const groups = await this.#store.aggregate(query);
    return this.#inOrder(groups.map(({ key, ts, value }) => ({ device: key, ts, value })));
  }

  /** How much a counter rose in the range, looked at once a window, by device. */
  async rise(field: string, everyMs: number): Promise<Map<string, number>> {
    const least = new Map((await this.windows(field, 'min', everyMs)).map(({ device, value }) => [device, value[0]]));
    const ends = await this.windows(field, 'last', everyMs);
    return new Map(ends.map(({ device, value }) => [device, riseOf(Number(least.get(device) ?? value[0]), value)]));
  }

  /** What was raised, or just happened. @throws Problem 400 when it is too much, or no such event is described */
  async events(name: string): Promise<DeviceEvent[]> {
    const known = Object.keys(this.#kind.description.events ?? {});
    if (!known.includes(name)) throw unknownName(400, `event of ${this.#name}`, name, known);
    const { fromMs, toMs } = this.range;
    const found = await this.#store.events({ kind: this.#name, name, fromMs, toMs, limit: MAX_EVENTS + 1 });
    if (found.length > MAX_EVENTS) throw new Problem(400, `at most ${MAX_EVENTS} events, use a shorter range`);
    return this.#inOrder(found.filter(({ state }) => state !== 'cleared'));
  }

  get #name(): string {
    return this.#kind.description.kind;
  }

  /** Those of the group that is asked for, by device. */
  #inOrder<T extends { readonly device: string }>(items: readonly T[]): T[] {
    const { group } = this.range;
    const wanted = group === undefined ? items : items.filter(({ device }) => this.groupOf(device) === group);
    return wanted.toSorted((a, b) => (a.device < b.device ? -1 : a.device > b.device ? 1 : 0));
  }

  #checkNumeric(field: string): void {
    const { numbers } = fieldsOf(this.#kind);
    if (!numbers.includes(field)) throw unknownName(400, `numeric field of ${this.#name}`, field, numbers);
  }
}

/** Names; true and false are numbers here. */
function fieldsOf({ description }: Kind): { texts: string[]; numbers: string[] } {
  const names = Object.keys(description.fields);
  const texts = names.filter((name) => description.fields[name]!.type === 'string');
  return { texts, numbers: names.filter((name) => !texts.includes(name)) };
}

async function overall(
  store: Store,
  kind: string,
  field: string,
  agg: Aggregate,
  { fromMs, toMs }: FleetRange,
): Promise<Map<string, Value>> {
  const bucket = { ...ALL_TIMES, agg };
  const groups = await store.aggregate({ kind, field, fromMs, toMs, bucket, groupBy: 'device' });
  return new Map(groups.map(({ key, value }) => [key, value[0]!]));
}
