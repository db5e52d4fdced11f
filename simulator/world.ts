// What all devices of a city share at one moment: sky, calendar, people, streets, grid, radio. Devices read it during a tick and meet in it
// one tick later. What a scenario does to the city (rain, a closed road, a power cut) is imposed on the world; devices only feel it.
import type { Point } from './city.ts';

export interface Sky {
  readonly tempC: number;
  readonly dewPointC: number;
  /** Relative humidity, 0…100 */
  readonly humidityPct: number;
  readonly pressureHpa: number;
  readonly rainMmPerH: number;
  /** 0 clear … 1 overcast */
  readonly cloud: number;
  /** Street level, ten-minute mean. */
  readonly windMps: number;
  readonly gustMps: number;
  /** Where the wind comes from, 0…360, clockwise from north. */
  readonly windFromDeg: number;
  readonly visibilityM: number;
  readonly sunElevationDeg: number;
  /** Sunlight on level ground. */
  readonly irradianceWpm2: number;
  readonly illuminanceLx: number;
}

export type DayType = 'workday' | 'weekend' | 'holiday';

export interface Calendar {
  readonly dayType: DayType;
  /** English name of the public holiday, e.g. `Spring Festival`. */
  readonly holiday?: string;
  /** True on days with lessons. */
  readonly school: boolean;
  /** 1…366 */
  readonly dayOfYear: number;
}

/** More people than usual at a place: a concert, a match. */
export interface Crowd {
  readonly center: Point;
  readonly radiusM: number;
  readonly people: number;
}

export interface People {
  /** Share of the day's bus boardings that fall into this hour; the 24 shares of a day sum to its day factor. */
  readonly boardingShare: number;
  /** Water use now relative to the day's mean (mean 1). */
  readonly waterFactor: number;
  /** Parking arrivals now relative to the day's mean, by land use. */
  readonly parkingFactor: {
    readonly retail: number;
    readonly office: number;
    readonly industry: number;
    readonly housing: number;
  };
  /** Cars under way relative to the day's peak, 0…1. */
  readonly traffic: number;
  /** Crowds at this moment; mostly none. */
  readonly crowds: readonly Crowd[];
}

export interface Streets {
  /** Speed on a link relative to its limit, 0…1, with traffic and weather. On a closed link: what a bus waved through drives. */
  speedFactor(link: number): number;
  /** The same on a dry day on which nothing happens: what a planner knows. traffic 0…1, as in `People` */
  usualFactor(link: number, traffic: number): number;
  /** Closed to cars. */
  isClosed(link: number): boolean;
  /** Grows by one whenever a street is closed or opened, so that routes are searched anew only then. */
  readonly version: number;
  /** Vehicles tell the streets what they really drive, so that buses feel them one tick later. speedMps ≥ 0 */
  observe(link: number, speedMps: number): void;
}

/** The 10 kV grid: every place hangs on one feeder. */
export interface Grid {
  readonly feederCount: number;
  /** A pure function of the place. */
  feederAt(point: Point): number;
  /** False where a power cut is. The place decides, not the feeder alone: a cut may take a part of one. */
  isOn(point: Point): boolean;
  /** Phase voltage at a mean customer of the feeder, nominal 220 V; what a power cut takes away is not in here. */
  voltageV(feeder: number): number;
  readonly frequencyHz: number;
}

export interface Radio {
  /** True when a device of this kind at this place reaches its network. */
  reaches(kind: string, point: Point): boolean;
}

/** Means of one civil hour, for meters that report what has been. Known for the hours that lie behind, a week back. */
export interface CityHour {
  /** 0…23 */
  readonly hour: number;
  readonly dayType: DayType;
  /** As in the calendar. */
  readonly holiday?: string;
  readonly dayOfYear: number;
  readonly tempC: number;
  readonly dayMeanTempC: number;
  /** (T + 0.5 T₋₁ + 0.25 T₋₂ + 0.125 T₋₃) / 1.875 of the daily means: what buildings feel. */
  readonly weightedTempC: number;
  readonly rainMmPerH: number;
  readonly irradianceWpm2: number;
}

export interface World {
  readonly simTimeMs: number;
  readonly civilHour: number;
  /** 0 = Sunday */
  readonly civilWeekday: number;
  readonly calendar: Calendar;
  readonly sky: Sky;
  readonly people: People;
  readonly streets: Streets;
  readonly grid: Grid;
  readonly radio: Radio;
  /** False while the control centre is cut off: it sees nothing and its commands reach nobody. */
  readonly centreReachable: boolean;
  /** civilHourIndex: civil hours since 1970. */
  hour(civilHourIndex: number): CityHour;
}

/** Part of the city: a district by its English name, a circle, or a street by its English name. Absent: everywhere. */
export type Place =
  | { readonly district: string }
  | { readonly lat: number; readonly lon: number; readonly radiusM: number }
  | { readonly street: string };

/** What a scenario imposes on the whole city. Times are simulated ms; untilMs Infinity = for good. */
export interface WorldEvent {
  readonly id: string;
  readonly event: 'weather' | 'road-closed' | 'power-cut' | 'network-outage' | 'control-outage' | 'crowd' | 'day-type';
  readonly fromMs: number;
  readonly untilMs: number;
  readonly where?: Place;
  readonly args: { readonly [name: string]: unknown };
}
