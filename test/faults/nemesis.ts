// The moments and means of faults that several rows share: seeded times, kill and restart under load.
import { setTimeout as sleep } from 'node:timers/promises';
import type { Devices } from './devices.ts';
import type { Service } from './service.ts';

/** Acknowledged after a restart before it counts as recovered. */
const ALIVE = 100;
const PATIENCE_MS = 30_000;

export interface Recoveries {
  /** Highest over all rounds, ms: from the start of the process to its ready line. */
  upMs: number;
  /** From the kill to acknowledgements again. */
  recoveredMs: number;
  /** The sum of those. */
  awayMs: number;
}

export function between(random: () => number, from: number, to: number): number {
  return from + random() * (to - from);
}

/** `rounds` times: waits a seeded moment under load, ends the service by `signal`, starts it again, waits until records are acknowledged. */
export async function killing(
  service: Service,
  devices: Devices,
  options: { rounds: number; random: () => number; loadMs: readonly [number, number]; signal?: NodeJS.Signals },
): Promise<Recoveries & { codes: (number | null)[]; slowestEndMs: number }> {
  const { rounds, random, loadMs, signal = 'SIGKILL' } = options;
  const result = { upMs: 0, recoveredMs: 0, awayMs: 0, slowestEndMs: 0, codes: [] as (number | null)[] };
  for (let round = 0; round < rounds; round++) {
    await sleep(between(random, ...loadMs));
    const killedMs = performance.now();
    const { code, tookMs } = await service.end(signal);
    result.codes.push(code);
    result.slowestEndMs = Math.max(result.slowestEndMs, tookMs);
    await service.start();
    result.upMs = Math.max(result.upMs, service.readyMs);
    await devices.acknowledged(ALIVE, PATIENCE_MS);
    const recoveredMs = performance.now() - killedMs;
    result.recoveredMs = Math.max(result.recoveredMs, recoveredMs);
    result.awayMs += recoveredMs;
  }
  return result;
}
