// Scenarios as text: what they become, and what is said of their mistakes, each at its place.
import { expect, test } from 'vitest';
import { readScenario, readSource } from '../../simulator/scenario/read.ts';
import { defineScenario } from '../../simulator/scenario/source.ts';
import { ScenarioError } from '../../simulator/scenario/problems.ts';
import type { ScenarioProblem } from '../../simulator/scenario/problems.ts';
import { context } from './scenario-models.ts';

const HOUR_MS = 3_600_000;
const HEAD = 'name: test\nstart: 2026-05-20T06:00\nduration: 24h\n';

const read = (text: string) => readScenario(text, 'test.yaml', context);
const entry = (rest: string) => read(`${HEAD}timeline:\n  - ${rest}\n`).timeline[0]!;
const expectation = (rest: string, timeline = '') =>
  read(`${HEAD}${timeline}expect:\n  - { name: x, op: '>', value: 1, ${rest} }\n`).expect[0]!;

function problemsOf(text: string): readonly ScenarioProblem[] {
  try {
    read(text);
  } catch (error) {
    if (error instanceof ScenarioError) return error.problems;
    throw error;
  }
  throw new Error('there is no mistake in this');
}

/** The text that a problem points at, from its column on. */
function pointed({ excerpt, column }: ScenarioProblem): string {
  return excerpt!.slice(column! - 1);
}

test('three lines are a scenario; the rest has defaults', () => {
  const scenario = read(HEAD);
  expect(scenario).toMatchObject({
    name: 'test',
    seed: 1,
    city: 'wuxi',
    truth: false,
    control: true,
    quality: 'ideal',
  });
  expect(scenario.startCivilMs).toBe(Date.UTC(2026, 4, 20, 6));
  expect(scenario.durationMs).toBe(24 * HOUR_MS);
  expect(scenario.fleets).toBeUndefined();
  expect(scenario.hash).toMatch(/^[0-9a-f]{16}$/);
});

test('a time of day is the next after the start, a day counts from the start, + from the first moment', () => {
  const at = (text: string) => entry(`{ at: ${text}, event: power-cut }`).atMs / HOUR_MS;
  expect(at('17:30')).toBe(11.5);
  expect(at('06:00')).toBe(0);
  expect(at('05:00')).toBe(23);
  expect(at('0d 08:00')).toBe(2);
  expect(at('1d 05:00')).toBe(23);
  expect(at('+90m')).toBe(1.5);
  expect(at('"+1h 30m"')).toBe(1.5);
});

test('a stretch ends at the next such time after its beginning', () => {
  const window = (text: string) => {
    const { fromMs, untilMs } = expectation(`of: count(bus), during: ${text}`).during!;
    return [fromMs / HOUR_MS, untilMs / HOUR_MS];
  };
  expect(window('08:00-09:00')).toEqual([2, 3]);
  expect(window('22:00-02:00')).toEqual([16, 20]);
  expect(window('22:00-24:00')).toEqual([16, 18]);
  expect(window('0d 23:00-1d 01:00')).toEqual([17, 19]);
  expect(window('+1h-+2h')).toEqual([1, 2]);
});

test('an event names a stretch: while it happens, before it, after it', () => {
  const timeline = 'timeline:\n  - { at: 08:00, event: weather, id: rain, rainMmPerH: 20, for: 2h }\n';
  const hours = (text: string) => {
    const { during, versus } = expectation(`of: count(bus), during: ${text}`, timeline);
    return [during, versus].map((window) => window && [window.fromMs / HOUR_MS, window.untilMs / HOUR_MS]);
  };
  expect(hours('rain')).toEqual([[2, 4], undefined]);
  expect(hours('rain, versus: before rain')).toEqual([
    [2, 4],
    [0, 2],
  ]);
  expect(hours('after rain')).toEqual([[4, 24], undefined]);
});

test('what lasts longer than the run counts until its end', () => {
  const timeline = 'timeline:\n  - { at: 05:00, event: power-cut, id: cut, for: 2h }\n';
  expect(expectation('of: count(bus), during: cut', timeline).during).toEqual({
    fromMs: 23 * HOUR_MS,
    untilMs: 24 * HOUR_MS,
  });
});

test('an event without a name has that of its kind, numbered when it is taken', () => {
  const { timeline } = read(
    `${HEAD}timeline:\n  - { at: 09:00, event: power-cut }\n  - { at: 08:00, event: power-cut }\n  - { at: 10:00, event: crowd, id: power-cut-3, where: { lat: 31.5, lon: 120.3, radiusM: 500 }, people: 1000 }\n  - { at: 11:00, event: power-cut }\n`,
  );
  expect(timeline.map(({ id }) => id)).toEqual(['power-cut-2', 'power-cut', 'power-cut-3', 'power-cut-4']);
});

