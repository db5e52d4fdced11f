// A weather station: thermometer, hygrometer, barometer, rain gauge, cup anemometer with vane, pyranometer. It looks at the sky every minute
// and reports every five; mains with a battery, so that it reports through a power cut. It knows no snow and no dirt.
import type { Command } from '../../telemetry/messages.ts';
import type { City, Point } from '../city.ts';
import { STARTUP_MS } from '../fleet.ts';
import type { CommandAnswer, Fleet, FleetContext, Model, Reporter } from '../fleet.ts';
import { relativeHumidityPct } from '../physics/humidity.ts';
import { builtUpShare, heatIslandK, windFactor } from '../physics/local-climate.ts';
import { TIPS_PER_MM, TIP_MM, caughtMmPerH } from '../physics/tipping-bucket.ts';
import type { Sky, World } from '../world.ts';

const MIN_MS = 60_000;
const HOUR_MS = 3_600_000;

const INTERVAL_S = 300;
const INTERVAL_RANGE_S = [60, 3600] as const;
/** Without a tip for so long, the rain is over. */
const DRY_AFTER_MS = 30 * MIN_MS;
/** Age of a station at the start, and the rain of a year in Wuxi, for the gauge's history. */
const OLDEST_YEARS = 10;
const YEAR_RAIN_MM = 1216;
/** Cups stand still below this wind, and the vane stays where it was. */
const CUP_START_MPS = 0.4;
/** The sun warms the shield of the thermometer when there is no wind to cool it (engineering estimate). */
const SUN_ERROR_K = 1.5;
const CALM_MPS = 1;
const BRIGHT_WPM2 = 600;
/** Places to choose from beyond the centres of the districts. */
const CANDIDATES = 256;

// Purposes of the random draws.
const STARTUP = 1;
const AGE = 2;
const BUCKET = 3;

export const model: Model = {
  description: {
    kind: 'weather-station',
    label: 'Weather station',
    labels: { zh: '气象站' },
    fields: {
      tempC: {
        label: 'Air temperature',
        labels: { zh: '气温' },
        unit: 'Cel',
        min: -40,
        max: 60,
        resolution: 0.1,
        sensor: { noiseSd: 0.05, biasSd: 0.1, driftPerYearSd: 0.03 },
      },
      humidityPct: {
        label: 'Relative humidity',
        labels: { zh: '相对湿度' },
        unit: '%RH',
        min: 0,
        max: 100,
        resolution: 0.1,
        sensor: { noiseSd: 0.3, biasSd: 1.5, driftPerYearSd: 0.7 },
      },
      pressureHpa: {
        label: 'Air pressure',
        labels: { zh: '气压' },
        unit: 'hPa',
        min: 500,
        max: 1100,
        resolution: 0.1,
        sensor: { noiseSd: 0.05, biasSd: 0.15 },
      },
      rainMm: {
        label: 'Rain since installation',
        labels: { zh: '累计降雨量' },
        unit: 'mm',
        min: 0,
        max: 99_999.8,
        resolution: TIP_MM,
      },
      rainMmPerH: {
        label: 'Rain since the last record, per hour',
        labels: { zh: '雨强' },
        unit: 'mm/h',
        min: 0,
        max: 500,
        resolution: 0.1,
      },
      windMps: {
        label: 'Mean wind since the last record',
        labels: { zh: '平均风速' },
        unit: 'm/s',
        min: 0,
        max: 75,
        resolution: 0.1,
        sensor: { noiseSd: 0.05, gainSd: 0.01 },
      },
      gustMps: {
        label: 'Strongest gust since the last record',
        labels: { zh: '阵风风速' },
        unit: 'm/s',
        min: 0,
        max: 75,
        resolution: 0.1,
        sensor: { noiseSd: 0.1, gainSd: 0.01 },
      },
      windFromDeg: {
        label: 'Wind direction',
        labels: { zh: '风向' },
        unit: 'deg',
        min: 0,
        max: 360,
        resolution: 1,
        sensor: { noiseSd: 2, biasSd: 1.5 },
      },
      irradianceWpm2: {
        label: 'Sunlight on level ground',
        labels: { zh: '太阳辐照度' },
        unit: 'W/m2',
        min: 0,
        max: 1600,
        resolution: 1,
        sensor: { noiseShare: 0.005, gainSd: 0.025 },
      },
      illuminanceLx: {
        label: 'Illuminance',
        labels: { zh: '照度' },
        unit: 'lx',
        min: 0,
        max: 200_000,
        resolution: 0.1,
        sensor: { noiseShare: 0.005, gainSd: 0.03 },
      },
      lat: { label: 'Latitude', labels: { zh: '纬度' }, unit: 'deg', min: -90, max: 90, resolution: 1e-7 },
      lon: { label: 'Longitude', labels: { zh: '经度' }, unit: 'deg', min: -180, max: 180, resolution: 1e-7 },
    },
    events: { rain: { label: 'It rains', labels: { zh: '降雨' }, severity: 'info' } },
    commands: {
      setInterval: {
        label: 'Set the report interval',
        labels: { zh: '设置上报间隔' },
        args: {
          type: 'object',
          properties: { intervalS: { type: 'integer', minimum: INTERVAL_RANGE_S[0], maximum: INTERVAL_RANGE_S[1] } },
          required: ['intervalS'],
          additionalProperties: false,
        },
      },
    },
  },
  qos: 1,
  demoCount: 12,
  sources: [
    'WMO-No. 8, Guide to Instruments and Methods of Observation: what a station measures and how well',
    'Heat island, wind in the open, error of a shield in the sun: engineering estimates',
  ],
  hidden: {
    airC: { label: 'True air temperature', labels: { zh: '真实气温' }, unit: 'Cel' },
    fallenMm: { label: 'True rain since the start of the run', labels: { zh: '真实累计降雨量' }, unit: 'mm' },
  },
  // A station looks at whole minutes; only the first minute of a run, and one that a tick cuts, is seen at another moment.
  tickTolerance: {
    tempC: 1e-4,
    humidityPct: 1e-4,
    pressureHpa: 1e-6,
    rainMm: 1e-4,
    rainMmPerH: 0.05,
    windMps: 1e-3,
    gustMps: 1e-3,
    windFromDeg: 1e-3,
    irradianceWpm2: 1e-3,
    illuminanceLx: 1e-3,
  },
  createFleet: (context) => new WeatherStations(context),
};

