// Appends to a DuckDB store until that fails, tries what a caller might try then, and prints all of it as JSON: for the tests, which make
// the disk fail under it. Argument: the file.
import { StoreFatal } from '../../api/store.ts';
import { createDuckDbStore } from '../../api/stores/duckdb.ts';
import { batch, description, record } from './records.ts';

const MAX_BATCHES = 5_000;
const ROWS = 100;
const file = process.argv[2]!;
const store = createDuckDbStore({ file, memoryLimitMb: 128 });
const said = (error: unknown): string => `${error instanceof StoreFatal ? 'fatal: ' : ''}${(error as Error).message}`;

await store.open();
await store.describe(description('bus'));
let acked = 0;
let failure = 'none';
for (let number = 1; number <= MAX_BATCHES; number++) {
  const records = Array.from({ length: ROWS }, (_, n) => record(`bus-${n}`, number, number, { speedMps: n }));
  try {
    await store.append({ ...batch(records), position: number });
    acked = number;
  } catch (error) {
    failure = said(error);
    break;
  }
}
const again = await store.append(batch([])).then(() => 'stored', said);
const reopened = await createDuckDbStore({ file })
  .open()
  .then(() => 'opened', said);
process.stdout.write(`${JSON.stringify({ acked, failure, again, reopened })}\n`, () => process.exit());