test('arguments stand beside the time; what is no argument becomes place and target', () => {
  expect(entry('{ at: +1h, event: leak, kind: water-meter, share: 0.1, flowLph: 30, for: 2h }')).toEqual({
    id: 'leak',
    atMs: HOUR_MS,
    durationMs: 2 * HOUR_MS,
    event: 'leak',
    target: { kind: 'water-meter', share: 0.1 },
    args: { flowLph: 30 },
  });
  expect(entry('{ at: +1h, event: breakdown, devices: [bus-0007] }')).toMatchObject({
    target: { kind: 'bus', devices: ['bus-0007'] },
    durationMs: Infinity,
  });
  expect(entry('{ at: +1h, event: command, kind: bus, name: hold, args: { durationS: 60 } }').args).toEqual({
    name: 'hold',
    args: { durationS: 60 },
  });
});

test('a scale multiplies the fleets, and leaves at least one device of each', () => {
  expect(read(`${HEAD}fleets: { bus: 120, gas-meter: 0, water-meter: 3 }\nscale: 0.1\n`).fleets).toEqual({
    bus: 12,
    'gas-meter': 0,
    'water-meter': 1,
  });
  expect(read(`${HEAD}scale: 2\n`).fleets).toEqual({ bus: 240, 'water-meter': 40_000, 'gas-meter': 4000 });
});

test('the hash is that of the content: not of titles, order of keys or language of the file', () => {
  const { hash } = read(`${HEAD}seed: 1\n`);
  expect(read(`title: other\nseed: 1\n${HEAD}`).hash).toBe(hash);
  const source = defineScenario({ duration: '24h', start: '2026-05-20T06:00', name: 'test' });
  expect(readSource(source, 'test.ts', context).hash).toBe(hash);
  expect(read(`${HEAD}seed: 2\n`).hash).not.toBe(hash);
  const forEver = read(`${HEAD}timeline:\n  - { at: +1h, event: power-cut }\n`).hash;
  const forAnHour = read(`${HEAD}timeline:\n  - { at: +1h, event: power-cut, for: 1h }\n`).hash;
  expect(forEver).not.toBe(forAnHour);
});

