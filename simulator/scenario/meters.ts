// Measures at work: each meter takes the records and events of one kind that concern it and has a value at any time. Which records lie in
// its window, and whether a value meets an expectation, is the judge's business. Nothing here depends on the order of messages.
import type { Value } from '../../telemetry/description.ts';
import { accumulator } from './accumulators.ts';
import type { Accumulator } from './accumulators.ts';
import type { Condition, Measure } from './measure.ts';
import type { EventState, Meter, Readings } from './meter.ts';
import { DelayMeter, PromptShare } from './responses.ts';

export interface MeterContext {
  /** Simulated ms: when the entry of the timeline that the measure refers to takes effect. */
  readonly entryAtMs: number;
  /** Simulated ms: end of the window. */
  readonly untilMs: number;
}

export function createMeter(measure: Exclude<Measure, { type: 'platform' }>, context: MeterContext): Meter {
  switch (measure.type) {
    case 'statistic':
      return new FieldMeter(measure.field.text, accumulator(measure.statistic), conditionsOf(measure.where));
    case 'share':
      return new ShareMeter(
        measure.condition.field.text,
        conditionsOf([measure.condition]),
        conditionsOf(measure.where),
      );
    case 'count':
      return measure.event === undefined
        ? new RecordCounter(conditionsOf(measure.where))
        : new EventCounter(measure.event.text);
    case 'devices':
      return new DeviceCounter(conditionsOf(measure.where));
    case 'active':
      return new AlarmCounter(measure.event.text, context.untilMs);
    case 'within':
      return new PromptShare(measure.event.text, measure.of.text, context.entryAtMs, measure.withinMs);
    default:
      return new DelayMeter(measure.event.text, measure.of.text, context.entryAtMs);
  }
}

type Test = (readings: Readings) => boolean;

function conditionsOf(conditions: readonly Condition[]): Test | undefined {
  if (conditions.length === 0) return undefined;
  const tests = conditions.map(conditionTest);
  return tests.length === 1 ? tests[0]! : (readings) => tests.every((test) => test(readings));
}

/** A record without the field meets no condition on it. */
function conditionTest({ field: { text: field }, comparison, value: { text } }: Condition): Test {
  const number = Number(text);
  const isSame = (value: Value) => (typeof value === 'number' ? value === number : String(value) === text);
  const compare: { readonly [comparison in Condition['comparison']]: (value: Value) => boolean } = {
    '=': isSame,
    '!=': (value) => !isSame(value),
    '<': (value) => (value as number) < number,
    '<=': (value) => (value as number) <= number,
    '>': (value) => (value as number) > number,
    '>=': (value) => (value as number) >= number,
  };
  const test = compare[comparison];
  return (readings) => {
    const value = readings[field];
    return value !== undefined && test(value);
  };
}

class FieldMeter implements Meter {
  readonly #field: string;
  readonly #accumulator: Accumulator;
  readonly #test: Test | undefined;

  constructor(field: string, accumulator: Accumulator, test: Test | undefined) {
    this.#field = field;
    this.#accumulator = accumulator;
    this.#test = test;
  }

  record(device: number, ts: number, readings: Readings): void {
    const value = readings[this.#field];
    if (typeof value !== 'number' || (this.#test !== undefined && !this.#test(readings))) return;
    this.#accumulator.add(value, device, ts);
  }

  value(): number | undefined {
    return this.#accumulator.value();
  }
}

/** Of the records that have the field, those that meet the condition. */
class ShareMeter implements Meter {
  readonly #field: string;
  readonly #condition: Test;
  readonly #where: Test | undefined;
  #all = 0;
  #met = 0;

  constructor(field: string, condition: Test | undefined, where: Test | undefined) {
    this.#field = field;
    this.#condition = condition!;
    this.#where = where;
  }

  record(_device: number, _ts: number, readings: Readings): void {
    if (readings[this.#field] === undefined || (this.#where !== undefined && !this.#where(readings))) return;
    this.#all++;
    if (this.#condition(readings)) this.#met++;
  }

  value(): number | undefined {
    return this.#all === 0 ? undefined : this.#met / this.#all;
  }
}

class RecordCounter implements Meter {
  readonly countsSilence = true;
  readonly #test: Test | undefined;
  #count = 0;

  constructor(test: Test | undefined) {
    this.#test = test;
  }

  record(_device: number, _ts: number, readings: Readings): void {
    if (this.#test === undefined || this.#test(readings)) this.#count++;
  }

  value(): number {
    return this.#count;
  }
}

class EventCounter implements Meter {
  readonly #name: string;
  #count = 0;

  constructor(name: string) {
    this.#name = name;
  }

  event(_device: number, _ts: number, name: string, state: EventState): void {
    if (name === this.#name && state !== 'cleared') this.#count++;
  }

  value(): number {
    return this.#count;
  }
}

class DeviceCounter implements Meter {
  readonly countsSilence = true;
  readonly #test: Test | undefined;
  #seen = new Uint8Array(1024);
  #count = 0;

  constructor(test: Test | undefined) {
    this.#test = test;
  }

  record(device: number, _ts: number, readings: Readings): void {
    if (this.#seen[device] === 1 || (this.#test !== undefined && !this.#test(readings))) return;
    if (device >= this.#seen.length) this.#grow(device);
    this.#seen[device] = 1;
    this.#count++;
  }

  value(): number {
    return this.#count;
  }

  #grow(device: number): void {
    const larger = new Uint8Array(Math.max(2 * this.#seen.length, device + 1));
    larger.set(this.#seen);
    this.#seen = larger;
  }
}

/** Devices whose newest word about the alarm before the window's end is that it stands. */
class AlarmCounter implements Meter {
  readonly #name: string;
  readonly #untilMs: number;
  readonly #newest = new Map<number, { ts: number; stands: boolean }>();

  constructor(name: string, untilMs: number) {
    this.#name = name;
    this.#untilMs = untilMs;
  }

  anyEvent(device: number, ts: number, name: string, state: EventState): void {
    if (name !== this.#name || ts >= this.#untilMs || (this.#newest.get(device)?.ts ?? -Infinity) > ts) return;
    this.#newest.set(device, { ts, stands: state === 'raised' });
  }

  value(): number {
    let count = 0;
    for (const { stands } of this.#newest.values()) if (stands) count++;
    return count;
  }
}
