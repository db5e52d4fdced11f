import { describe, expect, it } from 'vitest';
import { BusDispatch } from '../../control/bus-dispatch.ts';
import { HORIZONS_S } from '../../control/bus/eta-score.ts';
import { RunningTime } from '../../control/bus/running-times.ts';
import type { LineArrivals } from '../../telemetry/timetable.ts';
import { BusWords, SPACING_M } from './bus-words.ts';

const QUARTER_MS = 900_000;
const DAY_MS = 86_400_000;

describe('running times', () => {
  it('mix the last buses with the same quarter of an hour on earlier days, 0.6 to 0.4', () => {
    const time = new RunningTime();
    time.add(200, 0);
    for (let bus = 1; bus <= 20; bus++) time.add(100, QUARTER_MS + bus);
    // A day later at the slow quarter: the newest ones took 100 s, at this time of day it was 200 s.
    expect(time.expectedS(DAY_MS)).toBeCloseTo(0.6 * 100 + 0.4 * 200, 3);
    expect(time.expectedS(QUARTER_MS)).toBeCloseTo(100, 3);
  });

  it('follow three slow buses by most of the way', () => {
    const time = new RunningTime();
    for (let bus = 0; bus < 20; bus++) time.add(100, bus);
    for (let bus = 0; bus < 3; bus++) time.add(160, 100 + bus);
    expect(time.expectedS(200)).toBeGreaterThan(130);
  });

  it('do not take a breakdown for the length of the way', () => {
    const time = new RunningTime();
    for (let bus = 0; bus < 20; bus++) time.add(100, bus);
    time.add(1700, 100);
    expect(time.expectedS(200)).toBeLessThan(250);
  });

  it('are unknown before anyone drove', () => {
    expect(new RunningTime().expectedS(0)).toBeNaN();
  });
});