interface Station {
  readonly place: Point;
  readonly builtUp: number;
  intervalMs: number;
  reportMs: number;
  /** Of the last look at the sky. */
  seenMs: number;
  rainMmPerH: number;
  /** Rain that fell since the start, what lies in the bucket, and how often it has tipped since it was put up. */
  fallenMm: number;
  bucketMm: number;
  tips: number;
  tippedMs: number;
  raining: boolean;
  /** Since the last record; NaN before the first. */
  recordedMs: number;
  recordedTips: number;
  looks: number;
  windSumMps: number;
  gustMps: number;
  windFromDeg: number;
}

class WeatherStations implements Fleet {
  readonly #context: FleetContext;
  /** A city has a dozen of them, a country some thousand: objects will do. */
  readonly #stations: readonly Station[];

  constructor(context: FleetContext) {
    this.#context = context;
    this.#stations = placesFor(context.city, context.count).map((place, device) => this.#putUp(place, device));
  }

  firstWakeMs(device: number): number {
    const { random, startMs } = this.#context;
    const greetingMs = startMs + 1 + Math.floor(STARTUP_MS * random.uniform(device, STARTUP, 0));
    return Math.min(greetingMs, markAfter(startMs, MIN_MS));
  }

  wake(device: number, atMs: number, { sky }: World, report: Reporter): number {
    const station = this.#stations[device]!;
    look(station, atMs, sky);
    this.#tip(device, station, atMs, report);
    if (Number.isNaN(station.recordedMs) || atMs >= station.reportMs) this.#record(device, station, atMs, sky, report);
    return Math.min(markAfter(atMs, MIN_MS), station.reportMs);
  }

  command(device: number, { name, args }: Command, nowMs: number): CommandAnswer {
    if (name !== 'setInterval') return { state: 'rejected', reason: `unknown command ${name}, expected setInterval` };
    const { intervalS } = args;
    const [min, max] = INTERVAL_RANGE_S;
    if (typeof intervalS !== 'number' || !Number.isInteger(intervalS) || intervalS < min || intervalS > max) {
      const reason = `intervalS must be a whole number ${min}…${max}, got ${JSON.stringify(intervalS)}`;
      return { state: 'rejected', reason };
    }
    const station = this.#stations[device]!;
    station.intervalMs = intervalS * 1000;
    const markMs = markAfter(nowMs, station.intervalMs);
    // What was already due stays due.
    if (markMs < station.reportMs) {
      station.reportMs = markMs;
      if (markMs < markAfter(nowMs, MIN_MS)) this.#context.wakeAt(device, markMs);
    }
    return { state: 'done' };
  }

  placeOf(device: number): Point {
    return this.#stations[device]!.place;
  }

