// What the journal takes: an open model (messages arrive by the clock, whatever the disk does) and the most it can, with nothing behind it
// but a store that says every second that it has everything. CPU of the main thread includes making the messages. `node benchmarks/journal.ts [seconds] [rounds] [folder] [payload bytes]`
import { mkdtempSync, rmSync } from 'node:fs';
import { availableParallelism, cpus, loadavg, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { Journal } from '../api/journal/journal.ts';

const RATE_PER_S = 80_000;
const STORE_MS = 1000;
const TOPICS = 2000;
const silent = { debug() {}, info() {}, warn() {}, error: console.error };

interface Round {
  readonly perS: number;
  readonly ackMs: { readonly p50: number; readonly p99: number; readonly max: number };
  /** User and system of the whole process, for a million messages. */
  readonly cpuSPerMillion: number;
  readonly mainCpuSPerMillion: number;
  readonly groupsPerS: number;
}

const [seconds = 10, rounds = 3] = process.argv.slice(2, 4).map(Number);
const parent = process.argv[4] ?? tmpdir();
const payloadBytes = Number(process.argv[5] ?? 150);
const topics = Array.from(
  { length: TOPICS },
  (_, device) => `city/wuxi/bus/bus-${String(device).padStart(4, '0')}/telemetry`,
);
const payloads = Buffer.alloc(
  64 * payloadBytes,
  '{"ts":1800000000000,"seq":12345,"speedMps":12.5,"lat":31.5,"lon":120.3}',
);

/** The counter of µs that the main thread alone has used. */
function mainCpuUs(): number {
  const { user, system } = process.threadCpuUsage();
  return user + system;
}

async function inJournal<T>(body: (journal: Journal) => Promise<T>): Promise<T> {
  const folder = mkdtempSync(join(parent, 'citytwin-journal-'));
  const onFatal = (error: Error) => {
    throw error;
  };
  const journal = await Journal.open({ folder, maxBytes: 4 * 2 ** 30, minFreeBytes: 0, log: silent, onFatal });
  try {
    return await body(journal);
  } finally {
    await journal.close();
    rmSync(folder, { recursive: true });
  }
}

function entryOf(index: number): { topic: string; payload: Uint8Array; receivedMs: number; flags: number } {
  const at = (index % 64) * payloadBytes;
  const payload = payloads.subarray(at, at + payloadBytes);
  return { topic: topics[index % TOPICS]!, payload, receivedMs: 1.8e12 + index, flags: 1 };
}

/** What was handed in and when it was acknowledged, in batches. */
class Tally {
  handed = 0;
  acked = 0;
  readonly latencies: { ms: number; count: number }[] = [];

  /** `sinceMs`: when the messages were meant to be handed in, the mean of them. */
  watch(durable: Promise<void>, count: number, sinceMs: number): void {
    void durable.then(() => {
      this.acked += count;
      this.latencies.push({ ms: performance.now() - sinceMs, count });
    });
  }
}

/** Hands in what is due, up to `most` in all, as long as there is room. */
function handIn(journal: Journal, tally: Tally, most: number, dueMs: (index: number) => number): void {
  let first = tally.handed;
  let group: Promise<void> | undefined;
  const close = () => {
    if (group) tally.watch(group, tally.handed - first, dueMs((first + tally.handed - 1) / 2));
    first = tally.handed;
  };
  while (tally.handed < most && !journal.isFull) {
    const { durable } = journal.append(entryOf(tally.handed));
    if (durable !== group) {
      close();
      group = durable;
    }
    tally.handed++;
  }
  close();
}

/** `ratePerS` undefined: as fast as it takes them. */
async function measure(journal: Journal, ratePerS?: number): Promise<Round> {
  const { syncs } = journal.state;
  const tally = new Tally();
  const cpu = process.cpuUsage();
  const mainUs = mainCpuUs();
  const storing = setInterval(() => void journal.stored(journal.state.durableSequence, false), STORE_MS);
  const startedMs = performance.now();
  for (let elapsedMs = 0; elapsedMs < seconds * 1000; elapsedMs = performance.now() - startedMs) {
    const nowMs = startedMs + elapsedMs;
    if (ratePerS === undefined) handIn(journal, tally, Infinity, () => nowMs);
    else handIn(journal, tally, (elapsedMs / 1000) * ratePerS, (index) => startedMs + (index / ratePerS) * 1000);
    await (ratePerS === undefined ? new Promise((resolve) => setImmediate(resolve)) : sleep(1));
  }
  while (tally.acked < tally.handed) await sleep(1);
  const wallS = (performance.now() - startedMs) / 1000;
  clearInterval(storing);
  const { user, system } = process.cpuUsage(cpu);
  const { handed, latencies } = tally;
  latencies.sort((a, b) => a.ms - b.ms);
  return {
    perS: Math.round(handed / wallS),
    ackMs: { p50: quantile(latencies, 0.5), p99: quantile(latencies, 0.99), max: quantile(latencies, 1) },
    cpuSPerMillion: round2((user + system) / handed),
    mainCpuSPerMillion: round2((mainCpuUs() - mainUs) / handed),
    groupsPerS: Math.round((journal.state.syncs - syncs) / wallS),
  };
}

/** By messages, not by groups. */
function quantile(sorted: readonly { ms: number; count: number }[], share: number): number {
  const total = sorted.reduce((sum, { count }) => sum + count, 0);
  let seen = 0;
  for (const { ms, count } of sorted) {
    seen += count;
    if (seen >= share * total) return round2(ms);
  }
  return round2(sorted.at(-1)?.ms ?? 0);
}

/** Nothing but the copy on the main thread, ns an entry: while the thread that appends is idle, its buffers not full. */
async function appendNs(journal: Journal): Promise<number> {
  const results: number[] = [];
  const entries = Array.from({ length: TOPICS }, (_, index) => entryOf(index));
  for (let repeat = 0; repeat < 200; repeat++) {
    const startedMs = performance.now();
    let durable = Promise.resolve();
    for (const entry of entries) ({ durable } = journal.append(entry));
    results.push(((performance.now() - startedMs) * 1e6) / entries.length);
    await durable;
  }
  return Math.round(median(results.slice(100)));
}

function median(values: readonly number[]): number {
  return values.toSorted((a, b) => a - b)[values.length >> 1]!;
}

function round2(value: number): number {
  return Math.round(value * 100) / 100;
}

const results = await inJournal(async (journal) => {
  const open: Round[] = [];
  const most: Round[] = [];
  // To get warm.
  await measure(journal, RATE_PER_S);
  for (let round = 0; round < rounds; round++) {
    open.push(await measure(journal, RATE_PER_S));
    most.push(await measure(journal));
  }
  return { appendNs: await appendNs(journal), open, most };
});
const cpu = `${cpus()[0]?.model ?? 'unknown'}, ${availableParallelism()} cores`;
const head = { node: process.version, cpu, load: round2(loadavg()[0]!), seconds, payloadBytes, ratePerS: RATE_PER_S };
console.log(JSON.stringify({ ...head, ...results }, undefined, 2));
