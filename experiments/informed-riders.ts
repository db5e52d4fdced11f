// Riders of one line who look up when their bus comes, and those who do not: when they come to the stop, and how long they wait there. The
// same people ride in every arm. Nobody looks twice, takes another line or walks instead.
import type { LineBus } from '../simulator/bus-line/bus.ts';
import type { LineObserver } from '../simulator/bus-line/observer.ts';
import { hashText } from '../simulator/random.ts';
import type { Random } from '../simulator/random.ts';
import type { ExpectedBus, RiderFeed } from './rider-feed.ts';

/** Riders know the timetable of lines with gaps longer than this. Source: L. Bowman & M. Turnquist, Transportation Research A 15 (1981). */
const KNOWN_TIMETABLE_S = 720;
/** All who look at a bus within this time see the same error. */
const SAME_ERROR_S = 120;

export interface RiderRules {
  /** Share of riders with the app. */
  readonly share: number;
  /** Share of those who look before they leave for the stop; the others look when they are there. */
  readonly aheadShare: number;
  /** Error of an arrival beyond the centre's own, of the time ahead. */
  readonly errorShare: number;
  /** How old the positions are that the app shows. */
  readonly ageS: number;
  /** They look so long before they could be at the stop. */
  readonly walkS: number;
  /** They aim to be there so long before the bus. */
  readonly bufferS: number;
  readonly headwayS: number;
  /** What a minute's wait without information feels like, in minutes with it. */
  readonly uninformedFactor: number;
  /** From stop to stop in the timetable. */
  readonly legS: number;
  /** Before it nothing counts. */
  readonly warmUpS: number;
}

const WAYS = ['out', 'back'] as const;

const PURPOSE = { user: 0, ahead: 1, error: 2 } as const;

interface Group {
  count: number;
  waitS: number;
  long: number;
}

export class InformedRiders implements LineObserver {
  readonly #rules: RiderRules;
  readonly #feed: RiderFeed;
  readonly #random: Random;
  readonly #users: Group = { count: 0, waitS: 0, long: 0 };
  readonly #others: Group = { count: 0, waitS: 0, long: 0 };
  /** Arrivals that users rely on, by bus and stop, until it has come. */
  readonly #relied = new Map<string, number[]>();
  #errorSumS = 0;
  #errors = 0;

  constructor(rules: RiderRules, feed: RiderFeed, random: Random) {
    this.#rules = rules;
    this.#feed = feed;
    this.#random = random;
  }

  /** The arrival for which somebody comes who is ready at nowS, or those of the timetable, ascending; none: comes at once. For the engine's `expected`, asked for everybody. */
  expectedS(way: number, stop: number, nowS: number): readonly number[] {
    const { headwayS, aheadShare } = this.#rules;
    if (!this.#isUser(way, stop, nowS)) return headwayS > KNOWN_TIMETABLE_S ? this.#plannedS(stop, nowS) : [];
    const ahead = this.#random.uniform(placeOf(way, stop), PURPOSE.ahead, momentOf(nowS)) < aheadShare;
    return ahead ? this.#shownS(way, stop, nowS) : [];
  }

  #shownS(way: number, stop: number, nowS: number): readonly number[] {
    const { walkS, ageS, bufferS, headwayS, warmUpS } = this.#rules;
    let goal: ExpectedBus | undefined;
    let goalS = Infinity;
    let lastS = -Infinity;
    for (const bus of this.#feed.expected(WAYS[way]!, stop, nowS - walkS - ageS)) {
      const atS = this.#withError(bus, way, stop, nowS);
      lastS = Math.max(lastS, atS);
      if (atS - bufferS >= nowS && atS < goalS) [goal, goalS] = [bus, atS];
    }
    // Buses that have not left their terminal are shown by the timetable.
    if (goal === undefined) return this.#plannedS(stop, (lastS === -Infinity ? nowS : lastS) + headwayS / 2);
    if (nowS > warmUpS) this.#rely(goal.trip, goalS, way, stop);
    return [goalS];
  }

  departed({ way, stop, trip, arrivedS }: LineBus): void {
    const key = `${way}/${stop}/${trip}`;
    for (const expectedS of this.#relied.get(key) ?? []) {
      this.#errorSumS += Math.abs(arrivedS - expectedS);
      this.#errors++;
    }
    this.#relied.delete(key);
  }

  boarded(way: number, stop: number, waitS: number, _informed: boolean, readyS: number): void {
    if (readyS < this.#rules.warmUpS) return;
    const group = this.#isUser(way, stop, readyS) ? this.#users : this.#others;
    group.count++;
    group.waitS += waitS;
    if (waitS > this.#rules.headwayS) group.long++;
  }

  /** Without an app all are shown as its users. */
  kpis() {
    const { uninformedFactor } = this.#rules;
    const [users, others] = [this.#users, this.#others];
    const people = users.count + others.count;
    const shown = users.count === 0 ? others : users;
    return {
      waitS: (users.waitS + others.waitS) / people,
      perceivedWaitS: (users.waitS + uninformedFactor * others.waitS) / people,
      userWaitS: shown.waitS / shown.count,
      userPerceivedWaitS: ((users.count === 0 ? uninformedFactor : 1) * shown.waitS) / shown.count,
      otherWaitS: others.waitS / others.count,
      userLongWaitShare: shown.long / shown.count,
      etaErrorS: this.#errorSumS / this.#errors,
    };
  }

  /** The same people in every arm, told by the moment at which they are ready. */
  #isUser(way: number, stop: number, readyS: number): boolean {
    return this.#random.uniform(placeOf(way, stop), PURPOSE.user, momentOf(readyS)) < this.#rules.share;
  }

  #withError({ trip, atS }: ExpectedBus, way: number, stop: number, nowS: number): number {
    if (this.#rules.errorShare === 0) return atS;
    const bus = hashText(trip) % 65_536;
    const drawn = this.#random.normal(bus, PURPOSE.error + placeOf(way, stop), Math.floor(nowS / SAME_ERROR_S));
    return atS + this.#rules.errorShare * drawn * Math.max(0, atS - nowS);
  }

  #rely(trip: string, atS: number, way: number, stop: number): void {
    const key = `${way}/${stop}/${trip.slice(trip.lastIndexOf('-') + 1)}`;
    const relied = this.#relied.get(key);
    if (relied === undefined) this.#relied.set(key, [atS]);
    else relied.push(atS);
  }

  /** Two arrivals by the timetable from then on. */
  #plannedS(stop: number, fromS: number): number[] {
    const { headwayS, legS } = this.#rules;
    const next = Math.max(0, Math.ceil((fromS - stop * legS) / headwayS));
    return [next, next + 1].map((trip) => stop * legS + trip * headwayS);
  }
}

const placeOf = (way: number, stop: number) => way * 256 + stop;

/** Whole milliseconds: tells people of a stop apart. */
const momentOf = (readyS: number) => Math.floor(readyS * 1000);
