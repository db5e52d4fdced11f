// What an expectation measures, read from its text: `mean(bus.speedMps where status = inTransitTo)`. Knows the grammar, not the kinds;
// whether the names exist is checked in `measure-check.ts`, and `meters.ts` does the measuring.
import { durationMs } from '../duration.ts';
import { unknownWord } from './problems.ts';

export const STATISTICS = ['mean', 'min', 'max', 'sum', 'sd', 'cv', 'p05', 'p50', 'p90', 'p95', 'p99', 'last'] as const;
export type Statistic = (typeof STATISTICS)[number];

export const FUNCTIONS = [...STATISTICS, 'count', 'share', 'active', 'devices', 'delay'] as const;
const COMPARISONS = ['=', '!=', '<', '<=', '>', '>='] as const;
export type Comparison = (typeof COMPARISONS)[number];

const LATENCIES = ['storedLatencyMs', 'visibleLatencyMs', 'deliveredLatencyMs'];
/** Measured by the wall clock, on the way from the devices to the store and the screen. */
export const PLATFORM_MEASURES: readonly string[] = [
  'lossRatio',
  'duplicates',
  'rejected',
  'gaps',
  'publishedPerS',
  'storedPerS',
  ...LATENCIES.flatMap((latency) => ['p50', 'p95', 'p99', 'max'].map((part) => `${latency}.${part}`)),
];

/** A word and where it stands in the text, from 0. */
export interface Word {
  readonly text: string;
  readonly at: number;
}

/** `status = inTransitTo`; the value as written, without quotes. */
export interface Condition {
  readonly field: Word;
  readonly comparison: Comparison;
  readonly value: Word;
}

export type Measure =
  | {
      readonly type: 'statistic';
      readonly statistic: Statistic;
      readonly kind: Word;
      readonly field: Word;
      readonly where: readonly Condition[];
    }
  /** Records, or with `event` those raised or momentary. */
  | { readonly type: 'count'; readonly kind: Word; readonly event?: Word; readonly where: readonly Condition[] }
  | { readonly type: 'share'; readonly kind: Word; readonly condition: Condition; readonly where: readonly Condition[] }
  | { readonly type: 'active'; readonly kind: Word; readonly event: Word }
  | { readonly type: 'devices'; readonly kind: Word; readonly where: readonly Condition[] }
  | { readonly type: 'within'; readonly kind: Word; readonly event: Word; readonly withinMs: number; readonly of: Word }
  | { readonly type: 'delay'; readonly kind: Word; readonly event: Word; readonly of: Word }
  | { readonly type: 'platform'; readonly path: string };

export class MeasureError extends Error {
  /** Where in the text, from 0. */
  readonly at: number;

  constructor(message: string, at: number) {
    super(message);
    this.at = at;
  }
}

/** The part after `platform.`, e.g. `storedLatencyMs.p99`; undefined for what is measured in the city. */
export function platformMeasure(of: string): string | undefined {
  const path = /^\s*platform\.(\S+)\s*$/.exec(of)?.[1];
  return path !== undefined && PLATFORM_MEASURES.includes(path) ? path : undefined;
}

/** @throws MeasureError that points into the text */
export function parseMeasure(of: string): Measure {
  return new Parser(of).measure();
}

type Token = Word & { readonly type: 'word' | 'text' | 'symbol' | 'end' };

