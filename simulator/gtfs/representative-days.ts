// Which three days of a feed stand for its workdays, weekends and holidays: the busiest of their kind, as transit analysts choose them.
import type { DayType } from '../world.ts';
import { runsOn, weekdayOf } from './calendar.ts';
import type { Service, ServiceDays } from './calendar.ts';
import type { Trip } from './trips.ts';

/** Weekdays that stand for a sort of day, best first; 0 = Sunday. A Sunday's timetable is what most networks run on public holidays. */
const WEEKDAYS: { readonly [sort in DayType]: readonly (readonly number[])[] } = {
  workday: [
    [2, 3, 4],
    [1, 5],
  ],
  weekend: [[6], [0]],
  holiday: [[0], [6]],
};
const SORTS: readonly DayType[] = ['workday', 'weekend', 'holiday'];

export interface ChosenDay {
  readonly sort: DayType;
  /** Days since 1970. */
  readonly day: number;
  readonly trips: number;
}

export interface ChosenDays {
  /** Sorts of day without any service are missing. */
  readonly all: readonly ChosenDay[];
  /** Sorts of day on which a service runs. */
  of(service: string): readonly DayType[];
}

export function chooseDays(services: ServiceDays, trips: readonly Trip[]): ChosenDays {
  const tripsOf = new Map<string, number>();
  for (const { service } of trips) tripsOf.set(service, (tripsOf.get(service) ?? 0) + 1);
  const used = [...services.values()].filter(({ id }) => tripsOf.has(id));
  const counts = tripsByDay(used, tripsOf);
  const all = SORTS.flatMap((sort) => {
    const day = busiest(counts, WEEKDAYS[sort]);
    return day === undefined ? [] : [{ sort, day, trips: counts.get(day)! }];
  });
  const sorts = new Map(used.map((service) => [service.id, sortsOf(service, all)]));
  return { all, of: (service) => sorts.get(service) ?? [] };
}

function sortsOf(service: Service, all: readonly ChosenDay[]): DayType[] {
  return all.filter(({ day }) => runsOn(service, day)).map(({ sort }) => sort);
}

/** The day with the most trips among the first weekdays that have any; of equals the earliest. */
function busiest(counts: ReadonlyMap<number, number>, choices: readonly (readonly number[])[]): number | undefined {
  for (const weekdays of choices) {
    let best: number | undefined;
    for (const [day, count] of counts) {
      if (count > (best === undefined ? 0 : counts.get(best)!) && weekdays.includes(weekdayOf(day))) best = day;
    }
    if (best !== undefined) return best;
  }
  return undefined;
}

/** Days in order with their trips. A service that runs for years costs as much as one of a week: where it starts and ends is counted, not its days. */
function tripsByDay(services: readonly Service[], tripsOf: ReadonlyMap<string, number>): Map<number, number> {
  const days = services.flatMap(({ firstDay, lastDay, exceptions }) => [
    ...(lastDay >= firstDay ? [firstDay, lastDay] : []),
    ...exceptions.keys(),
  ]);
  const first = days.reduce((least, day) => Math.min(least, day), Infinity);
  const last = days.reduce((most, day) => Math.max(most, day), -Infinity);
  if (first > last) return new Map();
  const turns = Array.from({ length: 7 }, () => new Int32Array(last - first + 2));
  const extra = new Int32Array(last - first + 1);
  for (const service of services) {
    const trips = tripsOf.get(service.id)!;
    if (service.lastDay >= service.firstDay) {
      service.weekdays.forEach((runs, weekday) => {
        if (!runs) return;
        turns[weekday]![service.firstDay - first]! += trips;
        turns[weekday]![service.lastDay + 1 - first]! -= trips;
      });
    }
    for (const [day, runs] of service.exceptions) {
      const usually = day >= service.firstDay && day <= service.lastDay && service.weekdays[weekdayOf(day)]!;
      extra[day - first]! += (Number(runs) - Number(usually)) * trips;
    }
  }
  const running = new Int32Array(7);
  const counts = new Map<number, number>();
  for (let day = first; day <= last; day++) {
    for (let weekday = 0; weekday < 7; weekday++) running[weekday]! += turns[weekday]![day - first]!;
    counts.set(day, running[weekdayOf(day)]! + extra[day - first]!);
  }
  return counts;
}
