// What subscribers make of a message: how long it took since it was meant to leave, and whether it is new, repeated or late. It answers
// QoS 1 and 2 through the device's writer and keeps no payload.
import { MalformedPacket } from '../mqtt/malformed.ts';
import { skipProperties } from '../mqtt/properties.ts';
import { Audit } from './audit.ts';
import type { Device } from './device.ts';
import { dueNsOf, isOurs, publisherOf, sequenceOf } from './payload.ts';
import type { Plan } from './plan.ts';
import { pairOf, pairsOf } from './profiles.ts';
import { FOREIGN, MISROUTED, deliveredAt } from './result.ts';
import type { Tally } from './tally.ts';

/** First byte of a PUBLISH: the broker sends it because the subscription is new (3.3.1.3). */
const RETAIN = 1;
/** The same, 3.3.1.1. */
const DUP = 8;
const HAD_LIVE = 1;
const HAD_RETAINED = 2;

export class Receiver {
  readonly audit: Audit;
  readonly #plan: Plan;
  readonly #runId: number;
  readonly #tally: Tally;
  readonly #five: boolean;
  /** At which messages are due: the lower one of publish and subscription [MQTT-3.8.4-6]. */
  readonly #qos: number;
  /** Profile retained: what came, by pair. */
  readonly #had: Uint8Array;
  /** QoS 2 in sessions that are kept: identifiers between PUBREC and PUBREL. Their messages may come again, and are the same ones (4.3.3). */
  readonly #unreleased: Map<Device, Set<number>> | undefined;

  constructor(plan: Plan, runId: number, tally: Tally) {
    this.#plan = plan;
    this.#runId = runId;
    this.#tally = tally;
    this.#five = plan.target.version === '5';
    this.#qos = Math.min(plan.qos, plan.subscribeQos);
    this.audit = new Audit(pairsOf(plan));
    this.#had = new Uint8Array(plan.profile === 'retained' ? pairsOf(plan) : 0);
    this.#unreleased = this.#qos === 2 && !plan.cleanSession ? new Map() : undefined;
  }

  /** It will subscribe: what is retained comes again, which is no duplicate. */
  connected(device: Device): void {
    if (this.#had.length === 0) return;
    const { publishers } = this.#plan;
    const first = (device.index - publishers) * publishers;
    for (let pair = first; pair < first + publishers; pair++) if (this.#had[pair]) this.#had[pair] = HAD_LIVE;
  }

  released(device: Device, packetId: number): void {
    this.#unreleased?.get(device)?.delete(packetId);
  }

  /** nowNs: when the bytes were read. @throws MalformedPacket */
  published(device: Device, header: number, bytes: Buffer, start: number, end: number, nowNs: number): void {
    const qos = (header >> 1) & 3;
    let at = start + 2 + ((bytes[start]! << 8) | bytes[start + 1]!);
    if (start + 2 > end || at + (qos > 0 ? 2 : 0) > end) throw new MalformedPacket('PUBLISH is cut short');
    if (qos > 0) at += 2;
    const packetId = (bytes[at - 2]! << 8) | bytes[at - 1]!;
    if (this.#five) at = skipProperties(bytes, at, end);
    const repeated = this.#unreleased !== undefined && qos === 2 && this.#isRepeated(device, header, packetId);
    if (!isOurs(bytes, at, end, this.#runId)) this.#tally.error(FOREIGN);
    else if (!repeated) this.#take(device, header, bytes, at, nowNs);
    device.acknowledge(qos, packetId);
  }

  #isRepeated(device: Device, header: number, packetId: number): boolean {
    const ids = this.#unreleased!.get(device);
    if (ids === undefined) {
      this.#unreleased!.set(device, new Set([packetId]));
      return false;
    }
    if (ids.has(packetId)) return (header & DUP) !== 0;
    ids.add(packetId);
    return false;
  }

  #take(device: Device, header: number, bytes: Buffer, at: number, nowNs: number): void {
    const publisher = publisherOf(bytes, at);
    const sentNs = dueNsOf(bytes, at);
    const { profile, publishers } = this.#plan;
    if (sentNs < this.#tally.startNs || publisher >= publishers) return;
    const subscriber = device.index - publishers;
    if (profile === 'p2p' && publisher !== subscriber % publishers) {
      this.#tally.error(MISROUTED);
      return;
    }
    const pair = pairOf(this.#plan, publisher, subscriber);
    const qos = (header >> 1) & 3;
    if (qos < this.#qos) this.#tally.error(deliveredAt(qos, this.#qos));
    if (profile === 'retained') this.#takeRetained(device, (header & RETAIN) !== 0, pair, nowNs);
    else if (this.audit.arrived(pair, sequenceOf(bytes, at))) this.#tally.delivered(sentNs, nowNs);
  }

  /**
   * A subscriber gets one per topic with RETAIN, whichever was the last; its wait began when it was meant to come. What the broker had not yet
   * worked off then comes as it is published, without RETAIN [MQTT-3.3.1-9]: instead of a retained message, before or after it, and no
   * repetition of it.
   */
  #takeRetained(device: Device, retained: boolean, pair: number, nowNs: number): void {
    const had = this.#had[pair]!;
    this.#had[pair] = had | (retained ? HAD_RETAINED : HAD_LIVE);
    if (had === 0) {
      this.audit.arrived(pair, 0);
      this.#tally.delivered(device.dueNs, nowNs);
    } else if (retained && (had & HAD_RETAINED) !== 0) this.audit.duplicated++;
  }
}
