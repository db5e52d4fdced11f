// Schedule control: a bus that is early waits for its timetable, max(ready, timetable) plus the slack that was put into the timetable at each
// control point. hold = clamp(d − lateness, 0, max). Source: the oldest rule of all; its cost in slack in Y. Xuan, J. Argote & C. Daganzo,
// "Dynamic bus holding strategies for schedule reliability", Transportation Research B 45 (2011), 1831–1845.
import { hold, isControlStop } from '../control-stops.ts';
import type { Holding } from '../control-stops.ts';
import type { Policy } from '../policy.ts';

export interface Schedule extends Holding {
  /** d: time that the timetable keeps in hand at a control point, beyond what it plans anyway, s. */
  readonly slackS: number;
}

export const SCHEDULE: Schedule = { slackS: 0, maxHoldS: 120, minHoldS: 0, controlStops: 5 };

export function schedule(parameters: Schedule): Policy {
  return {
    name: 'schedule',
    arrived(bus) {
      if (!isControlStop(bus, parameters)) return undefined;
      const early = `${Math.round(Math.abs(bus.delayS))} s ${bus.delayS > 0 ? 'late' : 'early'}`;
      return hold(bus, parameters.slackS - bus.delayS, parameters, `${early} by its timetable`);
    },
  };
}
