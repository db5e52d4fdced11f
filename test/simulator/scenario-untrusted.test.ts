// Files and bodies of strangers: whatever is in them, the answer is a scenario or a list of problems, soon, and nothing else happens.
import fc from 'fast-check';
import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { listScenarios } from '../../simulator/scenario/load.ts';
import { ScenarioError } from '../../simulator/scenario/problems.ts';
import { readEntry, readScenario, readSource } from '../../simulator/scenario/read.ts';
import { context } from './scenario-models.ts';

const HEAD = 'name: test\nstart: 2026-05-20T06:00\nduration: 24h\n';
/** An answer must come in this time, ms; the machine may be busy. */
const PATIENCE_MS = 15_000;

function messagesOf(text: string): string[] {
  const startedMs = performance.now();
  try {
    readScenario(text, 'test.yaml', context);
    return [];
  } catch (error) {
    if (!(error instanceof ScenarioError)) throw error;
    return error.problems.map(({ message }) => message);
  } finally {
    expect(performance.now() - startedMs).toBeLessThan(PATIENCE_MS);
  }
}

test.each([
  ['a bomb of aliases', `${HEAD}title: &a x\ndescription: *a\n`, /aliases|anchors/],
  ['an anchor', `${HEAD}title: &a x\n`, /^anchors are not supported: remove &a/],
  ['a merge key', `${HEAD}<<: { seed: 3 }\n`, /^the key << is not allowed/],
  ['a tag', `${HEAD}title: !!js/function 'x'\n`, /^tags are not supported/],
  ['a tag of the standard', `${HEAD}seed: !!int '3'\n`, /^tags are not supported/],
  ['a prototype', `${HEAD}__proto__: { polluted: true }\n`, /^the key __proto__ is not allowed/],
  ['a constructor', `${HEAD}fleets: { constructor: 1 }\n`, /^the key constructor is not allowed/],
  ['a key twice', `${HEAD}seed: 1\nseed: 2\n`, /^the key seed is there twice/],
  ['two documents', `${HEAD}---\n${HEAD}`, /^one file holds one scenario/],
  ['keys that are no words', `${HEAD}? [a, b]\n: 1\n`, /keys/],
  ['nothing', '', /^a scenario is a list of keys and values/],
  ['a list', '- 1\n', /^a scenario is a list of keys and values/],
  ['deep brackets', `${HEAD}title: ${'['.repeat(100_000)}`, /nested too deeply|must be/],
  ['deep dashes', '- '.repeat(60_000), /nested too deeply/],
  ['deep maps', `${HEAD}title: ${'{a: '.repeat(50)}1${'}'.repeat(50)}`, /^nested deeper than 20 levels/],
  ['too much', `${HEAD}description: ${'x'.repeat(262_144)}`, /at most 262144 bytes/],
  ['thousands of keys', Array.from({ length: 12_000 }, (_, i) => `k${i}: 1`).join('\n'), /^unknown key "k0"/],
  ['one long wrong line', `${HEAD}${'"'.repeat(200_000)}`, /./],
  [
    'long spaces',
    `${HEAD}speed: 1s${' '.repeat(200_000)}x\nexpect: [{ name: a, of: count(bus), op: '<', value: 1, during: '+1s${' '.repeat(40_000)}x' }]`,
    /./,
  ],
  [
    'too many entries',
    `${HEAD}timeline:\n${'- {at: +1s, event: day}\n'.repeat(10_001)}`,
    /must NOT have more than 10000|not have more than 10000/,
  ],
  [
    'thousands of strangers',
    `${HEAD}timeline:\n${Array.from({ length: 2000 }, (_, i) => `- {at: +1h, event: power-cut, id: ${'a'.repeat(20)}${i}}`).join('\n')}\nexpect:\n${Array.from({ length: 600 }, (_, i) => `- {name: n${i}, of: count(bus), op: '<', value: 1, during: ${'b'.repeat(60)}}`).join('\n')}`,
    /unknown event of the timeline/,
  ],
])('%s is refused, and soon', (_name, text, message) => {
  expect(messagesOf(text).find((said) => message.test(said))).toBeDefined();
  expect(({} as { polluted?: boolean }).polluted).toBeUndefined();
});

test('a hundred problems are listed, the rest is not', () => {
  const text = `${HEAD}timeline:\n${'- {at: +1h, event: nothing}\n'.repeat(500)}`;
  expect(messagesOf(text)).toHaveLength(100);
});

