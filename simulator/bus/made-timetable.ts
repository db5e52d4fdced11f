// The timetable of a generated line, made for the buses it has: as dense as they can keep with time in hand, thinner when fewer people ride.
// Even headways on both ways, so that a bus that comes back finds its next trip. One line, two ways, no depots far away, no interlining.
import type { DayType, Streets } from '../world.ts';
import { remember } from '../world/remember.ts';
import { BOARDING, atHour } from '../world/rhythms.ts';
import type { SideDemand } from './demand.ts';
import { dailyBoardings, serviceShare } from './ridership.ts';
import { plannedTimes } from './running-times.ts';
import { inService, perDayType } from './schedule.ts';
import type { Start, Timetable } from './schedule.ts';
import type { LineNetwork } from './network.ts';

/** First and last departures, s after midnight. */
const FIRST_S = 6 * 3600;
const LAST_S = 22 * 3600;
/** The least a driver needs at a terminal. */
export const LAYOVER_MIN_S = 120;
/** Time in hand at each end, of the running time: nine of ten trips are back by then (measured: test of the timetable). */
export const RECOVERY = 0.12;
/** One bus of so many has no trips and stands in for one that is late or broken: 8…12 % are usual. */
const BUSES_PER_SPARE = 10;
/** Nobody waits longer than this by plan where the buses suffice (engineering estimate of Chinese city lines). */
const POLICY_HEADWAY_S = 1200;
const HEADWAY_MIN_S = 30;
/** Running times are planned for trips that start in the same half hour; starts are on half minutes. */
const BAND_S = 1800;
const GRID_S = 30;
/** A trip has the plan of the one half an hour before when it takes as long to this, s. */
const SAME_PLAN_S = 20;
/** A first guess: the line at 18 km/h. */
const GUESS_MPS = 5;
/** Of the peak's headway: about what the buses can keep in a quiet hour. */
const QUIET_SHARE = 0.85;
const OUT = 0;
const BACK = 1;

/** buses ≥ 0; demands: by way. No trips without buses. */
export function makeTimetable(
  network: LineNetwork,
  buses: number,
  streets: Streets,
  demands: readonly SideDemand[],
): Timetable {
  if (buses === 0) return perDayType(() => []);
  const roundM = network.sides.reduce((sum, { lengthM }) => sum + lengthM, 0);
  const guessS = roundM / GUESS_MPS / buses;
  const guess: Ridership = {
    peakHeadwayS: guessS,
    daily: network.sides.map(({ lengthM }) => dailyBoardings(lengthM, (LAST_S - FIRST_S) / guessS)),
  };
  const dayOf = (dayType: DayType, ridership: Ridership) =>
    new LineDay({ network, buses, streets, demands, dayType, ...ridership });
  // Running times need the riders, riders the trips, and trips the running times: the second time round they agree within seconds.
  const first = dayOf('workday', guess);
  const peakHeadwayS = first.densestS(PEAK_S);
  const trips = inService(first.starts(peakHeadwayS));
  const daily = network.sides.map((side) => {
    const own = trips.filter((trip) => trip.side === side);
    return dailyBoardings(side.lengthM, own.length) / serviceShare(own);
  });
  return perDayType((dayType) => inService(dayOf(dayType, { peakHeadwayS, daily }).starts(peakHeadwayS)));
}

/** The busiest moment of a working day, s after midnight. */
const PEAK_S = 3600 * (0.5 + BOARDING.workday.indexOf(Math.max(...BOARDING.workday)));

/** What plans of running times need to know of those who ride. */
interface Ridership {
  readonly peakHeadwayS: number;
  /** Boardings of a working day by way. */
  readonly daily: readonly number[];
}

interface LineDayOptions extends Ridership {
  readonly network: LineNetwork;
  readonly buses: number;
  readonly streets: Streets;
  readonly demands: readonly SideDemand[];
  readonly dayType: DayType;
}

/** One end of the line while its departures are being planned. */
interface End {
  nextS: number;
  /** When buses will be ready here, ascending: none overtakes by plan. */
  readonly readyS: number[];
  readonly startsS: number[];
}

function newEnd(): End {
  return { nextS: FIRST_S, readyS: [], startsS: [] };
}

class LineDay {
  readonly dayType: DayType;
  readonly #options: LineDayOptions;
  readonly #plans: Map<number, Float64Array>[];

  constructor(options: LineDayOptions) {
    this.#options = options;
    this.dayType = options.dayType;
    this.#plans = options.network.sides.map(() => new Map<number, Float64Array>());
  }

