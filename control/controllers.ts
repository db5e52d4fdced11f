// The controllers of the control centre, one file each, as they work in the city.
import type { Controller } from '../telemetry/controller.ts';
import { BusDispatch } from './bus-dispatch.ts';

/** New ones, without memory. */
export function createControllers(): Controller[] {
  return [new BusDispatch()];
}
