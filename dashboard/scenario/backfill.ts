// How far the filling in of the past has come. Pure.
import type { ClockMessage, ScenarioState } from '../../telemetry/messages.ts';

export interface Backfill {
  readonly fromMs: number;
  readonly atMs: number;
  /** Unknown while only the clock tells of it. */
  readonly toMs?: number;
  /** 0…1 */
  readonly share?: number;
}

/** The scenario's state knows more than the clock; undefined when nothing is filled in. */
export function backfillOf(
  state: Pick<ScenarioState, 'backfill'> | null,
  clock: Pick<ClockMessage, 'backfillFromMs' | 'simTimeMs'> | null,
): Backfill | undefined {
  const known = state?.backfill;
  if (known !== undefined) {
    const { fromMs, toMs, atMs } = known;
    return { ...known, share: Math.min(1, Math.max(0, (atMs - fromMs) / Math.max(1, toMs - fromMs))) };
  }
  if (clock?.backfillFromMs === undefined) return undefined;
  return { fromMs: clock.backfillFromMs, atMs: clock.simTimeMs };
}
