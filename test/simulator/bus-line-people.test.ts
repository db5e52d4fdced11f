// People with journeys on the line engine: the same ones in every arm, nobody lost, and what it is worth to know when the bus comes.
import { describe, expect, it } from 'vitest';
import type { LineBus } from '../../simulator/bus-line/bus.ts';
import type { LineObserver } from '../../simulator/bus-line/observer.ts';
import { runLine } from '../../simulator/bus-line/run.ts';
import type { Informed, JourneyDemand, LineSpec } from '../../simulator/bus-line/spec.ts';
import type { Controller } from '../../telemetry/controller.ts';
import { GoldenHolding, goldenLine } from './golden-line.ts';

const STOPS = 25;
const HOURS_S = 4 * 3600;

/** As many people as the reference line has, to every stop ahead alike. */
function journeys(more: Partial<JourneyDemand> = {}, factor = 1): JourneyDemand {
  const way = Array.from({ length: STOPS }, (_, from) =>
    Array.from({ length: STOPS }, (_, to) => (to > from ? (48 * factor) / (STOPS - 1 - from) : 0)),
  );
  return { kind: 'journeys', perHour: [way, way], hourly: Array<number>(24).fill(1), ...more };
}

function line(demand: JourneyDemand, changes: Partial<LineSpec> = {}): LineSpec {
  const usual = goldenLine();
  const dwell = { ...usual.dwell, boardsWhileStanding: true };
  return { ...usual, demand, dwell, durationS: HOURS_S, ...changes };
}

interface Boarding {
  readonly stop: string;
  readonly readyS: number;
  readonly waitS: number;
  readonly informed: boolean;
  readonly nowS: number;
}

function boardings(spec: LineSpec, controllers: Controller[] = [], observers: LineObserver[] = []): Boarding[] {
  const all: Boarding[] = [];
  const boarded: LineObserver['boarded'] = (way, stop, waitS, informed, readyS, nowS) => {
    all.push({ stop: `${way}/${stop}`, readyS, waitS, informed, nowS });
  };
  runLine(spec, 11, { controllers, observers: [...observers, { boarded }] });
  return all;
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

describe('people with journeys', () => {
  it('are the same whatever a policy does', () => {
    const names = (all: readonly Boarding[]) =>
      new Set(all.filter(({ readyS }) => readyS < HOURS_S / 2).map(({ stop, readyS }) => `${stop} ${readyS}`));
    const free = names(boardings(line(journeys())));
    expect(free.size).toBeGreaterThan(4000);
    expect(names(boardings(line(journeys()), [new GoldenHolding()]))).toEqual(free);
  });

  it('come at the rate of their stop', () => {
    const all = boardings(line(journeys())).filter(({ readyS }) => readyS < 3 * 3600);
    // 24 stops of two ways, 48 an hour.
    expect(all.length / (24 * 2 * 48 * 3)).toBeCloseTo(1, 1);
  });

  it('follow the hours of the day', () => {
    const hourly = Array.from({ length: 24 }, (_, hour) => (hour === 7 ? 2 : 1));
    const all = boardings(line(journeys({ hourly }), { startDayS: 6 * 3600 }));
    const within = (hour: number) => all.filter(({ readyS }) => Math.floor(readyS / 3600) === hour - 6).length;
    expect(within(7) / within(6)).toBeGreaterThan(1.8);
    expect(within(7) / within(8)).toBeGreaterThan(1.8);
  });

  it('get off where they want to, all of them', () => {
    const odd: string[] = [];
    const aboard = new Map<string, number>();
    const departed = (bus: LineBus) => {
      const before = bus.stop === 0 ? 0 : aboard.get(bus.device)!;
      aboard.set(bus.device, bus.load);
      const counted = bus.aboard.reduce((sum, people) => sum + people, 0);
      if (bus.load !== before + bus.boarded - bus.alighted || counted !== bus.load) odd.push(bus.device);
      if (bus.aboard.some((people, stop) => people > 0 && stop <= bus.stop)) odd.push(bus.device);
    };
    boardings(line(journeys()), [], [{ departed }]);
    expect(aboard.size).toBe(20);
    expect(odd).toEqual([]);
  });

  it('wait for the next bus when one is full, and none is lost', () => {
    let denied = 0;
    const departed = (bus: LineBus) => void (denied += bus.denied);
    const crowded = boardings(line(journeys({}, 1.6), { capacity: 50 }), [], [{ departed }]);
    expect(denied).toBeGreaterThan(500);
    const roomy = boardings(line(journeys({}, 1.6), { capacity: 500 }));
    const early = (all: readonly Boarding[]) => all.filter(({ readyS }) => readyS < 3600).length;
    expect(early(crowded)).toBe(early(roomy));
    expect(mean(crowded.map(({ waitS }) => waitS))).toBeGreaterThan(mean(roomy.map(({ waitS }) => waitS)) + 60);
  });

  it('wait less when they know when the bus comes', () => {
    const asked: number[] = [];
    const informed: Informed = {
      share: 0.5,
      bufferS: 60,
      // Punctual buses: each stop has one every 300 s.
      expected: (_way, stop, nowS) => {
        asked.push(nowS);
        const offsetS = (stop * 107) % 300;
        return [0, 1, 2].map((later) => (Math.ceil((nowS - offsetS) / 300) + later) * 300 + offsetS);
      },
    };
    const punctual = line(journeys({ informed }), {
      running: { ...goldenLine({}, 0).running, meanS: () => 99 },
      dwell: { fixedS: 8, emptyS: 8, boardingS: 0, alightingS: 0, boardsWhileStanding: true },
    });
    const all = boardings(punctual).filter(({ readyS }) => readyS > 5400);
    const wait = (knows: boolean) => mean(all.filter((one) => one.informed === knows).map(({ waitS }) => waitS));
    expect(all.filter((one) => one.informed).length / all.length).toBeCloseTo(0.5, 1);
    expect(wait(true)).toBeLessThan(75);
    expect(wait(false)).toBeGreaterThan(130);
    // In the order of time, as somebody who looks at a screen.
    expect(asked).toEqual(asked.toSorted((a, b) => a - b));
  });
});
