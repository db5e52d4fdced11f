// What a scenario may do to the messages of one device, and what overlapping faults come to.
import { show } from '../../telemetry/description.ts';
import { nearestChoice } from '../../telemetry/names.ts';

export type ChannelFaultName = 'dropout' | 'duplicate' | 'late' | 'clock-skew';

export interface ChannelFault {
  /**
   * dropout: messages are lost, each with probability `size` (1 when absent); duplicate: they come twice, with probability `size` (1);
   * late: each by its own Exp(`size` seconds), 30 when absent, so that they overtake each other; clock-skew: ts is off by `size` seconds.
   */
  readonly fault: ChannelFaultName;
  readonly size?: number;
  /** By the time of sending; clock-skew by the message's true ts: [fromMs, untilMs). */
  readonly fromMs: number;
  readonly untilMs: number;
}

/** What the faults of a device come to at one moment. */
export interface Imposed {
  /** Probabilities, 0…1 */
  readonly dropout: number;
  readonly duplicate: number;
  readonly lateMeanMs: number;
  readonly skewMs: number;
}

export const CHANNEL_FAULTS: readonly ChannelFaultName[] = ['dropout', 'duplicate', 'late', 'clock-skew'];
const LATE_MEAN_S = 30;
/** Longer than this is an outage, and a clock that far off is another kind of broken. */
const MAX_LATE_S = 86_400;
const MAX_SKEW_S = 1e9;
const NOTHING: Imposed = { dropout: 0, duplicate: 0, lateMeanMs: 0, skewMs: 0 };

/** Why there is no such fault, with the nearest valid word; undefined when there is. Times are not looked at. */
export function channelFaultProblem({
  fault,
  size,
}: {
  readonly fault?: unknown;
  readonly size?: unknown;
}): string | undefined {
  const name = CHANNEL_FAULTS.find((known) => known === fault);
  if (name === undefined) return unknownFault(fault);
  const value = typeof size === 'number' && Number.isFinite(size) ? size : Number.NaN;
  if (name === 'clock-skew') {
    if (Math.abs(value) <= MAX_SKEW_S) return undefined;
    return `fault clock-skew needs a size in seconds, −${MAX_SKEW_S}…${MAX_SKEW_S}, got ${show(size)}`;
  }
  if (size === undefined) return undefined;
  const [max, what] = name === 'late' ? [MAX_LATE_S, 'a mean in seconds'] : [1, 'a probability'];
  return value > 0 && value <= max
    ? undefined
    : `size of fault ${name} must be ${what} above 0, up to ${max}, got ${show(size)}`;
}

/** Overlapping: the likelier loss and duplicate count, delays and skews add up. */
export function imposedAt(faults: readonly ChannelFault[] | undefined, tsMs: number, sentMs: number): Imposed {
  if (faults === undefined) return NOTHING;
  let { dropout, duplicate, lateMeanMs, skewMs } = NOTHING;
  for (const { fault, size, fromMs, untilMs } of faults) {
    const atMs = fault === 'clock-skew' ? tsMs : sentMs;
    if (atMs < fromMs || atMs >= untilMs) continue;
    if (fault === 'dropout') dropout = Math.max(dropout, size ?? 1);
    else if (fault === 'duplicate') duplicate = Math.max(duplicate, size ?? 1);
    else if (fault === 'late') lateMeanMs += 1000 * (size ?? LATE_MEAN_S);
    else skewMs += 1000 * (size ?? 0);
  }
  return { dropout, duplicate, lateMeanMs, skewMs };
}

function unknownFault(fault: unknown): string {
  const close = typeof fault === 'string' ? nearestChoice(fault, CHANNEL_FAULTS) : undefined;
  const hint = close === undefined ? `expected one of ${CHANNEL_FAULTS.join(', ')}` : `did you mean ${close}?`;
  return `unknown fault ${show(fault)}, ${hint}`;
}
