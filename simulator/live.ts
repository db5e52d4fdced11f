// The city in real time: paces a run by the clock, sends it over MQTT, answers commands and the scenario's pause, resume, speed and event.
// It can begin in the past and catch up with the wall clock (backfill), and it can end.
import { randomUUID } from 'node:crypto';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Answers } from './answers.ts';
import type { Controller } from '../telemetry/controller.ts';
import { show } from '../telemetry/description.ts';
import { parsePayload } from '../telemetry/json-codec.ts';
import type { Ack, ClockMessage, Command, SimulatorCounters } from '../telemetry/messages.ts';
import { clockTopic, countersTopic, deviceTopic, parseTopic, scenarioTopic } from '../telemetry/topics.ts';
import { Backfill } from './backfill.ts';
import type { BackfillOptions } from './backfill.ts';
import { MAX_SPEED, MIN_SPEED, SimClock, TICK_MS } from './clock.ts';
import type { Speed } from './clock.ts';
import type { City } from './city.ts';
import type { LogEntry } from './command-log.ts';
import type { Model } from './fleet.ts';
import { judgeSink } from './judge-sink.ts';
import { Publisher } from './publisher.ts';
import type { BrokerAddress, SentMessage } from './publisher.ts';
import { Run } from './run.ts';
import type { Scenario } from './scenario.ts';
import { Judge } from './scenario/judge.ts';
import type { ExpectationResult } from './scenario/judge.ts';
import { readEntry } from './scenario/read.ts';
import { StateBoard } from './state-board.ts';
import { tee } from './sink.ts';
import type { Sink } from './sink.ts';

export interface LiveOptions {
  readonly city: City;
  readonly models: ReadonlyMap<string, Model>;
  readonly fleets: { readonly [kind: string]: number };
  readonly broker: BrokerAddress;
  readonly ownConnections: ReadonlySet<string>;
  readonly seed: number;
  readonly scenario: Scenario;
  readonly startMs: number;
  readonly utcOffsetMin: number;
  readonly speed: Speed;
  /** Simulated time at which the city stops; absent: never, also when the scenario is over. */
  readonly endMs?: number | undefined;
  /** Stepped by the simulated clock; a live city has its control centre over MQTT instead. */
  readonly controllers?: (() => readonly Controller[]) | undefined;
  /** Begins in the past; `startMs` is where. */
  readonly backfill?: BackfillOptions | undefined;
  readonly onSent?: ((message: SentMessage) => void) | undefined;
  /** Told of every command and event that took effect, for a replay. */
  readonly onLogEntry?: ((entry: LogEntry) => void) | undefined;
  /** Monotonic wall ms. */
  readonly now: () => number;
  readonly log: { info(message: string): void; warn(message: string): void };
}

/** What identifies a run up to a moment. */
export interface Fingerprint {
  readonly simTimeMs: number;
  readonly records: number;
  readonly recordHash: string;
  readonly commandLogHash: string;
}

export interface LiveResult extends Fingerprint {
  readonly expectations: readonly ExpectationResult[];
}

const DAY_MS = 86_400_000;
const ANNOUNCE_EVERY_MS = 1000;
const ANNOUNCE_EVERY_SIM_MS = 60_000;
/** Longest stretch of ticks before sockets get their turn. */
const BURST_MS = 40;

export class LiveCity {
  readonly #options: LiveOptions;
  readonly #clock: SimClock;
  readonly #publisher: Publisher;
  readonly #judge: Judge;
  readonly #run: Run;
  readonly #board: StateBoard;
  readonly #backfill: Backfill | undefined;
  /** To the scenario's commands: one that MQTT delivers twice is obeyed once. */
  readonly #answers = new Answers();
  #running: Promise<void> | undefined;
  #announcedMs = 0;
  /** The day, and its sort, for which the timetables are published. */
  #published = '';
  #stopping = false;
  #wake: () => void = () => {};
  #announcer: NodeJS.Timeout | undefined;