/** What is wrong, what is said, and where it points. */
const MISTAKES: readonly [text: string, message: string | RegExp, at: string][] = [
  [`${HEAD}timelin: []`, 'unknown key "timelin", did you mean timeline?', 'timelin'],
  [`${HEAD}fleets: { buss: 1 }`, 'unknown key "buss", did you mean bus?', 'buss'],
  [`${HEAD}fleets: { bus: many }`, 'bus must be a whole number, got "many"', 'many'],
  [`${HEAD}fleets: { bus: 20000000, gas-meter: 1 }`, 'at most 20000000 devices in all, got 20000001', 'fleets'],
  [`${HEAD}scale: 1000`, 'at most 20000000 devices in all, got 22120000', 'scale'],
  [`${HEAD}quality: ideel`, 'unknown quality "ideel", did you mean ideal?', 'ideel'],
  [`${HEAD}city: paris`, 'unknown city "paris", expected wuxi', 'paris'],
  [`${HEAD}speed: fast`, 'speed must be simulated seconds per second, 0.1 to 1000, or max, got "fast"', 'fast'],
  ['name: test\nstart: 2026-02-30T06:00\nduration: 1h', 'there is no such day or time: 2026-02-30T06:00', '2026'],
  ['name: test\nstart: 2026-05-20T06:00\nduration: 401d', 'a run lasts at most 400 days, got 401d', '401d'],
  ['name: test\nstart: 2026-05-20T06:00\nduration: 500ms', /whole seconds/, '500ms'],
  ['name: test\nstart: 2026-05-20T06:00\nduration: two hours', /^duration must be a duration such as 24h/, 'two'],
  ['name: Big City\nstart: 2026-05-20T06:00\nduration: 1h', /small letters/, 'Big'],
  ['name: test\nstart: 2026-05-20T06:00\n', 'duration is missing', 'name'],
  [line('at: 08:00, event: wether'), 'unknown event "wether", did you mean weather?', 'wether'],
  [line('at: 08:00, evnt: weather'), 'unknown key "evnt", did you mean event?', 'evnt'],
  [line('event: power-cut'), 'at is missing', '{ event'],
  [line('at: noon, event: power-cut'), /^at must be a time of day such as 17:30/, 'noon'],
  [line('at: 0d 05:00, event: power-cut'), '0d 05:00 is 1h before the start', '0d'],
  [line('at: 1d 07:00, event: power-cut'), '1d 07:00 is 1d 1h after the start, but the run lasts 1d', '1d'],
  [line('at: +1h, event: weather, rainMmPerH: -1'), 'rainMmPerH must be >= 0, got -1', '-1'],
  [line('at: +1h, event: weather, rain: 5'), /^unknown key "rain"/, 'rain'],
  [line('at: +1h, event: power-cut, where: { district: Liangxi }'), /did you mean Liangxi District/, 'Liangxi'],
  [line('at: +1h, event: power-cut, where: { lat: 31.5 }'), /^where must be a district, a street/, '{ lat'],
  [line('at: +1h, event: road-closed, where: { street: Taihu Avnue }'), /did you mean Taihu Avenue/, 'Taihu'],
  [line('at: +1h, event: road-closed'), 'where is missing', '{ at'],
  [line('at: +1h, event: crowd, where: { district: Binhu District }, people: 500'), /must be a circle/, 'crowd'],
  [line('at: +1h, event: network-outage, kinds: [buss]'), /unknown kind "buss", did you mean bus/, '[buss'],
  [line('at: +1h, event: leak'), 'kind is missing', '{ at'],
  [line('at: +1h, event: leak, kind: bus'), 'unknown kind "bus", expected one of water-meter, gas-meter', 'bus'],
  [
    line('at: +1h, event: breakdown, devices: [bus-0121]'),
    /unknown device bus-0121, expected bus-0001 … bus-0120/,
    'bus-0121',
  ],
  [line('at: +1h, event: breakdown, devices: [bus-7]'), /unknown device bus-7,/, 'bus-7'],
  [line('at: +1h, event: breakdown, count: 121'), 'there are 120 of bus, got 121', '121'],
  [line('at: +1h, event: breakdown, count: 2, share: 0.1'), /one of devices, share, count/, 'count'],
  [line('at: +1h, event: breakdown, for: 0s'), 'for must be longer than 0s', '0s'],
  [line('at: +1h, event: sensor-fault, kind: bus, fault: stuck'), 'field is missing', '{ at'],
  [line('at: +1h, event: sensor-fault, kind: bus, fault: stuk, field: load'), /did you mean stuck/, 'stuk'],
  [
    line('at: +1h, event: sensor-fault, kind: bus, fault: stuck, field: lod'),
    'unknown field "lod", did you mean load?',
    'lod',
  ],
  [line('at: +1h, event: sensor-fault, kind: bus, fault: offset, field: load'), /needs a size/, 'offset'],
  [line('at: +1h, event: sensor-fault, kind: bus, fault: late, field: load'), /leave field out/, 'late'],
  [line('at: +1h, event: command, kind: bus, name: hld'), 'unknown name "hld", did you mean hold?', 'hld'],
  [line('at: +1h, event: command, kind: bus, name: hold'), 'args is missing', '{ at'],
  [
    line('at: +1h, event: command, kind: bus, name: hold, args: { durationS: 0 }'),
    'durationS must be >= 1, got 0',
    '0 }',
  ],
  [line('at: +1h, event: command, kind: bus, name: departNow, for: 1h'), /^unknown key "for"/, 'for'],
  [line('at: +1h, event: power-cut, id: a b'), /^id must be a name for expectations/, 'a b'],
  [
    `${line('at: +1h, event: power-cut, id: a')}\n  - { at: +2h, event: power-cut, id: a }`,
    'the id a is there twice',
    'a }',
  ],
  [
    `name: test\nstart: 2026-05-20T06:00\nduration: 1h\nfleets: { bus: 1 }\ntimeline:\n  - { at: +1m, event: leak, kind: gas-meter }`,
    'the scenario has no gas-meter',
    'leak',
  ],
  [wanted('of: mean(bus.sped)'), /^unknown field of bus "sped"/, 'sped'],
  [wanted("of: 'mean(buss.load)'"), 'unknown kind "buss", did you mean bus?', 'buss'],
  [wanted('of: count(bus), op: =<'), /^op must be one of <, <=, >/, '=<'],
  [wanted('of: count(bus), op: between'), 'between needs two numbers [low, high], got 1', '1'],
  [wanted('of: count(bus), op: between, value: [2, 1]'), 'between needs the lower number first, got [2, 1]', '[2'],
  [wanted('of: count(bus), value: [1, 2]'), '> compares with one number, got two', '[1'],
  [wanted('of: count(bus), value: high'), /^value must be a number; for between two/, 'high'],
  [wanted('of: count(bus), during: rian'), /^unknown event of the timeline "rian"/, 'rian'],
  [wanted('of: count(bus), during: 08:00-'), /is no stretch/, '08:00-'],
  [wanted('of: count(bus), during: +2h-+1h'), '+2h-+1h ends before it begins', '+2h'],
  [wanted('of: count(bus), during: +23h-+25h'), /but the run lasts 1d$/, '+23h'],
  [wanted('of: count(bus), during: 1d 07:00-1d 08:00'), /lies 1d 1h to 1d 2h after the start/, '1d'],
  [wanted('of: count(bus), versus: 07:00-08:00'), /^versus goes with during/, '07:00'],
  [wanted('of: platform.gaps, during: 07:00-08:00'), /^leave during out/, '07:00'],
  [wanted('of: count(bus), vs: 1'), /^unknown key "vs"/, 'vs'],
  [
    `${wanted('of: count(bus)')}\n  - { name: x, of: count(bus), op: '<', value: 1 }`,
    'two expectations have the name "x"',
    'x',
  ],
  [
    `${line('at: +0s, event: weather, cloud: 1, id: rain')}\nexpect: [{ name: x, of: count(bus), op: '<', value: 1, during: before rain }]`,
    /^nothing is before rain/,
    'before',
  ],
  [
    `${line('at: +1h, event: weather, cloud: 1, id: rain')}\nexpect: [{ name: x, of: count(bus), op: '<', value: 1, during: after rain }]`,
    /^nothing is after rain/,
    'after',
  ],
];

