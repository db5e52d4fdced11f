// A parking spot with a magnetic sensor in the ground. Cars come at random with the hour and stay as long as their errand takes; the sensor
// sees them late, misses a few and sometimes sees a tram. It sleeps until something happens at the spot. Spots do not know each other: a car
// that finds one taken is gone, and a crowd brings at most as many cars as the busiest hour of the week.
import type { Command } from '../../telemetry/messages.ts';
import type { LandUse, Point } from '../city.ts';
import { STARTUP_MS } from '../fleet.ts';
import type { CommandAnswer, Fleet, FleetContext, Model, Reporter } from '../fleet.ts';
import { CrowdParking } from '../parking/crowds.ts';
import { ARRIVALS_PER_H, STAY_MAX_MS, stayMs } from '../parking/stay.ts';
import { lithiumCellV } from '../physics/lithium-cell.ts';
import type { Random } from '../random.ts';
import { parkingFactor, parkingPeak } from '../world/people.ts';
import type { World } from '../world.ts';

const MIN_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;

const USES: readonly LandUse[] = ['retail', 'office', 'industry', 'housing'];
/** Delay of detection, and what waits for the car to stand still (magnetometers in the field; engineering estimate). */
const DETECT_MS = 3000;
const DETECT_MEAN_MS = 2000;
const DEBOUNCE_MS = [10_000, 30_000] as const;
/** A change is missed with a probability of the spot's own, in this range. */
const MISS = [0.01, 0.05] as const;
/** A neighbour's car or a tram fools the sensor 0.2 times a day, for some minutes. */
const FALSE_MEAN_MS = 5 * DAY_MS;
const FALSE_STAY_MEAN_MS = 3 * MIN_MS;

const HEARTBEAT_S = 1800;
const HEARTBEAT_RANGE_S = [60, 86_400] as const;

/** 19 Ah Li-SOCl2, 80 % usable; sensing and sleep, and one uplink at the far end of the cell. */
const CELL_MAH = 15_200;
const SENSING_MA = 0.16;
const UPLINK_MAH = 0.12;
/** Batteries are changed before they are this old: 60 uplinks a day empty one in 3.8 years. */
const OLDEST_YEARS = 3.7;
const UPLINKS_PER_DAY = 60;
const LOW_V = 3.0;
const RECOVERED_V = 3.1;
/** Asphalt in full sun is this much warmer than the air at the sensor's depth (engineering estimate). */
const SUN_K = 8;
const FULL_SUN_LX = 100_000;

// Purposes of the random draws.
const ARRIVAL = 1;
const ACCEPT = 2;
const STAY = 3;
const MISSED = 5;
const MISS_SHARE = 6;
const DELAY = 7;
const DEBOUNCE = 8;
const FALSE_GAP = 9;
const FALSE_STAY = 10;
const PHASE = 11;
const AGE = 12;

/** What happens next at a spot; each has a time of its own. */
const CAR = 0;
const FALSE = 1;
const DETECT = 2;
const BEAT = 3;
const LANES = 4;

