// One entry of a timeline, from a scenario or from outside: what the schema cannot say about it. Streets, devices and arguments must exist,
// and the event must be possible. When it happens is checked in `read.ts`.
import { Ajv } from 'ajv';
import type { ValidateFunction } from 'ajv';
import { show } from '../../telemetry/description.ts';
import type { InjectableEvent } from '../../telemetry/messages.ts';
import { channelFaultProblem, CHANNEL_FAULTS } from '../channel.ts';
import type { City } from '../city.ts';
import { deviceId, deviceIndex } from '../devices.ts';
import { durationMs } from '../duration.ts';
import { placeProblem } from '../place.ts';
import type { Target, TimelineEntry } from '../scenario.ts';
import { sensorFaultProblem } from '../sensor.ts';
import { worldEventProblem } from '../world/events.ts';
import { ENTRY_KEYS, injectableEvents } from './catalog.ts';
import type { Models } from './catalog.ts';
import { unknownWord } from './problems.ts';
import type { Path } from './problems.ts';
import { kindsWith } from './schema.ts';
import { problemsOf } from './shape.ts';
import type { ShapeProblem } from './shape.ts';
import type { EntrySource } from './source.ts';

export interface EntryContext {
  readonly city: City;
  readonly models: Models;
  /** Devices by kind. */
  readonly fleets: { readonly [kind: string]: number };
}

/** All of a timeline entry but its name and its time. */
export type EntryContent = Omit<TimelineEntry, 'id' | 'atMs'>;

/** source: has the right shape. */
export function entryContent(source: EntrySource, { models }: Pick<EntryContext, 'models'>): EntryContent {
  const { kind } = choiceOf(source, models);
  return {
    durationMs: source.for === undefined ? Infinity : durationMs(source.for)!,
    event: source.event,
    ...(source.where === undefined ? {} : { where: source.where }),
    ...(kind === undefined ? {} : { target: targetOf(source, kind) }),
    args: argsOf(source),
  };
}

/** source: has the right shape. Paths are within the entry. */
export function entryProblems(source: EntrySource, context: EntryContext): ShapeProblem[] {
  const { city, models } = context;
  const choice = choiceOf(source, models);
  const args = argsOf(source);
  const problems: ShapeProblem[] = [];
  const say = (path: Path, message: string | undefined) => {
    if (message !== undefined) problems.push({ path, at: 'value', message });
  };
  if (source.for !== undefined && durationMs(source.for) === 0) say(['for'], 'for must be longer than 0s');
  const place = source.where && placeProblem(city, source.where);
  say(['where', ...Object.keys(source.where ?? {}).slice(0, 1)], place);
  problems.push(...argProblems(choice, args));
  if (choice.kind !== undefined) problems.push(...targetProblems(source, choice.kind, context));
  if (problems.length > 0) return problems;
  if (choice.kind === undefined) {
    const outside = unknownKinds(args, models);
    say(['event'], worldEventProblem(city, source.event, source.where, args));
    if (outside !== undefined) say(['kinds'], outside);
  } else if (source.event === 'sensor-fault') {
    say(['fault'], faultProblem(args, models.get(choice.kind)!));
  }
  return problems;
}

/** The one that the shape has already checked: of this event, and of this kind where several know it. */
function choiceOf({ event, kind }: EntrySource, models: Models): InjectableEvent {
  const catalog = injectableEvents(models);
  const wanted = kind ?? kindsWith(catalog, event)[0];
  return catalog.find((choice) => choice.event === event && choice.kind === wanted)!;
}

function argsOf(source: EntrySource): { readonly [name: string]: unknown } {
  return Object.fromEntries(Object.entries(source).filter(([key]) => !(ENTRY_KEYS as readonly string[]).includes(key)));
}

function targetOf({ devices, share, count }: EntrySource, kind: string): Target {
  return {
    kind,
    ...(devices === undefined ? {} : { devices }),
    ...(share === undefined ? {} : { share }),
    ...(count === undefined ? {} : { count }),
  };
}

function targetProblems(
  { devices, share, count }: EntrySource,
  kind: string,
  { fleets }: EntryContext,
): ShapeProblem[] {
  const size = fleets[kind] ?? 0;
  if (size === 0) return [{ path: ['event'], at: 'value', message: `the scenario has no ${kind}` }];
  const problems: ShapeProblem[] = [];
  if ([devices, share, count].filter((choice) => choice !== undefined).length > 1) {
    const key = share === undefined || devices === undefined ? 'count' : 'share';
    problems.push({ path: [key], at: 'key', message: 'say which by one of devices, share, count' });
  }
  if (count !== undefined && count > size) {
    problems.push({ path: ['count'], at: 'value', message: `there are ${size} of ${kind}, got ${count}` });
  }
  for (const [index, id] of (devices ?? []).entries()) {
    const device = deviceIndex(kind, id);
    if (device !== undefined && device < size) continue;
    const range = `${deviceId(kind, 0)} … ${deviceId(kind, size - 1)}`;
    problems.push({ path: ['devices', index], at: 'value', message: `unknown device ${id}, expected ${range}` });
  }
  return problems;
}

const ajv = new Ajv({ strict: false, allErrors: true, verbose: true, logger: false });
const validators = new WeakMap<InjectableEvent, ValidateFunction>();

/** Once more by the event's own schema, which may ask for more than the keys of an entry can show. */
function argProblems(choice: InjectableEvent, args: object): ShapeProblem[] {
  let validate = validators.get(choice);
  if (validate === undefined) {
    validate = ajv.compile(choice.args);
    validators.set(choice, validate);
  }
  return problemsOf(validate, args);
}

function faultProblem(
  args: { readonly [name: string]: unknown },
  { description }: { description: { fields: object } },
) {
  const { fault, field } = args;
  if (!(CHANNEL_FAULTS as readonly unknown[]).includes(fault)) {
    return sensorFaultProblem(description.fields as Parameters<typeof sensorFaultProblem>[0], args);
  }
  return field === undefined
    ? channelFaultProblem(args)
    : `fault ${show(fault)} concerns whole messages: leave field out`;
}

/** A list of kinds among an event's arguments names kinds that exist. */
function unknownKinds({ kinds }: { readonly [name: string]: unknown }, models: Models): string | undefined {
  const stranger = Array.isArray(kinds) ? (kinds as string[]).find((kind) => !models.has(kind)) : undefined;
  return stranger === undefined ? undefined : unknownWord('kind', stranger, [...models.keys()]);
}
