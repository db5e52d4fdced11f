// Self-equalizing headways: at one or two stops a bus waits for a share of the time until the next one comes. Needs no target: n buses on
// a loop of T settle at T / (n − α). hold = α h_b. Source: J. Bartholdi & D. Eisenstein, "A self-coördinating bus route to resist bus
// bunching", Transportation Research B 46 (2012), 481–491.
import { hold, isControlStop } from '../control-stops.ts';
import type { Holding } from '../control-stops.ts';
import type { Forecast } from '../forecast.ts';
import type { Policy } from '../policy.ts';

export interface SelfEqualizing extends Holding {
  /** α, above 0, below 1. */
  readonly alpha: number;
}

/** Published without a limit; riders would not bear that. */
export const SELF_EQUALIZING: SelfEqualizing = { alpha: 0.3, maxHoldS: 240, minHoldS: 0, controlStops: 15 };

export function selfEqualizing(parameters: SelfEqualizing, forecast: Forecast): Policy {
  return {
    name: 'self-equalizing',
    arrived(bus, nowMs) {
      if (!isControlStop(bus, parameters)) return undefined;
      const behindS = forecast.gapBehindS(bus, nowMs);
      return hold(bus, parameters.alpha * behindS, parameters, `the next one is ${Math.round(behindS)} s away`);
    },
  };
}
