// A scenario from plain data: fleets, times, ids, timeline, expectations, all mistakes in one go. Where the data came from and where in it a
// mistake stands is the caller's knowledge.
import { isObject, show } from '../../telemetry/description.ts';
import type { City } from '../city.ts';
import { durationMs, durationText } from '../duration.ts';
import type { Expectation, Scenario, TimelineEntry } from '../scenario.ts';
import type { Models } from './catalog.ts';
import { entryContent, entryProblems } from './entry.ts';
import type { EntryContext } from './entry.ts';
import { readExpectation } from './expectation.ts';
import type { KnownEntry } from './expectation.ts';
import { scenarioHash } from './hash.ts';
import { MAX_PROBLEMS } from './problems.ts';
import type { Path } from './problems.ts';
import { MAX_DEVICES } from './schema.ts';
import { shapeOf } from './shape.ts';
import type { EntrySource, ExpectationSource, ScenarioSource } from './source.ts';
import { civilMs, momentMs } from './times.ts';

const MAX_DURATION_MS = 400 * 86_400_000;

export interface ReadContext {
  readonly city: City;
  readonly models: Models;
}

export interface Found {
  readonly path: Path;
  readonly message: string;
  readonly at?: 'key' | 'value';
  readonly offset?: number | undefined;
}

interface Span {
  readonly startCivilMs: number;
  readonly durationMs: number;
}

/** Collects every mistake of a scenario; made for one. */
export class ScenarioBuilder {
  readonly #context: ReadContext;
  readonly #report: (found: Found) => void;
  /** Paths that hold a mistake of shape, and all above them. */
  #broken = new Set<string>();
  #found = 0;

  constructor(context: ReadContext, report: (found: Found) => void) {
    this.#context = context;
    this.#report = report;
  }

  /** found: problems so far. Undefined when anything is wrong. */
  build(value: unknown, found: number): Scenario | undefined {
    if (value === undefined) return undefined;
    this.#found = found;
    if (!isObject(value)) {
      this.#say([], `a scenario is a list of keys and values, got ${show(value)}`);
      return undefined;
    }
    const { city, models } = this.#context;
    const shape = shapeOf(city, models).scenario(value);
    this.#broken = new Set(shape.flatMap(({ path }) => path.map((_, depth) => keyOf(path.slice(0, depth + 1)))));
    for (const { path, message, at } of shape) this.#say(path, message, at);
    return this.#scenario(value as unknown as ScenarioSource);
  }