function line(entry: string): string {
  return `${HEAD}timeline:\n  - { ${entry} }`;
}

function wanted(rest: string): string {
  const op = rest.includes('op:') ? '' : "op: '>', ";
  const value = rest.includes('value:') ? '' : ', value: 1';
  return `${HEAD}expect:\n  - { name: x, ${op}${rest}${value} }`;
}

test.each(MISTAKES)('%j is refused where it stands', (text, message, at) => {
  const [problem, ...more] = problemsOf(text);
  expect(more).toEqual([]);
  if (typeof message === 'string') expect(problem!.message).toBe(message);
  else expect(problem!.message).toMatch(message);
  expect(pointed(problem!)).toMatch(new RegExp(`^${at.replace(/[{}[\]+.()]/g, '\\$&')}`));
});

test('all mistakes come at once, in the order of the lines, each with its line and a caret', () => {
  const text = `name: test\nstart: 2026-05-20T06:00\nduration: 6h\ntimelin: []\nexpect:\n  - name: a\n    of: mean(bus.sped)\n    op: '>'\n    value: 1\nseed: -1\n`;
  expect(() => read(text)).toThrow(
    [
      'test.yaml:4:1: unknown key "timelin", did you mean timeline?',
      '    timelin: []',
      '    ^',
      'test.yaml:7:18: unknown field of bus "sped", expected one of speedMps, load, status, line, doorOpen',
      '        of: mean(bus.sped)',
      '                     ^',
      'test.yaml:10:7: seed must be >= 0, got -1',
      '    seed: -1',
      '          ^',
    ].join('\n'),
  );
});

test('an operator that YAML takes for something else is asked to be quoted', () => {
  const messages = (op: string) =>
    problemsOf(`${HEAD}expect:\n  - name: a\n    of: count(bus)\n    op: ${op}\n    value: 1\n`).map(
      ({ message }) => message,
    );
  expect(messages('>=')[0]).toBe("quote the operator: op: '>='");
  expect(messages('!=')).toEqual(["quote the operator: op: '!='"]);
});

test('data from TypeScript is checked the same way, with a path instead of a line', () => {
  const source = {
    name: 'test',
    start: '2026-05-20T06:00',
    duration: '1h',
    timeline: [
      { at: '+1m', event: 'power-cut' },
      { at: '+2m', event: 'wether' },
    ],
    expect: [{ name: 'x', of: 'mean(bus.sped)', op: '>', value: Number.NaN }],
  };
  const refused = (value: unknown) => () => readSource(value, 'test.ts', context);
  expect(refused(source)).toThrow('test.ts: timeline[1].event: unknown event "wether", did you mean weather?');
  expect(refused(source)).toThrow('test.ts: expect[0].of: unknown field of bus "sped"');
  expect(refused(source)).toThrow('test.ts: expect[0].value: expected a finite number, got NaN');
  expect(refused({ ...source, timeline: [new Date()] })).toThrow(
    'timeline[0]: expected plain data, got an instance of a class',
  );
  expect(refused({ ...source, title: () => '' })).toThrow('title: expected plain data, got a function');
  const circle: { self?: unknown } = {};
  circle.self = circle;
  expect(refused(circle)).toThrow('nested deeper than 20 levels');
});
