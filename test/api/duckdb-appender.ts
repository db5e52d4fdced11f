// Appends to a DuckDB store without end and prints the number of each batch once it is durable; the tests kill it.
// Arguments: file, ts of batch 0, records a batch. Every 20th batch comes with a new field, so that schema changes are hit as well.
import { createDuckDbStore } from '../../api/stores/duckdb.ts';
import { batch, description, record } from './records.ts';

const [file, start, rows] = process.argv.slice(2);
const NEW_FIELD_EVERY = 20;

const store = createDuckDbStore({ file: file! });
await store.open();
let fields = description('bus').fields;
await store.describe({ ...description('bus'), fields });
for (let number = 1; ; number++) {
  if (number % NEW_FIELD_EVERY === 0) {
    fields = { ...fields, [`extra${number}`]: { label: 'Extra', unit: '' } };
    await store.describe({ ...description('bus'), fields });
  }
  const ts = Number(start) + number;
  await store.append(
    batch(Array.from({ length: Number(rows) }, (_, n) => record(`bus-${n}`, ts, number, { speedMps: n }))),
  );
  process.stdout.write(`${number}\n`);
}