export const model: Model = {
  description: {
    kind: 'parking-spot',
    label: 'Parking spot',
    labels: { zh: '停车位' },
    fields: {
      occupied: { label: 'Occupied', labels: { zh: '占用' }, unit: '', type: 'boolean' },
      sinceS: {
        label: 'Time in this state',
        labels: { zh: '状态持续时间' },
        unit: 's',
        min: 0,
        max: 31_536_000,
        resolution: 1,
      },
      batteryV: {
        label: 'Battery voltage',
        labels: { zh: '电池电压' },
        unit: 'V',
        min: 0,
        max: 4,
        resolution: 0.01,
        sensor: { noiseSd: 0.005, biasSd: 0.01 },
      },
      tempC: {
        label: 'Temperature in the ground',
        labels: { zh: '地面温度' },
        unit: 'Cel',
        min: -40,
        max: 85,
        resolution: 0.5,
        sensor: { noiseSd: 0.1, biasSd: 0.5 },
      },
      lat: { label: 'Latitude', labels: { zh: '纬度' }, unit: 'deg', min: -90, max: 90, resolution: 1e-7 },
      lon: { label: 'Longitude', labels: { zh: '经度' }, unit: 'deg', min: -180, max: 180, resolution: 1e-7 },
    },
    events: { batteryLow: { label: 'Battery low', labels: { zh: '电池电量低' }, severity: 'warning' } },
    commands: {
      setHeartbeat: {
        label: 'Set the heartbeat interval',
        labels: { zh: '设置心跳间隔' },
        args: {
          type: 'object',
          properties: { intervalS: { type: 'integer', minimum: HEARTBEAT_RANGE_S[0], maximum: HEARTBEAT_RANGE_S[1] } },
          required: ['intervalS'],
          additionalProperties: false,
        },
      },
    },
  },
  qos: 1,
  demoCount: 2000,
  sources: [
    'Arrivals and stays by land use: engineering estimates; mixtures after published fits of parking durations',
    'Sensor: field reports of magnetometers, detection after 3–5 s, 1–5 % of changes missed',
    'Cell: 19 Ah Li-SOCl2, 80 % usable, 160 µA and 0.12 mAh per uplink',
  ],
  hidden: { parked: { label: 'A car is there', labels: { zh: '实际有车' }, unit: '', type: 'boolean' } },
  // Who comes depends on the hour, the rain and the crowds at the tick; sky and battery are read then, too.
  tickTolerance: { occupied: 0.02, sinceS: 0.03, tempC: 0.005, batteryV: 0.001 },
  createFleet: (context) => new ParkingSpots(context),
};

class ParkingSpots implements Fleet {
  readonly #context: FleetContext;
  readonly #random: Random;
  readonly #spots: readonly Point[];
  readonly #use: Uint8Array;
  readonly #peak: readonly number[];
  readonly #crowds: CrowdParking;
  /** When what happens, `[spot][lane]`; Infinity: not in sight. */
  readonly #nextMs: Float64Array;
  readonly #parked: Uint8Array;
  readonly #fooled: Uint8Array;
  readonly #shown: Uint8Array;
  readonly #shownSinceMs: Float64Array;
  readonly #draws: Uint32Array;
  readonly #beatMs: Uint32Array;
  readonly #uplinks: Uint32Array;
  readonly #low: Uint8Array;

  constructor(context: FleetContext) {
    const { count, city, random } = context;
    this.#context = context;
    this.#random = random;
    const places = city.parkingZones.flatMap((zone) =>
      zone.spots.map((point) => ({ point, use: USES.indexOf(zone.landUse) })),
    );
    if (count > 0 && places.length === 0)
      throw new Error(`city ${city.id} must have parking spots for ${count} sensors, got none`);
    // More sensors than places: the next level of the same car parks.
    const at = (spot: number) => places[spot % places.length]!;
    this.#spots = Array.from({ length: count }, (_, spot) => at(spot).point);
    this.#use = Uint8Array.from({ length: count }, (_, spot) => at(spot).use);
    this.#crowds = new CrowdParking(city);
    this.#peak = USES.map((use) => parkingPeak(use));
    this.#nextMs = new Float64Array(count * LANES).fill(Infinity);
    this.#parked = new Uint8Array(count);
    this.#fooled = new Uint8Array(count);
    this.#shown = new Uint8Array(count);
    this.#shownSinceMs = new Float64Array(count);
    this.#draws = new Uint32Array(count);
    this.#beatMs = new Uint32Array(count).fill(HEARTBEAT_S * 1000);
    this.#uplinks = new Uint32Array(count);
    this.#low = new Uint8Array(count);
    for (let spot = 0; spot < count; spot++) this.#liveUntilStart(spot);
  }

  firstWakeMs(spot: number): number {
    return this.#nextWakeMs(spot);
  }

