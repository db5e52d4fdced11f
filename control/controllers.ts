// The controllers of the control centre, one file each, as they work in the city.
import type { Controller } from '../telemetry/controller.ts';
import { BusDispatch } from './bus-dispatch.ts';
import type { PolicyParameters } from './bus/policies.ts';

/**
 * For lines of 25…33 stops. More control points and a higher limit than in line experiments, but no hold for a bus that is only a little
 * close: that would slow down everyone on board. Lines with more than twelve minutes between buses are left alone: their riders come by
 * the timetable, and even gaps would gain them two seconds for two minutes on board. Tried out in the demo city from 07:30 to 10:00.
 */
const FREQUENT = { controlStops: 3, slackS: -30, maxHoldS: 90, minHoldS: 10, longestHeadwayS: 720 };
const CITY: PolicyParameters = {
  'forward-headway': FREQUENT,
  'two-way-headway': { ...FREQUENT, gain: 0.8 },
  schedule: { controlStops: 3, maxHoldS: 90, minHoldS: 10 },
};

/** New ones, without memory. */
export function createControllers(): Controller[] {
  return [new BusDispatch({ policy: 'two-way-headway', parameters: CITY })];
}
