// Sends messages over MQTT at the pace of their times: descriptions first, then the city's clock ahead of every message, so that its time is
// believable. It waits when the window of un-acknowledged messages is full and drops nothing.
import { Client } from '../../mqtt/client.ts';
import { DEVICE_PATTERN, isKind, show } from '../../telemetry/description.ts';
import type { ClockMessage, TelemetryRecord } from '../../telemetry/messages.ts';
import { valueText } from '../../telemetry/ndjson.ts';
import type { RecordingHeader } from '../../telemetry/ndjson.ts';
import { clockTopic, deviceTopic, kindTopic } from '../../telemetry/topics.ts';
import type { Speed } from '../../simulator/clock.ts';
import { UsageError } from '../options.ts';
import type { BrokerAddress } from '../wiring.ts';
import { recordOf } from './source.ts';
import type { Message } from './source.ts';

export interface ReplayOptions {
  readonly broker: BrokerAddress;
  readonly header: RecordingHeader;
  readonly speed: Speed;
  readonly shift: 'none' | 'now';
  readonly interrupted: AbortSignal;
}

export interface Replayed {
  readonly records: number;
  readonly events: number;
  readonly acknowledged: number;
  /** Older than one that was sent before. */
  readonly late: number;
  /** Lines of ground truth. */
  readonly skipped: number;
  readonly seconds: number;
}

const SCENARIO = 'replay';
const DEFAULT_UTC_OFFSET_MIN = 480;
/** The clock is told at least this often, and before the recording's time has moved on by `CLOCK_STEP_MS`. */
const CLOCK_EVERY_MS = 1000;
const CLOCK_STEP_MS = 60_000;
/** By then a retained clock has come, if there is one. */
const RETAINED_MS = 200;
/** A running simulator tells its clock every second. */
const OTHER_CLOCK_MS = 1500;
/** What a city believes without a clock of its own. */
const PAST_MS = 7 * 86_400_000;
const FUTURE_MS = 5 * 60_000;
const MAX_TOPICS = 200_000;
const POLL_MS = 5;
/** Answer to a SUBSCRIBE (MQTT 3.1.1, 3.9.3). */
const REFUSED = 0x80;

const encode = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));

export class Replayer {
  readonly #options: ReplayOptions;
  readonly #client: Client;
  readonly #topics = new Map<string, string>();
  readonly #counts = { records: 0, events: 0, acknowledged: 0, late: 0, skipped: 0 };
  #failed = 0;
  #ticker: NodeJS.Timeout | undefined;
  /** Clocks that are not ours, and whether one of ours came back: then the broker lets us tell the time. */
  #otherClock: { scenario: string; live: boolean } | undefined;
  #ownClock = false;
  #deaf = false;
  #startedMs = 0;
  #endedMs: number | undefined;
  #firstMs: number | undefined;
  #shiftMs = 0;
  /** Newest time that was sent, and the newest the clock has told. */
  #simTimeMs = 0;
  #toldMs = -Infinity;

