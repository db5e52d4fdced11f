// The street of a line: how long a bus takes from a stop to the next one, with traffic, incidents and a light. Traffic belongs to the place and
// the minute, so it is the same for every way of running the line.
import type { Random } from '../../simulator/random.ts';
import { movingMps } from './operator.ts';
import type { Direction, OperatorLine } from './operator.ts';

/** Traffic of a day, and of a minute on a segment; sigma of the logarithm (engineering estimate). */
const DAY_SIGMA = 0.06;
const MINUTE_SIGMA = 0.2;
/** Something is in the way: chance for ten minutes of a segment, and what it costs, s. */
const INCIDENT = { chance: 0.003, leastS: 120, mostS: 300, binS: 600 } as const;
/** One light halfway in every segment, with fixed times: half of the cycle red. */
const CYCLE_S = 100;
const RED_S = 50;
/** Green extension and red truncation, s, and rest for the side street: at most once in two cycles. */
const EXTENSION_S = 10;
const TRUNCATION_S = 10;
const PAUSE_S = 2 * CYCLE_S;

const PURPOSE = { day: 10, minute: 11, incident: 12, delay: 13, light: 14 } as const;

export class Street {
  readonly #line: OperatorLine;
  readonly #random: Random;
  /** Moving time over that of the usual driver on a usual day. */
  readonly #factor: number;
  readonly #grantedS: Float64Array;
  #redStops = 0;

  /** movingFactor: of the way of driving */
  constructor(line: OperatorLine, random: Random, movingFactor: number) {
    this.#line = line;
    this.#random = random;
    this.#factor = movingFactor * Math.exp(DAY_SIGMA * random.normal(0, PURPOSE.day, 0));
    this.#grantedS = new Float64Array(2 * line.stops).fill(-PAUSE_S);
  }

  /** Stops at a red light so far, beyond the half of all segments that meet one without priority. */
  get redStopsMore(): number {
    return this.#redStops;
  }

  /** From stop `from`, left at leftS, to the next, s. asks: the bus wants priority at the light. */
  runS(direction: Direction, from: number, leftS: number, asks: boolean): number {
    const place = direction * this.#line.stops + from;
    const minute = Math.floor(leftS / 60);
    const noise = Math.exp(
      MINUTE_SIGMA * this.#random.normal(place, PURPOSE.minute, minute) - (MINUTE_SIGMA * MINUTE_SIGMA) / 2,
    );
    const movingS = (this.#line.segmentM / movingMps(Math.floor(leftS / 3600))) * this.#factor * noise;
    return movingS + this.#incidentS(place, leftS) + this.#redS(place, leftS + movingS / 2, asks);
  }

  #incidentS(place: number, leftS: number): number {
    const bin = Math.floor(leftS / INCIDENT.binS);
    if (this.#random.uniform(place, PURPOSE.incident, bin) > INCIDENT.chance) return 0;
    return INCIDENT.leastS + (INCIDENT.mostS - INCIDENT.leastS) * this.#random.uniform(place, PURPOSE.delay, bin);
  }

  /** Waiting at the light, s. The cycle begins with green. */
  #redS(place: number, atS: number, asks: boolean): number {
    this.#redStops -= RED_S / CYCLE_S;
    const phaseS = (atS + CYCLE_S * this.#random.uniform(place, PURPOSE.light, 0)) % CYCLE_S;
    const greenS = CYCLE_S - RED_S;
    if (phaseS < greenS) return 0;
    const granted = asks && atS - this.#grantedS[place]! >= PAUSE_S;
    if (granted) this.#grantedS[place] = atS;
    if (granted && phaseS < greenS + EXTENSION_S) return 0;
    const redS = Math.max(0, CYCLE_S - (granted ? TRUNCATION_S : 0) - phaseS);
    if (redS > 0) this.#redStops++;
    return redS;
  }
}
