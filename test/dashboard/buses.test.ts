// The Buses view's pure parts: traces, headways taken from them, regularity, the dispatch centre's presence, what stands where on the strip.
import { array, assert, integer, property, tuple } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { isSilent, policySwitches, silenceS, switchesOf } from '../../dashboard/buses/centre.ts';
import { newestHeadway, runsOf } from '../../dashboard/buses/crossings.ts';
import {
  around,
  byMinute,
  departuresOf,
  hourOf,
  levelOf,
  regularity,
  type Departure,
} from '../../dashboard/buses/quality.ts';
import { crossNames, layoutOf, runAt, runsNow, type StripContent } from '../../dashboard/buses/strip.ts';
import { BEND_M, LineTraces, alongAt, type Trace } from '../../dashboard/buses/traces.ts';
import type { SentCommand } from '../../dashboard/commands.ts';
import { Headways } from '../../telemetry/headways.ts';

const MIN = 60_000;

function tracesOf(...points: (readonly [ts: number, alongM: number])[]): LineTraces {
  const traces = new LineTraces();
  for (const [ts, alongM] of points) traces.add('bus-1', 't-1', 'out', ts, alongM);
  return traces;
}

/** A bus that starts at `startMs` and drives 10 m/s without a stop. */
function steady(bus: string, startMs: number, lengthM = 3000, speedMps = 10): Trace {
  const traces = new LineTraces();
  for (let alongM = 0; alongM <= lengthM; alongM += 100)
    traces.add(bus, `trip of ${bus}`, 'out', startMs + (1000 * alongM) / speedMps, alongM);
  return traces.all[0]!;
}

describe('traces', () => {
  test('a straight stretch keeps its ends, a stop its two corners', () => {
    const [trace] = tracesOf([0, 0], [10, 100], [20, 200], [30, 200], [40, 200], [50, 300]).all;
    expect([trace!.ts, trace!.alongM]).toEqual([
      [0, 20, 40, 50],
      [0, 200, 200, 300],
    ]);
  });

  test('no position is drawn further away than a bend that cannot be seen', () => {
    const steps = array(tuple(integer({ min: 1, max: 20_000 }), integer({ min: 0, max: 150 })), { maxLength: 60 });
    assert(
      property(steps, (list) => {
        let [ts, alongM] = [0, 0];
        const points = list.map(([dt, dm]) => [(ts += dt), (alongM += dm)] as const);
        const [trace] = tracesOf(...points).all;
        for (const [at, was] of points) expect(Math.abs(alongAt(trace!, at)! - was)).toBeLessThanOrEqual(BEND_M + 1e-6);
      }),
    );
  });

  test('what is not newer is ignored, a trip that begins again is another day', () => {
    const traces = tracesOf([10, 500], [10, 700], [5, 0]);
    expect(traces.all[0]!.alongM).toEqual([500]);
    traces.add('bus-1', 't-1', 'out', 20, 0);
    expect(traces.all[0]!.alongM).toEqual([0]);
  });

  test("the server's past takes the place of what was seen live, newer positions stay", () => {
    const traces = tracesOf([100, 900], [200, 1500]);
    traces.take({
      bus: 'bus-1',
      trip: 't-1',
      direction: 'out',
      points: [
        [0, 0],
        [50, 400],
        [100, 950],
      ],
    });
    const [trace] = traces.all;
    expect([trace!.ts.at(0), trace!.ts.at(-1)]).toEqual([0, 200]);
    expect(alongAt(trace!, 100)).toBeCloseTo(950);
  });

  test('trips that ended long ago are forgotten', () => {
    const traces = tracesOf([0, 0], [1000, 100]);
    traces.prune(1000);
    expect(traces.all).toHaveLength(1);
    traces.prune(1001);
    expect(traces.all).toHaveLength(0);
  });
});