  /** What coincides happens in the order of the lanes. */
  wake(spot: number, atMs: number, world: World, report: Reporter): number {
    for (let lane = 0; lane < LANES; lane++) {
      if (this.#nextMs[spot * LANES + lane] !== atMs) continue;
      this.#nextMs[spot * LANES + lane] = Infinity;
      this.#happen(spot, lane, atMs, world, report);
    }
    return this.#nextWakeMs(spot);
  }

  placeOf(spot: number): Point {
    return this.#spots[spot]!;
  }

  command(spot: number, { name, args }: Command, nowMs: number): CommandAnswer {
    if (name !== 'setHeartbeat') return { state: 'rejected', reason: `unknown command ${name}, expected setHeartbeat` };
    const intervalS = args.intervalS;
    const [min, max] = HEARTBEAT_RANGE_S;
    if (typeof intervalS !== 'number' || !Number.isInteger(intervalS) || intervalS < min || intervalS > max) {
      return {
        state: 'rejected',
        reason: `intervalS must be a whole number ${min}…${max}, got ${JSON.stringify(intervalS)}`,
      };
    }
    this.#beatMs[spot] = intervalS * 1000;
    this.#schedule(spot, BEAT, nowMs, intervalS * 1000);
    this.#context.wakeAt(spot, this.#nextWakeMs(spot));
    return { state: 'done' };
  }

  #happen(spot: number, lane: number, atMs: number, world: World, report: Reporter): void {
    if (lane === CAR) {
      if (this.#moveCar(spot, atMs, this.#arrivalFactor(spot, world))) this.#sense(spot, atMs);
    } else if (lane === FALSE) {
      this.#fooled[spot]! ^= 1;
      this.#scheduleFalse(spot, atMs);
      this.#schedule(spot, DETECT, atMs, this.#settlingMs(spot));
    } else if (lane === DETECT) {
      this.#show(spot, atMs, world, report);
    } else {
      this.#schedule(spot, BEAT, atMs, this.#beatGapMs(spot, atMs));
      this.#send(spot, atMs, world, report);
    }
  }

  #arrivalFactor(spot: number, { people }: World): number {
    const use = USES[this.#use[spot]!]!;
    const factor = people.parkingFactor[use];
    return people.crowds.length === 0 ? factor : factor + this.#crowds.factor(this.#spots[spot]!, use, people.crowds);
  }

  /** After the first message of a sensor that was switched on, heartbeats spread over their interval. */
  #beatGapMs(spot: number, atMs: number): number {
    const { startMs } = this.#context;
    const spreadMs = startMs + this.#random.uniform(spot, PHASE, 0) * this.#beatMs[spot]!;
    const spreads = atMs <= startMs + STARTUP_MS && spreadMs > startMs + STARTUP_MS;
    return spreads ? spreadMs - atMs : this.#beatMs[spot]!;
  }

