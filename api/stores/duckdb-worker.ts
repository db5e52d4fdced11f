// The thread DuckDB lives in: takes requests of duckdb.ts, answers each by its id. Writes run one after the other in the order of
// their arrival, reads beside them.
import { parentPort } from 'node:worker_threads';
import type { Description } from '../../telemetry/description.ts';
import { QuestionTooLong } from '../store.ts';
import type { AggregateQuery, EventQuery, HistoryQuery, LatestQuery, RecordQuery } from '../store.ts';
import type { PackedBatch } from './columns.ts';
import { openEngine } from './duckdb-engine.ts';
import type { DuckDbEngine, EngineOptions } from './duckdb-engine.ts';
import { createReader } from './duckdb-queries.ts';
import type { DuckDbReader } from './duckdb-queries.ts';

export type Operation =
  | 'open'
  | 'describe'
  | 'descriptions'
  | 'position'
  | 'append'
  | 'history'
  | 'aggregate'
  | 'events'
  | 'records'
  | 'latest'
  | 'ping'
  | 'close';
export interface Request {
  readonly id: number;
  readonly operation: Operation;
  readonly argument: unknown;
}
export type Answer =
  | { readonly id: number; readonly value: unknown }
  | { readonly id: number; readonly error: string; readonly isFatal: boolean; readonly isTooLong?: boolean };

/** How often it is looked what is due besides appends. */
const UPKEEP_EVERY_MS = 1_000;
/** After one of these DuckDB takes nothing any more, and to open the file again in this process has crashed it. */
const FATAL = /^(FATAL|INTERNAL) Error|database has been invalidated/im;

let engine: DuckDbEngine;
let reader: DuckDbReader;
let writes: Promise<unknown> = Promise.resolve();
let upkeep: NodeJS.Timeout;
let isClosing = false;

const operations: { [name in Operation]: (argument: never) => Promise<unknown> } = {
  async open(options: EngineOptions) {
    engine = await openEngine(options);
    reader = await createReader(engine);
    upkeep = setTimeout(keepUp, UPKEEP_EVERY_MS);
    return engine.types;
  },
  describe: (description: Description) => inOrder(() => engine.describe(description)),
  descriptions: () => inOrder(() => engine.descriptions()),
  position: () => inOrder(() => engine.position()),
  append: (batch: PackedBatch) => inOrder(() => engine.append(batch)),
  history: (query: HistoryQuery) => reader.history(query),
  aggregate: (query: AggregateQuery) => reader.aggregate(query),
  events: (query: EventQuery) => reader.events(query),
  records: (query: RecordQuery) => reader.records(query),
  latest: ({ kind, among }: { kind: string; among?: LatestQuery }) => reader.latest(kind, among),
  ping: () => reader.ping(),
  close: () =>
    inOrder(async () => {
      isClosing = true;
      clearTimeout(upkeep);
      await reader.close();
      await engine.close();
    }),
};

/** Piece by piece, so that appends come in between. An error is nobody's: the same piece is tried again. */
function keepUp(): void {
  const piece = inOrder(async () => !isClosing && (await engine.upkeep())).catch((error: unknown) => {
    if (FATAL.test(messageOf(error))) answer({ id: -1, error: messageOf(error), isFatal: true });
    return false;
  });
  void piece.then((more) => {
    if (!isClosing) upkeep = setTimeout(keepUp, more ? 0 : UPKEEP_EVERY_MS);
  });
}

function inOrder<T>(write: () => Promise<T>): Promise<T> {
  const done = writes.then(write);
  writes = done.catch(() => undefined);
  return done;
}

parentPort!.on('message', ({ id, operation, argument }: Request) => {
  void operations[operation](argument as never).then(
    (value) => answer({ id, value }),
    (error: unknown) => {
      const [message, isTooLong] = [messageOf(error), error instanceof QuestionTooLong];
      answer({ id, error: message, isFatal: FATAL.test(message), isTooLong });
    },
  );
});

function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

function answer(message: Answer): void {
  parentPort!.postMessage(message, []);
}