const shipped = listScenarios().map((name) =>
  readFileSync(new URL(`../../scenarios/${name}.yaml`, import.meta.url), 'utf8'),
);
const scrap = fc.constantFrom(
  '{',
  '}',
  '[',
  ']',
  ':',
  '- ',
  '\n',
  '  ',
  '&a ',
  '*a',
  '!x ',
  '"',
  "'",
  '|\n',
  '> ',
  '#',
  '~',
  '-1',
  '1e999',
  '.nan',
  'null',
  'before ',
  'a'.repeat(50),
);

test('a good file with anything cut, moved or put in is still answered', () => {
  const edits = fc.array(fc.tuple(fc.nat(), fc.nat({ max: 30 }), fc.option(scrap)), { minLength: 1, maxLength: 6 });
  fc.assert(
    fc.property(fc.constantFrom(...shipped), edits, (text, changes) => {
      let changed = text;
      for (const [at, length, put] of changes) {
        const from = at % changed.length;
        changed = changed.slice(0, from) + (put ?? '') + changed.slice(from + length);
      }
      for (const message of messagesOf(changed)) expect(message.length).toBeLessThan(2000);
    }),
    { numRuns: 300 },
  );
});

test('any value in the place of any other is answered', () => {
  const plain = {
    name: 'test',
    start: '2026-05-20T06:00',
    duration: '1h',
    fleets: { bus: 1 },
    timeline: [{ at: '+1m', event: 'power-cut', where: { district: 'Binhu District' } }],
    expect: [{ name: 'x', of: 'count(bus)', op: '<', value: 1 }],
  };
  const paths = [
    ['name'],
    ['start'],
    ['duration'],
    ['speed'],
    ['fleets'],
    ['fleets', 'bus'],
    ['scale'],
    ['timeline'],
    ['timeline', 0],
    ['timeline', 0, 'at'],
    ['timeline', 0, 'event'],
    ['timeline', 0, 'where'],
    ['timeline', 0, 'where', 'district'],
    ['timeline', 0, 'devices'],
    ['timeline', 0, 'id'],
    ['expect'],
    ['expect', 0],
    ['expect', 0, 'name'],
    ['expect', 0, 'of'],
    ['expect', 0, 'op'],
    ['expect', 0, 'value'],
    ['expect', 0, 'during'],
  ];
  fc.assert(
    fc.property(fc.constantFrom(...paths), fc.oneof(fc.jsonValue(), fc.constant(undefined)), (path, value) => {
      const copy = structuredClone(plain) as unknown as { [key: string]: never };
      const last = path.at(-1)!;
      const holder = path.slice(0, -1).reduce((part, key) => part[key]!, copy);
      (holder as { [key: string]: unknown })[last] = value;
      try {
        readSource(copy, 'test.ts', context);
      } catch (error) {
        expect(error).toBeInstanceOf(ScenarioError);
      }
      const answer = readEntry(copy.timeline, context);
      expect('problems' in answer).toBe(true);
    }),
    { numRuns: 500 },
  );
});

test('an event from outside is an entry, or says why not', () => {
  const problems = (value: unknown) => {
    const answer = readEntry(value, context);
    return 'problems' in answer ? answer.problems : [];
  };
  expect(readEntry({ event: 'leak', kind: 'water-meter', count: 3, flowLph: 60, for: '2h' }, context)).toEqual({
    entry: {
      id: 'leak',
      durationMs: 7_200_000,
      event: 'leak',
      target: { kind: 'water-meter', count: 3 },
      args: { flowLph: 60 },
    },
  });
  expect(readEntry({ event: 'weather', id: 'rain', rainMmPerH: 20 }, context)).toEqual({
    entry: { id: 'rain', durationMs: Infinity, event: 'weather', args: { rainMmPerH: 20 } },
  });
  expect(problems({ event: 'wether' })).toEqual(['unknown event "wether", did you mean weather?']);
  expect(problems({ event: 'weather', at: '+1h' })).toEqual(['an event from outside happens at once: leave at out']);
  expect(problems({ event: 'breakdown', devices: ['bus-0011'] })).toEqual([]);
  expect(readEntry({ event: 'breakdown', devices: ['bus-0011'] }, { ...context, fleets: { bus: 10 } })).toEqual({
    problems: ['devices[0]: unknown device bus-0011, expected bus-0001 … bus-0010'],
  });
  expect(problems(JSON.parse('{"event":"weather","__proto__":{"polluted":true}}'))).toEqual([
    'the key __proto__ is not allowed',
  ]);
  expect(problems('rain')).toEqual(['it must be an object, got "rain"']);
});

test('a number is finite', () => {
  const text = `name: x
start: 2026-05-20T06:00
duration: 1h
expect:
  - { name: n, of: count(bus), op: '>', value: .inf }
`;
  expect(() => readScenario(text, 'x.yaml', context)).toThrow(/x\.yaml:5:48: expected a finite number, got Infinity/);
});