  /** Arrival or departure; true when the spot's state changed. factor: arrivals relative to their mean. */
  #moveCar(spot: number, atMs: number, factor: number): boolean {
    const draw = this.#draws[spot]!++;
    const use = this.#use[spot]!;
    if (this.#parked[spot] === 1) {
      this.#parked[spot] = 0;
      this.#schedule(spot, CAR, atMs, this.#arrivalGapMs(spot, draw));
      return true;
    }
    // Thinning: candidates come at the peak rate, and stay candidates outside the peak.
    const comes = this.#random.uniform(spot, ACCEPT, draw) * this.#peak[use]! < factor;
    if (comes) this.#parked[spot] = 1;
    this.#schedule(
      spot,
      CAR,
      atMs,
      comes ? stayMs(USES[use]!, this.#random, spot, STAY, draw) : this.#arrivalGapMs(spot, draw),
    );
    return comes;
  }

  #arrivalGapMs(spot: number, draw: number): number {
    const use = this.#use[spot]!;
    const meanMs = HOUR_MS / (ARRIVALS_PER_H[USES[use]!] * this.#peak[use]!);
    return this.#random.exponential(meanMs, spot, ARRIVAL, draw);
  }

  /** The truth changed: the sensor looks, unless it sleeps through it. A change back within the debounce time leaves no trace. */
  #sense(spot: number, atMs: number): void {
    const [low, high] = MISS;
    const share = low + (high - low) * this.#random.uniform(spot, MISS_SHARE, 0);
    if (this.#random.uniform(spot, MISSED, this.#draws[spot]!) < share) return;
    this.#schedule(spot, DETECT, atMs, this.#settlingMs(spot));
  }

  #settlingMs(spot: number): number {
    const [low, high] = DEBOUNCE_MS;
    const debounceMs = low + (high - low) * this.#random.uniform(spot, DEBOUNCE, 0);
    const draw = this.#draws[spot]!++;
    return DETECT_MS + this.#random.exponential(DETECT_MEAN_MS, spot, DELAY, draw) + debounceMs;
  }

  #scheduleFalse(spot: number, atMs: number): void {
    const draw = this.#draws[spot]!++;
    const gapMs =
      this.#fooled[spot] === 1
        ? 2 * DEBOUNCE_MS[1] + this.#random.exponential(FALSE_STAY_MEAN_MS, spot, FALSE_STAY, draw)
        : this.#random.exponential(FALSE_MEAN_MS, spot, FALSE_GAP, draw);
    this.#schedule(spot, FALSE, atMs, gapMs);
  }

  #show(spot: number, atMs: number, world: World, report: Reporter): void {
    const seen = this.#parked[spot]! ^ this.#fooled[spot]!;
    if (seen === this.#shown[spot]) return;
    this.#shown[spot] = seen;
    this.#shownSinceMs[spot] = atMs;
    this.#send(spot, atMs, world, report);
  }

  #send(spot: number, atMs: number, world: World, report: Reporter): void {
    this.#uplinks[spot]!++;
    const occupied = this.#shown[spot] === 1;
    const { sky } = world;
    const sun = occupied ? 0 : Math.min(1, sky.illuminanceLx / FULL_SUN_LX);
    const tempC = sky.tempC + SUN_K * sun;
    const batteryV = this.#batteryV(spot, atMs, tempC);
    const { lat, lon } = this.#context.city.toLonLat(this.#spots[spot]!);
    const sinceS = (atMs - this.#shownSinceMs[spot]!) / 1000;
    const parked = this.#parked[spot] === 1;
    report.record(spot, atMs, { occupied, sinceS, batteryV, tempC, lat, lon }, { parked });
    this.#warn(spot, atMs, batteryV, report);
  }

  #batteryV(spot: number, atMs: number, tempC: number): number {
    const years = OLDEST_YEARS * this.#random.uniform(spot, AGE, 0);
    const beforeMah = years * 365 * (24 * SENSING_MA + UPLINKS_PER_DAY * UPLINK_MAH);
    const sinceMah = ((atMs - this.#context.startMs) / HOUR_MS) * SENSING_MA + this.#uplinks[spot]! * UPLINK_MAH;
    const charge = 1 - (beforeMah + sinceMah) / CELL_MAH;
    return lithiumCellV(charge, tempC);
  }

  #warn(spot: number, atMs: number, batteryV: number, report: Reporter): void {
    const was = this.#low[spot] === 1;
    const low = was ? batteryV < RECOVERED_V : batteryV < LOW_V;
    if (low === was) return;
    this.#low[spot] = low ? 1 : 0;
    // What was low before the run was reported then.
    if (this.#uplinks[spot] === 1) return;
    report.event(spot, atMs, 'batteryLow', low ? 'raised' : 'cleared', { batteryV });
  }

  /** The days before the run: cars by the city's rhythm, seen without error. */
  #liveUntilStart(spot: number): void {
    const { startMs, utcOffsetMin } = this.#context;
    const use = USES[this.#use[spot]!]!;
    const car = spot * LANES + CAR;
    let sinceMs = startMs - STAY_MAX_MS;
    this.#schedule(spot, CAR, sinceMs, this.#arrivalGapMs(spot, this.#draws[spot]!++));
    while (this.#nextMs[car]! <= startMs) {
      const atMs = this.#nextMs[car]!;
      if (this.#moveCar(spot, atMs, parkingFactor(use, atMs + utcOffsetMin * MIN_MS))) sinceMs = atMs;
    }
    this.#shown[spot] = this.#parked[spot]!;
    this.#shownSinceMs[spot] = sinceMs;
    this.#scheduleFalse(spot, startMs);
    this.#schedule(spot, BEAT, startMs, this.#random.uniform(spot, PHASE, 0) * STARTUP_MS);
  }

  /** Times are whole milliseconds, and nothing follows at once. */
  #schedule(spot: number, lane: number, fromMs: number, gapMs: number): void {
    this.#nextMs[spot * LANES + lane] = fromMs + Math.max(1, Math.ceil(gapMs));
  }

  #nextWakeMs(spot: number): number {
    const first = spot * LANES;
    return Math.min(
      this.#nextMs[first + CAR]!,
      this.#nextMs[first + FALSE]!,
      this.#nextMs[first + DETECT]!,
      this.#nextMs[first + BEAT]!,
    );
  }
}
