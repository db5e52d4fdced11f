// What leaves a bus: its records, where it believes to be, and the alarms of a departure. Changes nothing about the bus but what was reported.
import type { City } from '../city.ts';
import type { Reporter } from '../fleet.ts';
import { CO2_KG_PER_L } from '../physics/bus-energy.ts';
import type { Random } from '../random.ts';
import { Receivers } from '../traffic/gnss.ts';
import { BREAK_S } from './schedule.ts';
import { CAPACITY } from './state.ts';
import type { Bus, Mode } from './state.ts';

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
  readonly headwayRatio: number | undefined;
  readonly dwellS: number | undefined;
  readonly holdS: number;
  readonly co2Kg: number;
}

export interface Departure {
  /** Since the bus ahead left the same stop on the same way; Infinity when none did. */
  readonly headwayS: number;
  /** Left behind at the stop. */
  readonly denied: number;
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

  /** Reports a bus on a trip that leaves its stop. */
  reportDeparture(bus: Bus, nowMs: number, { headwayS, denied }: Departure, report: Reporter): void {
    const targetHeadwayS = bus.service!.trip.headwayS;
    const known = follows(headwayS, targetHeadwayS) ? headwayS : undefined;
    const holdS = Math.max(0, nowMs - (bus.hold?.fromMs ?? Infinity)) / 1000;
    this.#send(bus, nowMs, report, {
      boarded: bus.boarded,
      alighted: bus.alighted,
      denied,
      headwayS: known,
      targetHeadwayS,
      headwayRatio: known === undefined ? undefined : known / targetHeadwayS,
      // At the terminal people board in the layover.
      dwellS: bus.stop === 0 ? undefined : (nowMs - bus.arrivedMs) / 1000 - holdS,
      holdS,
      co2Kg: bus.fuelL * CO2_KG_PER_L,
    });
  }

  #send(bus: Bus, nowMs: number, report: Reporter, departure: DepartureFields | undefined): void {
    bus.lastRecordMs = nowMs;
    const { side, load, service } = bus;
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
        // In the depot the counter at the doors is switched off.
        load: bus.mode === 'depot' ? undefined : load,
        occupancyRatio: bus.mode === 'depot' ? undefined : load / CAPACITY,
        trip: service?.trip.id,
        alongM: service === undefined ? undefined : bus.atM,
        // At rest it is neither early nor late.
        delayS: service === undefined ? undefined : bus.delayS,
        odometerM: bus.odometerM,
        fuelL: bus.fuelL,
        doorOpen: bus.mode === 'atStop' && nowMs < bus.readyMs,
        boarded: departure?.boarded,
        alighted: departure?.alighted,
        denied: departure?.denied,
        headwayS: departure?.headwayS,
        targetHeadwayS: departure?.targetHeadwayS,
        headwayRatio: departure?.headwayRatio,
        dwellS: departure?.dwellS,
        holdS: departure?.holdS,
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
  const targetHeadwayS = bus.service!.trip.headwayS;
  const gap = follows(headwayS, targetHeadwayS) ? headwayS / targetHeadwayS : 1;
  if (bus.bunching ? gap > BUNCHING.clear : gap < BUNCHING.raise) {
    bus.bunching = !bus.bunching;
    report.event(bus.index, nowMs, 'bunching', bus.bunching ? 'raised' : 'cleared', { line, headwayS });
  }
}

/** After a break in the service there is no bus ahead. */
function follows(headwayS: number, targetHeadwayS: number): boolean {
  return headwayS < Math.min(BREAK_S, MAX_HEADWAYS * targetHeadwayS);
}

const STATUS: { readonly [mode in Mode]: string } = {
  moving: 'inTransitTo',
  atStop: 'stoppedAt',
  layover: 'layover',
  depot: 'depot',
  empty: 'deadhead',
};

function statusOf(bus: Bus, nowMs: number): string {
  if (bus.brokenUntilMs !== undefined) return 'broken';
  if (bus.mode === 'atStop' && nowMs >= bus.readyMs && nowMs < (bus.hold?.untilMs ?? 0)) return 'holding';
  return STATUS[bus.mode];
}
