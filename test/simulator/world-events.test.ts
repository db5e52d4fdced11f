// Each test flips one cause and looks at the sign and the size of its effects, and at what must not move at all.
import { describe, expect, test } from 'vitest';
import type { Place, WorldEvent } from '../../simulator/world.ts';
import type { MutableWorld } from '../../simulator/world/create.ts';
import { WORLD_EVENTS, worldEventProblem } from '../../simulator/world/events.ts';
import { HOUR_MS, MIN_MS, START_MS, circleAt, city, createAt, eventOf, pairAt } from './world-pair.ts';
import type { Args } from './world-pair.ts';

/** All that devices may feel, bit for bit. */
function everything(world: MutableWorld) {
  const { simTimeMs, civilHour, civilWeekday, calendar, sky, people, streets, grid, radio } = world;
  const hour = Math.floor((simTimeMs + 480 * MIN_MS) / HOUR_MS) - 1;
  return {
    simTimeMs,
    civilHour,
    civilWeekday,
    calendar,
    sky,
    people,
    version: streets.version,
    speeds: city.links.map((_, link) => streets.speedFactor(link)),
    closed: city.links.map((_, link) => streets.isClosed(link)),
    voltages: Array.from({ length: grid.feederCount }, (_, feeder) => grid.voltageV(feeder)),
    frequencyHz: grid.frequencyHz,
    on: city.nodes.map((node) => grid.isOn(node)),
    reached: city.nodes.map((node) => radio.reaches('bus', node)),
    centreReachable: world.centreReachable,
    hour: world.hour(hour),
  };
}

const EVERY_EVENT: readonly [WorldEvent['event'], Args, Place | undefined][] = [
  ['weather', { preset: 'typhoon' }, undefined],
  ['road-closed', {}, { street: 'Test Road' }],
  ['power-cut', {}, undefined],
  ['network-outage', {}, undefined],
  ['control-outage', {}, undefined],
  ['crowd', { people: 5000 }, circleAt(0, 0, 300)],
  ['day-type', { dayType: 'holiday' }, undefined],
];

describe('every event', () => {
  test('is described and tested here', () => {
    expect(new Set(EVERY_EVENT.map(([event]) => event))).toEqual(new Set(Object.keys(WORLD_EVENTS)));
  });

  for (const [event, args, where] of EVERY_EVENT) {
    test(`${event}: nothing moves before its first ms, something does after, and it is over at its last`, () => {
      const fromMs = START_MS + 8 * HOUR_MS + 1;
      const untilMs = fromMs + 30 * MIN_MS;
      const imposed = eventOf(event, fromMs, untilMs, args, where);
      const [before, beforeWithout] = pairAt(fromMs - 1, imposed);
      expect(everything(before)).toEqual(everything(beforeWithout));
      expect(before.happening(fromMs - 1)).toEqual([]);
      const [during, duringWithout] = pairAt(fromMs + 15 * MIN_MS, imposed);
      expect(everything(during)).not.toEqual(everything(duringWithout));
      expect(during.happening(fromMs)).toEqual([imposed]);
      // What is over leaves its trace in the hours behind, and in how often roads were opened.
      const [after, afterWithout] = pairAt(untilMs, imposed);
      const now = (world: MutableWorld) => ({ ...everything(world), hour: 0, version: 0, voltages: 0 });
      expect(now(after)).toEqual(now(afterWithout));
      expect(after.happening(untilMs)).toEqual([]);
    });
  }

  test('is felt the same whatever the tick, and whenever it came to be known', () => {
    const events = EVERY_EVENT.map(([event, args, where], i) =>
      eventOf(event, START_MS + (i + 1) * 7 * MIN_MS + 333, START_MS + (i + 20) * 7 * MIN_MS + 77, args, where),
    );
    const endMs = START_MS + 90 * MIN_MS;
    const [fine, coarse, late] = [createAt(), createAt(), createAt()];
    for (const event of events) fine.impose(event);
    for (const event of events.toReversed()) coarse.impose(event);
    for (let nowMs = START_MS; nowMs <= endMs; nowMs += 1000) fine.advance(nowMs);
    coarse.advance(endMs);
    for (const event of events) {
      late.advance(event.fromMs - 1);
      late.impose(event);
    }
    late.advance(endMs);
    expect(everything(coarse)).toEqual(everything(fine));
    expect(everything(late)).toEqual(everything(fine));
  });

  test('takes effect at once when it has already begun', () => {
    const world = createAt();
    world.impose(eventOf('power-cut', START_MS, Infinity));
    expect(world.grid.isOn({ x: 0, y: 0 })).toBe(false);
  });
});

