// The control centre over MQTT: subscribes to telemetry, lets the controllers decide, sends their commands, and publishes what they say
// about themselves. What they decide is their own business.
import { randomUUID } from 'node:crypto';
import { Client } from '../mqtt/client.ts';
import type { Controller, Decision } from '../telemetry/controller.ts';
import { RecordDecoder, Rejection, parsePayload } from '../telemetry/json-codec.ts';
import { descriptionProblems } from '../telemetry/description.ts';
import type { Description } from '../telemetry/description.ts';
import type { Command } from '../telemetry/messages.ts';
import { clockTopic, countersTopic, deviceTopic, kindTopic, lineTopic, parseTopic } from '../telemetry/topics.ts';
import { CityTime, clockOf } from './city-time.ts';
import { createControllers } from './controllers.ts';
import { Voice, settle } from './voice.ts';
import type { Publish } from './voice.ts';

export interface ControlOptions {
  readonly city: string;
  readonly broker: {
    readonly host: string;
    readonly port: number;
    readonly username?: string;
    readonly password?: string;
  };
  readonly log: { info(message: string): void; warn(message: string): void };
}

export interface Control {
  /** Commands sent since the start. */
  readonly sent: number;
  stop(): Promise<void>;
}

const REPORT_EVERY_MS = 1_000;
const SUMMARY_EVERY_MS = 60_000;
/** For what was decided last to reach the broker. */
const DRAIN_MS = 1_000;
const utf8 = new TextEncoder();

interface Seat {
  readonly controller: Controller;
  readonly voice: Voice;
}

/** Connects and controls until stopped. @throws when the broker refuses us for ever */
export async function startControl({ city, broker, log }: ControlOptions): Promise<Control> {
  const centre = new Centre(city, (topic, payload, qos, retain) => client.publish(topic, payload, qos, retain));
  let link: 'none' | 'up' | 'lost' = 'none';
  const client = new Client({
    ...broker,
    clientId: `control-${city}`,
    onMessage: (topic, payload) => centre.hear(topic, payload),
    onUp: () => {
      if (link === 'lost') log.info('the control centre has its broker again');
      link = 'up';
      // A broker that was started again has forgotten what was retained.
      settle(centre.describe());
    },
    // Said once, not at every attempt to come back.
    onDown: (reason) => {
      if (link !== 'up') return;
      link = 'lost';
      log.warn(`the control centre lost its broker: ${reason}`);
    },
  });
  await client.start();
  await centre.describe();
  const granted = await client.subscribe(centre.filters);
  const refused = centre.filters.filter((_, index) => granted[index]! > 2).map(({ filter }) => filter);
  if (refused.length > 0) {
    link = 'none';
    await client.stop();
    throw new Error(`the broker refuses the subscriptions ${refused.join(', ')}`);
  }
  const reporting = setInterval(() => centre.report(), REPORT_EVERY_MS);
  const summing = setInterval(() => {
    const summary = centre.summary();
    if (summary !== undefined) log.info(summary);
  }, SUMMARY_EVERY_MS);
  return {
    get sent() {
      return centre.sent;
    },
    stop: async () => {
      clearInterval(reporting);
      clearInterval(summing);
      link = 'none';
      await client.stop(DRAIN_MS);
    },
  };
}

class Centre {
  readonly #city: string;
  readonly #publish: Publish;
  readonly #time = new CityTime();
  readonly #decoders = new Map<string, RecordDecoder>();
  readonly #seats: Seat[];
  /** Since the last summary, by command. */
  readonly #lately = new Map<string, number>();
  #sent = 0;
  /** Records and events of the controllers themselves. */
  #out = 0;

  constructor(city: string, publish: Publish) {
    this.#city = city;
    this.#publish = publish;
    this.#seats = this.#staff();
  }

  get sent(): number {
    return this.#sent;
  }

