// The service of a run: every line's timetable, its operation, and the passengers who come for it. Planned once, before the first bus moves.
import type { Random } from '../random.ts';
import type { Streets } from '../world.ts';
import { demandOf } from './demand.ts';
import type { SideDemand } from './demand.ts';
import { makeTimetable } from './made-timetable.ts';
import type { LineNetwork } from './network.ts';
import { Operation } from './operation.ts';
import { Passengers } from './passengers.ts';
import { ridersADay } from './ridership.ts';
import { publishedTimetable } from './schedule.ts';
import type { Bus } from './state.ts';

export interface Service {
  /** By line. */
  readonly operations: readonly Operation[];
  readonly passengers: Passengers;
}

export function planService(
  networks: readonly LineNetwork[],
  buses: readonly Bus[],
  streets: Streets,
  random: Random,
): Service {
  let firstId = 0;
  const demands = networks.map(({ sides }) =>
    sides.map((side): SideDemand => {
      const demand = demandOf(side, firstId, random);
      firstId += side.stopAtM.length;
      return demand;
    }),
  );
  const operations = networks.map((network, lineIndex) => {
    const own = buses.filter(({ side }) => side.lineIndex === lineIndex);
    const { trips } = network.sides[0]!.line;
    const timetable =
      trips === undefined
        ? makeTimetable(network, own.length, streets, demands[lineIndex]!)
        : publishedTimetable(trips, network.sides);
    return new Operation(network, timetable, own);
  });
  const sides = networks.flatMap((network) => network.sides);
  const daily = operations.flatMap(({ network, timetable }) =>
    network.sides.map((side) => ridersADay(timetable, side)),
  );
  return { operations, passengers: new Passengers(sides, demands.flat(), daily, random) };
}
