// The person at the wheel: how soon an advice is read, and whether it is followed. Drawn by bus, because a bus keeps its driver for a run.
import type { Random } from '../random.ts';
import { DRAW } from './draws.ts';
import type { Heard } from './order.ts';
import type { Bus } from './state.ts';

/** A driver reads the display: lognormal (engineering estimate). */
const REACTION_MEDIAN_S = 4;
const REACTION_SIGMA = 0.5;
/** Share of advice that a driver follows: mean, and standard deviation over drivers (engineering estimate). */
const COMPLIANCE = 0.8;
const COMPLIANCE_SD = 0.1;

export const DID_NOT_FOLLOW = 'the driver did not follow';

/** How the driver takes the next thing that appears on the display. */
export function hear(bus: Bus, random: Random, nowMs: number): Heard {
  const { index } = bus;
  const counter = bus.asked++;
  const share = COMPLIANCE + COMPLIANCE_SD * random.normal(index, DRAW.compliance, 0);
  return {
    reactMs: nowMs + 1000 * random.lognormal(REACTION_MEDIAN_S, REACTION_SIGMA, index, DRAW.reaction, counter),
    follows: random.uniform(index, DRAW.follows, counter) < share,
  };
}
