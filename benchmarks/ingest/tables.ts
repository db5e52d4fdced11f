// What was measured, as tables in markdown.
import type { Measured } from './measure.ts';

export type Stored = Pick<Measured, 'storedPerS'> & Partial<Measured>;

export const DUCKDB_HEAD = [
  '| into DuckDB | acked/s | ack p50 · p99 · p99.9 · max, ms | stored/s | backlog, drained in | CPU s per million: city · publisher | peak MB | sent − rows |',
  '|---|---|---|---|---|---|---|---|',
].join('\n');

export function duckDbRow(name: string, measured: Measured, rows: number): string {
  const { ackedPerS, ackMs, storedPerS, backlog, drainS, cpuSPerMillion, peakMb, sent } = measured;
  const cells = [
    name,
    thousands(ackedPerS),
    `${ackMs.p50} · ${ackMs.p99} · ${ackMs.p999} · ${ackMs.max}`,
    thousands(storedPerS),
    `${thousands(backlog)}, ${drainS} s`,
    `${cpuSPerMillion.city} · ${cpuSPerMillion.publisher}`,
    peakMb.city,
    sent - rows,
  ];
  return `| ${cells.join(' | ')} |`;
}

/** replays: names of what the others are compared with. */
export function influxTable(all: ReadonlyMap<string, readonly Stored[]>, replays: readonly string[]): string {
  const references = replays.filter((name) => all.has(name));
  const head = ['into InfluxDB', 'stored/s: median (min … max)', ...references.map((name) => `of ${name}`)];
  const more = ['CPU s per million', 'ack p50 · p99, ms', 'missing'];
  const lines = [`| ${[...head, ...more].join(' | ')} |`, `|${'---|'.repeat(head.length + more.length)}`];
  for (const [name, results] of all) {
    const rates = results.map(({ storedPerS }) => storedPerS);
    const middle = medianOf(results);
    const { cpuSPerMillion = {}, ackMs } = middle;
    const cells = [
      name,
      `${thousands(middle.storedPerS)} (${thousands(Math.min(...rates))} … ${thousands(Math.max(...rates))})`,
      ...references.map((reference) => `${(middle.storedPerS / medianOf(all.get(reference)!).storedPerS).toFixed(2)}×`),
      Object.entries(cpuSPerMillion)
        .map(([program, cpuS]) => `${program} ${cpuS}`)
        .join(' · '),
      ackMs && ackMs.max > 0 ? `${ackMs.p50} · ${ackMs.p99}` : '',
      results.map(({ sent = 0, stored = 0 }) => Math.max(0, sent - stored)).join(' · '),
    ];
    lines.push(`| ${cells.join(' | ')} |`);
  }
  return lines.join('\n');
}

function medianOf(results: readonly Stored[]): Stored {
  return results.toSorted((a, b) => a.storedPerS - b.storedPerS)[results.length >> 1]!;
}

function thousands(value: number): string {
  return value.toLocaleString('en-GB');
}
