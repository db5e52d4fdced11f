// Whether what an expectation measures exists: kind, field, event, values, and the entry of the timeline that it refers to.
import type { FieldDescription } from '../../telemetry/description.ts';
import type { Model } from '../fleet.ts';
import type { TimelineEntry } from '../scenario.ts';
import type { Models } from './catalog.ts';
import { MeasureError } from './measure.ts';
import type { Condition, Measure, Word } from './measure.ts';
import { unknownWord } from './problems.ts';

export interface MeasureContext {
  readonly models: Models;
  /** Devices by kind in the scenario. */
  readonly fleets: { readonly [kind: string]: number };
  readonly entries: readonly Pick<TimelineEntry, 'id' | 'target'>[];
}

/** @throws MeasureError that points into the text */
export function checkMeasure(measure: Measure, context: MeasureContext): void {
  if (measure.type === 'platform') return;
  const { kind } = measure;
  const model = modelOf(kind, context);
  if ('where' in measure) for (const condition of measure.where) checkCondition(condition, kind.text, model);
  if (measure.type === 'statistic') checkNumber(measure.statistic, measure.field, kind.text, model);
  if (measure.type === 'share') checkCondition(measure.condition, kind.text, model);
  if ('event' in measure && measure.event !== undefined) checkEvent(measure.event, kind.text, model);
  if ('of' in measure) checkEntry(measure.of, kind.text, context);
}

function modelOf({ text, at }: Word, { models, fleets }: MeasureContext): Model {
  const model = models.get(text);
  if (model === undefined) throw new MeasureError(unknownWord('kind', text, [...models.keys()]), at);
  if (!((fleets[text] ?? 0) > 0)) throw new MeasureError(`the scenario has no ${text}`, at);
  return model;
}

function fieldOf({ text, at }: Word, kind: string, { description }: Model): FieldDescription {
  const { fields, events = {} } = description;
  if (Object.hasOwn(fields, text)) return fields[text]!;
  const isEvent = Object.hasOwn(events, text);
  if (isEvent)
    throw new MeasureError(`${text} is an event of ${kind}, not a field: count(${kind}.${text}) counts it`, at);
  throw new MeasureError(unknownWord(`field of ${kind}`, text, Object.keys(fields)), at);
}

function checkNumber(statistic: string, field: Word, kind: string, model: Model): void {
  const { type = 'number' } = fieldOf(field, kind, model);
  if (type === 'number') return;
  const name = `${kind}.${field.text}`;
  const example = type === 'boolean' ? 'true' : 'a text';
  throw new MeasureError(`${statistic} needs numbers, ${name} is a ${type}: use share(${name} = ${example})`, field.at);
}

function checkCondition({ field, comparison, value }: Condition, kind: string, model: Model): void {
  const { type = 'number', enum: texts } = fieldOf(field, kind, model);
  if (type !== 'number' && comparison !== '=' && comparison !== '!=') {
    throw new MeasureError(`${kind}.${field.text} is a ${type}: compare it with = or !=, not ${comparison}`, value.at);
  }
  if (type === 'number' && (value.text.trim() === '' || !Number.isFinite(Number(value.text)))) {
    throw new MeasureError(`${kind}.${field.text} is a number, got ${value.text}`, value.at);
  }
  const words = type === 'boolean' ? ['true', 'false'] : type === 'string' ? texts : undefined;
  if (words !== undefined && !words.includes(value.text)) {
    throw new MeasureError(unknownWord(`value of ${kind}.${field.text}`, value.text, words), value.at);
  }
}

function checkEvent({ text, at }: Word, kind: string, { description }: Model): void {
  const { fields, events = {} } = description;
  if (Object.hasOwn(events, text)) return;
  if (Object.hasOwn(fields, text)) throw new MeasureError(`${text} is a field of ${kind}, not an event`, at);
  throw new MeasureError(unknownWord(`event of ${kind}`, text, Object.keys(events)), at);
}

function checkEntry({ text, at }: Word, kind: string, { entries }: MeasureContext): void {
  const entry = entries.find(({ id }) => id === text);
  if (entry === undefined) {
    const ids = entries.map(({ id }) => id);
    throw new MeasureError(unknownWord('event of the timeline', text, ids), at);
  }
  const befallen = entry.target?.kind ?? kind;
  if (befallen !== kind) throw new MeasureError(`${text} concerns ${befallen}, not ${kind}`, at);
}
