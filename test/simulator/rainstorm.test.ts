// The shipped rainstorm against the same city without the rain: only what rain touches moves, the right way, by as much as it should.
import { beforeAll, describe, expect, it } from 'vitest';
import { loadCity } from '../../simulator/city/load.ts';
import { loadModels } from '../../simulator/kinds.ts';
import { Run } from '../../simulator/run.ts';
import { loadScenario } from '../../simulator/scenario/load.ts';
import type { Scenario } from '../../simulator/scenario.ts';
import type { Readings } from '../../simulator/sink.ts';

const HOUR_MS = 3_600_000;
const FLEETS = {
  bus: 60,
  vehicle: 600,
  'parking-spot': 2000,
  'water-meter': 1000,
  'electricity-meter': 1000,
  'weather-station': 12,
};

/** Readings of a kind within an hour of heavy rain, and what was sent before it. */
interface Arm {
  readonly before: string[];
  readonly during: Map<string, Readings[]>;
}

let wet: Arm;
let dry: Arm;

async function live(scenario: Scenario, timeline: Scenario['timeline']): Promise<Arm> {
  const startMs = scenario.startCivilMs + HOUR_MS - 8 * HOUR_MS;
  const rainMs = scenario.timeline.find(({ id }) => id === 'rain')!.atMs - HOUR_MS;
  const arm: Arm = { before: [], during: new Map() };
  const run = new Run({
    city: loadCity(),
    models: await loadModels(),
    fleets: FLEETS,
    seed: scenario.seed,
    startMs,
    utcOffsetMin: 480,
    timeline: timeline.map((entry) => ({ ...entry, atMs: entry.atMs - HOUR_MS })),
    sink: {
      record: (kind, device, ts, seq, readings) => {
        const afterMs = ts - startMs - rainMs;
        if (afterMs <= 0) arm.before.push(JSON.stringify([kind, device, ts, seq, readings]));
        // The first minutes belong to the beginning rain.
        else if (afterMs > HOUR_MS / 4) {
          const list = arm.during.get(kind);
          if (list === undefined) arm.during.set(kind, [readings]);
          else list.push(readings);
        }
      },
      event: () => {},
      ack: () => {},
    },
  });
  while (run.simTimeMs < startMs + rainMs + 1.25 * HOUR_MS) run.tick(1000);
  return arm;
}

function mean(arm: Arm, kind: string, field: string, of: (readings: Readings) => boolean = () => true): number {
  const values = arm.during
    .get(kind)!
    .filter(of)
    .map((readings) => Number(readings[field]));
  const known = values.filter((value) => !Number.isNaN(value));
  return known.reduce((sum, value) => sum + value, 0) / known.length;
}

/** Wet relative to dry, printed. */
function ratio(kind: string, field: string, of?: (readings: Readings) => boolean): number {
  const [a, b] = [mean(wet, kind, field, of), mean(dry, kind, field, of)];
  console.log(`rain: ${kind}.${field} ${b.toFixed(3)} → ${a.toFixed(3)}, × ${(a / b).toFixed(3)}`);
  return a / b;
}

const between = (value: number, low: number, high: number) => {
  expect(value).toBeGreaterThan(low);
  expect(value).toBeLessThan(high);
};

describe('only the rain of the shipped rainstorm is flipped', () => {
  beforeAll(async () => {
    const scenario = await loadScenario('rainstorm', { city: loadCity(), models: await loadModels() });
    wet = await live(scenario, scenario.timeline);
    dry = await live(scenario, []);
  }, 120_000);

  it('nothing moves before it begins', () => {
    expect(wet.before.length).toBeGreaterThan(100_000);
    expect(wet.before).toEqual(dry.before);
  });

  it('cars drive 15 to 27 % more slowly: published −16.5 (moderate) to −24.9 % (storm) at full demand', () => {
    between(
      ratio('vehicle', 'speedMps', ({ status }) => status === 'driving'),
      0.73,
      0.85,
    );
  });

  it('buses drive more slowly too, 8 to 25 %', () => {
    between(
      ratio('bus', 'speedMps', ({ status }) => status === 'inTransitTo'),
      0.75,
      0.92,
    );
  });

  it('buses run later, because they drive and load more slowly', () => {
    expect(mean(wet, 'bus', 'delayS')).toBeGreaterThan(mean(dry, 'bus', 'delayS') + 20);
  });

  it('buses are a little fuller: more riders, and each rides longer', () => {
    between(ratio('bus', 'load'), 1.02, 1.5);
  });

  it('kerbs empty a little: fewer people come by car to shops', () => {
    const free = ratio('parking-spot', 'occupied');
    between(free, 0.9, 0.999);
  });

  it('it gets dark and wet at the stations', () => {
    between(ratio('weather-station', 'illuminanceLx'), 0.02, 0.5);
    between(mean(wet, 'weather-station', 'rainMmPerH'), 17, 22);
    between(ratio('weather-station', 'humidityPct'), 1.02, 2);
  });

  it('roofs make less power: what solar homes draw from the grid rises', () => {
    const solar = ({ exportKwh }: Readings) => exportKwh !== undefined;
    expect(mean(wet, 'electricity-meter', 'powerW', solar)).toBeGreaterThan(
      mean(dry, 'electricity-meter', 'powerW', solar) + 100,
    );
  });

  it('taps do not care', () => {
    between(ratio('water-meter', 'flowLph'), 0.97, 1.03);
  });
});