describe('a closed road', () => {
  /** The street from the node at the origin eastwards, both ways. */
  const where = circleAt(300, 0, 50);
  const fromMs = START_MS + 8 * HOUR_MS;
  const untilMs = fromMs + HOUR_MS;
  const closing = eventOf('road-closed', fromMs, untilMs, {}, where);
  const [closedLink, backLink] = [0, 1];

  test('is closed to cars, and a bus waved through drives 5 km/h', () => {
    const [world] = pairAt(fromMs, closing);
    const closed = city.links.flatMap((_, link) => (world.streets.isClosed(link) ? [link] : []));
    expect(closed).toEqual([closedLink, backLink]);
    expect(world.streets.speedFactor(closedLink) * city.links[closedLink]!.speedLimitMps * 3.6).toBeCloseTo(5, 9);
  });

  test('slows the streets within 400 m by a fifth and no others', () => {
    const [{ streets }, { streets: open }] = pairAt(fromMs, closing);
    const ratios = city.links.map((_, link) => streets.speedFactor(link) / open.speedFactor(link));
    city.links.forEach(({ from, to }, link) => {
      if (link === closedLink || link === backLink) return;
      const touches = [from, to].some((node) => node === 0 || node === 1);
      expect(ratios[link]).toBeCloseTo(touches ? 0.8 : 1, 9);
    });
  });

  test('counts in the version when it closes and when it opens, also when both fall into one tick', () => {
    const versionAt = (ms: number) => pairAt(ms, closing)[0].streets.version;
    expect([fromMs - 1, fromMs, untilMs - 1, untilMs].map(versionAt)).toEqual([0, 1, 1, 2]);
    expect(createAt().streets.version).toBe(0);
  });

  test('teaches nothing to the street while it is closed', () => {
    const [world, without] = pairAt(fromMs, closing);
    for (let second = 1; second <= 3600; second++) {
      world.streets.observe(closedLink, 1.4);
      world.advance(fromMs + second * 1000);
    }
    without.advance(untilMs);
    expect(world.streets.speedFactor(closedLink)).toBe(without.streets.speedFactor(closedLink));
  });
});

describe('a power cut', () => {
  const where = circleAt(0, 0, 700);
  const darkNode = { x: 0, y: 600 };
  const lightNode = { x: 3000, y: 1200 };

  test('takes the power where it is and nowhere else', () => {
    const [{ grid }] = pairAt(START_MS + MIN_MS, eventOf('power-cut', START_MS, Infinity, {}, where));
    expect([grid.isOn(darkNode), grid.isOn(lightNode)]).toEqual([false, true]);
    expect(createAt().grid.isOn(darkNode)).toBe(true);
  });

  test('turns crossings into all-way stops: 0.7 of the speed at the peak, nearly all of it at night', () => {
    const ratioAt = (hour: number) => {
      const cut = eventOf('power-cut', START_MS, Infinity, {}, where);
      const [dark, lit] = pairAt(START_MS + hour * HOUR_MS, cut);
      const ratios = city.links.map((_, link) => dark.streets.speedFactor(link) / lit.streets.speedFactor(link));
      city.links.forEach(({ to }, link) => {
        const node = city.nodes[to]!;
        if (Math.hypot(node.x, node.y) > 700) expect(ratios[link]).toBe(1);
      });
      return Math.min(...ratios);
    };
    expect(ratioAt(8.5)).toBeCloseTo(0.7, 2);
    expect(ratioAt(3.5)).toBeGreaterThan(0.93);
    expect(ratioAt(3.5)).toBeLessThan(0.95);
  });

  test('leaves sky, people, voltage and radio as they are', () => {
    const [dark, lit] = pairAt(START_MS + 8 * HOUR_MS, eventOf('power-cut', START_MS, Infinity, {}, where));
    const rest = (world: MutableWorld) => ({ ...everything(world), on: 0, speeds: 0 });
    expect(rest(dark)).toEqual(rest(lit));
  });
});

