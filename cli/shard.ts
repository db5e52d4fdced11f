// A worker's share of a run in city mode: some fleets, the whole world, the controllers that see those fleets, and the judge of what is
// expected of them. Everything it needs comes in one message, so that it can live in a thread of its own.
import { createControllers } from '../control/controllers.ts';
import type { Controller } from '../telemetry/controller.ts';
import { Barrier } from '../simulator/barrier.ts';
import type { City } from '../simulator/city.ts';
import { TICK_MS } from '../simulator/clock.ts';
import type { LogEntry } from '../simulator/command-log.ts';
import type { Model } from '../simulator/fleet.ts';
import { judgeSink } from '../simulator/judge-sink.ts';
import type { HashState } from '../simulator/record-hash.ts';
import { Run } from '../simulator/run.ts';
import type { Scenario } from '../simulator/scenario.ts';
import { Judge } from '../simulator/scenario/judge.ts';
import type { ExpectationResult } from '../simulator/scenario/judge.ts';
import { tee } from '../simulator/sink.ts';
import type { Sink } from '../simulator/sink.ts';
import { Tally } from './tally.ts';
import type { Peak } from './tally.ts';
import { Observations } from '../simulator/world/observations.ts';

/** What a run is: the same task gives the same result on any number of workers. */
export interface RunTask {
  readonly scenario: Scenario;
  readonly fleets: { readonly [kind: string]: number };
  readonly seed: number;
  readonly startMs: number;
  readonly endMs: number;
  readonly utcOffsetMin: number;
  /** The controllers work. */
  readonly control: boolean;
  /** Where the city comes from; absent: it is generated. */
  readonly gtfs?: string;
  readonly city?: string;
  /** Commands and events of a live session; then no controllers work. */
  readonly replay?: readonly LogEntry[];
}

/** What several shards share. */
export interface Companions {
  readonly count: number;
  readonly observations: SharedArrayBuffer;
  readonly barrier: SharedArrayBuffer;
  /** One of them clears the shared observations and logs the events that all live through. */
  readonly leads: boolean;
}

export interface ShardResult {
  readonly hash: HashState;
  readonly log: HashState;
  readonly expectations: readonly ExpectationResult[];
  readonly recordsByKind: { readonly [kind: string]: number };
  readonly peak: Peak;
  /** Resident memory that the devices took. */
  readonly memoryBytes: number;
  readonly lost: number;
}

export class Shard {
  readonly #run: Run;
  readonly #judge: Judge;
  readonly #barrier: Barrier | undefined;
  readonly #tally = new Tally();
  readonly #memoryBytes: number;

  constructor(task: RunTask, kinds: readonly string[], { city, models, companions, extra }: ShardParts) {
    const { scenario, startMs, endMs } = task;
    const fleets = Object.fromEntries(kinds.map((kind) => [kind, task.fleets[kind]!]));
    this.#judge = new Judge({ scenario, startMs, endMs, kinds: new Set(kinds) });
    this.#barrier = companions && new Barrier(companions.count, companions.barrier);
    const beforeBytes = process.memoryUsage.rss();
    this.#run = new Run({
      city,
      models,
      fleets,
      seed: task.seed,
      startMs,
      utcOffsetMin: task.utcOffsetMin,
      sink: tee([this.#tally.sink, judgeSink(this.#judge), ...(extra === undefined ? [] : [extra])]),
      dayType: scenario.dayType,
      quality: scenario.quality,
      timeline: scenario.timeline,
      controllers: task.control && task.replay === undefined ? () => controllersFor(kinds) : undefined,
      replay: task.replay,
      observations: companions && new Observations(city.links.length, companions.observations, companions.leads),
      logsEvents: companions?.leads,
      witness: this.#judge,
    });
    this.#memoryBytes = process.memoryUsage.rss() - beforeBytes;
  }

  get simTimeMs(): number {
    return this.#run.simTimeMs;
  }

  /** Runs until `untilMs`, in step with the companions. */
  advanceTo(untilMs: number): void {
    while (this.#run.simTimeMs < untilMs) {
      this.#run.tick(TICK_MS);
      this.#tally.tick(this.#run.simTimeMs);
      this.#barrier?.wait();
    }
  }

  result(): ShardResult {
    const { hash, log, lost, simTimeMs } = this.#run;
    return {
      hash: hash.state,
      log: log.sum.state,
      expectations: this.#judge.results(simTimeMs),
      recordsByKind: this.#tally.byKind,
      peak: this.#tally.peak,
      memoryBytes: this.#memoryBytes,
      lost,
    };
  }
}

export interface ShardParts {
  readonly city: City;
  readonly models: ReadonlyMap<string, Model>;
  readonly companions?: Companions | undefined;
  /** A recording. */
  readonly extra?: Sink | undefined;
}

/** Groups of kinds that a controller must see together. */
export function controlledTogether(): string[][] {
  return createControllers().map(({ reads }) => [...reads]);
}

function controllersFor(kinds: readonly string[]): Controller[] {
  return createControllers().filter(({ reads }) => reads.some((kind) => kinds.includes(kind)));
}
