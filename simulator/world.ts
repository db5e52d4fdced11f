// What all devices of a city share at one moment: sky, people, streets. Devices read it during a tick and meet in it one tick later.

export interface Sky {
  readonly tempC: number;
  readonly rainMmPerH: number;
  /** 0 clear … 1 overcast */
  readonly cloud: number;
  readonly windMps: number;
  readonly sunElevationDeg: number;
  readonly illuminanceLx: number;
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
}

export interface Streets {
  /** Speed on a link relative to its limit, 0…1, with traffic and weather. */
  speedFactor(link: number): number;
  /** Vehicles tell the streets what they really drive, so that buses feel them one tick later. speedMps ≥ 0 */
  observe(link: number, speedMps: number): void;
}

export interface World {
  readonly simTimeMs: number;
  readonly civilHour: number;
  /** 0 = Sunday */
  readonly civilWeekday: number;
  readonly sky: Sky;
  readonly people: People;
  readonly streets: Streets;
}