describe('expected arrivals', () => {
  const LEG_S = 100;
  const DWELL_S = 20;

  function learned(): { dispatch: BusDispatch; words: BusWords; arrivals: (nowS: number) => readonly LineArrivals[] } {
    const dispatch = new BusDispatch({ policy: 'timetable' });
    const words = new BusWords(dispatch);
    for (let bus = 0; bus < 5; bus++) words.run(`early-${bus}`, 0, 12, 300 * bus, LEG_S, DWELL_S);
    for (let bus = 0; bus < 5; bus++) words.say(`early-${bus}`, 8000, { status: 'depot' });
    return { dispatch, words, arrivals: (nowS) => dispatch.report(1000 * nowS).arrivals! };
  }

  it('are those of usual running times and dwells from where the bus is', () => {
    const { words, arrivals } = learned();
    words.leaves('a', 2, 9000, { trip: '608-17' });
    words.drives('a', 3, 9025, 2.5 * SPACING_M, { trip: '608-17' });
    const [line] = arrivals(9025);
    expect(line).toMatchObject({ line: '608', ts: 9_025_000 });
    const [bus] = line!.buses;
    expect(bus).toMatchObject({ bus: 'a', trip: '608-17', direction: 'out' });
    expect(bus!.stops.map(({ stop, sequence }) => [stop, sequence])).toEqual(
      [3, 4, 5, 6, 7, 8, 9, 10, 11, 12].map((stop) => [`out-${stop}`, stop]),
    );
    // Half of the way is left, whatever the first half took.
    const firstMs = 9_025_000 + (1000 * LEG_S) / 2;
    expect(bus!.stops[0]!.arrivalMs).toBe(firstMs);
    expect(bus!.stops[4]!.arrivalMs).toBe(firstMs + 4000 * (LEG_S + DWELL_S));
  });

  it('count a hold that was ordered', () => {
    const dispatch = new BusDispatch();
    const words = new BusWords(dispatch);
    for (let bus = 0; bus < 5; bus++) words.run(`early-${bus}`, 0, 12, 300 * bus, LEG_S, DWELL_S);
    words.leaves('b', 5, 8000);
    words.leaves('a', 4, 8000);
    expect(words.arrives('a', 5, 8100)[0]!.command.args.durationS).toBe(60);
    const bus = dispatch.report(8_100_000).arrivals![0]!.buses.find((expected) => expected.bus === 'a')!;
    expect(bus.stops[0]!.arrivalMs).toBe(1000 * (8100 + DWELL_S + 60 + LEG_S));
  });

  it('come at most every 20 s, and say nothing of buses that rest, are broken or silent', () => {
    const { words, arrivals } = learned();
    words.leaves('a', 2, 9000);
    words.say('b', 9000, { ...words.at(0), status: 'layover' });
    words.say('c', 9000, { ...words.at(4), status: 'broken' });
    expect(arrivals(9001)[0]!.buses.map(({ bus }) => bus)).toEqual(['a']);
    expect(arrivals(9015)).toBeUndefined();
    expect(arrivals(9400)).toEqual([]);
  });

  it('end with the trip: a loop begins another one', () => {
    const dispatch = new BusDispatch({ policy: 'timetable' });
    const words = new BusWords(dispatch);
    for (let lap = 0; lap < 3; lap++) {
      words.arrives('a', 0, 1000 * lap);
      words.run('a', 0, 5, 1000 * lap + 20);
    }
    words.arrives('a', 0, 3000);
    words.leaves('a', 0, 3020);
    words.drives('a', 1, 3025, 50);
    words.say('b', 3026, { ...words.at(4), status: 'stoppedAt', trip: 'b 2' });
    const { buses } = dispatch.report(3_030_000).arrivals![0]!;
    // The name of b's trip is none.
    expect(buses.map(({ bus, stops }) => [bus, ...stops.map(({ sequence }) => sequence)])).toEqual([
      ['a', 1, 2, 3, 4, 5],
    ]);
  });

  it('are there at once after a restart, and less certain than when learned', () => {
    const fresh = new BusDispatch();
    const words = new BusWords(fresh);
    for (let stop = 3; stop <= 12; stop++) words.drives(`ahead-${stop}`, stop, 8990, (stop - 0.5) * SPACING_M);
    words.drives('a', 3, 9000, 2.5 * SPACING_M);
    const stopsOf = (line: LineArrivals) => line.buses.find(({ bus }) => bus === 'a')!.stops;
    const guessed = stopsOf(fresh.report(9_000_000).arrivals![0]!);
    const { words: known, arrivals } = learned();
    known.leaves('a', 2, 8950);
    known.drives('a', 3, 9000, 2.5 * SPACING_M);
    const expected = stopsOf(arrivals(9000)[0]!);
    expect(guessed.length).toBe(expected.length);
    expect(Math.abs(guessed[5]!.arrivalMs - expected[5]!.arrivalMs)).toBeLessThan(120_000);
    expect(guessed[5]!.uncertaintyS).toBeGreaterThan(expected[5]!.uncertaintyS);
  });

  it('are scored against what then happens: within 30 s two minutes ahead, 75 s ten minutes ahead', () => {
    const dispatch = new BusDispatch({ policy: 'timetable' });
    const errors = noisyDay(dispatch);
    const said = HORIZONS_S.map((aheadS, at) => `${errors[at]!.toFixed(1)} s at ${aheadS} s`);
    console.log(`mean absolute error ${said.join(', ')}`);
    expect(errors[0]).toBeGreaterThan(0);
    expect(errors[0]).toBeLessThan(30);
    expect(errors[1]).toBeLessThan(75);
    expect(errors[1]).toBeGreaterThan(errors[0]!);
  });
});

/** Three hours of buses every 5 min on 25 stops; legs of 90 s with a coefficient of variation of 0.2, dwells of 20 ± 8 s. @returns MAE by horizon */
function noisyDay(dispatch: BusDispatch): number[] {
  const words = new BusWords(dispatch);
  const steps: { atS: number; run: () => void }[] = [];
  let draws = 0;
  // A sum of three uniforms of a low-discrepancy sequence, standardised: bell-shaped, mean 0, deviation 1.
  const noise = () =>
    2 * [0.7548776662, 0.5698402909, 0.8191725134].reduce((sum, by) => sum + ((++draws * by) % 1) - 0.5, 0);
  for (let bus = 0; bus < 36; bus++) {
    let atS = 300 * bus;
    const name = `b${bus}`;
    for (let stop = 0; stop < 25; stop++) {
      const arrivesS = atS;
      const leavesS = arrivesS + Math.max(2, 20 + 8 * noise());
      if (stop > 0) steps.push({ atS: arrivesS, run: () => void words.arrives(name, stop, arrivesS) });
      steps.push({ atS: leavesS, run: () => void words.leaves(name, stop, leavesS) });
      atS = leavesS + Math.max(45, 90 * (1 + 0.2 * noise()));
    }
    steps.push({ atS: atS + 1, run: () => void words.say(name, atS + 1, { status: 'depot' }) });
  }
  for (let atS = 0; atS < 10_800; atS += 20) steps.push({ atS, run: () => void dispatch.report(1000 * atS) });
  steps.sort((a, b) => a.atS - b.atS);
  for (const { atS, run } of steps) if (atS <= 10_800) run();
  return HORIZONS_S.map((_, horizon) => dispatch.etaErrorS(horizon, 10_800_000));
}
