// Two-way headway control: a bus is held while the gap behind it is wider than the one ahead, so that disturbances spread both ways and less
// slack is needed. hold = clamp(d + g (h_b − h_f) / 2, 0, max), h_b by prediction. Sources: Y. Xuan, J. Argote & C. Daganzo, Transportation
// Research B 45 (2011), 1831–1845; C. Daganzo & J. Pilachowski, "Reducing bunching with bus-to-bus cooperation", ibid., 267–277.
import { hold, isControlStop } from '../control-stops.ts';
import type { Holding } from '../control-stops.ts';
import type { Forecast } from '../forecast.ts';
import type { Policy } from '../policy.ts';
import { targetOf } from '../target.ts';

export interface TwoWayHeadway extends Holding {
  /** g, 0…1. */
  readonly gain: number;
  /** d: hold of a bus in the middle between its neighbours, s. */
  readonly slackS: number;
}

export const TWO_WAY_HEADWAY: TwoWayHeadway = { gain: 0.5, slackS: 8, maxHoldS: 60, minHoldS: 0, controlStops: 5 };

export function twoWayHeadway(parameters: TwoWayHeadway, forecast: Forecast): Policy {
  const { gain, slackS } = parameters;
  return {
    name: 'two-way-headway',
    arrived(bus, nowMs) {
      if (!isControlStop(bus, parameters) || Number.isNaN(bus.gapS)) return undefined;
      const predictedS = forecast.gapBehindS(bus, nowMs);
      const isSeen = !Number.isNaN(predictedS);
      // Nobody in sight behind: as far away as planned.
      const behindS = isSeen ? predictedS : targetOf(bus);
      const next = isSeen ? `the next one is ${Math.round(behindS)} s away` : 'nobody in sight behind';
      const why = `${Math.round(bus.gapS)} s behind ${bus.leader}, ${next}`;
      return hold(bus, slackS + (gain * (behindS - bus.gapS)) / 2, parameters, why);
    },
  };
}
