// The reference line of the line engine: 25 stops a way, 20 buses, 14 hours; and how many lives of it come out.
import { LineKpis } from '../../simulator/bus-line/kpis.ts';
import type { LineObserver } from '../../simulator/bus-line/observer.ts';
import { runLine } from '../../simulator/bus-line/run.ts';
import type { LineRunOptions } from '../../simulator/bus-line/run.ts';
import type { LineSpec } from '../../simulator/bus-line/spec.ts';
import type { Controller, Decision } from '../../telemetry/controller.ts';
import type { TelemetryRecord } from '../../telemetry/messages.ts';

const WARM_UP_S = 5400;
const STOPS = 25;

export function goldenLine(changes: Partial<LineSpec> = {}, noise = 1, demand = 1): LineSpec {
  const way = { segmentsM: Array<number>(STOPS - 1).fill(500) };
  const perS = Array<number>(STOPS).fill(0.0133 * demand);
  return {
    line: '1',
    shape: 'out-and-back',
    ways: [way, way],
    running: {
      meanS: () => 90,
      cv: 0.2 * noise,
      floorShare: 0.5,
      incidentProbability: 0.004 * noise,
      incidentS: [240, 240],
    },
    demand: { kind: 'rate', perS: [perS, perS], alightShare: 1.6, draw: 'poisson' },
    timetable: { kind: 'even', headwayS: 300 },
    buses: 20,
    capacity: 80,
    dwell: { fixedS: 8, emptyS: 2, boardingS: 2, alightingS: 1.2, boardsWhileStanding: false },
    stopGapS: 5,
    terminalGapS: 10,
    layoverS: 120,
    durationS: 50_400,
    ...changes,
  };
}

export interface Means {
  readonly first: number;
  readonly middle: number;
  readonly last: number;
  readonly all: number;
  readonly excessWaitS: number;
  readonly tripS: number;
  readonly p90S: number;
  readonly cancelled: number;
}

/** Means over so many seeds. */
export function meansOf(spec: LineSpec, seeds: number, controllers: () => Controller[] = () => []): Means {
  const lives = Array.from({ length: seeds }, (_, index) => {
    const kpis = new LineKpis(spec, WARM_UP_S);
    runLine(spec, index + 1, { observers: [kpis], controllers: controllers() });
    const { headways, byStop } = kpis;
    return {
      first: byStop[0]!.cv,
      middle: byStop[12]!.cv,
      last: byStop[24]!.cv,
      all: headways.cv,
      excessWaitS: headways.excessWaitS,
      tripS: kpis.tripS,
      p90S: kpis.tripP90S,
      cancelled: kpis.cancelledCount,
    };
  });
  const mean = (name: keyof Means) => lives.reduce((sum, life) => sum + life[name], 0) / seeds;
  const names = Object.keys(lives[0]!) as (keyof Means)[];
  return Object.fromEntries(names.map((name) => [name, mean(name)])) as unknown as Means;
}

/** Holds clamp(8 + 0.5 (300 − h), 0, 60) s at stops 5, 10, 15 and 20, h from the last departure to this arrival: the law, and nothing else. */
export class GoldenHolding implements Controller {
  readonly name = 'golden-holding';
  readonly reads = ['bus'];
  readonly #leavesMs = new Map<string, number>();
  readonly #standing = new Map<string, string>();
  #decisions: Decision[] = [];

  observe({ device, ts, fields }: TelemetryRecord): void {
    const here = `${String(fields['direction'])}/${String(fields['nextStop'])}`;
    if (fields['targetHeadwayS'] !== undefined) {
      this.#leavesMs.set(here, ts);
      if (this.#standing.get(here) === device) this.#standing.delete(here);
    } else if (fields['status'] === 'stoppedAt') {
      const sequence = Number(fields['stopSequence']);
      if (sequence > 0 && sequence < 24 && sequence % 5 === 0) this.#hold(device, here, ts);
      this.#standing.set(here, device);
    }
  }

  decide(): Decision[] {
    const decisions = this.#decisions;
    this.#decisions = [];
    return decisions;
  }

  #hold(device: string, here: string, ts: number): void {
    const gapS = this.#standing.has(here) ? 0 : (ts - (this.#leavesMs.get(here) ?? Number.NaN)) / 1000;
    const durationS = Math.min(60, Math.max(0, 8 + 0.5 * (300 - gapS)));
    if (durationS > 0) {
      this.#decisions.push({ kind: 'bus', device, command: { name: 'hold', args: { durationS } }, why: 'golden' });
    }
  }
}

/** Gives one order when a record fits, once. */
export class OneOrder implements Controller {
  readonly name = 'one-order';
  readonly reads = ['bus'];
  readonly records: TelemetryRecord[] = [];
  readonly #fits: (record: TelemetryRecord) => boolean;
  readonly #command: Decision['command'];
  #due: Decision[] = [];
  #given = false;

  constructor(fits: (record: TelemetryRecord) => boolean, command: Decision['command']) {
    this.#fits = fits;
    this.#command = command;
  }

  observe(record: TelemetryRecord): void {
    this.records.push(record);
    if (this.#given || !this.#fits(record)) return;
    this.#given = true;
    this.#due.push({ kind: 'bus', device: record.device, command: this.#command, why: 'test' });
  }

  decide(): Decision[] {
    const due = this.#due;
    this.#due = [];
    return due;
  }
}

/** Everything that buses did at stops, as text that is equal when all digits are. */
export function diaryOf(spec: LineSpec, seed: number, options: LineRunOptions = {}): string[] {
  const diary: string[] = [];
  const watcher: LineObserver = {
    departed: ({ device, way, trip, stop, load, boarded }, headwayS, nowS) => {
      diary.push([device, way, trip, stop, load, boarded, headwayS, nowS].join(' '));
    },
  };
  runLine(spec, seed, { ...options, observers: [...(options.observers ?? []), watcher] });
  return diary;
}
