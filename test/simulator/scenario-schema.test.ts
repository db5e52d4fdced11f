// The published schema is the one of today's models, the shipped scenarios keep to it, and it says the same as the reader.
import { readFileSync } from 'node:fs';
import { Ajv } from 'ajv';
import { describe, expect, test } from 'vitest';
import { parse } from 'yaml';
import { loadCity } from '../../simulator/city/load.ts';
import { loadModels } from '../../simulator/kinds.ts';
import { ENTRY_KEYS, injectableEvents } from '../../simulator/scenario/catalog.ts';
import { listScenarios, loadScenario } from '../../simulator/scenario/load.ts';
import { readEntry } from '../../simulator/scenario/read.ts';
import { scenarioSchema } from '../../simulator/scenario/schema.ts';
import { WORLD_EVENTS } from '../../simulator/world/events.ts';
import { context as fake } from './scenario-models.ts';

const context = { city: loadCity(), models: await loadModels() };
const catalog = injectableEvents(context.models);
const scenarios = new URL('../../scenarios/', import.meta.url);
const textOf = (name: string) => readFileSync(new URL(`${name}.yaml`, scenarios), 'utf8');

const validate = new Ajv({ strict: false, allErrors: true }).compile(scenarioSchema(context));

test('scenario.schema.json is current; `npx vitest run scenario-schema -u` writes it anew', async () => {
  const schema = `${JSON.stringify(scenarioSchema(context), null, 2)}\n`;
  await expect(schema).toMatchFileSnapshot('../../scenarios/scenario.schema.json');
});

describe.each(listScenarios())('%s', (name) => {
  test('is read without a problem, and called like its file', async () => {
    const scenario = await loadScenario(name, context);
    expect(scenario.name).toBe(name);
    expect(scenario.title).toMatch(/\w/);
    expect(scenario.expect.length).toBeGreaterThanOrEqual(4);
  });

  test('tells editors where its schema is, and keeps to it', () => {
    expect(textOf(name).split('\n', 1)).toEqual(['# yaml-language-server: $schema=./scenario.schema.json']);
    validate(parse(textOf(name)));
    expect(validate.errors).toBeNull();
  });
});

test('an ordinary day expects something of at least five kinds', async () => {
  const { expect: expectations } = await loadScenario('ordinary-day', context);
  const kinds = new Set(expectations.map(({ of }) => /\(([a-z-]+)/.exec(of)?.[1]));
  expect(kinds.size).toBeGreaterThanOrEqual(5);
});

describe('the catalogue', () => {
  test('has every event of the world, every happening of a kind, and faults for each kind', () => {
    const names = new Set(catalog.map(({ event, kind }) => `${event} ${kind ?? ''}`.trim()));
    for (const event of Object.keys(WORLD_EVENTS)) expect(names).toContain(event);
    for (const [kind, { happenings = {} }] of context.models) {
      for (const event of ['sensor-fault', ...Object.keys(happenings)]) expect(names).toContain(`${event} ${kind}`);
    }
    expect(names.size).toBe(catalog.length);
  });

  test('lets no event name an argument like a key of every entry', () => {
    const taken = catalog.flatMap(({ event, kind, args }) =>
      Object.keys(args.properties ?? {})
        .filter((name) => (ENTRY_KEYS as readonly string[]).includes(name))
        .map((name) => `${event} of ${kind ?? 'the world'}: ${name}`),
    );
    expect(taken).toEqual([]);
  });

  test('has a label in Chinese for everything', () => {
    expect(
      catalog.filter(({ labels }) => labels?.zh === undefined).map(({ event, kind }) => `${event} ${kind}`),
    ).toEqual([]);
  });
});

test('an event that several kinds know needs the kind, one that a single kind knows does not', () => {
  const answer = (value: object) => {
    const read = readEntry(value, fake);
    return 'problems' in read ? read.problems : read.entry.target?.kind;
  };
  expect(answer({ event: 'leak' })).toEqual(['kind is missing']);
  expect(answer({ event: 'leak', kind: 'gas-meter' })).toBe('gas-meter');
  expect(answer({ event: 'breakdown' })).toBe('bus');
});
