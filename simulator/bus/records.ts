// What leaves a bus: its records, where it believes to be, and the alarms of a departure. Changes nothing about the bus but what was reported.
import type { City } from '../city.ts';
import type { Reporter } from '../fleet.ts';
import { CO2_KG_PER_L } from '../physics/bus-energy.ts';
import type { Random } from '../random.ts';
import { Receivers } from '../traffic/gnss.ts';
import { CAPACITY } from './state.ts';
import type { Bus } from './state.ts';

/** A gap of more than this many planned headways is a break in the service. */
const MAX_HEADWAYS = 4;
/** Shares of capacity, and of the target headway, at which alarms are raised and cleared. */
const CROWDED = { raise: 0.95, clear: 0.85 } as const;
const BUNCHING = { raise: 0.25, clear: 0.4 } as const;

/** Only a departure carries these. */
interface DepartureFields {
  readonly boarded: number;
  readonly alighted: number;
  readonly denied: number;
  readonly headwayS: number | undefined;
  readonly targetHeadwayS: number;
  readonly co2Kg: number;
}

export class Records {
  readonly #city: City;
  readonly #receivers: Receivers;

  constructor(city: City, count: number, random: Random) {
    this.#city = city;
    this.#receivers = new Receivers(count, random);
  }

  report(bus: Bus, nowMs: number, report: Reporter): void {
    this.#send(bus, nowMs, report, undefined);
  }

  /** Reports a bus that leaves its stop, `headwayS` after the bus ahead, with `denied` people left behind. */
  reportDeparture(bus: Bus, nowMs: number, headwayS: number, denied: number, report: Reporter): void {
    this.#send(bus, nowMs, report, {
      boarded: bus.boarded,
      alighted: bus.alighted,
      denied,
      // After a break in the service there is no bus ahead.
      headwayS: headwayS < MAX_HEADWAYS * bus.trip.headwayS ? headwayS : undefined,
      targetHeadwayS: bus.trip.headwayS,
      co2Kg: bus.fuelL * CO2_KG_PER_L,
    });
  }

  #send(bus: Bus, nowMs: number, report: Reporter, departure: DepartureFields | undefined): void {
    bus.lastRecordMs = nowMs;
    const { side, load, mode } = bus;
    const place = side.placeAt(bus.atM, bus.linkIndex);
    const { lat, lon } = this.#city.toLonLat(this.#receivers.fix(bus.index, nowMs, place));
    const truth = this.#city.toLonLat(place);
    report.record(
      bus.index,
      nowMs,
      {
        lat,
        lon,
        speedMps: bus.speedMps,
        headingDeg: side.headingDeg(bus.linkIndex),
        line: side.line.id,
        direction: side.direction,
        nextStop: side.stopIds[bus.stop]!,
        stopSequence: bus.stop,
        status: statusOf(bus, nowMs),
        load,
        occupancyRatio: load / CAPACITY,
        // At rest it is neither early nor late.
        delayS: mode === 'layover' ? undefined : bus.delayS,
        odometerM: bus.odometerM,
        fuelL: bus.fuelL,
        doorOpen: mode === 'atStop' && nowMs < bus.readyMs,
        boarded: departure?.boarded,
        alighted: departure?.alighted,
        denied: departure?.denied,
        headwayS: departure?.headwayS,
        targetHeadwayS: departure?.targetHeadwayS,
        co2Kg: departure?.co2Kg,
      },
      { trueLat: truth.lat, trueLon: truth.lon },
    );
  }
}

/** Raises and clears what shows at a departure: a full bus, a bus close behind another. */
export function watch(bus: Bus, nowMs: number, headwayS: number, report: Reporter): void {
  const line = bus.side.line.id;
  const full = bus.load / CAPACITY;
  if (bus.crowded ? full < CROWDED.clear : full > CROWDED.raise) {
    bus.crowded = !bus.crowded;
    report.event(bus.index, nowMs, 'crowded', bus.crowded ? 'raised' : 'cleared', { line, load: bus.load });
  }
  const gap = headwayS / bus.trip.headwayS;
  if (bus.bunching ? gap > BUNCHING.clear : gap < BUNCHING.raise) {
    bus.bunching = !bus.bunching;
    report.event(bus.index, nowMs, 'bunching', bus.bunching ? 'raised' : 'cleared', { line, headwayS });
  }
}

function statusOf(bus: Bus, nowMs: number): string {
  if (bus.brokenUntilMs !== undefined) return 'broken';
  if (bus.mode === 'layover') return 'layover';
  if (bus.mode === 'moving') return 'inTransitTo';
  return nowMs >= bus.readyMs && nowMs < (bus.hold?.untilMs ?? 0) ? 'holding' : 'stoppedAt';
}
