import { describe, expect, it } from 'vitest';
import { BusDispatch } from '../../control/bus-dispatch.ts';
import type { BusDispatchOptions } from '../../control/bus-dispatch.ts';
import type { Decision } from '../../telemetry/controller.ts';
import { BusWords } from './bus-words.ts';

/** A line of 25 stops. */
function words(options: BusDispatchOptions): BusWords {
  const line = new BusWords(new BusDispatch(options));
  line.arrives('z', 24, 0);
  return line;
}
const holdS = (decisions: readonly Decision[]) => decisions.map(({ command }) => command.args.durationS);

/** A bus leaves stop `stop` at 1000 s and another comes gapS later. */
function gapAt(stop: number, gapS: number, options: BusDispatchOptions = {}): Decision[] {
  const line = words(options);
  line.leaves('a', stop, 1000);
  line.leaves('b', stop - 1, 1000);
  return line.arrives('b', stop, 1000 + gapS);
}

describe('forward headway', () => {
  it('holds for the slack and half of what is missing to the planned headway', () => {
    expect(holdS(gapAt(5, 200))).toEqual([8 + 50]);
    expect(holdS(gapAt(5, 300))).toEqual([8]);
    expect(holdS(gapAt(10, 310))).toEqual([3]);
  });

  it('never holds for more than its limit, and not when the gap is wide', () => {
    expect(holdS(gapAt(5, 10))).toEqual([60]);
    expect(gapAt(5, 317)).toEqual([]);
    expect(gapAt(5, 7200)).toEqual([]);
  });

  it('holds at every fifth stop or where it is told, never at the last one', () => {
    expect(gapAt(4, 100)).toEqual([]);
    expect(holdS(gapAt(4, 200, { parameters: { 'forward-headway': { controlStops: [4] } } }))).toEqual([58]);
    const line = new BusWords(new BusDispatch());
    line.run('a', 0, 10, 0);
    line.run('b', 0, 9, 100);
    expect(line.arrives('b', 10, 1260)).toEqual([]);
  });

  it('adds beta to its gain and takes a headway that it is given instead of the reported one', () => {
    expect(holdS(gapAt(5, 280, { parameters: { 'forward-headway': { beta: 0.3 } } }))).toEqual([8 + 16]);
    expect(holdS(gapAt(5, 380, { targetHeadwayS: 400 }))).toEqual([8 + 10]);
  });

  it('counts a bus that still stands at the stop as no gap at all', () => {
    const line = words({});
    line.leaves('a', 4, 900);
    line.leaves('c', 5, 800);
    line.arrives('a', 5, 1000);
    expect(holdS(line.arrives('b', 5, 1010))).toEqual([60]);
  });

  it('leaves the first bus of the day alone', () => {
    const line = words({});
    expect(line.run('a', 0, 20, 0)).toEqual([]);
  });

  it('asks once a visit, also when the arrival is told twice', () => {
    const line = words({});
    line.leaves('a', 5, 1000);
    line.leaves('b', 4, 1000);
    expect(line.arrives('b', 5, 1200)).toHaveLength(1);
    expect(line.arrives('b', 5, 1205)).toEqual([]);
    expect(line.say('b', 1210, { ...line.at(5), status: 'holding' })).toEqual([]);
  });

  it('tells what it saw', () => {
    expect(gapAt(5, 200)[0]).toMatchObject({
      kind: 'bus',
      device: 'b',
      command: { name: 'hold' },
      about: {
        bus: 'b',
        action: 'hold',
        line: '608',
        stop: 'out-5',
        durationS: 58,
        gapS: 200,
        targetS: 300,
        leader: 'a',
        policy: 'forward-headway',
      },
    });
  });
});

describe('schedule', () => {
  it('holds an early bus until its timetable and lets a late one go', () => {
    const line = words({ policy: 'schedule' });
    expect(holdS(line.arrives('a', 5, 1000, { delayS: -40 }))).toEqual([40]);
    expect(line.arrives('a', 10, 2000, { delayS: 3 })).toEqual([]);
  });

  it('spends the slack of the timetable at each control point', () => {
    const line = words({ policy: 'schedule', parameters: { schedule: { slackS: 20 } } });
    expect(holdS(line.arrives('a', 5, 1000, { delayS: 5 }))).toEqual([15]);
    expect(line.arrives('a', 10, 2000, { delayS: 30 })).toEqual([]);
  });
});

describe('two-way headway', () => {
  it('holds for half of what the gap behind exceeds the one ahead, times its gain', () => {
    const line = words({ policy: 'two-way-headway', parameters: { 'two-way-headway': { gain: 0.8, maxHoldS: 200 } } });
    // Everybody takes 100 s from stop to stop and 20 s at each.
    for (const [bus, atS] of [
      ['z', 0],
      ['y', 300],
      ['x', 600],
    ] as const)
      line.run(bus, 0, 12, atS);
    line.run('ahead', 0, 8, 3000);
    line.run('self', 0, 4, 3150);
    line.run('behind', 0, 2, 3150 + 390);
    // Ahead left stop 5 at 3000 + 600; self arrives 130 s later, behind is due there at 3540 + 580.
    const [decision] = line.arrives('self', 5, 3150 + 580);
    expect(decision!.about).toMatchObject({ gapS: 130, leader: 'ahead' });
    // Behind left stop 2 at 3780 by its word; it comes after two more legs and dwells and a last leg.
    expect(decision!.command.args.durationS).toBe(Math.round(8 + (0.8 * (3540 + 580 - 3730 - 130)) / 2));
  });
});

/** A loop where all legs take the same time: buses drive `legS` between stops, halt `dwellS`, and wait as they are told. */
function livesOnLoop(dispatch: BusDispatch, buses: number, stops: number, legS: number, laps: number): number[] {
  const line = new BusWords(dispatch);
  const order = Array.from({ length: buses }, (_, bus) => ({ bus: `b${bus}`, atS: 40 * bus, stop: stops - bus - 1 }));
  const departures: number[] = [];
  const lapS = stops * legS;
  for (;;) {
    order.sort((a, b) => a.atS - b.atS);
    const next = order[0]!;
    if (next.atS > laps * lapS) return departures;
    const [decision] = line.arrives(next.bus, next.stop, next.atS);
    const heldS = (decision?.command.args.durationS as number | undefined) ?? 0;
    if (next.stop === 0) departures.push(next.atS + heldS);
    line.leaves(next.bus, next.stop, next.atS + heldS + 0.001);
    next.stop = (next.stop + 1) % stops;
    next.atS += heldS + legS;
  }
}

describe('self-equalizing', () => {
  it('settles at the loop time over the number of buses less alpha', () => {
    const alpha = 0.5;
    const dispatch = new BusDispatch({
      policy: 'self-equalizing',
      parameters: { 'self-equalizing': { alpha, maxHoldS: 3600, controlStops: [0] } },
    });
    const departures = livesOnLoop(dispatch, 6, 12, 240, 40);
    const headways = departures.slice(-6).map((atS, at) => atS - departures.at(-7 + at)!);
    // 2,880 s, 6 buses: 523.6 s.
    for (const headwayS of headways) expect(headwayS / (2880 / (6 - alpha))).toBeCloseTo(1, 2);
  });
});