  get filters(): { readonly filter: string; readonly qos: 0 | 1 }[] {
    const kinds = new Set(this.#seats.flatMap(({ controller }) => controller.reads));
    const own = this.#seats.flatMap(({ controller: { name, description } }) =>
      description === undefined ? [] : [deviceTopic(this.#city, description.kind, name, 'command')],
    );
    return [
      ...[...kinds].flatMap((kind) => [
        { filter: kindTopic(this.#city, kind), qos: 0 as const },
        { filter: deviceTopic(this.#city, kind, '+', 'telemetry'), qos: 0 as const },
      ]),
      ...own.map((filter) => ({ filter, qos: 1 as const })),
      // Last: who knows the time knows the kinds.
      { filter: clockTopic(this.#city), qos: 0 },
    ];
  }

  async describe(): Promise<void> {
    await Promise.all(this.#seats.map(({ voice }) => voice.describe()));
  }

  hear(topicText: string, payload: Uint8Array): void {
    const topic = parseTopic(topicText);
    try {
      if (topic?.type === 'telemetry') this.#steer(topic.kind, topic.device, payload);
      else if (topic?.type === 'clock') this.#tell(payload);
      else if (topic?.type === 'kind') this.#learn(topic.kind, payload);
      else if (topic?.type === 'command') this.#obey(topic.kind, topic.device, payload);
    } catch (error) {
      // The api counts and shows bad records; here they are just no reason to act.
      if (!(error instanceof Rejection)) throw error;
    }
  }

  /** Once a wall second: what is due of records, arrivals and counters. */
  report(): void {
    const { nowMs } = this.#time;
    if (nowMs === undefined) return;
    for (const { controller, voice } of this.#seats) {
      const { fields, arrivals = [] } = controller.report?.(nowMs) ?? {};
      if (fields !== undefined) voice.record(nowMs, fields);
      for (const expected of arrivals) this.#say(lineTopic(this.#city, 'arrivals', expected.line), expected, 0);
    }
    this.#say(countersTopic(this.#city, 'control'), { sent: this.#sent, out: this.#out }, 0, true);
  }

  /** What was decided since the last one; undefined: nothing. */
  summary(): string | undefined {
    if (this.#lately.size === 0) return undefined;
    const counts = [...this.#lately].map(([name, count]) => `${count} ${name}`);
    this.#lately.clear();
    return `the control centre sent ${counts.join(', ')} in the last minute, ${this.#sent} commands in all`;
  }

  /** A new centre has no memory. */
  #staff(): Seat[] {
    return createControllers().map((controller) => ({
      controller,
      voice: new Voice(this.#city, controller, this.#publish, () => this.#out++),
    }));
  }

  #tell(payload: Uint8Array): void {
    const clock = clockOf(parsePayload(payload));
    if (clock !== undefined && this.#time.tell(clock)) this.#seats.splice(0, Infinity, ...this.#staff());
  }

  #learn(kind: string, payload: Uint8Array): void {
    const description = parsePayload(payload);
    if (descriptionProblems(description).length > 0) return;
    this.#decoders.set(kind, new RecordDecoder(description as unknown as Description));
  }

  #steer(kind: string, device: string, payload: Uint8Array): void {
    const record = this.#decoders.get(kind)?.decode(device, payload);
    if (record === undefined || !this.#time.believes(record.ts)) return;
    for (const seat of this.#seats) {
      if (!seat.controller.reads.includes(kind)) continue;
      seat.controller.observe(record);
      if (this.#time.isInTime) this.#decide(seat, this.#time.nowMs!);
    }
  }

  #decide({ controller, voice }: Seat, nowMs: number): void {
    for (const decision of controller.decide(nowMs)) {
      this.#send(decision);
      voice.decided(nowMs, decision.about);
    }
  }

  #send({ kind, device, command }: Decision): void {
    this.#sent++;
    this.#lately.set(command.name, (this.#lately.get(command.name) ?? 0) + 1);
    const message: Command = { ...command, id: randomUUID() };
    this.#say(deviceTopic(this.#city, kind, device, 'command'), message, 1);
  }

  #obey(kind: string, device: string, payload: Uint8Array): void {
    const seat = this.#seats.find(
      ({ controller }) => controller.description?.kind === kind && controller.name === device,
    );
    seat?.voice.obey(payload, this.#time.nowMs ?? 0);
  }

  #say(topic: string, message: object, qos: 0 | 1, retain = false): void {
    settle(this.#publish(topic, utf8.encode(JSON.stringify(message)), qos, retain));
  }
}
