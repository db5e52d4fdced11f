// Hourly rollups: for each device and hour that is over, how many values a field had, their smallest, largest, sum and last. They are there
// or not hour by hour: a record that comes late takes its hour away in its own transaction, and the hour is rolled up again later. What
// queries make of them is in duckdb-rollup-queries.ts.
import type { DuckDBConnection, DuckDBValue } from '@duckdb/node-api';
import type { FieldType } from '../../telemetry/description.ts';
import type { FieldTypes } from './query.ts';

export const HOUR_MS = 3_600_000;
/** Of the city's time: how long after its end an hour is taken for over. */
const GRACE_MS = 600_000;
/** Of wall time: how long nothing must have come for an hour. */
const QUIET_MS = 5_000;
/** Records of a device in an hour, on average, below which the records themselves are as quick to read. */
const MIN_GAIN = 4;
const SQL_TYPES: { readonly [type in FieldType]: string } = { number: 'DOUBLE', boolean: 'BOOLEAN', string: 'VARCHAR' };

export interface RolledHour {
  readonly kind: string;
  /** Since 1970. */
  readonly hour: number;
}

interface Kind {
  /** Hours with records that no rollup holds, and when the last of them came, ms of a clock that never jumps. */
  readonly open: Map<number, number>;
  /** Hours that were looked at: rolled up, or found not worth it. */
  readonly done: Set<number>;
}

export class Rollups {
  readonly #writer: DuckDBConnection;
  readonly #types: ReadonlyMap<string, FieldTypes>;
  readonly #quietMs: number;
  readonly #kinds = new Map<string, Kind>();
  /** Kinds whose stored hours are not known yet. */
  #unread: string[] = [];
  newestMs = -Infinity;

  constructor(writer: DuckDBConnection, types: ReadonlyMap<string, FieldTypes>, quietMs = QUIET_MS) {
    this.#quietMs = quietMs;
    this.#writer = writer;
    this.#types = types;
  }

  /** Which hours are done; which ones are not is found out by `work`, kind by kind. */
  async load(): Promise<void> {
    this.#unread = [...this.#types.keys()];
    const rows = await this.#rows('SELECT kind, hour::DOUBLE FROM "_rolled"');
    for (const [kind, hour] of rows as [string, number][]) this.#of(kind).done.add(hour);
    for (const kind of this.#unread) {
      const [[newest] = []] = await this.#rows(`SELECT max(ts)::DOUBLE FROM "${kind}"`);
      if (newest !== null && newest !== undefined) this.newestMs = Math.max(this.newestMs, newest as number);
    }
  }

