// Judges a scenario's expectations while a run goes on: takes every record and event, wants little time for each, nothing for kinds that
// nobody asks about. An expectation concerns one kind and is judged where the kind lives; times are those of the devices, so speed and the
// number of workers change nothing. Platform measures are judged elsewhere, by `judged`.
import type { ExpectationState } from '../../telemetry/messages.ts';
import type { Expectation, Scenario, Window } from '../scenario.ts';
import type { EventState, Meter, Readings } from './meter.ts';
import { createMeter } from './meters.ts';
import { parseMeasure } from './measure.ts';
import type { Measure } from './measure.ts';

export interface JudgeOptions {
  readonly scenario: Pick<Scenario, 'expect' | 'timeline'>;
  /** Only expectations of these kinds are judged here; all when absent. */
  readonly kinds?: ReadonlySet<string> | undefined;
  /** Simulated ms. */
  readonly startMs: number;
  /** Absent: a live city has no end. */
  readonly endMs?: number | undefined;
}

export interface ExpectationResult {
  readonly name: string;
  readonly ok: boolean;
  /** At most six significant digits; the digits that are shown are those that are compared. */
  readonly value: number | null;
  /** `>= 4.5` */
  readonly limit: string;
  /** Why there is no value, or it cannot be met. */
  readonly reason?: string;
}

const NO_DATA = 'no data';
const DIGITS = 6;

/** Stretch of the run in which a kind is watched, simulated ms. */
interface Watch {
  readonly window: Window;
  records: number;
  events: number;
  readonly onRecord: Meter[];
  readonly onEvent: Meter[];
}

interface WatchedKind {
  reported: boolean;
  readonly watches: Watch[];
  readonly onAnyEvent: Meter[];
  readonly onBefell: Meter[];
}

/** A measure over one window. */
interface Reading {
  readonly kind: WatchedKind;
  readonly watch: Watch;
  readonly meter: Meter;
}

interface Case {
  readonly expectation: Expectation;
  readonly during: Reading;
  readonly versus: Reading | undefined;
  /** Simulated ms from which on the value is final. */
  readonly finalMs: number;
}

type Measured = { readonly value: number } | { readonly reason: string };
type CityMeasure = Exclude<Measure, { type: 'platform' }>;

export class Judge {
  readonly #options: JudgeOptions;
  readonly #kinds = new Map<string, WatchedKind>();
  readonly #readings = new Map<string, Reading>();
  readonly #cases: Case[] = [];

  /** @throws MeasureError for an expectation that no reader has let pass */
  constructor(options: JudgeOptions) {
    this.#options = options;
    for (const expectation of options.scenario.expect) {
      const measure = parseMeasure(expectation.of);
      if (measure.type === 'platform' || options.kinds?.has(measure.kind.text) === false) continue;
      this.#cases.push(this.#prepare(expectation, measure));
    }
  }

  wants(kind: string): boolean {
    return this.#kinds.has(kind);
  }

  record(kind: string, device: number, ts: number, readings: Readings): void {
    const watched = this.#kinds.get(kind);
    if (watched === undefined) return;
    watched.reported = true;
    for (const watch of watched.watches) {
      if (ts < watch.window.fromMs || ts >= watch.window.untilMs) continue;
      watch.records++;
      for (const meter of watch.onRecord) meter.record!(device, ts, readings);
    }
  }

  event(kind: string, device: number, ts: number, name: string, state: EventState): void {
    const watched = this.#kinds.get(kind);
    if (watched === undefined) return;
    watched.reported = true;
    for (const meter of watched.onAnyEvent) meter.anyEvent!(device, ts, name, state);
    for (const watch of watched.watches) {
      if (ts < watch.window.fromMs || ts >= watch.window.untilMs) continue;
      watch.events++;
      for (const meter of watch.onEvent) meter.event!(device, ts, name, state);
    }
  }