/** A quoted text, a symbol, or a word: a number, a duration, a name. */
const TOKEN =
  /\s*(?:("[^"]*"|'[^']*')|(!=|<=|>=|==|[().=<>])|(-?\d+(?:\.\d+)?(?:[eE][+-]?\d+|ms|[smhd])?(?![\w:-])|[\w+:-]+))/y;

class Parser {
  readonly #tokens: readonly Token[];
  #next = 0;

  constructor(text: string) {
    this.#tokens = tokensOf(text);
  }

  measure(): Measure {
    const name = this.#word('a measure such as mean(bus.speedMps)');
    const measure = name.text === 'platform' ? this.#platform(name) : this.#function(name);
    const rest = this.#peek();
    if (rest.type !== 'end') throw new MeasureError(`expected nothing more, got ${rest.text}`, rest.at);
    return measure;
  }

  #platform(name: Word): Measure {
    const parts: string[] = [];
    let at = name.at;
    while (this.#skip('.')) {
      const part = this.#word('a measure of the platform');
      if (parts.length === 0) at = part.at;
      parts.push(part.text);
    }
    const path = parts.join('.');
    if (!PLATFORM_MEASURES.includes(path))
      throw new MeasureError(unknownWord('measure of the platform', path, PLATFORM_MEASURES), at);
    return { type: 'platform', path };
  }

  #function(name: Word): Measure {
    const known = FUNCTIONS.find((word) => word === name.text);
    if (known === undefined)
      throw new MeasureError(unknownWord('measure', name.text, [...FUNCTIONS, 'platform']), name.at);
    this.#symbol('(');
    const kind = this.#word('a kind');
    const measure = this.#body(known, kind);
    this.#symbol(')');
    return measure;
  }

  #body(name: (typeof FUNCTIONS)[number], kind: Word): Measure {
    if (name === 'devices') return { type: 'devices', kind, where: this.#where() };
    if (name === 'count') {
      if (!this.#skip('.')) return { type: 'count', kind, where: this.#where() };
      return { type: 'count', kind, event: this.#word('an event'), where: [] };
    }
    this.#symbol('.');
    if (name === 'active') return { type: 'active', kind, event: this.#word('an event') };
    if (name === 'delay') {
      const event = this.#word('an event');
      this.#keyword('after');
      return { type: 'delay', kind, event, of: this.#word('the id of an event of the timeline') };
    }
    if (name === 'share') return this.#share(kind);
    return { type: 'statistic', statistic: name, kind, field: this.#word('a field'), where: this.#where() };
  }

  /** Of records that meet a condition, or of devices that raised an event in time. */
  #share(kind: Word): Measure {
    const word = this.#word('a field or an event');
    if (!this.#skip('within')) return { type: 'share', kind, condition: this.#conditionOn(word), where: this.#where() };
    const length = this.#word('a duration such as 5s');
    const withinMs = durationMs(length.text);
    if (withinMs === undefined) throw new MeasureError(`expected a duration such as 5s, got ${length.text}`, length.at);
    this.#keyword('of');
    return { type: 'within', kind, event: word, withinMs, of: this.#word('the id of an event of the timeline') };
  }

  #where(): Condition[] {
    const conditions: Condition[] = [];
    if (!this.#skip('where')) return conditions;
    do conditions.push(this.#conditionOn(this.#word('a field')));
    while (this.#skip('and'));
    return conditions;
  }

  #conditionOn(field: Word): Condition {
    const symbol = this.#take();
    const text = symbol.text === '==' ? '=' : symbol.text;
    const comparison = COMPARISONS.find((known) => known === text);
    if (symbol.type !== 'symbol' || comparison === undefined) {
      throw new MeasureError(
        `expected one of ${COMPARISONS.join(' ')} after ${field.text}, got ${textOf(symbol)}`,
        symbol.at,
      );
    }
    const value = this.#take();
    if (value.type !== 'word' && value.type !== 'text')
      throw new MeasureError(`expected a value, got ${textOf(value)}`, value.at);
    return { field, comparison, value };
  }

  #word(what: string): Word {
    const { type, text, at } = this.#take();
    if (type !== 'word') throw new MeasureError(`expected ${what}, got ${textOf({ type, text, at })}`, at);
    return { text, at };
  }

  #keyword(word: string): void {
    const token = this.#take();
    if (token.type !== 'word' || token.text !== word)
      throw new MeasureError(`expected ${word}, got ${textOf(token)}`, token.at);
  }

  #symbol(symbol: string): void {
    const token = this.#take();
    if (token.type !== 'symbol' || token.text !== symbol)
      throw new MeasureError(`expected ${symbol} here, got ${textOf(token)}`, token.at);
  }

  #skip(text: string): boolean {
    const token = this.#peek();
    const found = token.type !== 'text' && token.text === text;
    if (found) this.#next++;
    return found;
  }

  #peek(): Token {
    return this.#tokens[this.#next]!;
  }

  #take(): Token {
    const token = this.#peek();
    if (token.type !== 'end') this.#next++;
    return token;
  }
}

function tokensOf(text: string): Token[] {
  const tokens: Token[] = [];
  TOKEN.lastIndex = 0;
  const endAt = text.trimEnd().length;
  let position = 0;
  while (position < endAt) {
    const match = TOKEN.exec(text);
    if (match === null)
      throw new MeasureError(
        `cannot read this: ${text.slice(position).trim().slice(0, 20)}`,
        position + leadingSpaces(text, position),
      );
    const [all, quoted, symbol, word] = match;
    const part = quoted ?? symbol ?? word!;
    const at = position + all.length - part.length;
    if (quoted !== undefined) tokens.push({ type: 'text', text: quoted.slice(1, -1), at });
    else tokens.push({ type: symbol === undefined ? 'word' : 'symbol', text: part, at });
    position = TOKEN.lastIndex;
  }
  return [...tokens, { type: 'end', text: '', at: endAt }];
}

function leadingSpaces(text: string, from: number): number {
  return text.slice(from).length - text.slice(from).trimStart().length;
}

function textOf({ type, text }: Token): string {
  return type === 'end' ? 'the end' : text;
}