describe('headways', () => {
  const places = [0, 1000, 2000, 3000];

  test('a bus follows the one ahead everywhere by the time between their starts', () => {
    const [first, second] = runsOf([steady('a', 0), steady('b', 5 * MIN)], places);
    expect([...first!.headwayS]).toEqual([NaN, NaN, NaN, NaN]);
    for (const headwayS of second!.headwayS) expect(headwayS).toBeCloseTo(300);
    expect([...second!.leader]).toEqual([0, 0, 0, 0]);
    expect(newestHeadway(second!)!.place).toBe(3);
  });

  test('behind an overtaker the overtaken one follows', () => {
    const [slow, fast] = runsOf([steady('slow', 0, 3000, 5), steady('fast', 2 * MIN, 3000, 10)], places);
    expect([...slow!.leader]).toEqual([-1, -1, 1, 1]);
    expect([...fast!.leader]).toEqual([0, 0, -1, -1]);
  });

  test('nobody has left a place where nobody was seen', () => {
    const traces = new LineTraces();
    traces.add('c', 't', 'out', 0, 1500);
    traces.add('c', 't', 'out', MIN, 2500);
    const [run] = runsOf(traces.all, places);
    expect([...run!.leftMs].map(Number.isNaN)).toEqual([true, true, false, true]);
    expect(newestHeadway(run!)).toBeUndefined();
  });
});

describe('regularity', () => {
  const departures: Departure[] = Array.from({ length: 120 }, (_, index) => ({
    ts: index * MIN,
    headwayS: index < 60 ? (index % 2 === 0 ? 100 : 500) : 300,
    targetS: 300,
  }));

  test('is that of the headways in the window', () => {
    const headways = new Headways();
    for (const { headwayS, targetS } of departures.slice(1, 31)) headways.add(headwayS, targetS);
    const found = regularity(departures, 0, 30 * MIN)!;
    expect(found.headwayCv).toBeCloseTo(headways.cv);
    expect(found.excessWaitS).toBeCloseTo(headways.excessWaitS);
    expect(found.bunchedShare).toBeCloseTo(headways.bunchedShare);
  });

  test('of a handful of departures says nothing', () => {
    expect(regularity(departures, 0, 5 * MIN)).toBeUndefined();
  });

  test('before a change and since are told apart', () => {
    const { before, since, sinceMs } = around(departures, 60 * MIN, 90 * MIN);
    expect(before!.headwayCv).toBeGreaterThan(0.5);
    expect(since!.headwayCv).toBeCloseTo(0);
    expect(sinceMs).toBe(30 * MIN);
  });

  test('has one value a minute of the hour, the newest last', () => {
    const hour = hourOf(departures, 119 * MIN);
    expect(hour).toHaveLength(61);
    expect(hour.at(-1)!.headwayCv).toBeCloseTo(0);
    expect(hour[0]!.headwayCv).toBeGreaterThan(0.5);
  });

  test.each([
    [0, 'A'],
    [0.21, 'A'],
    [0.214, 'A'],
    [0.22, 'B'],
    [0.39, 'C'],
    [0.4, 'D'],
    [0.74, 'E'],
    [0.75, 'F'],
    [3, 'F'],
  ])('a variation of %d is level %s', (cv, level) => {
    expect(levelOf(cv)).toBe(level);
  });

  test('values at odd times find their minute, and a minute without one stays empty', () => {
    const minutes = byMinute([0, 30 * MIN + 5000, 60 * MIN], [1, 2, null], 60 * MIN);
    expect([minutes.length, minutes[0], minutes[30], minutes[60]]).toEqual([61, 1, 2, null]);
    expect(minutes.filter((value) => value !== null)).toHaveLength(2);
  });

  test('departures of runs come in order of time', () => {
    const runs = runsOf([steady('a', 0), steady('b', 5 * MIN), steady('c', 9 * MIN)], [0, 1000, 2000, 3000]);
    const found = departuresOf(runs, 300);
    expect(found).toHaveLength(8);
    expect(found.map(({ ts }) => ts)).toEqual(found.map(({ ts }) => ts).toSorted((a, b) => a - b));
  });
});

