// Mornings of Wuxi's buses with few and with many of them: what a transit engineer would look at first.
import { beforeAll, describe, expect, it } from 'vitest';
import { loadCity } from '../../simulator/city/load.ts';
import type { Fields } from '../../simulator/fleet.ts';
import { model } from '../../simulator/models/bus.ts';
import { Random } from '../../simulator/random.ts';
import { createWorld } from '../../simulator/world/create.ts';
import { Headways } from '../../telemetry/headways.ts';

const HOUR_MS = 3_600_000;
const SIX = Date.UTC(2026, 4, 19, 22);
const HOURS = 7;
const city = loadCity();
const stopsOf = new Map(city.lines.map(({ id, directions }) => [id, directions[0]!.stops.length]));

class Morning {
  /** From 8 to 9, by third of the line. */
  readonly gaps = [new Headways(), new Headways(), new Headways()] as const;
  readonly arrivalDelaysS: number[] = [];
  readonly endDelaysS: number[] = [];
  cancelled = 0;
  departures = 0;
  #loads = 0;
  #loaded = 0;
  #tripM = 0;
  #tripS = 0;
  readonly #begun = new Map<number, { readonly tsMs: number; readonly odometerM: number }>();

  constructor(count: number) {
    const root = new Random(1);
    const world = createWorld({ city, random: root.fork('world'), startMs: SIX, utcOffsetMin: 480 });
    const fleet = model.createFleet({
      count,
      city,
      random: root.fork('bus'),
      startMs: SIX,
      utcOffsetMin: 480,
      deviceId: String,
      wakeAt: () => {},
    });
    const report = {
      record: (bus: number, tsMs: number, fields: Fields) => this.#hear(bus, tsMs, fields),
      event: (_: number, __: number, name: string) => void (this.cancelled += name === 'tripCancelled' ? 1 : 0),
      ack: () => {},
    };
    for (let nowMs = SIX; nowMs < SIX + HOURS * HOUR_MS;) {
      nowMs += 5000;
      world.advance(nowMs);
      fleet.tick!(nowMs, 5000, world, report);
    }
  }

  get meanLoad(): number {
    return this.#loads / this.#loaded;
  }
  /** From 8 to 9, km/h from the first stop to the last. */
  get commercialKmh(): number {
    return (3.6 * this.#tripM) / this.#tripS;
  }

  #hear(bus: number, tsMs: number, fields: Fields): void {
    if (fields.status === 'inTransitTo') {
      this.#loads += Number(fields.load);
      this.#loaded++;
    }
    const stop = Number(fields.stopSequence);
    const last = stopsOf.get(String(fields.line))! - 1;
    if (fields.targetHeadwayS === undefined) {
      if (fields.status !== 'stoppedAt' || fields.doorOpen !== true) return;
      this.arrivalDelaysS.push(Number(fields.delayS));
      if (stop === last) this.endDelaysS.push(Number(fields.delayS));
      return;
    }
    const isPeak = Math.floor((tsMs - SIX) / HOUR_MS) === 2;
    if (stop === 0) this.departures++;
    if (stop === 0) this.#begun.set(bus, { tsMs, odometerM: Number(fields.odometerM) });
    const begun = this.#begun.get(bus);
    if (stop === last && begun !== undefined && isPeak) {
      this.#tripM += Number(fields.odometerM) - begun.odometerM;
      this.#tripS += (tsMs - begun.tsMs) / 1000;
    }
    const third = Math.min(2, Math.floor((3 * stop) / (last + 1)));
    if (isPeak && fields.headwayS !== undefined)
      this.gaps[third]!.add(Number(fields.headwayS), Number(fields.targetHeadwayS));
  }
}

function quantile(values: readonly number[], share: number): number {
  return values.toSorted((a, b) => a - b)[Math.floor(share * values.length)]!;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

const COUNTS = [12, 120, 240];
const mornings = new Map<number, Morning>();

beforeAll(() => {
  for (const count of COUNTS) {
    const morning = new Morning(count);
    mornings.set(count, morning);
    console.log(summaryOf(count, morning));
  }
}, 120_000);

function summaryOf(
  count: number,
  { meanLoad, commercialKmh, arrivalDelaysS, endDelaysS, gaps, cancelled }: Morning,
): string {
  const cvs = gaps.map(({ cv }) => cv.toFixed(2)).join(' / ');
  return (
    `${count} buses: load ${meanLoad.toFixed(1)}, delay ${mean(arrivalDelaysS).toFixed(0)} s (P95 ${quantile(arrivalDelaysS, 0.95)}), at the end P90 ` +
    `${quantile(endDelaysS, 0.9)} s, ${commercialKmh.toFixed(1)} km/h from 8 to 9 (published 17.2…18.0), headway CV ${cvs}, ${cancelled} trips cancelled`
  );
}

describe('the buses of Wuxi', () => {
  it.each(COUNTS)('carry alike whether there are %i or 120', (count) => {
    expect(mornings.get(count)!.meanLoad / mornings.get(120)!.meanLoad).toBeGreaterThan(0.8);
    expect(mornings.get(count)!.meanLoad / mornings.get(120)!.meanLoad).toBeLessThan(1.2);
  });

  it.each(COUNTS)('are on time on a dry day, all %i of them', (count) => {
    const { arrivalDelaysS, endDelaysS, cancelled, departures } = mornings.get(count)!;
    expect(Math.abs(mean(arrivalDelaysS))).toBeLessThan(60);
    expect(quantile(arrivalDelaysS, 0.95)).toBeLessThan(600);
    // What the timetable keeps in hand at a terminal is enough for nine trips of ten, or nearly.
    expect(quantile(endDelaysS, 0.9)).toBeLessThan(420);
    expect(cancelled / departures).toBeLessThan(0.01);
  });

  it.each([120, 240])('reach the commercial speed of a Chinese city in the morning peak, %i of them', (count) => {
    expect(mornings.get(count)!.commercialKmh).toBeGreaterThan(16);
    expect(mornings.get(count)!.commercialKmh).toBeLessThan(18.2);
  });

  it('drift together along the line when nobody holds them, the more the denser they run', () => {
    const [sparse, dense] = [mornings.get(120)!.gaps, mornings.get(240)!.gaps];
    expect(dense[1].cv).toBeGreaterThan(0.25);
    expect(dense[2].cv).toBeGreaterThan(dense[0].cv);
    expect(dense[1].cv).toBeGreaterThan(sparse[1].cv);
  });
});
