// Which drivers follow what they are asked: the tests of commands choose a bus whose driver does.
import { hear } from '../../simulator/bus/drivers.ts';
import type { Bus } from '../../simulator/bus/state.ts';
import { Random } from '../../simulator/random.ts';

/** Whether the driver of a bus follows the first `times` commands. */
export function follows(bus: number, times = 1, seed = 1): boolean {
  const random = new Random(seed).fork('bus');
  const driver = { index: bus, asked: 0 } as Bus;
  return Array.from({ length: times }, () => hear(driver, random, 0).follows).every(Boolean);
}