  constructor(options: LiveOptions) {
    this.#options = options;
    const { city, models, scenario, startMs } = options;
    const endMs = startMs + scenario.durationMs;
    this.#backfill = options.backfill === undefined ? undefined : new Backfill(options.backfill);
    this.#clock = new SimClock(startMs, this.#backfill === undefined ? options.speed : 'max', options.now);
    this.#publisher = new Publisher({
      city: city.id,
      broker: options.broker,
      models,
      fleets: options.fleets,
      ownConnections: options.ownConnections,
      everythingAcknowledged: () => this.#backfill?.done === false,
      ...(options.onSent === undefined ? {} : { onSent: options.onSent }),
      timetables: () => this.#run.timetables(),
      onUp: () => this.#board.repeat(),
      onTooLong: (line, bytes) =>
        options.log.warn(`the timetable of line ${line} is too long to be published: ${bytes} bytes`),
      onMessage: (topic, payload) => this.#receive(topic, payload),
    });
    this.#judge = new Judge({ scenario, startMs, endMs });
    const sink = this.#backfill?.gate(this.#publisher) ?? this.#publisher;
    this.#run = new Run({
      ...options,
      sink: tee([judgeSink(this.#judge), scenario.truth ? sink : withoutTruth(sink)]),
      dayType: scenario.dayType,
      quality: scenario.quality,
      timeline: scenario.timeline,
      witness: this.#judge,
    });
    this.#run.log.onEntry = options.onLogEntry;
    this.#board = new StateBoard({ city, models, scenario, startMs, endMs });
    this.#published = this.#today();
  }

  /** Connects, publishes the descriptions, then lets time run. */
  async start(): Promise<void> {
    await this.#publisher.start();
    await this.#publisher.subscribe([scenarioTopic(this.#options.city.id, 'command')]);
    this.#backfill?.begin();
    // The clock comes before the first record: it says which times are believable.
    await this.#announce();
    // It may have waited for the broker: pace from here. The first tick is due at once, so that nobody waits for a first sight.
    this.#tick();
    this.#clock.resume();
    this.#announcer = setInterval(() => void this.#announce(), ANNOUNCE_EVERY_MS);
    this.#running = this.#loop();
  }

  /** Settles at the end of the scenario, when all that was sent is acknowledged; without an end, when it is stopped. */
  async ended(): Promise<LiveResult> {
    await this.#running;
    return { ...this.fingerprint(), expectations: this.#judge.results(this.#run.simTimeMs) };
  }

  fingerprint(): Fingerprint {
    const { simTimeMs, hash, log } = this.#run;
    return {
      simTimeMs,
      records: hash.count,
      recordHash: hash.toString(),
      commandLogHash: log.sum.toString(),
    };
  }

  get simTimeMs(): number {
    return this.#run.simTimeMs;
  }

  async stop(): Promise<void> {
    this.#stopping = true;
    clearInterval(this.#announcer);
    this.#wake();
    await this.#running;
    await this.#publisher.stop();
  }

  counters(): SimulatorCounters {
    return this.#publisher.counters();
  }

  async #loop(): Promise<void> {
    let burstStart = this.#options.now();
    const { endMs = Infinity } = this.#options;
    while (!this.#stopping && this.#run.simTimeMs < endMs) {
      const waitMs = this.#clock.waitMs(TICK_MS);
      if (waitMs > 0) {
        await this.#sleep(waitMs);
        burstStart = this.#options.now();
        continue;
      }
      this.#tick();
      await this.#publisher.drained();
      if (this.#backfill !== undefined && !this.#backfill.done) await this.#catchUp(this.#backfill);
      if (this.#options.now() - burstStart > BURST_MS) {
        await nextTurn();
        burstStart = this.#options.now();
      }
    }
    if (this.#stopping) return;
    await this.#publisher.settled();
    await this.#announce();
  }

  #tick(): void {
    // A fast city tells the time more often, so that its records never seem to come from the future.
    if (this.#run.simTimeMs - this.#announcedMs >= ANNOUNCE_EVERY_SIM_MS) void this.#announce();
    const changed = this.#run.tick(TICK_MS);
    this.#clock.advance(TICK_MS);
    if (changed) this.#showState();
    if (this.#published !== this.#today()) this.#publishTimetables();
  }

  /** The dates have changed, or what sort of day it is. A full outbox does not matter: they come again with the next connection. */
  #publishTimetables(): void {
    this.#published = this.#today();
    this.#publisher.publishTimetables().catch(() => undefined);
  }

  #today(): string {
    const { simTimeMs, calendar } = this.#run.world;
    return `${Math.floor((simTimeMs + this.#options.utcOffsetMin * 60_000) / DAY_MS)} ${calendar.dayType}`;
  }

  /** Notes how far the past is stored; when the present is reached, time runs as it was asked to. */
  async #catchUp(backfill: Backfill): Promise<void> {
    await backfill.advance(this.#run.simTimeMs, () => this.#publisher.settled());
    if (!backfill.done) return;
    this.#clock.setSpeed(this.#options.speed);
    this.#options.log.info('the past is stored, the city goes on live');
    await this.#announce();
  }

  /** Until the time is over or something changed (pause, speed, stop). */
  #sleep(waitMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = Number.isFinite(waitMs) ? setTimeout(resolve, waitMs) : undefined;
      this.#wake = () => {
        clearTimeout(timer);
        resolve();
      };
    });
  }

  /** Settles when the broker has it. */
  #announce(): Promise<void> | undefined {
    this.#announcedMs = this.#run.simTimeMs;
    this.#backfill?.note(this.#run.simTimeMs);
    const { city, scenario, seed, utcOffsetMin } = this.#options;
    const { tempC, rainMmPerH, cloud, sunElevationDeg } = this.#run.world.sky;
    const message: ClockMessage = {
      simTimeMs: this.#run.simTimeMs,
      utcOffsetMin,
      speed: this.#clock.speed,
      trueSpeed: Math.round(this.#clock.trueSpeed * 1000) / 1000,
      scenario: scenario.name,
      seed,
      ...(this.#backfill === undefined || this.#backfill.done ? {} : { backfillFromMs: this.#options.startMs }),
      weather: { tempC, rainMmPerH, cloud, sunElevationDeg },
    };
    void this.#publisher.publish(countersTopic(city.id, 'simulator'), this.#publisher.counters(), {
      qos: 0,
      retain: true,
    });
    this.#showState();
    return this.#publisher.publish(clockTopic(city.id), message, { qos: 1, retain: true });
  }

  /** Publishes the scenario's state when it has changed. */
  #showState(): void {
    const { simTimeMs, timeline } = this.#run;
    const backfill = this.#backfill?.progress(simTimeMs);
    const state = this.#board.changed(timeline.states(), this.#judge.states(simTimeMs), backfill, this.#options.now());
    if (state === undefined) return;
    void this.#publisher.publish(scenarioTopic(this.#options.city.id, 'state'), state, { qos: 1, retain: true });
  }

  #receive(topicText: string, payload: Uint8Array): void {
    const topic = parseTopic(topicText);
    let command: Command;
    try {
      command = checkCommand(parsePayload(payload));
    } catch (error) {
      this.#options.log.warn(`refused a command on ${topicText}: ${(error as Error).message}`);
      return;
    }
    if (topic?.type === 'scenarioCommand') this.#obey(command);
    else if (topic?.type === 'command') {
      const reason = this.#run.command(topic.kind, topic.device, command);
      if (reason === undefined) return;
      const ack: Ack = { id: command.id, state: 'rejected', reason, ts: this.#run.simTimeMs };
      void this.#publisher.publish(deviceTopic(topic.city, topic.kind, topic.device, 'ack'), ack, {
        qos: 1,
        retain: false,
      });
    }
  }

  #obey(command: Command): void {
    const ack = this.#answers.get('scenario', 0, command.id) ?? this.#answer(command);
    void this.#publisher.publish(scenarioTopic(this.#options.city.id, 'ack'), ack, { qos: 1, retain: false });
    void this.#announce();
    this.#wake();
  }

  #answer(command: Command): Ack {
    const reason = this.#steer(command);
    const { id } = command;
    const ts = this.#run.simTimeMs;
    const ack: Ack = reason === undefined ? { id, state: 'done', ts } : { id, state: 'rejected', reason, ts };
    this.#answers.remember('scenario', 0, ack);
    return ack;
  }

  /** @returns why not, or undefined when done */
  #steer({ id, name, args }: Command): string | undefined {
    if (name === 'pause') this.#clock.pause();
    else if (name === 'resume') this.#clock.resume();
    else if (name === 'event') return this.#inject(id, args);
    else if (name === 'speed') {
      const { speed } = args;
      const known = speed === 'max' || (typeof speed === 'number' && speed >= MIN_SPEED && speed <= MAX_SPEED);
      if (this.#backfill?.done === false) return 'the past is being filled in, as fast as it is stored';
      if (!known) return `speed must be ${MIN_SPEED}…${MAX_SPEED} or "max", got ${show(speed)}`;
      this.#clock.setSpeed(speed);
    } else return `unknown command ${show(name)}, expected one of pause, resume, speed, event`;
    return undefined;
  }

  #inject(id: string, args: Command['args']): string | undefined {
    const { city, models, fleets } = this.#options;
    const read = readEntry(args, { city, models, fleets });
    if ('problems' in read) return read.problems.join('; ');
    try {
      this.#run.inject({ ...read.entry, id });
    } catch (error) {
      return (error as Error).message;
    }
    return undefined;
  }
}

/** The sink without its `truth`: nobody asked for it. */
function withoutTruth(sink: Sink): Sink {
  return {
    record: sink.record.bind(sink),
    event: sink.event.bind(sink),
    ack: sink.ack.bind(sink),
  };
}

function checkCommand(value: { [key: string]: unknown }): Command {
  const { id = randomUUID(), name, args = {}, expiresMs } = value;
  if (typeof id !== 'string' || id.length === 0 || id.length > 64)
    throw new Error(`id must be a text of 1 to 64 characters, got ${show(id)}`);
  if (typeof name !== 'string') throw new Error(`name must be a text, got ${show(name)}`);
  if (typeof args !== 'object' || args === null || Array.isArray(args))
    throw new Error(`args must be an object, got ${show(args)}`);
  if (expiresMs !== undefined && !(Number.isFinite(expiresMs) && (expiresMs as number) >= 0)) {
    throw new Error(`expiresMs must be a number of ms, got ${show(expiresMs)}`);
  }
  const command = { id, name, args: args as Command['args'] };
  return expiresMs === undefined ? command : { ...command, expiresMs: expiresMs as number };
}
