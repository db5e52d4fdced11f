// The JSON Schema of a scenario, made from the models, the world's events and the city's places: editors complete by it, the reader checks
// by it. What no schema can say (times within the run, known ids, measures) is checked in `entry.ts` and `expectation.ts`.
import { KIND_PATTERN } from '../../telemetry/description.ts';
import type { JsonSchema } from '../../telemetry/description.ts';
import type { InjectableEvent } from '../../telemetry/messages.ts';
import { MAX_SPEED, MIN_SPEED } from '../clock.ts';
import type { City } from '../city.ts';
import { OPERATORS } from '../scenario.ts';
import { injectableEvents, when } from './catalog.ts';
import type { Models } from './catalog.ts';
import { PATTERNS } from './times.ts';

export const MAX_ENTRIES = 10_000;
export const MAX_EXPECTATIONS = 1000;
export const MAX_DEVICES = 20_000_000;
/** Ids in one entry's `devices`. */
const MAX_NAMED = 10_000;
const MAX_TEXT = 20_000;

export const ID_PATTERN = '^[A-Za-z][A-Za-z0-9_-]{0,63}$';
/** Words about conditions that belong to an event as a whole, and survive when its arguments stand beside `at`. */
const CONDITIONS = ['allOf', 'anyOf', 'oneOf', 'not', 'if', 'then', 'else', 'dependentRequired'];

export function scenarioSchema({ city, models }: { readonly city: City; readonly models: Models }): JsonSchema {
  const kinds = [...models.keys()];
  const catalog = injectableEvents(models);
  return {
    $schema: 'http://json-schema.org/draft-07/schema#',
    title: 'citytwin scenario',
    description:
      'Which city, when, which devices, what happens to them, and what is expected of it. See docs/scenarios.md.',
    ...object(
      {
        name: {
          type: 'string',
          pattern: KIND_PATTERN.source,
          description: 'a name of small letters, digits and hyphens',
        },
        title: { type: 'string', maxLength: 200, description: 'one line for people' },
        description: { type: 'string', maxLength: MAX_TEXT, description: 'what the scenario shows' },
        seed: {
          type: 'integer',
          minimum: 0,
          maximum: Number.MAX_SAFE_INTEGER,
          default: 1,
          description: 'same seed, same run',
        },
        city: { enum: [city.id], default: city.id, description: 'the city' },
        start: { type: 'string', ...PATTERNS.start },
        duration: { $ref: '#/definitions/duration' },
        speed: {
          anyOf: [{ type: 'number', minimum: MIN_SPEED, maximum: MAX_SPEED }, { const: 'max' }],
          description: `simulated seconds per second, ${MIN_SPEED} to ${MAX_SPEED}, or max`,
        },
        dayType: { enum: ['workday', 'weekend', 'holiday'], description: 'what every day is, whatever its date' },
        fleets: {
          ...object(
            Object.fromEntries(kinds.map((kind) => [kind, { type: 'integer', minimum: 0, maximum: MAX_DEVICES }])),
          ),
          description: 'devices by kind; a kind left out has none; the demo city when absent',
        },
        scale: {
          type: 'number',
          exclusiveMinimum: 0,
          maximum: 10_000,
          default: 1,
          description: 'multiplies every fleet',
        },
        truth: { type: 'boolean', default: false, description: 'publish the ground truth beside what sensors read' },
        control: { type: 'boolean', default: true, description: 'the control centre works' },
        quality: {
          enum: ['ideal', 'field'],
          default: 'ideal',
          description: 'field: sensors and networks also fail by themselves, as often as real ones',
        },
        timeline: {
          type: 'array',
          maxItems: MAX_ENTRIES,
          description: 'what happens, and when',
          items: { allOf: [{ type: 'object', required: ['at'] }, { $ref: '#/definitions/entry' }] },
        },
        expect: {
          type: 'array',
          maxItems: MAX_EXPECTATIONS,
          description: 'what must be true at the end',
          items: { $ref: '#/definitions/expectation' },
        },
      },
      ['name', 'start', 'duration'],
    ),
    definitions: {
      duration: { type: 'string', maxLength: 64, ...PATTERNS.duration },
      moment: { type: 'string', maxLength: 64, ...PATTERNS.moment },
      id: {
        type: 'string',
        pattern: ID_PATTERN,
        description: 'a name for expectations: a letter, then letters, digits, - and _',
      },
      stretch: {
        type: 'string',
        maxLength: 140,
        description:
          'a stretch such as 08:00-09:00, 1d 08:00-1d 09:00 or +1h-+2h, the id of an event (while it happens), before ID or after ID',
      },
      place: placeSchema(city),
      expectation: expectationSchema(),
      entry: entrySchema(catalog),
      ...Object.fromEntries(catalog.map((choice) => [definitionName(choice), choiceSchema(choice)])),
    },
  };
}

