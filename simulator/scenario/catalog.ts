// Everything that can happen in a city, as one list: events of the world, happenings of the kinds, sensor faults, commands. The schema, the
// reader and the page's form are made from it. Whether one entry makes sense is checked in `entry.ts`.
import type { Description, JsonSchema } from '../../telemetry/description.ts';
import type { InjectableEvent } from '../../telemetry/messages.ts';
import { CHANNEL_FAULTS } from '../channel.ts';
import type { Model } from '../fleet.ts';
import { SENSOR_FAULTS } from '../sensor.ts';
import { WORLD_EVENTS } from '../world/events.ts';

export type Models = ReadonlyMap<string, Model>;

/** Keys of an entry that are no arguments of its event. */
export const ENTRY_KEYS = ['at', 'event', 'id', 'for', 'where', 'kind', 'devices', 'share', 'count'] as const;

const catalogs = new WeakMap<Models, readonly InjectableEvent[]>();

/** Events of the world first, then those of each kind. */
export function injectableEvents(models: Models): readonly InjectableEvent[] {
  const known = catalogs.get(models);
  if (known !== undefined) return known;
  const world = Object.entries(WORLD_EVENTS).map(([event, { label, labels, where, args }]): InjectableEvent => ({
    event,
    label,
    labels,
    where,
    args,
  }));
  const catalog = [...world, ...[...models].flatMap(([kind, model]) => eventsOfKind(kind, model))];
  catalogs.set(models, catalog);
  return catalog;
}

function eventsOfKind(kind: string, { description, happenings = {} }: Model): InjectableEvent[] {
  const on = { kind, where: 'optional' } as const;
  const events = Object.entries(happenings).map(([event, { label, labels, args }]): InjectableEvent => ({
    event,
    label,
    ...(labels === undefined ? {} : { labels }),
    ...on,
    args,
  }));
  events.push({
    event: 'sensor-fault',
    label: 'Sensor fault',
    labels: { zh: '传感器故障' },
    ...on,
    args: faultArgs(Object.keys(description.fields)),
  });
  if (description.commands !== undefined && Object.keys(description.commands).length > 0) {
    events.push({
      event: 'command',
      label: 'Command',
      labels: { zh: '指令' },
      ...on,
      args: commandArgs(description.commands),
    });
  }
  return events;
}

/** Faults of a sensor are faults of a field; those of the channel concern whole messages. */
function faultArgs(fields: readonly string[]): JsonSchema {
  return {
    type: 'object',
    properties: {
      fault: {
        enum: [...SENSOR_FAULTS, ...CHANNEL_FAULTS],
        title: 'Fault',
        description: `${SENSOR_FAULTS.join(', ')} bend one field; ${CHANNEL_FAULTS.join(', ')} concern whole messages`,
      },
      field: { enum: fields, title: 'Field', description: 'the field whose sensor is at fault' },
      size: { type: 'number', title: 'Size', description: 'how large; what it means depends on the fault' },
    },
    required: ['fault'],
    additionalProperties: false,
    ...when({ properties: { fault: { enum: SENSOR_FAULTS } } }, { required: ['field'] }),
  };
}

function commandArgs(commands: NonNullable<Description['commands']>): JsonSchema {
  return {
    type: 'object',
    properties: {
      name: { enum: Object.keys(commands), title: 'Command' },
      args: { type: 'object', title: 'Arguments' },
    },
    required: ['name'],
    additionalProperties: false,
    allOf: Object.entries(commands).map(([name, { args }]) =>
      when(
        { properties: { name: { const: name } }, required: ['name'] },
        { properties: { args }, ...(needsArgs(args) ? { required: ['args'] } : {}) },
      ),
    ),
  };
}

export function when(condition: JsonSchema, rule: JsonSchema): JsonSchema {
  // oxlint-disable-next-line unicorn/no-thenable -- a word of JSON Schema
  return { if: condition, then: rule };
}

function needsArgs({ required }: JsonSchema): boolean {
  return Array.isArray(required) && required.length > 0;
}