  #putUp(place: Point, device: number): Station {
    const { city, random, startMs } = this.#context;
    const tips = Math.round((OLDEST_YEARS * random.uniform(device, AGE, 0) * YEAR_RAIN_MM) / TIP_MM);
    return {
      place,
      builtUp: builtUpShare(city, place),
      intervalMs: INTERVAL_S * 1000,
      reportMs: markAfter(startMs, INTERVAL_S * 1000),
      seenMs: startMs,
      rainMmPerH: NaN,
      fallenMm: 0,
      bucketMm: TIP_MM * random.uniform(device, BUCKET, 0),
      tips,
      tippedMs: -Infinity,
      raining: false,
      recordedMs: NaN,
      recordedTips: tips,
      looks: 0,
      windSumMps: 0,
      gustMps: 0,
      windFromDeg: NaN,
    };
  }

  #tip(device: number, station: Station, atMs: number, report: Reporter): void {
    const tips = Math.floor(station.bucketMm / TIP_MM);
    if (tips > 0) {
      station.bucketMm -= tips * TIP_MM;
      station.tips += tips;
      station.tippedMs = atMs;
    }
    const raining = atMs - station.tippedMs < DRY_AFTER_MS;
    if (raining === station.raining) return;
    station.raining = raining;
    report.event(device, atMs, 'rain', raining ? 'raised' : 'cleared', { rainMm: station.tips / TIPS_PER_MM });
  }

  #record(device: number, station: Station, atMs: number, sky: Sky, report: Reporter): void {
    const { builtUp, looks, tips } = station;
    const airC = sky.tempC + heatIslandK(builtUp, sky);
    const windMps = station.windSumMps / looks;
    const glares = windMps < CALM_MPS && sky.irradianceWpm2 > BRIGHT_WPM2;
    const tempC = airC + (glares ? SUN_ERROR_K : 0);
    const sinceH = (atMs - station.recordedMs) / HOUR_MS;
    const fields = {
      tempC,
      // The hygrometer sits in the same shield.
      humidityPct: relativeHumidityPct(tempC, sky.dewPointC),
      pressureHpa: sky.pressureHpa,
      rainMm: tips / TIPS_PER_MM,
      rainMmPerH: sinceH > 0 ? (tips - station.recordedTips) / TIPS_PER_MM / sinceH : undefined,
      windMps,
      gustMps: station.gustMps,
      windFromDeg: Number.isNaN(station.windFromDeg) ? undefined : station.windFromDeg,
      irradianceWpm2: sky.irradianceWpm2,
      illuminanceLx: sky.illuminanceLx,
      ...this.#context.city.toLonLat(station.place),
    };
    report.record(device, atMs, fields, { airC, fallenMm: station.fallenMm });
    Object.assign(station, { recordedMs: atMs, recordedTips: tips, looks: 0, windSumMps: 0, gustMps: 0 });
    station.reportMs = markAfter(atMs, station.intervalMs);
  }
}

/** One look at the sky: wind now, and the rain since the last look as the mean of both. */
function look(station: Station, atMs: number, sky: Sky): void {
  const hours = (atMs - station.seenMs) / HOUR_MS;
  const before = Number.isNaN(station.rainMmPerH) ? sky.rainMmPerH : station.rainMmPerH;
  station.fallenMm += ((before + sky.rainMmPerH) / 2) * hours;
  station.bucketMm += ((caughtMmPerH(before) + caughtMmPerH(sky.rainMmPerH)) / 2) * hours;
  station.rainMmPerH = sky.rainMmPerH;
  station.seenMs = atMs;
  const factor = windFactor(station.builtUp);
  const windMps = factor * sky.windMps;
  station.looks++;
  if (windMps >= CUP_START_MPS) {
    station.windSumMps += windMps;
    station.windFromDeg = sky.windFromDeg;
  }
  station.gustMps = Math.max(station.gustMps, factor * sky.gustMps);
}

/** The first whole multiple of `stepMs` after `atMs`. */
function markAfter(atMs: number, stepMs: number): number {
  return stepMs * (Math.floor(atMs / stepMs) + 1);
}

/**
 * The first stations stand in the middle of the districts, each further one at the home that is farthest from all before it; those beyond
 * the candidates stand at homes as they come. More stations move none.
 */
function placesFor(city: City, count: number): Point[] {
  const places: Point[] = city.districts.slice(0, count).map(({ center }) => center);
  if (places.length === count) return places;
  const homes = Array.from({ length: CANDIDATES }, (_, home) => city.home(home));
  const nearestM = homes.map((home) => Math.min(Infinity, ...places.map((place) => distanceM(home, place))));
  while (places.length < Math.min(count, CANDIDATES)) {
    const place = homes[nearestM.indexOf(Math.max(...nearestM))]!;
    places.push(place);
    homes.forEach((home, i) => (nearestM[i] = Math.min(nearestM[i]!, distanceM(home, place))));
  }
  while (places.length < count) places.push(city.home(places.length));
  return places;
}

function distanceM(a: Point, b: Point): number {
  return Math.hypot(a.x - b.x, a.y - b.y);
}
