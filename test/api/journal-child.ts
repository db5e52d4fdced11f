// A process that appends as fast as it may and says on stdout what is durable, a line a group: `FROM TO`; before it says so to the journal
// `stored N`; at the end of the journal `fatal REASON`.
// `node journal-child.ts FOLDER ENTRIES [BYTES]`: ends after so many of its own; exit 2 when the journal does not open, 70 when it fails
import { writeSync } from 'node:fs';
import { Journal } from '../../api/journal/journal.ts';
import { entryOf, quiet } from './journal-life.ts';

const [folder = '', entries = '0', bytes] = process.argv.slice(2);
/** As many entries are not stored yet. */
const BEHIND = 2000;
const TURN = 50;

/** Said when it returns, also by a process that is killed right afterwards. */
function say(line: string): void {
  for (;;)
    try {
      writeSync(1, `${line}\n`);
      return;
    } catch (error) {
      // The pipe is full.
      if ((error as NodeJS.ErrnoException).code !== 'EAGAIN') throw error;
    }
}

const journal = await Journal.open({
  folder,
  maxBytes: 64 << 20,
  segmentBytes: 200_000,
  minFreeBytes: 0,
  lingerMs: 0,
  log: quiet,
  onFatal(error) {
    say(`fatal ${error.message}`);
    process.exit(70);
  },
}).catch((error: Error) => {
  console.error(error.message);
  process.exit(2);
});

const { durableSequence } = journal.state;
const end = durableSequence + Number(entries);
/** The newest group and its last entry so far. */
let group: { readonly durable: Promise<void>; last: number } | undefined;
let told = durableSequence;
let sequence = durableSequence;

async function tell(said: { readonly durable: Promise<void>; last: number }): Promise<void> {
  await said.durable;
  say(`${told + 1} ${said.last}`);
  told = said.last;
}

const telling: Promise<void>[] = [];
while (sequence < end) {
  for (let turn = 0; turn < TURN && sequence < end; turn++) {
    const appended = journal.append(entryOf(sequence + 1, bytes === undefined ? undefined : Number(bytes)));
    ({ sequence } = appended);
    if (group?.durable !== appended.durable) {
      group = { durable: appended.durable, last: sequence };
      telling.push(tell(group));
    }
    group.last = sequence;
  }
  await new Promise((resolve) => setImmediate(resolve));
  while (journal.isFull) await new Promise((resolve) => setImmediate(resolve));
  const stored = told - BEHIND;
  if (stored > journal.state.storedSequence + BEHIND) {
    say(`stored ${stored}`);
    await journal.stored(stored, true);
  }
}
await Promise.all(telling);
await journal.close();
