// The test of a load tester: a target that stands still for a while. A closed loop would send less and never notice.
import { setTimeout as sleep } from 'node:timers/promises';
import { decodeFromCompressedBase64 } from 'hdr-histogram-js';
import { runLoad } from '../../loadtest/run.ts';
import type { Result } from '../../loadtest/result.ts';
import { PLAIN, startMosquitto, target } from './plans.ts';

/** Runs at 5,000/s and stops the target for stopS in the middle. */
export async function runWithStop(durationS: number, stopS: number): Promise<Result> {
  const { port, child } = await startMosquitto();
  const stopAtS = Math.floor((durationS - stopS) / 2) - 1;
  const plan = { ...PLAIN, schedule: { kind: 'constant', perS: 5000 }, durationS, drainS: 10 } as const;
  return runLoad(
    { ...plan, target: target(port) },
    {
      onSecond: ({ atS }) => {
        if (atS !== stopAtS) return;
        child.kill('SIGSTOP');
        void sleep(stopS * 1000).then(() => child.kill('SIGCONT'));
      },
    },
  );
}

/**
 * What is wrong, in words; nothing for a run that told the truth. Of those due while the target stood still (stopS/durationS of all), the
 * share f waited longer than (1 − f)·stopS, evenly.
 */
export function complaints({ latencyMs, lost, sent }: Result, durationS: number, stopS: number): string[] {
  const histogram = decodeFromCompressedBase64(latencyMs.hdr);
  const found: string[] = [];
  if (lost > 0) found.push(`${lost} of ${sent} lost`);
  if (latencyMs.max < stopS * 950) found.push(`max ${latencyMs.max} ms`);
  for (const share of [0.1, 0.3, 0.5, 0.7, 0.9]) {
    const waitedMs = histogram.getValueAtPercentile(100 * (1 - (share * stopS) / durationS)) / 1000;
    const expectedMs = (1 - share) * stopS * 1000;
    // Never less, which is what a tester that waits for its target reports; more by what the target needs to catch up on a busy machine.
    const tooLittle = waitedMs < expectedMs - 50 * stopS;
    if (tooLittle || waitedMs > expectedMs + 500 * stopS) found.push(`${share}: ${waitedMs} ms, not ${expectedMs} ms`);
  }
  return found;
}
