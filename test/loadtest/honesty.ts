// The test of a load tester: a target that stands still for a while. A closed loop would send less and never notice.
import { setTimeout as sleep } from 'node:timers/promises';
import { decodeFromCompressedBase64 } from 'hdr-histogram-js';
import { runLoad } from '../../loadtest/run.ts';
import type { Plan } from '../../loadtest/plan.ts';
import type { Distribution, Result } from '../../loadtest/result.ts';
import { startMosquitto, target } from './plans.ts';

export interface Stop {
  /** Since the run began (connecting takes about a quarter of a second before the schedule does). */
  readonly afterS: number;
  readonly forS: number;
}

/** Runs the plan on a mosquitto that stands still for a while. */
export async function runWithStop(plan: Plan, { afterS, forS }: Stop): Promise<Result> {
  const { port, child } = await startMosquitto();
  const running = runLoad({ ...plan, target: target(port, { version: plan.target.version }) });
  await sleep(afterS * 1000);
  child.kill('SIGSTOP');
  await sleep(forS * 1000);
  child.kill('SIGCONT');
  return running;
}

/**
 * What is wrong, in words; nothing for a run of durationS that told the truth. Of those due while the target stood still (forS/durationS of
 * all), the share f waited longer than (1 − f)·forS, evenly; never less, which is what a tester that waits for its target reports. More, up
 * to slackMs, by what the target needs to catch up.
 */
export function complaints({ hdr, max }: Distribution, durationS: number, forS: number, slackMs: number): string[] {
  const histogram = decodeFromCompressedBase64(hdr);
  const found: string[] = [];
  if (max < forS * 950) found.push(`max ${max} ms`);
  for (const share of [0.1, 0.3, 0.5, 0.7, 0.9]) {
    const waitedMs = histogram.getValueAtPercentile(100 * (1 - (share * forS) / durationS)) / 1000;
    const expectedMs = (1 - share) * forS * 1000;
    const early = waitedMs < expectedMs - 50 * forS;
    if (early || waitedMs > expectedMs + slackMs) found.push(`${share}: ${waitedMs} ms, not ${expectedMs} ms`);
  }
  return found;
}