  #scenario(source: ScenarioSource): Scenario | undefined {
    const fleets = this.#fleets(source);
    const span = this.#span(source);
    const devices = fleets ?? demoFleets(this.#context.models);
    const { entries, known } = this.#timeline(source, devices, span);
    const expect = this.#expect(source, devices, known, span);
    if (this.#found > 0 || span === undefined) return undefined;
    const { name, title, description, seed = 1, city = this.#context.city.id, speed, dayType } = source;
    const scenario = {
      name,
      ...(title === undefined ? {} : { title }),
      ...(description === undefined ? {} : { description }),
      seed,
      city,
      ...span,
      ...(speed === undefined ? {} : { speed }),
      ...(dayType === undefined ? {} : { dayType }),
      ...(fleets === undefined ? {} : { fleets }),
      truth: source.truth ?? false,
      control: source.control ?? true,
      quality: source.quality ?? 'ideal',
      timeline: entries.toSorted((a, b) => a.atMs - b.atMs),
      expect,
    };
    return { ...scenario, hash: scenarioHash(scenario) };
  }

  /** Undefined: the demo city's. */
  #fleets(source: ScenarioSource): { [kind: string]: number } | undefined {
    if (!this.#isWhole(['fleets']) || !this.#isWhole(['scale'])) return undefined;
    const { scale = 1 } = source;
    if (source.fleets === undefined && source.scale === undefined) return undefined;
    const counts = Object.entries(source.fleets ?? demoFleets(this.#context.models));
    const scaled = counts.map(
      ([kind, count]) => [kind, count === 0 ? 0 : Math.max(1, Math.round(count * scale))] as const,
    );
    const total = scaled.reduce((sum, [, count]) => sum + count, 0);
    const key = source.fleets === undefined ? 'scale' : 'fleets';
    if (total > MAX_DEVICES) this.#say([key], `at most ${MAX_DEVICES} devices in all, got ${total}`, 'key');
    if (total === 0) this.#say([key], 'a run needs at least one device', 'key');
    return Object.fromEntries(scaled);
  }

  #span({ start, duration }: ScenarioSource): Span | undefined {
    const startCivilMs = this.#isWritten('start', start) ? civilMs(start) : undefined;
    if (this.#isWritten('start', start) && startCivilMs === undefined) {
      this.#say(['start'], `there is no such day or time: ${start}`);
    }
    const lengthMs = this.#isWritten('duration', duration) ? durationMs(duration) : undefined;
    const problem = this.#isWritten('duration', duration) ? lengthProblem(lengthMs) : undefined;
    if (problem !== undefined) this.#say(['duration'], `${problem}, got ${duration}`);
    if (startCivilMs === undefined || lengthMs === undefined || problem !== undefined) return undefined;
    return { startCivilMs, durationMs: lengthMs };
  }

  #timeline(source: ScenarioSource, fleets: EntryContext['fleets'], span: Span | undefined) {
    const entries: TimelineEntry[] = [];
    const known: KnownEntry[] = [];
    const list = Array.isArray(source.timeline) ? (source.timeline as readonly EntrySource[]) : [];
    const ids = this.#ids(list);
    const context = { ...this.#context, fleets };
    for (const [index, entry] of list.entries()) {
      if (this.#isFull) break;
      const path = ['timeline', index];
      const id = ids[index]!;
      const atMs =
        isObject(entry) && entry.at !== undefined && this.#isWhole([...path, 'at'])
          ? this.#moment([...path, 'at'], entry.at, span)
          : undefined;
      if (!this.#isWhole(path)) {
        known.push({ id });
        continue;
      }
      for (const { path: part, message, at } of entryProblems(entry, context))
        this.#say([...path, ...part], message, at);
      const content = entryContent(entry, context);
      known.push({ id, ...content, ...(atMs === undefined ? {} : { atMs }) });
      if (atMs !== undefined) entries.push({ id, atMs, ...content });
    }
    return { entries, known };
  }

  /** As written, or the event's name, numbered where it is taken. */
  #ids(list: readonly EntrySource[]): string[] {
    const written = list.map((entry: unknown) =>
      isObject(entry) && typeof entry.id === 'string' ? entry.id : undefined,
    );
    const taken = new Set<string>();
    for (const [index, id] of written.entries()) {
      if (id !== undefined && taken.has(id)) this.#say(['timeline', index, 'id'], `the id ${id} is there twice`);
      if (id !== undefined) taken.add(id);
    }
    const numbers = new Map<string, number>();
    return list.map((entry: unknown, index) => {
      const id = written[index];
      if (id !== undefined) return id;
      const event = isObject(entry) ? String(entry.event) : '';
      for (let number = (numbers.get(event) ?? 0) + 1; ; number++) {
        const name = number === 1 ? event : `${event}-${number}`;
        numbers.set(event, number);
        if (taken.has(name)) continue;
        taken.add(name);
        return name;
      }
    });
  }

  #moment(path: Path, text: string, span: Span | undefined): number | undefined {
    const atMs = span && momentMs(text, span.startCivilMs);
    if (span === undefined || atMs === undefined) return undefined;
    if (atMs < 0) this.#say(path, `${text} is ${durationText(-atMs)} before the start`);
    else if (atMs >= span.durationMs)
      this.#say(
        path,
        `${text} is ${durationText(atMs)} after the start, but the run lasts ${durationText(span.durationMs)}`,
      );
    else return atMs;
    return undefined;
  }

  #expect(
    source: ScenarioSource,
    fleets: EntryContext['fleets'],
    entries: readonly KnownEntry[],
    run: Span | undefined,
  ) {
    const expectations: Expectation[] = [];
    const list = Array.isArray(source.expect) ? (source.expect as readonly ExpectationSource[]) : [];
    const names = new Set<string>();
    const context = { models: this.#context.models, fleets, entries, run };
    for (const [index, item] of list.entries()) {
      if (this.#isFull || !isObject(item)) continue;
      const path = ['expect', index];
      const isWhole = (part: keyof ExpectationSource) => item[part] !== undefined && this.#isWhole([...path, part]);
      if (isWhole('name') && names.has(item.name))
        this.#say([...path, 'name'], `two expectations have the name ${show(item.name)}`);
      names.add(item.name);
      const { expectation, problems } = readExpectation(item, context, isWhole);
      for (const { path: part, message, offset } of problems) this.#say([...path, ...part], message, 'value', offset);
      if (expectation !== undefined) expectations.push(expectation);
    }
    return expectations;
  }

  #say(path: Path, message: string, at: 'key' | 'value' = 'value', offset?: number): void {
    this.#found++;
    this.#report({ path, message, at, offset });
  }

  /** Nothing is wrong with the shape of what stands at the path. */
  #isWhole(path: Path): boolean {
    return !this.#broken.has(keyOf(path));
  }

  #isWritten(key: string, value: unknown): boolean {
    return value !== undefined && this.#isWhole([key]);
  }

  get #isFull(): boolean {
    return this.#found > MAX_PROBLEMS;
  }
}

function keyOf(path: Path): string {
  return path.join('\n');
}

function lengthProblem(lengthMs: number | undefined): string | undefined {
  if (lengthMs === undefined) return 'a duration has each unit once';
  if (lengthMs <= 0 || lengthMs % 1000 !== 0) return 'a run lasts whole seconds, at least one';
  return lengthMs > MAX_DURATION_MS ? 'a run lasts at most 400 days' : undefined;
}

export function demoFleets(models: Models): { [kind: string]: number } {
  return Object.fromEntries([...models].map(([kind, { demoCount }]) => [kind, demoCount]));
}
