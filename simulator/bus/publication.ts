// A line's timetable as it travels over MQTT: stops, ways along the streets, plans and trips, with the civil dates on which they run.
import type {
  LineTimetable,
  TimetablePattern,
  TimetableService,
  TimetableStop,
  TimetableTrip,
} from '../../telemetry/timetable.ts';
import type { City } from '../city.ts';
import type { ServiceDate } from '../fleet.ts';
import type { DayType } from '../world.ts';
import type { LineNetwork } from './network.ts';
import type { Timetable } from './schedule.ts';
import type { Side } from './side.ts';

export interface PublicationOptions {
  readonly city: City;
  readonly network: LineNetwork;
  readonly timetable: Timetable;
  readonly utcOffsetMin: number;
  readonly dates: readonly ServiceDate[];
}

export function publicationOf({ city, network, timetable, utcOffsetMin, dates }: PublicationOptions): LineTimetable {
  const line = city.lines[network.lineIndex]!;
  const used = [...new Set(line.directions.flatMap(({ stops }) => stops.map(({ stop }) => stop)))];
  const plans = new Plans();
  const services = [...new Set(dates.map(({ dayType }) => dayType))].map((dayType): TimetableService => ({
    id: dayType,
    dates: dates.filter((date) => date.dayType === dayType).map(({ date }) => date),
    trips: tripsOf(timetable, dayType, plans),
  }));
  return {
    line: line.id,
    label: line.name.en,
    labels: { zh: line.name.zh },
    color: line.color,
    utcOffsetMin,
    stops: used.map((stop) => stopOf(city, stop)),
    patterns: network.sides.map((side) => patternOf(city, side, used)),
    plans: plans.list,
    services,
  };
}

/** Each plan once, by its numbers. */
class Plans {
  readonly list: (readonly number[])[] = [];
  readonly #byText = new Map<string, number>();
  readonly #byPlan = new Map<Float64Array, number>();

  indexOf(planS: Float64Array): number {
    const known = this.#byPlan.get(planS) ?? this.#byText.get(planS.join());
    const index = known ?? this.list.push([...planS]) - 1;
    this.#byPlan.set(planS, index);
    this.#byText.set(planS.join(), index);
    return index;
  }
}

function tripsOf(timetable: Timetable, dayType: DayType, plans: Plans): TimetableTrip[] {
  return timetable.on(dayType).map(({ id, side, startS, planS }) => ({
    id,
    pattern: side.way,
    plan: plans.indexOf(planS),
    startS,
  }));
}

function stopOf(city: City, index: number): TimetableStop {
  const { id, name, x, y } = city.stops[index]!;
  return { id, label: name.en, labels: { zh: name.zh }, ...lookUp(city, { x, y }) };
}

function patternOf(city: City, side: Side, used: readonly number[]): TimetablePattern {
  const { stops } = side.line.directions[side.way]!;
  const nodes = [city.links[side.links[0]!]!.from, ...side.links.map((link) => city.links[link]!.to)];
  return {
    direction: side.direction,
    headsign: city.stops[stops.at(-1)!.stop]!.name.en,
    shape: nodes.map((node) => {
      const { lat, lon } = lookUp(city, city.nodes[node]!);
      return [lat, lon] as const;
    }),
    stops: stops.map(({ stop, atM }) => ({ stop: used.indexOf(stop), alongM: Math.round(10 * atM) / 10 })),
  };
}

/** To 1e-6°, a decimetre. */
function lookUp(city: City, place: { readonly x: number; readonly y: number }): { lat: number; lon: number } {
  const { lat, lon } = city.toLonLat(place);
  return { lat: Math.round(lat * 1e6) / 1e6, lon: Math.round(lon * 1e6) / 1e6 };
}