function placeSchema(city: City): JsonSchema {
  const districts = [...new Set(city.districts.map(({ name }) => name.en))];
  return {
    type: 'object',
    description: 'a district, a street, or a circle of lat, lon and radiusM',
    properties: {
      district: { enum: districts },
      street: { type: 'string', maxLength: 80, description: 'a street by its English name' },
      lat: { type: 'number', minimum: -90, maximum: 90 },
      lon: { type: 'number', minimum: -180, maximum: 180 },
      radiusM: { type: 'number', exclusiveMinimum: 0, maximum: 100_000 },
    },
    additionalProperties: false,
    oneOf: [
      { required: ['district'], maxProperties: 1 },
      { required: ['street'], maxProperties: 1 },
      { required: ['lat', 'lon', 'radiusM'], maxProperties: 3 },
    ],
  };
}

function expectationSchema(): JsonSchema {
  return object(
    {
      name: { type: 'string', minLength: 1, maxLength: 200, description: 'a sentence that is true when it is met' },
      of: { type: 'string', maxLength: 500, description: 'what is measured, e.g. mean(bus.speedMps)' },
      op: { enum: OPERATORS, description: 'how it is compared' },
      value: {
        anyOf: [{ type: 'number' }, { type: 'array', items: { type: 'number' }, minItems: 2, maxItems: 2 }],
        description: 'a number; for between two: [low, high]',
      },
      during: { $ref: '#/definitions/stretch' },
      versus: { $ref: '#/definitions/stretch' },
    },
    ['name', 'of', 'op', 'value'],
  );
}

/** The event decides what else an entry may say; where several kinds know an event, event and kind do. */
function entrySchema(catalog: readonly InjectableEvent[]): JsonSchema {
  const events = [...new Set(catalog.map(({ event }) => event))];
  return {
    type: 'object',
    required: ['event'],
    properties: { event: { enum: events, description: 'what happens' } },
    allOf: [
      ...events.flatMap((event) => kindRule(event, kindsWith(catalog, event))),
      ...catalog.map((choice) =>
        when(condition(choice, kindsWith(catalog, choice.event).length === 1), {
          $ref: `#/definitions/${definitionName(choice)}`,
        }),
      ),
    ],
  };
}

/** Kinds that know an event; empty for an event of the world. */
export function kindsWith(catalog: readonly InjectableEvent[], event: string): string[] {
  return catalog.flatMap((choice) => (choice.event === event && choice.kind !== undefined ? [choice.kind] : []));
}

function kindRule(event: string, kinds: readonly string[]): JsonSchema[] {
  if (kinds.length === 0) return [];
  const rule = { properties: { kind: { enum: kinds } }, ...(kinds.length > 1 ? { required: ['kind'] } : {}) };
  return [when(condition({ event }, false), rule)];
}

function condition({ event, kind }: { event: string; kind?: string }, kindMayBeAbsent: boolean): JsonSchema {
  return {
    properties: { event: { const: event }, ...(kind === undefined ? {} : { kind: { const: kind } }) },
    required: kind === undefined || kindMayBeAbsent ? ['event'] : ['event', 'kind'],
  };
}

function definitionName({ event, kind }: InjectableEvent): string {
  return kind === undefined ? event : `${event}.${kind}`;
}

function choiceSchema({ event, kind, label, where, args }: InjectableEvent): JsonSchema {
  const { properties = {}, required = [] } = args as { properties?: object; required?: string[] };
  const conditions = Object.fromEntries(Object.entries(args).filter(([word]) => CONDITIONS.includes(word)));
  return {
    description: kind === undefined ? label : `${label} (${kind})`,
    ...object(
      {
        at: { $ref: '#/definitions/moment' },
        event: { const: event, description: label },
        id: { $ref: '#/definitions/id' },
        // A command is given once.
        ...(event === 'command' ? {} : { for: { $ref: '#/definitions/duration' } }),
        ...(where === 'none' ? {} : { where: { $ref: '#/definitions/place' } }),
        ...(kind === undefined ? {} : targetProperties(kind)),
        ...properties,
      },
      ['event', ...(where === 'required' ? ['where'] : []), ...required],
    ),
    ...conditions,
  };
}

function targetProperties(kind: string): JsonSchema {
  return {
    kind: { const: kind, description: 'the kind of the devices' },
    devices: {
      type: 'array',
      items: { type: 'string', maxLength: 64 },
      minItems: 1,
      maxItems: MAX_NAMED,
      uniqueItems: true,
      description: `devices by id, e.g. ${kind}-0001`,
    },
    share: { type: 'number', exclusiveMinimum: 0, maximum: 1, description: 'this share of the devices there, by lot' },
    count: { type: 'integer', minimum: 1, description: 'so many of the devices there, by lot' },
  };
}

function object(properties: JsonSchema, required: readonly string[] = []): JsonSchema {
  return { type: 'object', properties, ...(required.length > 0 ? { required } : {}), additionalProperties: false };
}
