// The demo city as it is, for a minute at its own speed: nothing is lost, nothing grows without end.
import { readFileSync } from 'node:fs';
import { expect, it } from 'vitest';
import { countersOf, pausedCounters, startCity } from '../city-process.ts';
import { describeWith } from '../parts.ts';

const SOAK_MS = 60_000;
const SAMPLE_MS = 200;
const MAX_RSS_MB = 1024;

describeWith([], 'the demo city for a minute', () => {
  it(
    'balances at every moment, agrees once paused, drops nothing',
    async () => {
      const city = await startCity();
      try {
        const until = performance.now() + SOAK_MS;
        let samples = 0;
        while (performance.now() < until) {
          const { ingest } = await countersOf(city);
          expect(ingest.in).toBe(ingest.stored + ingest.rejected + ingest.duplicates + ingest.dropped + ingest.backlog);
          samples++;
          await new Promise((resolve) => setTimeout(resolve, SAMPLE_MS));
        }
        const settled = await pausedCounters(city);
        expect(settled.simulator.dropped).toBe(0);
        expect(settled.ingest).toMatchObject({
          stored: settled.ingest.in,
          dropped: 0,
          rejected: 0,
          duplicates: 0,
          gaps: 0,
        });
        const rssMb = rssMbOf(city.process.pid!);
        console.log(`soak: ${settled.ingest.in} records, ${samples} balanced samples, RSS ${rssMb ?? 'unknown'} MB`);
        if (rssMb !== undefined) expect(rssMb).toBeLessThan(MAX_RSS_MB);
      } finally {
        expect(await city.stop()).toBe(0);
      }
    },
    SOAK_MS + 60_000,
  );
});

/** Resident memory of a process on Linux, MB. */
function rssMbOf(pid: number): number | undefined {
  try {
    const kB = /VmRSS:\s+(\d+)/.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1];
    return kB === undefined ? undefined : Math.round(Number(kB) / 1024);
  } catch {
    return undefined;
  }
}