describe('dispatch centre', () => {
  const seen = { fields: {}, ts: 1_000_000, heardMs: 5_000 };

  test('is silent after a minute of the wall clock without a word', () => {
    const now = { simMs: 1_000_000 + 60 * 59_000, wallMs: 64_000, speed: 60 };
    expect(isSilent(seen, now)).toBe(false);
    expect(isSilent(seen, { ...now, simMs: now.simMs + 180_000, wallMs: 67_000 })).toBe(true);
  });

  test('a page that is just opened sees that its last word is old', () => {
    const now = { simMs: seen.ts + 3_600_000, wallMs: 5_100, speed: 1 };
    expect(silenceS(seen, now)).toBeCloseTo(3600);
    expect(isSilent(seen, now)).toBe(true);
  });

  test('while the city is paused it has nothing to say', () => {
    expect(isSilent(seen, { simMs: seen.ts, wallMs: 10_000_000, speed: 0 })).toBe(false);
  });

  const sent = (args: object, ackedAtMs: number, state: SentCommand['state'] = 'done'): SentCommand => ({
    id: '1',
    kind: 'bus-dispatch',
    device: 'bus-dispatch',
    name: 'setPolicy',
    args,
    sentAtMs: 0,
    state,
    trail: [],
    ackedAtMs,
  });

  test('a switch that this page asked for and the centre tells is one', () => {
    const history = { ts: [0, 10 * MIN, 20 * MIN, 40 * MIN], policy: ['timetable', 'timetable', 'mixed', 'schedule'] };
    const switches = policySwitches(history, [sent({ policy: 'schedule', line: '608' }, 19 * MIN)]);
    expect(switches).toEqual([
      { ts: 19 * MIN, policy: 'schedule', line: '608' },
      { ts: 40 * MIN, policy: 'schedule' },
    ]);
    expect(switchesOf(switches, '2').map(({ ts }) => ts)).toEqual([40 * MIN]);
    expect(switchesOf(switches, '608')).toHaveLength(2);
  });

  test('a switch that was refused is none', () => {
    expect(policySwitches(null, [sent({ policy: 'schedule' }, 0, 'rejected')])).toEqual([]);
  });
});

describe('strip', () => {
  const stops = [0, 1000, 2000, 3000].map((alongM) => ({ id: `stop-${alongM}`, label: `${alongM} m`, alongM }));
  const content: StripContent = {
    side: {
      direction: 'out',
      headsign: '3000 m',
      stops,
      runs: runsOf(
        [steady('a', 0), steady('b', 5 * MIN, 1500)],
        stops.map(({ alongM }) => alongM),
      ),
    },
    mirrored: false,
    fromMs: -50 * MIN,
    toMs: 10 * MIN,
    utcOffsetMin: 480,
    targetS: 300,
    marks: [],
    switches: [],
    selectedBus: undefined,
    hovered: undefined,
    dotColour: () => '',
    busName: (bus) => bus,
    formatTime: String,
  };

  test('a place has the same height both ways', () => {
    const there = layoutOf(480, 300, content);
    const back = layoutOf(480, 300, { ...content, mirrored: true });
    expect(there.y(1000)).toBeCloseTo(back.y(2000));
    expect(there.y(0)).toBeLessThan(there.y(3000));
  });

  test('the bus under the pointer is found, nothing where there is none', () => {
    const layout = layoutOf(480, 300, content);
    const at = (ts: number, alongM: number) => runAt(content, layout, layout.x(ts) + 3, layout.y(alongM) - 2);
    expect(at(60_000 * 1.5, 900)?.trace.bus).toBe('a');
    expect(at(6 * MIN, 600)?.trace.bus).toBe('b');
    expect(at(-30 * MIN, 900)).toBeUndefined();
  });

  test('a bus that has come to the last stop is not under way', () => {
    expect(runsNow(content).map(({ trace }) => trace.bus)).toEqual(['b']);
    expect(runsNow({ ...content, toMs: 60 * MIN })).toEqual([]);
  });

  test('of names on one road only what differs is repeated', () => {
    expect(
      crossNames([
        'Plum Garden',
        'Canal Road / First Street',
        'Canal Road / Second Street',
        'Hexing Road / Zhuze Road',
      ]),
    ).toEqual(['Plum Garden', 'Canal Road / First Street', '/ Second Street', 'Hexing Road / Zhuze Road']);
  });
});
