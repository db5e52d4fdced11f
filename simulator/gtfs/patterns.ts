// The lines of a feed and the ways in which they are driven: trips of one route that serve the same stops in the same order are one
// pattern. Rare patterns are left out. No geometry.
import type { DayType } from '../world.ts';
import type { Feed, Route } from './feed.ts';
import { safeName, UniqueNames } from './names.ts';
import { timeText } from './stop-times.ts';
import type { Trip } from './trips.ts';

/** Patterns are kept, the most used first, until they have this share of a line's trips. */
const KEPT_SHARE = 0.99;

export interface PatternTrip {
  readonly id: string;
  /** Seconds from midnight. */
  readonly startS: number;
  /** Seconds from the start to the arrival at each stop; the first is 0. */
  readonly planS: readonly number[];
  readonly days: readonly DayType[];
}

export interface Pattern {
  readonly direction: 0 | 1 | undefined;
  /** Indices into the feed's stops; neighbours differ. */
  readonly stops: readonly number[];
  /** '' where the trips have none. */
  readonly shape: string;
  readonly trips: readonly PatternTrip[];
}

export interface FeedLine {
  readonly route: Route;
  /** The most used first. */
  readonly patterns: readonly Pattern[];
}

export interface FeedLines {
  readonly lines: readonly FeedLine[];
  readonly leftOut: readonly string[];
}

export function linesOf(feed: Feed): FeedLines {
  const ids = new UniqueNames();
  const plans = new Plans();
  const byRoute = new Map<Route, Map<string, Draft>>();
  let standing = 0;
  for (const trip of feed.trips) {
    const drafted = draftOf(feed, trip, plans, ids);
    if (drafted === undefined) {
      standing++;
      continue;
    }
    const drafts = byRoute.get(trip.route) ?? new Map<string, Draft>();
    byRoute.set(trip.route, drafts);
    const key = `${trip.direction ?? ''} ${drafted.stops.join(' ')}`;
    const draft: Draft = drafts.get(key) ?? {
      direction: trip.direction,
      stops: drafted.stops,
      shapes: new Map(),
      trips: [],
    };
    drafts.set(key, draft);
    draft.trips.push(...drafted.trips);
    draft.shapes.set(trip.shape, (draft.shapes.get(trip.shape) ?? 0) + drafted.trips.length);
  }
  const rare = { patterns: 0, trips: 0 };
  const lines = feed.routes.flatMap((route) => {
    const drafts = byRoute.get(route);
    return drafts === undefined ? [] : [{ route, patterns: mostUsed([...drafts.values()], rare) }];
  });
  const idle = feed.routes.length - lines.length;
  return {
    lines,
    leftOut: [
      ...(idle > 0 ? [`${idle} ${idle === 1 ? 'route' : 'routes'} without a trip on the chosen days`] : []),
      ...(standing > 0 ? [`${standing} ${standing === 1 ? 'trip that goes' : 'trips that go'} nowhere`] : []),
      ...(rare.trips > 0 ? [`${rare.trips} trips of ${rare.patterns} rare variants of lines`] : []),
    ],
  };
}

interface Draft {
  readonly direction: 0 | 1 | undefined;
  readonly stops: readonly number[];
  /** How many trips take each shape. */
  readonly shapes: Map<string, number>;
  readonly trips: PatternTrip[];
}

/** A trip's stops and runs; undefined when it takes no time or has but one place. */
function draftOf(
  feed: Feed,
  trip: Trip,
  plans: Plans,
  ids: UniqueNames,
): { stops: number[]; trips: PatternTrip[] } | undefined {
  const { stopTimes } = feed;
  const startS = stopTimes.departureS(trip, 0);
  const stops = [stopTimes.stop(trip, 0)];
  const seconds = [0];
  for (let i = 1; i < stopTimes.count(trip); i++) {
    const stop = stopTimes.stop(trip, i);
    // Some feeds list the end of a break as a stop of its own.
    if (stop === stops.at(-1)) continue;
    stops.push(stop);
    seconds.push(stopTimes.arrivalS(trip, i) - startS);
  }
  if (stops.length < 2 || seconds.at(-1)! <= 0) return undefined;
  const planS = plans.share(seconds);
  const days = feed.days.of(trip.service);
  const runs = feed.runs.get(trip);
  const once = [{ id: ids.give([trip.id], `trip-${trip.index}`), startS, planS, days }];
  if (runs === undefined) return { stops, trips: once };
  const trips = runs.map((run) => ({
    id: ids.give([`${safeName(trip.id)}-${timeText(run.startS).slice(0, 5)}`], `trip-${trip.index}`),
    startS: run.startS,
    planS,
    days,
  }));
  return { stops, trips };
}

/** Most trips of a pattern take the same time: they share their plans. */
class Plans {
  readonly #known = new Map<string, readonly number[]>();

  share(planS: readonly number[]): readonly number[] {
    const key = planS.join(' ');
    const known = this.#known.get(key);
    if (known !== undefined) return known;
    this.#known.set(key, planS);
    return planS;
  }
}

function mostUsed(drafts: readonly Draft[], rare: { patterns: number; trips: number }): Pattern[] {
  const sorted = drafts.toSorted((a, b) => b.trips.length - a.trips.length);
  const all = sorted.reduce((sum, { trips }) => sum + trips.length, 0);
  const kept: Pattern[] = [];
  let covered = 0;
  for (const { direction, stops, shapes, trips } of sorted) {
    if (covered >= KEPT_SHARE * all) {
      rare.patterns++;
      rare.trips += trips.length;
      continue;
    }
    covered += trips.length;
    const shape = [...shapes].reduce((best, next) => (next[1] > best[1] ? next : best))[0];
    kept.push({ direction, stops, shape, trips: trips.toSorted((a, b) => a.startS - b.startS) });
  }
  return kept;
}