test('a network outage takes the networks of the kinds it names, where it is', () => {
  const outage = eventOf('network-outage', START_MS, Infinity, { kinds: ['water-meter', 'bus'] }, circleAt(0, 0, 700));
  const [{ radio }] = pairAt(START_MS, outage);
  expect(radio.reaches('bus', { x: 0, y: 0 })).toBe(false);
  expect(radio.reaches('water-meter', { x: 0, y: 600 })).toBe(false);
  expect(radio.reaches('vehicle', { x: 0, y: 0 })).toBe(true);
  expect(radio.reaches('bus', { x: 3000, y: 0 })).toBe(true);
  const [everywhere] = pairAt(START_MS, eventOf('network-outage', START_MS, Infinity));
  expect(everywhere.radio.reaches('vehicle', { x: 9999, y: 9999 })).toBe(false);
});

test('a crowd stands where it was sent', () => {
  const [{ people }] = pairAt(
    START_MS,
    eventOf('crowd', START_MS, Infinity, { people: 40_000 }, circleAt(1200, 600, 250)),
  );
  expect(people.crowds).toHaveLength(1);
  const [crowd] = people.crowds;
  expect(crowd!.people).toBe(40_000);
  expect(crowd!.radiusM).toBe(250);
  expect(Math.hypot(crowd!.center.x - 1200, crowd!.center.y - 600)).toBeLessThan(0.01);
});

test('an event makes a working day a holiday for as long as it lasts', () => {
  const fromMs = START_MS + 8 * HOUR_MS;
  const holiday = eventOf('day-type', fromMs, fromMs + 2 * HOUR_MS, { dayType: 'holiday' });
  const [during, without] = pairAt(fromMs + 30 * MIN_MS, holiday);
  expect(during.calendar).toMatchObject({ dayType: 'holiday', school: false });
  expect(during.people.traffic).toBeLessThan(0.6 * without.people.traffic);
  const [after] = pairAt(fromMs + 2 * HOUR_MS, holiday);
  expect(after.calendar.dayType).toBe('workday');
  const index = (fromMs + 480 * MIN_MS) / HOUR_MS;
  expect([after.hour(index - 1).dayType, after.hour(index).dayType]).toEqual(['workday', 'holiday']);
});

describe('bad events', () => {
  const problem = (event: string, args: Args = {}, where?: Place) => worldEventProblem(city, event, where, args);

  test('are refused with the value and what was expected', () => {
    expect(problem('wether')).toBe('unknown event "wether", did you mean weather?');
    expect(problem('weather', { rainMmPerH: 200 })).toBe('weather: rainMmPerH must be a number 0…150, got 200');
    expect(problem('weather', { rain: 2 })).toBe('weather: unknown argument rain, did you mean rainMmPerH?');
    expect(problem('weather', { rampS: 60 })).toMatch(/^weather: one of preset, rainMmPerH.* is missing$/);
    expect(problem('weather', { preset: 'typhon' })).toContain('(did you mean typhoon?), got "typhon"');
    expect(problem('weather', {}, { street: 'Test Road' })).toContain('where must be absent');
    expect(problem('road-closed')).toBe('road-closed: where is missing');
    expect(problem('road-closed', {}, { street: 'Test Rode' })).toContain('did you mean Test Road?');
    expect(problem('road-closed', {}, { district: 'District' })).toContain('must be a street or a circle');
    expect(problem('road-closed', {}, circleAt(-9000, 0, 10))).toContain('no street');
    expect(problem('crowd', {}, circleAt(0, 0, 10))).toBe('crowd: people is missing');
    expect(problem('crowd', { people: 150.5 }, circleAt(0, 0, 10))).toContain('a whole number 100…200000, got 150.5');
    expect(problem('crowd', { people: 500 }, { district: 'District' })).toContain('must be a circle');
    expect(problem('network-outage', { kinds: [] })).toContain('a list of one or more names, got []');
    expect(problem('day-type', { dayType: 'sunday' })).toContain('must be one of workday, weekend, holiday');
    expect(problem('power-cut', { depth: 1 })).toContain('unknown argument depth, expected none');
  });

  test('do not enter the world', () => {
    const world = createAt();
    expect(() => world.impose(eventOf('weather', 0, 1, { cloud: 2 }))).toThrow('cloud must be a number 0…1, got 2');
    expect(() => world.impose(eventOf('power-cut', START_MS, START_MS - 1))).toThrow('must end after its beginning');
    expect(world.happening(START_MS)).toEqual([]);
  });
});
