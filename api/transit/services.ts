// Services as a static feed wants them: each trip in exactly one. A timetable may list the same trip under several sorts of day; here such
// trips make a service of their own with all their dates.
import type { LineTimetable, TimetableTrip } from '../../telemetry/timetable.ts';

export interface Service {
  /** `workday`, or `workday+weekend`. */
  readonly id: string;
  /** Civil, ascending. */
  readonly dates: ReadonlySet<string>;
  readonly trips: readonly TimetableTrip[];
}

/** Those with trips. */
export function servicesOf({ services }: LineTimetable): Service[] {
  const inServices = new Map<string, number[]>();
  for (const [at, { trips }] of services.entries()) {
    for (const { id } of trips) {
      const known = inServices.get(id);
      if (known === undefined) inServices.set(id, [at]);
      else known.push(at);
    }
  }
  const first = services.flatMap(({ trips }, at) => trips.filter(({ id }) => inServices.get(id)![0] === at));
  const together = Map.groupBy(first, ({ id }) => inServices.get(id)!.join());
  return [...together.values()].map((trips) => {
    const members = inServices.get(trips[0]!.id)!.map((at) => services[at]!);
    const dates = new Set(members.flatMap((service) => service.dates).toSorted());
    return { id: members.map(({ id }) => id).join('+'), dates, trips };
  });
}
