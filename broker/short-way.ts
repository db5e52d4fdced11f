// The short way of a publish of QoS 0 or 1 that nothing speaks against: from its bytes to Aedes' distribution, without Aedes' parser and its
// chain of callbacks. Whatever is refused, retained or not, or looks odd is judged by the policy; this only decides who may go short.
import type { Client } from 'aedes';
import type { Connection } from './connection.ts';
import { distribute } from './intake.ts';
import type { Incoming } from './intake.ts';
import { KnownTopics } from './known-topics.ts';
import type { KnownTopic } from './known-topics.ts';
import type { Pacing } from './pacing.ts';

/** The part of the policy that is asked. */
interface Rules {
  mayRetain(topic: string, payload: Uint8Array, retain: boolean): boolean;
  accept(
    topic: string,
    payload: Uint8Array,
    qos: 0 | 1,
    retain: boolean,
    type: KnownTopic['type'],
  ): Promise<void> | undefined;
  broken(client: Client, error: unknown): void;
}

/** In the form in which Aedes takes it. */
export class ShortPublish {
  readonly cmd = 'publish';
  readonly dup = false; // [MQTT-3.3.1-3]
  readonly topic: string;
  readonly payload: Buffer;
  readonly qos: 0 | 1;
  readonly retain: boolean;

  constructor(topic: string, payload: Buffer, qos: 0 | 1, retain: boolean) {
    this.topic = topic;
    this.payload = payload;
    this.qos = qos;
    this.retain = retain;
  }
}

export class ShortWay {
  readonly #topics: KnownTopics;
  readonly #rules: Rules;
  readonly #pacing: Pacing;
  readonly #limits: { readonly packetBytes: number };

  constructor(city: string, rules: Rules, pacing: Pacing, limits: { readonly packetBytes: number }) {
    this.#topics = new KnownTopics(city);
    this.#rules = rules;
    this.#pacing = pacing;
    this.#limits = limits;
  }

  /** False when it must go through Aedes; no QoS 1 publish overtakes one that is on that way [MQTT-4.6.0-6]. */
  take(connection: Connection, { latin1, payload, qos, retain, packetId }: Incoming): boolean {
    const { access, client } = connection;
    const known = access && this.#topics.find(latin1, access);
    if (!known || (qos === 1 && connection.byAedes > 0)) return false;
    if (payload.length > this.#limits.packetBytes && known.type !== 'timetable') return false;
    const { topic, type } = known;
    const failed = (error: unknown): void => this.#rules.broken(client, error);
    try {
      const publish = new ShortPublish(topic, payload, qos, this.#rules.mayRetain(topic, payload, retain));
      this.#pacing.begun(connection);
      const ticket = this.#rules.accept(topic, payload, qos, publish.retain, type);
      if (qos === 1) connection.owed.add(ticket, () => this.#acknowledge(connection, publish, packetId), failed);
      else {
        ticket?.catch(failed);
        distribute(client, publish);
      }
    } catch (error) {
      failed(error);
    }
    return true;
  }

  #acknowledge(connection: Connection, publish: ShortPublish, packetId: number): void {
    connection.outflow.puback(packetId);
    distribute(connection.client, publish);
  }
}
