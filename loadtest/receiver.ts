// What subscribers make of a message: how long it took since it was meant to leave, and whether it is new, repeated or late. It answers
// QoS 1 and 2 through the device's writer and keeps no payload.
import { MalformedPacket } from '../mqtt/malformed.ts';
import { skipProperties } from '../mqtt/properties.ts';
import { Audit } from './audit.ts';
import type { Device } from './device.ts';
import { dueNsOf, isOurs, publisherOf, sequenceOf } from './payload.ts';
import type { Plan } from './plan.ts';
import { pairOf, pairsOf } from './profiles.ts';
import { FOREIGN } from './result.ts';
import type { Tally } from './tally.ts';

export class Receiver {
  readonly audit: Audit;
  readonly #plan: Plan;
  readonly #runId: number;
  readonly #tally: Tally;
  readonly #five: boolean;

  constructor(plan: Plan, runId: number, tally: Tally) {
    this.#plan = plan;
    this.#runId = runId;
    this.#tally = tally;
    this.#five = plan.target.version === '5';
    this.audit = new Audit(pairsOf(plan));
  }

  /** nowNs: when the bytes were read. @throws MalformedPacket */
  published(device: Device, header: number, bytes: Buffer, start: number, end: number, nowNs: number): void {
    const qos = (header >> 1) & 3;
    let at = start + 2 + ((bytes[start]! << 8) | bytes[start + 1]!);
    if (start + 2 > end || at + (qos > 0 ? 2 : 0) > end) throw new MalformedPacket('PUBLISH is cut short');
    if (qos > 0) at += 2;
    const idAt = at - 2;
    if (this.#five) at = skipProperties(bytes, at, end);
    if (isOurs(bytes, at, end, this.#runId)) this.#take(device, bytes, at, nowNs);
    else this.#tally.error(FOREIGN);
    device.acknowledge(qos, (bytes[idAt]! << 8) | bytes[idAt + 1]!);
  }

  #take(device: Device, bytes: Buffer, at: number, nowNs: number): void {
    const publisher = publisherOf(bytes, at);
    const sentNs = dueNsOf(bytes, at);
    if (sentNs < this.#tally.startNs || publisher >= this.#plan.publishers) return;
    const pair = pairOf(this.#plan, publisher, device.index - this.#plan.publishers);
    // Of retained messages a subscriber gets one per topic, whichever was the last; its wait began when it was meant to come.
    const retained = this.#plan.profile === 'retained';
    if (!this.audit.arrived(pair, retained ? 0 : sequenceOf(bytes, at))) return;
    this.#tally.delivered(retained ? device.dueNs : sentNs, nowNs);
  }
}