  /** An entry of the timeline took effect on devices of a kind; devices: computed when somebody wants to know. */
  befell(entryId: string, _atMs: number, kind: string, devices: () => readonly number[]): void {
    for (const meter of this.#kinds.get(kind)?.onBefell ?? []) meter.befell!(entryId, devices);
  }

  /** How it stands, in the scenario's order. After the end of its window an expectation is met or failed; only late records may change that. */
  states(nowMs: number): ExpectationState[] {
    return this.#cases.map((judgedCase) => {
      const { name, ok, value, limit } = this.#result(judgedCase);
      const isFinal = nowMs >= judgedCase.finalMs;
      const soFar = value === null ? 'waiting' : ok ? 'holding' : 'failing';
      const state = isFinal ? (ok ? 'met' : 'failed') : soFar;
      return value === null ? { name, state, limit } : { name, state, value, limit };
    });
  }

  /** In the scenario's order. What has no data is not met, nor what a run that was ended early has not seen to its end. */
  results(nowMs: number): ExpectationResult[] {
    return this.#cases.map((judgedCase) => {
      const result = this.#result(judgedCase);
      const isCut = nowMs < judgedCase.finalMs && judgedCase.finalMs < Infinity;
      return isCut && result.value !== null ? { ...result, ok: false, reason: 'ended before its time' } : result;
    });
  }

  #result({ expectation, during, versus }: Case): ExpectationResult {
    const wantsSilence = expectation.op === '==' && expectation.value === 0;
    const measured = measure(during, wantsSilence);
    if (versus === undefined || 'reason' in measured) return judged(expectation, measured);
    const base = measure(versus, false);
    if ('reason' in base) return judged(expectation, { reason: `${base.reason} in versus` });
    if (base.value === 0) return judged(expectation, { reason: 'versus is 0, there is no ratio' });
    return judged(expectation, { value: measured.value / base.value });
  }

  #prepare(expectation: Expectation, measure: CityMeasure): Case {
    const { startMs, endMs = Infinity } = this.#options;
    const during = this.#reading(expectation.of, measure, expectation.during);
    const versus =
      expectation.versus === undefined ? undefined : this.#reading(expectation.of, measure, expectation.versus);
    const windows = [expectation.during, expectation.versus].filter((window) => window !== undefined);
    const lastMs = Math.max(...windows.map(({ untilMs }) => startMs + untilMs));
    const withinMs = measure.type === 'within' ? this.#entryAtMs(measure) + measure.withinMs : Infinity;
    return { expectation, during, versus, finalMs: Math.min(endMs, windows.length > 0 ? lastMs : withinMs) };
  }

  /** The same measure over the same window is measured once. */
  #reading(of: string, measure: CityMeasure, window: Window | undefined): Reading {
    const { startMs } = this.#options;
    const fromMs = window === undefined ? -Infinity : startMs + window.fromMs;
    const untilMs = window === undefined ? Infinity : startMs + window.untilMs;
    const key = `${of} ${fromMs} ${untilMs}`;
    const known = this.#readings.get(key);
    if (known !== undefined) return known;
    const kind = this.#watched(measure.kind.text);
    const watch = watchOf(kind, { fromMs, untilMs });
    const meter = createMeter(measure, { entryAtMs: this.#entryAtMs(measure), untilMs });
    if (meter.record !== undefined) watch.onRecord.push(meter);
    if (meter.event !== undefined) watch.onEvent.push(meter);
    if (meter.anyEvent !== undefined) kind.onAnyEvent.push(meter);
    if (meter.befell !== undefined) kind.onBefell.push(meter);
    const reading = { kind, watch, meter };
    this.#readings.set(key, reading);
    return reading;
  }

  #entryAtMs(measure: CityMeasure): number {
    const id = 'of' in measure ? measure.of.text : undefined;
    const entry = this.#options.scenario.timeline.find((known) => known.id === id);
    return this.#options.startMs + (entry?.atMs ?? 0);
  }

  #watched(kind: string): WatchedKind {
    let watched = this.#kinds.get(kind);
    if (watched === undefined) {
      watched = { reported: false, watches: [], onAnyEvent: [], onBefell: [] };
      this.#kinds.set(kind, watched);
    }
    return watched;
  }
}

function watchOf({ watches }: WatchedKind, window: Window): Watch {
  const known = watches.find(
    (watch) => watch.window.fromMs === window.fromMs && watch.window.untilMs === window.untilMs,
  );
  if (known !== undefined) return known;
  const watch = { window, records: 0, events: 0, onRecord: [], onEvent: [] };
  watches.push(watch);
  return watch;
}

/** wantsSilence: that nothing came is what is expected, so long as the kind is alive at other times. */
function measure({ kind, watch, meter }: Reading, wantsSilence: boolean): Measured {
  const value = meter.value();
  if (meter.lack !== undefined) return value === undefined ? { reason: `${NO_DATA}: ${meter.lack}` } : { value };
  const mayBeSilent = meter.countsSilence === true && wantsSilence && kind.reported;
  const hasData = watch.records > 0 || (meter.countsSilence !== true && watch.events > 0);
  if (value === undefined || Number.isNaN(value) || !(hasData || mayBeSilent)) return { reason: NO_DATA };
  return { value };
}

/** Compares what was measured with what was expected. */
export function judged(expectation: Expectation, measured: Measured): ExpectationResult {
  const { name } = expectation;
  const limit = limitText(expectation);
  if ('reason' in measured) return { name, ok: false, value: null, limit, reason: measured.reason };
  if (!Number.isFinite(measured.value)) return { name, ok: false, value: null, limit, reason: 'not within the run' };
  const value = Number(measured.value.toPrecision(DIGITS));
  return { name, ok: isMet(value, expectation), value, limit };
}

/** `>= 4.5`, `between 0.4 and 0.8` */
export function limitText({ op, value }: Pick<Expectation, 'op' | 'value'>): string {
  return typeof value === 'number' ? `${op} ${value}` : `${op} ${value[0]} and ${value[1]}`;
}

function isMet(value: number, { op, value: limit }: Expectation): boolean {
  if (typeof limit !== 'number') return value >= limit[0] && value <= limit[1];
  if (op === '<') return value < limit;
  if (op === '<=') return value <= limit;
  if (op === '>') return value > limit;
  if (op === '>=') return value >= limit;
  if (op === '==') return value === limit;
  return value !== limit;
}