  constructor(options: ReplayOptions) {
    this.#options = options;
    this.#client = new Client({
      ...options.broker,
      clientId: `replay-${options.header.city}-${process.pid}`,
      onMessage: (_topic, payload, _qos, retain) => this.#hear(payload, retain),
    });
  }

  get replayed(): Replayed {
    const untilMs = this.#endedMs ?? performance.now();
    return { ...this.#counts, seconds: this.#startedMs === 0 ? 0 : (untilMs - this.#startedMs) / 1000 };
  }

  /** Connects and publishes the descriptions. @throws UsageError when a simulator runs in the city */
  async start(): Promise<void> {
    const { header, interrupted } = this.#options;
    interrupted.addEventListener('abort', () => void this.stop());
    if (interrupted.aborted) return;
    await this.#client.start();
    const [granted = REFUSED] = await this.#client.subscribe([{ filter: clockTopic(header.city), qos: 0 }]);
    // A broker with rules of its own may let us tell the time and not hear it.
    this.#deaf = granted >= REFUSED;
    await Promise.all(
      header.descriptions.map((description) =>
        this.#client.publish(kindTopic(header.city, description.kind), encode(description), 1, true),
      ),
    );
    await this.#pause(RETAINED_MS);
    if (this.#otherClock !== undefined && !this.#otherClock.live) await this.#pause(OTHER_CLOCK_MS);
    if (this.#otherClock?.live)
      throw new UsageError(
        `a simulator runs in this city (scenario ${this.#otherClock.scenario}): a store never holds two runs at the same time, use one started with --no-simulator`,
      );
  }

  /** Resolves when they are on their way. @throws UsageError for a time that the city will not believe, Error for a bad name */
  async send(messages: readonly Message[]): Promise<void> {
    for (const message of messages) {
      if (this.#options.interrupted.aborted) return;
      if (message.type === 'truth') {
        this.#counts.skipped++;
        continue;
      }
      const record = recordOf(message);
      if (this.#firstMs === undefined) await this.#begin(record.ts);
      const ts = record.ts + this.#shiftMs;
      if (ts < this.#simTimeMs) this.#counts.late++;
      else await this.#reach(ts);
      if (!this.#ownClock && !this.#deaf) this.#checkBelievable(ts);
      this.#publish(message, record, ts);
      if (this.#client.congested) await this.#client.drained();
    }
  }

  /** Resolves when everything is acknowledged, or given up. */
  async finish(): Promise<void> {
    const { records, events } = this.#counts;
    while (this.#counts.acknowledged + this.#failed < records + events && !this.#options.interrupted.aborted)
      await this.#pause(POLL_MS);
    this.#endedMs = performance.now();
    clearInterval(this.#ticker);
    if ((this.#ownClock || this.#deaf) && !this.#options.interrupted.aborted) await this.#tell(this.#simTimeMs, 0);
  }

  async stop(): Promise<void> {
    clearInterval(this.#ticker);
    this.#endedMs ??= performance.now();
    await this.#client.stop();
  }

  async #begin(ts: number): Promise<void> {
    this.#firstMs = ts;
    this.#shiftMs = this.#options.shift === 'now' ? Date.now() - ts : 0;
    this.#simTimeMs = ts + this.#shiftMs;
    this.#startedMs = performance.now();
    await this.#tell(this.#simTimeMs);
    // Ours comes back by the subscription, unless the broker has dropped it.
    const patienceMs = performance.now() + CLOCK_EVERY_MS;
    while (!this.#ownClock && !this.#deaf && performance.now() < patienceMs && !this.#options.interrupted.aborted)
      await this.#pause(POLL_MS);
    this.#startedMs = performance.now();
    this.#ticker = setInterval(() => void this.#tell(this.#nowMs()).catch(() => undefined), CLOCK_EVERY_MS);
  }

  /** Waits until the recording's time has come to `ts`, and the clock has been told. */
  async #reach(ts: number): Promise<void> {
    const { speed } = this.#options;
    if (speed !== 'max') {
      const dueMs = this.#startedMs + (ts - this.#shiftMs - this.#firstMs!) / speed;
      while (dueMs > performance.now() && !this.#options.interrupted.aborted)
        await this.#pause(Math.min(CLOCK_EVERY_MS, dueMs - performance.now()));
    }
    this.#simTimeMs = ts;
    if (ts - this.#toldMs > CLOCK_STEP_MS) void this.#tell(ts).catch(() => undefined);
  }

  /** Where the recording's time is between two messages. */
  #nowMs(): number {
    const { speed } = this.#options;
    if (speed === 'max') return this.#simTimeMs;
    const ms = this.#firstMs! + this.#shiftMs + (performance.now() - this.#startedMs) * speed;
    // It may be behind itself where the broker is slow.
    return Math.max(this.#simTimeMs, Math.min(Math.floor(ms), this.#simTimeMs + CLOCK_STEP_MS));
  }

  #tell(simTimeMs: number, speed: Speed = this.#options.speed): Promise<void> {
    this.#toldMs = simTimeMs;
    const { header } = this.#options;
    const passedMs = performance.now() - this.#startedMs;
    const advancedMs = simTimeMs - this.#shiftMs - this.#firstMs!;
    const message: ClockMessage = {
      simTimeMs,
      utcOffsetMin: header.utcOffsetMin ?? DEFAULT_UTC_OFFSET_MIN,
      speed,
      trueSpeed: speed === 0 || passedMs < CLOCK_EVERY_MS ? 0 : Math.round((1000 * advancedMs) / passedMs) / 1000,
      scenario: SCENARIO,
      seed: header.seed ?? 0,
    };
    return this.#client.publish(clockTopic(header.city), encode(message), 1, true);
  }

  #hear(payload: Uint8Array, retained: boolean): void {
    let clock: Partial<ClockMessage>;
    try {
      clock = JSON.parse(new TextDecoder().decode(payload)) as Partial<ClockMessage>;
    } catch {
      return;
    }
    if (clock.scenario !== SCENARIO) this.#otherClock = { scenario: String(clock.scenario), live: !retained };
    else if (!retained && clock.simTimeMs === this.#toldMs) this.#ownClock = true;
  }

  #checkBelievable(ts: number): void {
    const now = Date.now();
    if (ts >= now - PAST_MS && ts <= now + FUTURE_MS) return;
    throw new UsageError(
      `the city would not believe a message of ${new Date(ts).toISOString()}: the broker does not let us tell the time. Name the city's credentials with --credentials FOLDER, or move the times with --shift now`,
    );
  }

  #publish(message: Message, record: TelemetryRecord, ts: number): void {
    const isEvent = message.type === 'event';
    if (isEvent) this.#counts.events++;
    else this.#counts.records++;
    let text = `{"ts":${ts},"seq":${record.seq}`;
    if (isEvent) {
      const { name, state } = message.event;
      text += `,"name":${JSON.stringify(name)}${state === undefined ? '' : `,"state":"${state}"`}`;
    }
    for (const name in record.fields) text += `,"${name}":${valueText(record.fields[name]!)}`;
    const topic = this.#topicOf(record, isEvent ? 'event' : 'telemetry');
    this.#client.publish(topic, Buffer.from(`${text}}`), 1).then(
      () => this.#counts.acknowledged++,
      () => this.#failed++,
    );
  }

  #topicOf({ kind, device }: TelemetryRecord, channel: 'telemetry' | 'event'): string {
    const key = `${kind}/${device}/${channel}`;
    const known = this.#topics.get(key);
    if (known !== undefined) return known;
    if (!isKind(kind) || !DEVICE_PATTERN.test(device))
      throw new UsageError(`a device is a kind and an id like bus/bus-0001, got ${show(`${kind}/${device}`)}`);
    if (this.#topics.size >= MAX_TOPICS) this.#topics.clear();
    const topic = deviceTopic(this.#options.header.city, kind, device, channel);
    this.#topics.set(key, topic);
    return topic;
  }

  /** Ends early when interrupted. */
  #pause(ms: number): Promise<void> {
    const { interrupted } = this.#options;
    return new Promise((resolve) => {
      const done = () => {
        clearTimeout(timer);
        interrupted.removeEventListener('abort', done);
        resolve();
      };
      const timer = setTimeout(done, ms);
      interrupted.addEventListener('abort', done);
    });
  }
}
