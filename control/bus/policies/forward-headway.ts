// Forward headway control: a bus that follows too closely is held for a share of what is missing, on top of a slack that lets early and
// late buses differ. Needs the bus ahead only. hold = clamp(d + (α + β)(H − h), 0, max). Source: C. Daganzo, "A headway-based approach to
// eliminate bus bunching", Transportation Research B 43 (2009), 913–921.
import { hold, isControlStop } from '../control-stops.ts';
import type { Holding } from '../control-stops.ts';
import type { Bus } from '../network.ts';
import type { Action, Policy } from '../policy.ts';
import { targetOf } from '../target.ts';

export interface ForwardHeadway extends Holding {
  /** α, 0.2…0.8: share of the missing headway that one hold restores. */
  readonly gain: number;
  /** β ≥ 0: boarding time per second of headway, what a gap grows by itself from stop to stop. */
  readonly beta: number;
  /** d: hold of a bus exactly on its headway, s. */
  readonly slackS: number;
}

/** The pure law as line experiments use it: four control points on 25 stops. */
export const FORWARD_HEADWAY: ForwardHeadway = {
  gain: 0.5,
  beta: 0,
  slackS: 8,
  maxHoldS: 60,
  minHoldS: 0,
  controlStops: 5,
};

export function forwardHeadway(parameters: ForwardHeadway): Policy {
  const { gain, beta, slackS } = parameters;
  return {
    name: 'forward-headway',
    arrived(bus: Bus): Action | undefined {
      if (!isControlStop(bus, parameters)) return undefined;
      const { gapS } = bus;
      const targetS = targetOf(bus);
      const wantedS = slackS + (gain + beta) * (targetS - gapS);
      // Also when nobody is known to be ahead: NaN.
      if (!(wantedS >= 0.5)) return undefined;
      return hold(
        bus,
        wantedS,
        parameters,
        `${Math.round(gapS)} s behind ${bus.leader}, planned ${Math.round(targetS)} s`,
      );
    },
  };
}
