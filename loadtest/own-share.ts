// How much of a measured time is the generator's own lateness: writing late and reading late, percentile by percentile. It judges no run as a
// whole (that is verdict.ts).
import type { Distribution, Result } from './result.ts';

const MOMENTS = ['p50', 'p90', 'p99', 'p999', 'max'] as const;
type Moment = (typeof MOMENTS)[number];
export type OwnLateness = { readonly [moment in Moment]: number };

/** Of a time: from here on the generator's lateness is not to be told from the broker's. */
export const OWN_SHARE = 0.25;

/** Percentiles of a run of which the generator's own lateness is a good part. */
export function ownMoments({
  latencyMs,
  ackMs,
  generator,
}: Pick<Result, 'latencyMs' | 'ackMs' | 'generator'>): Moment[] {
  const times = latencyMs.count > 0 ? latencyMs : ackMs;
  return times.count === 0 ? [] : MOMENTS.filter((moment) => isOwn(times, generator.ownMs, moment));
}

/** Of an expected time, `latency.p99`; 0 where the generator has no good part in it. A percentile between two has that of the higher one. ms */
export function ownMsOf(measure: string, result: Result): number {
  const [, kind, name = ''] = /^(latency|ack)\.(\w+)$/.exec(measure) ?? [];
  if (kind === undefined) return 0;
  const moment = MOMENTS.find(
    (one) => one === name || (one !== 'max' && name.startsWith('p') && shareOf(name) <= shareOf(one)),
  );
  const { ownMs } = result.generator;
  return isOwn(kind === 'ack' ? result.ackMs : result.latencyMs, ownMs, moment ?? 'max') ? ownMs[moment ?? 'max'] : 0;
}

function isOwn(times: Pick<Distribution, Moment>, ownMs: OwnLateness, moment: Moment): boolean {
  return ownMs[moment] > OWN_SHARE * times[moment];
}

/** p95 → 0.95, p999 → 0.999. */
function shareOf(name: string): number {
  return Number(`0.${name.slice(1)}`);
}
