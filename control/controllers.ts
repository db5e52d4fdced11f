// The controllers of the control centre, one file each.
import type { Controller } from '../telemetry/controller.ts';
import { BusHolding } from './bus-holding.ts';

/** New ones, without memory. */
export function createControllers(): Controller[] {
  return [new BusHolding()];
}
