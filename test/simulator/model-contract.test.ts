// What every kind promises, whatever it is: found by its file, so a new model is tested by being there.
import { existsSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { deviceId } from '../../simulator/devices.ts';
import type { Model } from '../../simulator/fleet.ts';
import { describe as describeModel, loadModels } from '../../simulator/kinds.ts';
import { Random } from '../../simulator/random.ts';
import { Run } from '../../simulator/run.ts';
import { createSensor } from '../../simulator/sensor.ts';
import type { FieldDescription, Value } from '../../telemetry/description.ts';
import { RecordDecoder, RecordEncoder } from '../../telemetry/json-codec.ts';
import { listen, smallWuxi } from './kind-life.ts';
import type { LifeOptions, Said } from './kind-life.ts';

const JANUARY = Date.UTC(2026, 0, 13);
const JULY = Date.UTC(2026, 6, 14);
const HOUR_MS = 3_600_000;
const MIN_MS = 60_000;
/** Enough for a bus line with some service on it. */
const COUNT = 12;
/** Enough for a device of every sort. */
const SLEEPERS = 200;
/** Sums in another order differ by less. */
const EXACT = 1e-9;
const TIMEOUT_MS = 60_000;

const models = await loadModels();
const root = fileURLToPath(new URL('../..', import.meta.url));

/** What is said in the rush hour by devices that move, in a day and a bit by those that sleep; as text. */
function shortLife(model: Model, options: Partial<LifeOptions>, device?: number): string[] {
  const texts: string[] = [];
  const span = moves(model) ? { civilMs: JULY + 7 * HOUR_MS, hours: 1 } : { civilMs: JULY, hours: 26 };
  listen(model, { count: COUNT, dtMs: MIN_MS, ...span, ...options }, (said) => {
    if (device === undefined || said.device === device) texts.push(JSON.stringify(said));
  });
  return texts;
}

function moves(model: Model): boolean {
  const fleet = model.createFleet({
    count: 1,
    city: smallWuxi,
    random: new Random(1),
    startMs: JULY,
    utcOffsetMin: 480,
    deviceId: String,
    wakeAt: () => {},
  });
  return fleet.wake === undefined;
}

/** What is wrong with a value of a field; empty when nothing is. */
function valueProblem(field: FieldDescription | undefined, name: string, value: Value | undefined): string {
  if (field === undefined) return `${name} is not described`;
  if (value === undefined) return '';
  if (typeof value !== (field.type ?? 'number')) return `${name} is a ${typeof value}`;
  const { min = -Infinity, max = Infinity } = field;
  if (typeof value === 'number' && !(value >= min && value <= max && Number.isFinite(value)))
    return `${name} is ${value}`;
  if (typeof value === 'string' && field.enum?.includes(value) === false) return `${name} is ${value}`;
  return '';
}

/** Count and sum by field, of numbers and of booleans as 0 and 1. */
class Means {
  readonly #sums = new Map<string, { count: number; sum: number }>();

  add(name: string, value: Value): void {
    if (typeof value === 'string') return;
    const known = this.#sums.get(name) ?? { count: 0, sum: 0 };
    known.count++;
    known.sum += Number(value);
    this.#sums.set(name, known);
  }

  get names(): string[] {
    return [...this.#sums.keys()];
  }
  count(name: string): number {
    return this.#sums.get(name)?.count ?? 0;
  }
  mean(name: string): number {
    const { count, sum } = this.#sums.get(name)!;
    return sum / count;
  }
}

/** How far two values are from each other, relative to the larger. */
function apart(a: number, b: number): number {
  return a === b ? 0 : Math.abs(a - b) / Math.max(Math.abs(a), Math.abs(b));
}

function meansOfADay(model: Model, dtMs: number): Means {
  const means = new Means();
  listen(model, { count: COUNT, civilMs: JULY, hours: 24, dtMs }, ({ fields, name }) => {
    if (name !== undefined) return;
    for (const [field, value] of Object.entries(fields)) {
      // The mean of places is nowhere.
      if (value !== undefined && !isPosition(field)) means.add(field, value);
    }
  });
  return means;
}

/** A model's file and what it imports of ours, by path from the root; what the language and the contract say is no code of its own. */
function sourcesOf(kind: string): Map<string, string> {
  const sources = new Map<string, string>();
  const visit = (file: string) => {
    if (sources.has(file) || !existsSync(join(root, file))) return;
    const code = readFileSync(join(root, file), 'utf8').replace(/\/\/.*|\/\*[\s\S]*?\*\//g, '');
    sources.set(file, code);
    for (const [, target] of code.matchAll(/^import (?!type\b)[^;]*?from '(\.[^']+)'/gm))
      visit(relative(root, resolve(root, dirname(file), target!)));
  };
  visit(`simulator/models/${kind}.ts`);
  return sources;
}

const FORBIDDEN: { readonly [what: string]: RegExp } = {
  'a wall clock': /\bDate\.now\b|\bnew Date\(\)|\bperformance\b|\bhrtime\b/,
  'a random number that is not a function of the seed': /\bMath\.random\b|\bcrypto\b/,
  'a power that engines round differently': /\bMath\.pow\b|\*\*(?!\s*\d+\b(?!\.))/,
  'something of Node': /'node:|\bprocess\b|\bglobalThis\b|\brequire\(/,
  'a timer or the network': /(?<![\w.#'])(set(Timeout|Interval|Immediate)|fetch)\(/,
};

/** The unit as the last part of a name may spell it. */
function spellings(unit: string): string[] {
  const special: { readonly [unit: string]: string } = { Cel: 'c', '%RH': 'pct', '%': 'pct', '/': 'ratio' };
  const plain = special[unit] ?? unit.toLowerCase();
  return [plain.replaceAll('/', 'p'), plain.replaceAll('/', 'per'), plain.replaceAll('/', '')];
}

function isPosition(name: string): boolean {
  return /^(lat|lon|trueLat|trueLon)$/.test(name);
}

function namesItsUnit(name: string, { unit }: FieldDescription): boolean {
  if (unit === '' || isPosition(name)) return true;
  return spellings(unit).some((spelling) => name.toLowerCase().endsWith(spelling));
}

describe.each([...models])('a model: %s', (kind, model) => {
  const { fields, events = {}, commands = {} } = model.description;
  const hidden = model.hidden ?? {};

  it('stays within its limits and reports what it describes, in winter and in summer', { timeout: TIMEOUT_MS }, () => {
    const problems = new Set<string>();
    const reported = new Set<string>();
    const check = (said: Said) => {
      for (const name in said.fields) {
        if (said.fields[name] !== undefined) reported.add(name);
        problems.add(valueProblem(fields[name], name, said.fields[name]));
      }
      for (const name in said.hidden) problems.add(valueProblem(hidden[name], name, said.hidden[name]));
      if (said.name !== undefined && !(said.name in events)) problems.add(`event ${said.name} is not described`);
      if (!Number.isInteger(said.tsMs)) problems.add(`a time is ${said.tsMs}`);
    };
    for (const civilMs of [JANUARY, JULY]) {
      listen(model, { count: moves(model) ? COUNT : SLEEPERS, civilMs, hours: 48, dtMs: MIN_MS }, check);
    }
    expect([...problems].filter((problem) => problem !== '')).toEqual([]);
    const numbers = Object.keys(fields).filter((name) => (fields[name]!.type ?? 'number') === 'number');
    expect(numbers.filter((name) => !reported.has(name))).toEqual([]);
  });

  it('lives the same life from the same seed, bit by bit, and another from another', () => {
    const life = shortLife(model, { seed: 7 });
    expect(life.length).toBeGreaterThan(COUNT);
    expect(shortLife(model, { seed: 7 })).toEqual(life);
    expect(shortLife(model, { seed: 8 })).not.toEqual(life);
  });

  const ofDevice = model.interacts === true ? undefined : it;
  ofDevice?.('lets a device live the same life alone and in a crowd', () => {
    const alone = shortLife(model, { count: 1 }, 0);
    expect(alone.length).toBeGreaterThan(0);
    expect(shortLife(model, { count: 50 }, 0)).toEqual(alone);
  });

  it('lives the same life whatever other kinds do, except those that it meets in the streets', () => {
    const strangers = [...models.values()].filter((other) => other !== model && other.interacts !== true);
    const life = (others: readonly Model[]) => {
      const lines: string[] = [];
      const note = (...message: [string, ...unknown[]]) => message[0] === kind && lines.push(JSON.stringify(message));
      const run = new Run({
        city: smallWuxi,
        models,
        fleets: Object.fromEntries([model, ...others].map(({ description }) => [description.kind, COUNT])),
        seed: 3,
        startMs: JULY - HOUR_MS, // 07:00 civil time
        utcOffsetMin: 480,
        quality: 'field',
        sink: { record: note, event: note, ack: note },
      });
      for (let tick = 0; tick < 150; tick++) run.tick(10_000);
      return lines;
    };
    const alone = life([]);
    expect(alone.length).toBeGreaterThan(0);
    expect(life(strangers)).toEqual(alone);
  });

  it('has the same day in ticks of a second and of a minute, within its tolerance', { timeout: TIMEOUT_MS }, () => {
    const { tickTolerance = {} } = model;
    const [second, minute] = [meansOfADay(model, 1000), meansOfADay(model, MIN_MS)];
    // Where the world that a device feels changes once a tick, it may also speak a little more or less often.
    const countTolerance = Math.min(0.02, Math.max(0, ...Object.values(tickTolerance)));
    const problems: string[] = [];
    for (const name of second.names) {
      const difference = apart(second.mean(name), minute.mean(name));
      const allowed = tickTolerance[name] ?? EXACT;
      if (!(difference <= allowed)) problems.push(`the means of ${name} differ by ${difference}, allowed ${allowed}`);
      const counts = [second.count(name), minute.count(name)] as const;
      if (apart(...counts) > countTolerance) problems.push(`${name} was said ${counts.join(' and ')} times`);
    }
    expect(minute.names.sort()).toEqual(second.names.sort());
    expect(problems).toEqual([]);
  });

  it('reads no clock, draws no random number of its own, and knows nothing of Node or of other models', () => {
    const sources = sourcesOf(kind);
    const problems: string[] = [];
    for (const [file, code] of sources) {
      for (const [what, pattern] of Object.entries(FORBIDDEN)) {
        const found = pattern.exec(code);
        if (found !== null) problems.push(`${file} uses ${what}: ${found[0]}`);
      }
      if (file.startsWith('simulator/models/') && file !== `simulator/models/${kind}.ts`)
        problems.push(`it imports ${file}`);
    }
    expect(problems).toEqual([]);
    expect(sources.size).toBeGreaterThan(0);
  });

  it('says what survives the wire', () => {
    const description = describeModel(model);
    const [encoder, decoder] = [new RecordEncoder(description), new RecordDecoder(description)];
    const sensor = createSensor(fields, new Random(1), { startMs: JULY, quality: 'ideal' });
    let seq = 0;
    const lost: string[] = [];
    const span = moves(model) ? { civilMs: JULY + 7 * HOUR_MS, hours: 0.5 } : { civilMs: JULY, hours: 26 };
    listen(model, { count: COUNT, dtMs: MIN_MS, ...span }, ({ device, tsMs, fields: truth, name, state }) => {
      const readings = sensor.read(device, ++seq, tsMs, truth);
      const id = deviceId(kind, device);
      const arrived =
        name === undefined
          ? decoder.decode(id, encoder.encode(tsMs, seq, readings))
          : decoder.decodeEvent(id, encoder.encodeEvent(tsMs, seq, name, state, readings));
      const differs = Object.keys({ ...readings, ...arrived.fields }).filter(
        (field) => readings[field] !== arrived.fields[field],
      );
      if (arrived.ts !== tsMs || arrived.seq !== seq || differs.length > 0) {
        lost.push(`${id} at ${tsMs}: ${differs.join(', ')}`);
      }
    });
    expect(seq).toBeGreaterThan(0);
    expect(lost).toEqual([]);
  });

  it('has a Chinese label for everything, and the unit at the end of every name', () => {
    const labelled = { ...fields, ...hidden, ...events, ...commands, ...model.happenings, [kind]: model.description };
    const unlabelled = Object.entries(labelled).filter(
      ([, { labels }]) => !/\p{Script=Han}|^[A-Z0-9]+$/u.test(labels?.zh ?? ''),
    );
    expect(unlabelled.map(([name]) => name)).toEqual([]);
    const unnamed = Object.entries({ ...fields, ...hidden }).filter(([name, field]) => !namesItsUnit(name, field));
    expect(unnamed.map(([name, { unit }]) => `${name} is in ${unit}`)).toEqual([]);
  });
});
