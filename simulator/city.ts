// The city as data: where water, streets, bus lines, kerbs and homes are. Everything here is fixed for a run; what changes lives in
// the world. Positions are metres east and north of the city's anchor; `toLonLat` gives WGS-84.

import type { DayType } from './world.ts';

export interface Point {
  readonly x: number;
  readonly y: number;
}

export type StreetClass = 'expressway' | 'arterial' | 'secondary' | 'local';

/** A directed street between two nodes. Two-way streets are two links. */
export interface Link {
  readonly from: number;
  readonly to: number;
  readonly lengthM: number;
  readonly speedLimitMps: number;
  readonly lanes: number;
  readonly streetClass: StreetClass;
  /** Index into `streetNames`. */
  readonly name: number;
}

export interface Stop {
  readonly id: string;
  readonly name: Label;
  readonly x: number;
  readonly y: number;
}

export interface Label {
  readonly en: string;
  readonly zh: string;
}

/** A bus line. Each of its ways is a chain of links with its stops along it. */
export interface BusLine {
  /** As riders know it, e.g. `608`. */
  readonly id: string;
  readonly name: Label;
  readonly color: string;
  /** A generated line has two: out, back. An imported one has one for each sequence of stops in its feed, then those that buses drive empty. */
  readonly directions: readonly LineDirection[];
  /** Its buses in a fleet at scale 1, of a line whose timetable is made for the fleet. */
  readonly buses?: number;
  /** As published, of an imported line. Absent: the timetable is made for the fleet there is. */
  readonly trips?: readonly PlannedTrip[];
}

export interface PlannedTrip {
  /** Unique in the city. */
  readonly id: string;
  /** Index into `directions`. */
  readonly way: number;
  /** Seconds from civil midnight; may pass 86,400. */
  readonly startS: number;
  /** Seconds from the start to the arrival at each stop of the way; the first is 0. */
  readonly planS: readonly number[];
  /** Sorts of day on which it runs. */
  readonly days: readonly DayType[];
}

export interface LineDirection {
  readonly direction: 'out' | 'back';
  readonly links: readonly number[];
  /** Position of each stop along the direction's path, metres from its start, ascending; the first is 0, the last the path's length. */
  readonly stops: readonly { readonly stop: number; readonly atM: number }[];
  readonly lengthM: number;
}

/** Land use decides when people come and how long they stay. */
export type LandUse = 'retail' | 'office' | 'industry' | 'housing';

export interface District {
  readonly name: Label;
  readonly center: Point;
  readonly population: number;
  readonly landUse: LandUse;
}

/** A car park or a kerb block: its spots share arrivals. */
export interface ParkingZone {
  readonly id: string;
  readonly name: Label;
  readonly landUse: LandUse;
  /** One point a spot. */
  readonly spots: readonly Point[];
}

export interface City {
  readonly id: string;
  readonly name: Label;
  readonly anchor: { readonly lon: number; readonly lat: number };
  readonly utcOffsetMin: number;
  readonly nodes: readonly Point[];
  readonly links: readonly Link[];
  /** Links leaving each node, by node index. */
  readonly linksFrom: readonly (readonly number[])[];
  readonly streetNames: readonly Label[];
  /** Mean speed of all streets on an empty road and at the busiest hour. Absent: as surveyed in Wuxi. */
  readonly streetSpeeds?: { readonly freeMps: number; readonly peakMps: number };
  /** `weekdays`: Saturdays are weekends, Sundays are like holidays, no other holidays are known. Absent: China's calendar. */
  readonly calendar?: 'weekdays';
  readonly stops: readonly Stop[];
  readonly lines: readonly BusLine[];
  readonly districts: readonly District[];
  readonly parkingZones: readonly ParkingZone[];
  /** True where a building can stand: inside the built-up area, not in water or park. */
  isLand(point: Point): boolean;
  /** Place of the i-th home, a pure function of i, population-weighted: device i is always there. */
  home(index: number): Point;
  toLonLat(point: Point): { lon: number; lat: number };
  fromLonLat(place: { readonly lon: number; readonly lat: number }): Point;
  /** What the page draws; GeoJSON layers in WGS-84, under 1 MB as JSON text. */
  readonly map: CityMap;
}

/** Answer of `GET /api/city`. */
export interface CityMap {
  readonly id: string;
  readonly name: Label;
  readonly center: readonly [lon: number, lat: number];
  readonly bounds: readonly [west: number, south: number, east: number, north: number];
  readonly note: string;
  readonly layers: {
    /** Polygons. */
    readonly land: object;
    /** Polygons and lines, property `name`, `nameZh`, `type` lake | canal | river. */
    readonly water: object;
    readonly parks: object;
    /** Lines, property `class` of StreetClass, `name`, `nameZh`. */
    readonly streets: object;
    /** Lines, property `line`, `color`, `direction`. */
    readonly busLines: object;
    /** Points, property `stop`, `name`, `nameZh`, `lines`. */
    readonly stops: object;
    /** Points, property `name`, `nameZh`, `rank` 1 (district) … 3, `type` district | lake | place. */
    readonly labels: object;
  };
}
