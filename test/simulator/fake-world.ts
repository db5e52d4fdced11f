// A world that stands still, for model tests: mild weather, a given demand and traffic, streets at a given speed.
import type { FleetContext } from '../../simulator/fleet.ts';
import type { City } from '../../simulator/city.ts';
import type { Value } from '../../telemetry/description.ts';
import type { AckState } from '../../telemetry/messages.ts';
import type { World } from '../../simulator/world.ts';
import { Random } from '../../simulator/random.ts';
import type { Fleet, Model, Reporter } from '../../simulator/fleet.ts';

/** 08:00 civil time on a Wednesday. */
export const START_MS = Date.UTC(2026, 4, 20, 0, 0, 0);

export interface FakeWorldOptions {
  readonly boardingShare?: number;
  readonly traffic?: number;
  readonly speedFactor?: number;
  readonly civilHour?: number;
}

export function fakeWorld({
  boardingShare = 0.0625,
  traffic = 1,
  speedFactor = 0.8,
  civilHour = 8,
}: FakeWorldOptions = {}): World {
  return {
    simTimeMs: START_MS,
    civilHour,
    civilWeekday: 3,
    sky: { tempC: 20, rainMmPerH: 0, cloud: 0, windMps: 2, sunElevationDeg: 30, illuminanceLx: 50_000 },
    people: {
      boardingShare,
      waterFactor: 1,
      parkingFactor: { retail: 1, office: 1, industry: 1, housing: 1 },
      traffic,
    },
    streets: { speedFactor: () => speedFactor, observe: () => {} },
  };
}

export interface Reported {
  readonly device: number;
  readonly tsMs: number;
  readonly fields: { readonly [name: string]: Value | undefined };
}

/** A fleet of `count` devices and everything it reports. */
export class Life {
  readonly records: Reported[] = [];
  readonly events: { device: number; tsMs: number; name: string; state: string | undefined }[] = [];
  readonly acks: { device: number; tsMs: number; id: string; state: AckState; reason: string | undefined }[] = [];
  readonly fleet: Fleet;
  readonly report: Reporter;
  nowMs = START_MS;

  constructor(model: Model, city: City, count: number, seed = 1) {
    const context: FleetContext = {
      count,
      city,
      random: new Random(seed).fork(model.description.kind),
      startMs: START_MS,
      utcOffsetMin: 480,
      deviceId: (index) => `${model.description.kind}-${index}`,
    };
    this.fleet = model.createFleet(context);
    this.report = {
      record: (device, tsMs, fields) => void this.records.push({ device, tsMs, fields }),
      event: (device, tsMs, name, state) => void this.events.push({ device, tsMs, name, state }),
      ack: (device, tsMs, id, state, reason) => void this.acks.push({ device, tsMs, id, state, reason }),
    };
  }

  run(seconds: number, world: World = fakeWorld(), dtMs = 1000): this {
    for (const endMs = this.nowMs + seconds * 1000; this.nowMs < endMs;) {
      this.nowMs += dtMs;
      this.fleet.tick(this.nowMs, dtMs, world, this.report);
    }
    return this;
  }
}
