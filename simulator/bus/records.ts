// What leaves a bus: its records, where it believes to be, and the alarms of a departure. Changes nothing about the bus but what was reported.
import type { City, Point } from '../city.ts';
import type { Reporter } from '../fleet.ts';
import type { Random } from '../random.ts';
import { Receivers } from '../traffic/gnss.ts';
import { counted } from './faults.ts';
import { BREAK_S } from './schedule.ts';
import { EMPTY_MPS, headingOn, placeOn } from './shuttle.ts';
import { CAPACITY, isHeld } from './state.ts';
import type { Bus, Fix, Mode } from './state.ts';
import { socPct } from './tank.ts';

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
  readonly holdS: number | undefined;
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
      boarded: counted(bus, bus.boarded, nowMs),
      alighted: counted(bus, bus.alighted, nowMs),
      denied,
      headwayS: known,
      targetHeadwayS,
      headwayRatio: known === undefined ? undefined : known / targetHeadwayS,
      // At the terminal people board in the layover.
      dwellS: bus.stop === 0 ? undefined : (nowMs - bus.arrivedMs) / 1000 - holdS,
      holdS,
      co2Kg: bus.tank.co2Kg,
    });
  }

  /** Reports a bus that leaves a stop unserved: for those who wait there none has come. */
  reportUnserved(bus: Bus, nowMs: number, denied: number, report: Reporter): void {
    this.#send(bus, nowMs, report, {
      boarded: 0,
      alighted: bus.alighted,
      denied,
      headwayS: undefined,
      targetHeadwayS: bus.service!.trip.headwayS,
      headwayRatio: undefined,
      dwellS: bus.mode === 'atStop' ? (nowMs - bus.arrivedMs) / 1000 : undefined,
      holdS: undefined,
      co2Kg: bus.tank.co2Kg,
    });
  }

  #send(bus: Bus, nowMs: number, report: Reporter, departure: DepartureFields | undefined): void {
    bus.lastRecordMs = nowMs;
    const { side, service, shuttle, tank } = bus;
    const place = placeOf(bus);
    const truth = this.#city.toLonLat(place);
    const isDriven = shuttle === undefined;
    const speedMps = isDriven ? bus.speedMps : EMPTY_MPS;
    const headingDeg = isDriven ? side.headingDeg(bus.linkIndex) : headingOn(shuttle);
    const fix = this.#fix(bus, nowMs, place, speedMps, headingDeg);
    const isServing = bus.mode === 'moving' || bus.mode === 'atStop';
    const load = counted(bus, bus.load, nowMs);
    report.record(
      bus.index,
      nowMs,
      {
        lat: fix.lat,
        lon: fix.lon,
        speedMps: fix.speedMps,
        headingDeg: fix.headingDeg,
        line: side.line.id,
        direction: side.direction,
        nextStop: side.stopIds[bus.stop]!,
        stopSequence: bus.stop,
        status: statusOf(bus, nowMs),
        // In the depot the counter at the doors is switched off.
        load: bus.mode === 'depot' ? undefined : load,
        occupancyRatio: bus.mode === 'depot' ? undefined : load / CAPACITY,
        trip: !isServing || service!.isExtra ? undefined : service!.trip.id,
        alongM: isServing ? bus.atM : undefined,
        // At rest, or without a plan, it is neither early nor late.
        delayS: !isServing || service!.isExtra ? undefined : bus.delayS,
        odometerM: bus.odometerM,
        propulsion: tank.propulsion,
        engineOn: tank.engineOn,
        idleS: tank.idleS,
        fuelL: tank.propulsion === 'diesel' || tank.propulsion === 'hybrid' ? tank.fuelL : undefined,
        gasKg: tank.propulsion === 'cng' ? tank.gasKg : undefined,
        energyKwh: tank.propulsion === 'battery' ? tank.energyKwh : undefined,
        chargedKwh: tank.propulsion === 'battery' ? tank.chargedKwh : undefined,
        socPct: socPct(tank),
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
      { trueLat: truth.lat, trueLon: truth.lon, trueSpeedMps: speedMps, trueLoad: bus.load },
    );
  }

  /** What the receiver says; one that is frozen says again what it said. */
  #fix(bus: Bus, nowMs: number, place: Point, speedMps: number, headingDeg: number): Fix {
    const isFrozen = nowMs < bus.frozenUntilMs;
    if (isFrozen && bus.fix !== undefined) return bus.fix;
    const { lat, lon } = this.#city.toLonLat(this.#receivers.fix(bus.index, nowMs, place));
    const fix = { lat, lon, speedMps, headingDeg };
    bus.fix = isFrozen ? fix : undefined;
    return fix;
  }
}

/** Where it is. */
export function placeOf({ side, atM, linkIndex, shuttle }: Bus): Point {
  return shuttle === undefined ? side.placeAt(atM, linkIndex) : placeOn(shuttle);
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
  shuttle: 'deadhead',
};

function statusOf(bus: Bus, nowMs: number): string {
  if (bus.brokenUntilMs !== undefined) return 'broken';
  if (isHeld(bus, nowMs)) return 'holding';
  if (bus.mode === 'depot' && bus.tank.isCharging) return 'charging';
  return STATUS[bus.mode];
}
