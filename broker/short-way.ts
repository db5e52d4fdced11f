// The short way of a publish of QoS 0 or 1 that nothing speaks against: from its bytes to Aedes' distribution, without Aedes' parser and its
// chain of callbacks. Whatever is refused, retained or not, or looks odd is judged by the policy; this only decides who may go short.
import type { Client } from 'aedes';
import { distribute } from './intake.ts';
import type { Incoming } from './intake.ts';
import { KnownTopics } from './known-topics.ts';
import type { KnownTopic } from './known-topics.ts';
import type { Session } from './policy.ts';
import type { Sleepers } from './sleepers.ts';

/** The part of the policy that is asked. */
interface Rules {
  mayRetain(topic: string, payload: Uint8Array, retain: boolean): boolean;
  begun(session: Session): void;
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
  readonly #limits: { readonly packetBytes: number };
  readonly #sleepers: Sleepers;

  constructor(city: string, rules: Rules, limits: { readonly packetBytes: number }, sleepers: Sleepers) {
    this.#topics = new KnownTopics(city);
    this.#rules = rules;
    this.#limits = limits;
    this.#sleepers = sleepers;
  }

  /** False when it must go through Aedes; no QoS 1 publish overtakes one that is on that way [MQTT-4.6.0-6]. */
  take(session: Session, { latin1, payload, qos, retain, packetId }: Incoming): boolean {
    const { access, client } = session;
    const known = access && this.#topics.find(latin1, access);
    if (!known || (qos === 1 && session.byAedes > 0)) return false;
    if (payload.length > this.#limits.packetBytes && known.type !== 'timetable') return false;
    const { topic, type } = known;
    const failed = (error: unknown): void => this.#rules.broken(client, error);
    try {
      const publish = new ShortPublish(topic, payload, qos, this.#rules.mayRetain(topic, payload, retain));
      this.#rules.begun(session);
      const ticket = this.#rules.accept(topic, payload, qos, publish.retain, type);
      if (qos === 1) session.owed.add(ticket, () => this.#acknowledge(session, publish, packetId), failed);
      else {
        ticket?.catch(failed);
        distribute(client, publish);
      }
    } catch (error) {
      failed(error);
    }
    return true;
  }

  /**
   * Distributed at once while no session can sleep. Else Aedes looks for sleeping ones with promises, so each publish has a turn to itself:
   * one that was numbered later and delivered earlier would make Aedes take this one for a repetition.
   */
  #acknowledge(session: Session, publish: ShortPublish, packetId: number): void {
    session.outflow.puback(packetId);
    if (session.deferred === 0 && !this.#sleepers.any) {
      distribute(session.client, publish);
      return;
    }
    session.deferred++;
    setImmediate(() => {
      distribute(session.client, publish);
      session.deferred--;
    });
  }
}
