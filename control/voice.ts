// What one controller says and hears about itself on the wire: its description, record, events and acks, like any device of the city. It
// stays silent for a controller that has no description.
import { isObject } from '../telemetry/description.ts';
import type { Controller } from '../telemetry/controller.ts';
import { RecordEncoder, parsePayload } from '../telemetry/json-codec.ts';
import type { Ack, Command, TelemetryRecord } from '../telemetry/messages.ts';
import { deviceTopic, kindTopic } from '../telemetry/topics.ts';
import type { DeviceChannel } from '../telemetry/topics.ts';

export type Publish = (topic: string, payload: Uint8Array, qos: 0 | 1, retain?: boolean) => Promise<void> | undefined;

/** Commands whose answers are remembered. */
const REMEMBERED = 1_000;
const utf8 = new TextEncoder();

export class Voice {
  readonly #city: string;
  readonly #controller: Controller;
  readonly #publish: Publish;
  readonly #encoder: RecordEncoder | undefined;
  readonly #answers = new Map<string, Ack>();
  readonly #onOut: () => void;
  #seq = 0;

  /** `onOut` is called for each record and event that the broker has. */
  constructor(city: string, controller: Controller, publish: Publish, onOut: () => void) {
    this.#city = city;
    this.#controller = controller;
    this.#publish = publish;
    this.#onOut = onOut;
    this.#encoder = controller.description && new RecordEncoder(controller.description);
  }

  /** Settles when the broker has it. */
  async describe(): Promise<void> {
    const { description } = this.#controller;
    if (description === undefined) return;
    await this.#publish(kindTopic(this.#city, description.kind), utf8.encode(JSON.stringify(description)), 1, true);
  }

  record(ts: number, fields: TelemetryRecord['fields']): void {
    if (this.#encoder === undefined) return;
    this.#out(this.#publish(this.#topic('telemetry'), this.#encoder.encode(ts, ++this.#seq, fields), 1));
  }

  /** A decision was made and is on its way to its device. */
  decided(ts: number, about: TelemetryRecord['fields'] | undefined): void {
    if (this.#encoder === undefined || about === undefined) return;
    const payload = this.#encoder.encodeEvent(ts, ++this.#seq, 'decision', undefined, about);
    this.#out(this.#publish(this.#topic('event'), payload, 1));
  }

  /** A command to the controller. The same id is obeyed once and answered each time. @throws Rejection when it is no JSON object */
  obey(payload: Uint8Array, nowMs: number): void {
    const message = parsePayload(payload);
    const { id, name, args = {} } = message;
    // Nobody could tell what an answer without an id belongs to.
    if (typeof id !== 'string' || id === '') return;
    const before = this.#answers.get(id);
    if (before !== undefined) return this.#ack(before);
    const problem =
      typeof name !== 'string' || !isObject(args)
        ? 'a command has a name and args'
        : this.#controller.obey === undefined
          ? `${this.#controller.name} takes no commands`
          : this.#controller.obey({ id, name, args } satisfies Command, nowMs);
    if (problem !== undefined) return this.#answer({ id, state: 'rejected', reason: problem, ts: nowMs });
    this.#ack({ id, state: 'accepted', ts: nowMs });
    this.#answer({ id, state: 'done', ts: nowMs });
  }

  #answer(ack: Ack): void {
    if (this.#answers.size >= REMEMBERED) this.#answers.delete(this.#answers.keys().next().value!);
    this.#answers.set(ack.id, ack);
    this.#ack(ack);
  }

  #ack(ack: Ack): void {
    settle(this.#publish(this.#topic('ack'), utf8.encode(JSON.stringify(ack)), 1));
  }

  #out(sending: Promise<void> | undefined): void {
    settle(sending?.then(this.#onOut));
  }

  #topic(channel: DeviceChannel): string {
    const { name, description } = this.#controller;
    return deviceTopic(this.#city, description?.kind ?? name, name, channel);
  }
}

/** What the end of the connection leaves unsent is lost; the next centre decides anew. */
export function settle(sending: Promise<void> | undefined): void {
  sending?.catch(() => undefined);
}