  /** In the transaction of the change of schema. */
  async describe(kind: string, added: ReadonlyMap<string, FieldType>, isNew: boolean): Promise<void> {
    const columns = [...added].flatMap(([field, type]) =>
      partsOf(field, type).map(({ name, sqlType }) => `"${name}" ${sqlType}`),
    );
    if (isNew)
      await this.#writer.run(
        `CREATE TABLE "${tableOf(kind)}" (${['hour BIGINT', 'device VARCHAR', ...columns].join(', ')})`,
      );
    else for (const column of columns) await this.#writer.run(`ALTER TABLE "${tableOf(kind)}" ADD COLUMN ${column}`);
  }

  /** In the transaction that appends the records: hours that get more are no longer rolled up. → call it once that is committed */
  async touch(kind: string, ts: Float64Array): Promise<() => void> {
    const hours = new Set<number>();
    let newestMs = -Infinity;
    for (const ms of ts) {
      if (ms >= 0) hours.add(Math.floor(ms / HOUR_MS));
      if (ms > newestMs) newestMs = ms;
    }
    const { done, open } = this.#of(kind);
    const late = [...hours].filter((hour) => done.has(hour));
    if (late.length > 0) {
      await this.#writer.run(`DELETE FROM "${tableOf(kind)}" WHERE hour IN (${late.join()})`);
      await this.#writer.run(`DELETE FROM "_rolled" WHERE kind = $1 AND hour IN (${late.join()})`, [kind]);
    }
    return () => {
      const now = performance.now();
      for (const hour of late) done.delete(hour);
      for (const hour of hours) open.set(hour, now);
      this.newestMs = Math.max(this.newestMs, newestMs);
    };
  }

  /** The oldest hour that is over and not rolled up; undefined when there is none now. */
  async next(): Promise<RolledHour | undefined> {
    await this.#readOne();
    const now = performance.now();
    for (const [kind, { open }] of this.#kinds) {
      for (const [hour, touchedAt] of open) {
        if ((hour + 1) * HOUR_MS + GRACE_MS <= this.newestMs && now - touchedAt >= this.#quietMs) return { kind, hour };
      }
    }
    return undefined;
  }

  /** In a transaction of its own. → call it once that is committed */
  async roll({ kind, hour }: RolledHour): Promise<() => void> {
    const within = `ts >= ${hour * HOUR_MS} AND ts < ${(hour + 1) * HOUR_MS}`;
    const [[records, devices] = [0, 0]] = (await this.#rows(
      `SELECT count(*)::DOUBLE, count(DISTINCT device)::DOUBLE FROM "${kind}" WHERE ${within}`,
    )) as number[][];
    const isUsed = records! >= MIN_GAIN * devices! && records! > 0;
    if (isUsed) {
      const parts = [...this.#types.get(kind)!].flatMap(([field, type]) => partsOf(field, type));
      await this.#writer.run(
        `INSERT INTO "${tableOf(kind)}" (hour, device${parts.map(({ name }) => `, "${name}"`).join('')})
         SELECT ${hour}, device${parts.map(({ fold }) => `, ${fold}`).join('')} FROM "${kind}" WHERE ${within} GROUP BY device ORDER BY device`,
      );
    }
    await this.#writer.run('INSERT INTO "_rolled" VALUES ($1, $2, $3)', [kind, BigInt(hour), isUsed]);
    return () => {
      const { open, done } = this.#of(kind);
      open.delete(hour);
      done.add(hour);
    };
  }

  /** In the transaction that deletes records before it. → call it once that is committed */
  async forget(kind: string, beforeMs: number): Promise<() => void> {
    const before = Math.floor(beforeMs / HOUR_MS);
    await this.#writer.run(`DELETE FROM "${tableOf(kind)}" WHERE hour < ${before}`);
    await this.#writer.run(`DELETE FROM "_rolled" WHERE kind = $1 AND hour < ${before}`, [kind]);
    return () => {
      const { open, done } = this.#of(kind);
      for (const hour of done) if (hour < before) done.delete(hour);
      for (const hour of open.keys()) if (hour < before) open.delete(hour);
    };
  }

  /** Hours of a kind that an earlier run left. */
  async #readOne(): Promise<void> {
    const kind = this.#unread.pop();
    if (kind === undefined) return;
    const { open, done } = this.#of(kind);
    const rows = await this.#rows(`SELECT DISTINCT (ts // ${HOUR_MS})::DOUBLE FROM "${kind}" WHERE ts >= 0`);
    const hours = rows.map(([hour]) => hour as number).sort((a, b) => a - b);
    for (const hour of hours) if (!done.has(hour) && !open.has(hour)) open.set(hour, -Infinity);
  }

  #of(name: string): Kind {
    const kind = this.#kinds.get(name) ?? { open: new Map(), done: new Set() };
    this.#kinds.set(name, kind);
    return kind;
  }

  async #rows(sql: string): Promise<DuckDBValue[][]> {
    return (await this.#writer.runAndReadAll(sql)).getRows();
  }
}

/** Underscore: no kind begins with one. */
export function tableOf(kind: string): string {
  return `_hour_${kind}`;
}

export interface Part {
  /** Column of the rollup; no field has a dot in its name. */
  readonly name: string;
  readonly sqlType: string;
  /** From records to this. */
  readonly fold: string;
}

/** What is kept of a field. Booleans count as 0 and 1, of texts there are the number and the last. */
export function partsOf(field: string, type: FieldType): Part[] {
  const column = `"${field}"`;
  const number = type === 'boolean' ? `${column}::INTEGER::DOUBLE` : column;
  const parts = [
    { name: `${field}.n`, sqlType: 'BIGINT', fold: `count(${column})` },
    { name: `${field}.last`, sqlType: SQL_TYPES[type], fold: `arg_max(${column}, ts::HUGEINT * 4294967296 + seq)` },
  ];
  if (type === 'string') return parts;
  const folds = ['min', 'max', 'sum'].map((fold) => ({
    name: `${field}.${fold}`,
    sqlType: 'DOUBLE',
    fold: `${fold}(${number})`,
  }));
  return [...parts, ...folds];
}
