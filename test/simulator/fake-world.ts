// A world that stands still, for model tests: mild weather, a working day in May, a given demand and traffic, streets at a given speed,
// power and radio everywhere unless the test says otherwise. And `Life`: a fleet with everything it reports.
import { Random } from '../../simulator/random.ts';
import type { City, Point } from '../../simulator/city.ts';
import { TimingWheel } from '../../simulator/timing-wheel.ts';
import type { Fields, Fleet, FleetContext, Model, Reporter } from '../../simulator/fleet.ts';
import type { Calendar, CityHour, Crowd, People, Sky, World } from '../../simulator/world.ts';
import type { AckState } from '../../telemetry/messages.ts';

/** 08:00 civil time on a Wednesday. */
export const START_MS = Date.UTC(2026, 4, 20, 0, 0, 0);

export interface FakeWorldOptions {
  readonly simTimeMs?: number;
  readonly boardingShare?: number;
  readonly traffic?: number;
  readonly speedFactor?: number;
  readonly civilHour?: number;
  readonly civilWeekday?: number;
  readonly sky?: Partial<Sky>;
  readonly calendar?: Partial<Calendar>;
  /** Whatever else people do. */
  readonly people?: Partial<People>;
  readonly crowds?: readonly Crowd[];
  readonly closedLinks?: Iterable<number>;
  readonly streetsVersion?: number;
  /** Power everywhere, nowhere, or where the function says. */
  readonly isOn?: boolean | ((point: Point) => boolean);
  readonly voltageV?: number;
  readonly reaches?: boolean | ((kind: string, point: Point) => boolean);
  /** What differs from an hour of the fake sky and day. */
  readonly hour?: (civilHourIndex: number) => Partial<CityHour>;
}

const MILD: Sky = {
  tempC: 20,
  dewPointC: 12,
  humidityPct: 60,
  pressureHpa: 1013,
  rainMmPerH: 0,
  cloud: 0,
  windMps: 2,
  gustMps: 3.4,
  windFromDeg: 135,
  visibilityM: 20_000,
  sunElevationDeg: 30,
  irradianceWpm2: 400,
  illuminanceLx: 50_000,
};

export function fakeWorld(options: FakeWorldOptions = {}): World {
  const { isOn = true, reaches = true, voltageV = 225 } = options;
  const sky = { ...MILD, ...options.sky };
  const calendar: Calendar = { dayType: 'workday', school: true, dayOfYear: 140, ...options.calendar };
  const closed = new Set(options.closedLinks);
  const speedFactor = options.speedFactor ?? 0.8;
  return {
    simTimeMs: options.simTimeMs ?? START_MS,
    civilHour: options.civilHour ?? 8,
    civilWeekday: options.civilWeekday ?? 3,
    calendar,
    sky,
    people: {
      boardingShare: options.boardingShare ?? 0.0625,
      waterFactor: 1,
      parkingFactor: { retail: 1, office: 1, industry: 1, housing: 1 },
      traffic: options.traffic ?? 1,
      crowds: options.crowds ?? [],
      ...options.people,
    },
    streets: {
      speedFactor: () => speedFactor,
      usualFactor: () => speedFactor,
      isClosed: (link) => closed.has(link),
      version: options.streetsVersion ?? 0,
      observe: () => {},
    },
    grid: {
      feederCount: 1,
      feederAt: () => 0,
      isOn: typeof isOn === 'function' ? isOn : () => isOn,
      voltageV: () => voltageV,
      frequencyHz: 50,
    },
    radio: { reaches: typeof reaches === 'function' ? reaches : () => reaches },
    centreReachable: true,
    hour: (index) => ({
      hour: ((index % 24) + 24) % 24,
      dayType: calendar.dayType,
      dayOfYear: calendar.dayOfYear,
      tempC: sky.tempC,
      dayMeanTempC: sky.tempC,
      weightedTempC: sky.tempC,
      rainMmPerH: sky.rainMmPerH,
      irradianceWpm2: sky.irradianceWpm2,
      ...options.hour?.(index),
    }),
  };
}

export interface Reported {
  readonly device: number;
  readonly tsMs: number;
  readonly fields: Fields;
  readonly hidden?: Fields | undefined;
}

/** A fleet of `count` devices, ticked or woken, and everything it reports. */
export class Life {
  readonly records: Reported[] = [];
  readonly events: { device: number; tsMs: number; name: string; state: string | undefined; fields?: Fields }[] = [];
  readonly acks: { device: number; tsMs: number; id: string; state: AckState; reason: string | undefined }[] = [];
  readonly fleet: Fleet;
  readonly report: Reporter;
  nowMs = START_MS;
  readonly #wheel: TimingWheel;

  constructor(model: Model, city: City, count: number, seed = 1) {
    this.#wheel = new TimingWheel(count, START_MS);
    const context: FleetContext = {
      count,
      city,
      random: new Random(seed).fork(model.description.kind),
      startMs: START_MS,
      utcOffsetMin: 480,
      deviceId: (index) => `${model.description.kind}-${index}`,
      wakeAt: (device, atMs) => this.#wheel.schedule(device, atMs),
    };
    this.fleet = model.createFleet(context);
    this.report = {
      record: (device, tsMs, fields, hidden) => void this.records.push({ device, tsMs, fields, hidden }),
      event: (device, tsMs, name, state, fields = {}) => void this.events.push({ device, tsMs, name, state, fields }),
      ack: (device, tsMs, id, state, reason) => void this.acks.push({ device, tsMs, id, state, reason }),
    };
    if (this.fleet.firstWakeMs !== undefined)
      for (let device = 0; device < count; device++) this.#wheel.schedule(device, this.fleet.firstWakeMs(device));
  }

  run(seconds: number, world: World = fakeWorld(), dtMs = 1000): this {
    for (const endMs = this.nowMs + seconds * 1000; this.nowMs < endMs;) this.tick(dtMs, world);
    return this;
  }

  /** befell: what happens to devices at the end of the tick, before they wake, as in a run. */
  tick(dtMs: number, world: World = fakeWorld(), befell?: () => void): void {
    this.nowMs += dtMs;
    befell?.();
    this.#wake(world);
    this.fleet.tick?.(this.nowMs, dtMs, world, this.report);
  }

  /** A wheel keeps no order between devices; what they said is put in order of time, and of index at one time. */
  #wake(world: World): void {
    const { fleet, report, records, events } = this;
    if (fleet.wake === undefined) return;
    const [recorded, warned] = [records.length, events.length];
    this.#wheel.advance(this.nowMs, (device, atMs) => fleet.wake!(device, atMs, world, report));
    sortFrom(records, recorded);
    sortFrom(events, warned);
  }
}

function sortFrom(list: { tsMs: number; device: number }[], index: number): void {
  const sorted = list.slice(index).sort((a, b) => a.tsMs - b.tsMs || a.device - b.device);
  for (const said of sorted) list[index++] = said;
}