  get #inUse(): number {
    const { buses } = this.#options;
    return buses - Math.floor(buses / BUSES_PER_SPARE);
  }

  /** The shortest headway that the buses can keep at a moment. */
  densestS(civilS: number): number {
    const cycleS = this.#turnedS(OUT, civilS) + this.#turnedS(BACK, civilS) - 2 * civilS;
    return Math.max(HEADWAY_MIN_S, cycleS / this.#inUse);
  }

  headwayS(civilS: number, peakHeadwayS: number): number {
    return Math.max(this.densestS(civilS), this.#wantedS(civilS, peakHeadwayS));
  }

  /** By the square root of how many ride (H. Mohring, American Economic Review 62, 1972), within what policy wants. */
  #wantedS(civilS: number, peakHeadwayS: number): number {
    const share = Math.max(0.01, atHour(BOARDING[this.dayType], (civilS / 3600) % 24));
    return Math.min(POLICY_HEADWAY_S, peakHeadwayS * Math.sqrt(Math.max(...BOARDING.workday) / share));
  }

  /** Each way departs at its headway, as soon as a bus is there: one that came back, or one that slept at this end. */
  starts(peakHeadwayS: number): Start[] {
    let asleep = this.#inUse;
    const ways = [newEnd(), newEnd()] as const;
    for (;;) {
      const way = ways[OUT].nextS <= ways[BACK].nextS ? OUT : BACK;
      const [here, there] = [ways[way], ways[1 - way]!];
      if (here.nextS > LAST_S) break;
      const startS = here.nextS;
      if ((here.readyS[0] ?? Infinity) <= startS) here.readyS.shift();
      else if (asleep > 0) asleep--;
      else {
        here.nextS = here.readyS[0] ?? this.#turnedS(1 - way, there.nextS);
        continue;
      }
      here.startsS.push(startS);
      here.nextS = startS + this.headwayS(startS, peakHeadwayS);
      there.readyS.push(this.#turnedS(way, startS));
    }
    return [...this.#named(OUT, ways[OUT].startsS), ...this.#named(BACK, ways[BACK].startsS)];
  }

  /** When a bus that starts a way at civilS is to start the next one; smooth, so that even headways stay even. */
  #turnedS(way: number, civilS: number): number {
    const position = civilS / BAND_S - 0.5;
    const band = Math.floor(position);
    const [before, after] = [this.#planOf(way, band).at(-1)!, this.#planOf(way, band + 1).at(-1)!];
    const runS = before + (position - band) * (after - before);
    return civilS + runS + Math.max(LAYOVER_MIN_S, RECOVERY * runS);
  }

  /** Of trips that start within a band of time. */
  #planOf(way: number, band: number): Float64Array {
    return remember(this.#plans[way]!, Infinity, band, () => this.#plan(way, band));
  }

  #plan(way: number, band: number): Float64Array {
    const { network, streets, demands, dayType, daily, peakHeadwayS } = this.#options;
    const perDay = daily[way]!;
    const ridersAt = (atS: number) => {
      const headwayS = Math.max(QUIET_SHARE * peakHeadwayS, this.#wantedS(atS, peakHeadwayS));
      return (perDay * (atHour(BOARDING[dayType], (atS / 3600) % 24) / 100) * headwayS) / 3600;
    };
    return plannedTimes(streets, {
      side: network.sides[way]!,
      dayType,
      startS: (band + 0.5) * BAND_S,
      riders: { at: ridersAt, demand: demands[way]! },
    });
  }

  /** `608-out-0712`; the second of a minute `608-out-0712b`; on other days than working days `608-out-0712-weekend`. */
  #named(way: number, startsS: readonly number[]): Start[] {
    const side = this.#options.network.sides[way]!;
    const suffix = this.dayType === 'workday' ? '' : `-${this.dayType}`;
    let minute = '';
    let inMinute = 0;
    let planS = this.#planOf(way, FIRST_S / BAND_S);
    return startsS.map((exactS) => {
      const startS = Math.round(exactS / GRID_S) * GRID_S;
      const ownS = this.#planOf(way, Math.floor(startS / BAND_S));
      if (Math.abs(ownS.at(-1)! - planS.at(-1)!) > SAME_PLAN_S) planS = ownS;
      const clock = clockOf(startS);
      inMinute = clock === minute ? inMinute + 1 : 0;
      minute = clock;
      const letter = inMinute === 0 ? '' : String.fromCharCode(97 + inMinute);
      return { id: `${side.line.id}-${side.direction}-${clock}${letter}${suffix}`, side, startS, planS };
    });
  }
}

function clockOf(civilS: number): string {
  const minutes = Math.floor(civilS / 60);
  return `${String(Math.floor(minutes / 60)).padStart(2, '0')}${String(minutes % 60).padStart(2, '0')}`;
}
