// A few messages before the run, the way its own will go: whether the target does at all what is to be measured. Asked for shared
// subscriptions, because many brokers grant the filter and then deliver nothing, or everything to everybody; and for QoS 2, because some end
// the connection that publishes at it and others deliver at less. It measures nothing.
import { once } from 'node:events';
import { randomInt } from 'node:crypto';
import { setTimeout as sleep } from 'node:timers/promises';
import { PacketWriter } from '../mqtt/packets.ts';
import { nowNs } from './clock.ts';
import { Device, REFUSED_FROM } from './device.ts';
import type { Home } from './device.ts';
import { HEADER_BYTES, writeHeader } from './payload.ts';
import type { Plan } from './plan.ts';
import { countsOf, topicOf } from './profiles.ts';
import { reasonText } from './reasons.ts';
import { Receiver } from './receiver.ts';
import { Tally } from './tally.ts';

/** To a shared subscription, so that every member has some; to others one is enough. */
const SHARED_MESSAGES = 20;
/** For CONNACKs and SUBACKs. */
const CONNECT_PATIENCE_MS = 5000;
/** For answers and deliveries, beside several times what connecting and subscribing took: a long way is no refusal. */
const PATIENCE_MS = 1500;
const WAYS = 4;
/** For what should not arrive. */
const SETTLE_MS = 100;

/** The reason why not; undefined when the target does it, and when it is interrupted. */
export async function whyNot(plan: Plan, address: string, signal?: AbortSignal): Promise<string | undefined> {
  const needed = plan.profile === 'shared' || (plan.qos === 2 && plan.profile !== 'city');
  if (!needed || countsOf(plan).publishers === 0) return undefined;
  const rehearsal = new Rehearsal(plan, address, signal);
  try {
    const reason = await rehearsal.verdict();
    return signal?.aborted ? undefined : reason;
  } finally {
    rehearsal.end();
  }
}

class Rehearsal implements Home {
  readonly plan: Plan;
  readonly address: string;
  readonly writer: PacketWriter;
  readonly #runId = randomInt(2 ** 32);
  readonly #messages: number;
  readonly #publisher: Device;
  readonly #members: Device[];
  readonly #receiver: Receiver;
  readonly #tally = new Tally();
  readonly #news = new EventTarget();
  readonly #signal: AbortSignal;
  #connected = 0;
  #granted = 0;
  /** Code of a SUBACK, or of a PUBACK or PUBREC. */
  #subscriptionRefused: number | undefined;
  #publishRefused: number | undefined;
  #acknowledged = 0;
  /** Lowest of what arrived. */
  #qos = 2;
  #lost: string | undefined;

  constructor(plan: Plan, address: string, signal?: AbortSignal) {
    const shared = plan.profile === 'shared';
    const { publishers, subscribers } = countsOf(plan);
    const members = Math.min(shared ? 2 : 1, subscribers);
    this.plan = { ...plan, cleanSession: true };
    this.address = address;
    this.#signal = signal ?? new AbortController().signal;
    this.writer = new PacketWriter(plan.target.version === '5' ? 5 : 4);
    this.#messages = shared ? SHARED_MESSAGES : 1;
    this.#publisher = new Device(this, 0, 'publisher');
    this.#members = Array.from({ length: members }, (_, at) => new Device(this, publishers + at, 'subscriber'));
    this.#tally.startNs = 0;
    // Each member is heard for itself.
    this.#receiver = new Receiver({ ...plan, profile: 'publish', subscribers: members }, this.#runId, this.#tally);
  }

  async verdict(): Promise<string | undefined> {
    const devices = [this.#publisher, ...this.#members];
    const beganNs = nowNs();
    for (const device of devices) device.open(beganNs, beganNs);
    const all = () => this.#connected === devices.length && this.#granted === this.#members.length;
    if (!(await this.#until(all, CONNECT_PATIENCE_MS))) return this.#refusal(this.#connected === devices.length);
    const patienceMs = Math.round(PATIENCE_MS + (WAYS * (nowNs() - beganNs)) / 1e6);
    this.#publish();
    await this.#until(() => this.#answered(), patienceMs);
    if (this.plan.profile === 'shared')
      await sleep(SETTLE_MS, undefined, { signal: this.#signal }).catch(() => undefined);
    return this.#judge(`within ${(patienceMs / 1000).toFixed(1)} s`);
  }

  end(): void {
    for (const device of [this.#publisher, ...this.#members]) device.leave();
  }

  #publish(): void {
    const { plan } = this;
    const payload = Buffer.alloc(HEADER_BYTES);
    for (let sequence = 0; sequence < this.#messages; sequence++) {
      writeHeader(payload, 0, this.#runId, nowNs(), 0, sequence);
      this.writer.publish(topicOf(plan, 0), payload, plan.qos, false, false, plan.qos > 0 ? sequence + 1 : 0);
    }
    this.#publisher.send();
  }

  #answered(): boolean {
    const arrived = this.#members.length === 0 || this.#tally.received >= this.#messages;
    return arrived && (this.plan.qos === 0 || this.#acknowledged >= this.#messages);
  }

  #refusal(connected: boolean): string {
    const { profile, subscribeQos } = this.plan;
    const what = profile === 'shared' ? 'shared subscriptions' : `subscriptions at QoS ${subscribeQos}`;
    if (this.#subscriptionRefused !== undefined) return `the broker refuses ${what}`;
    const seconds = CONNECT_PATIENCE_MS / 1000;
    if (connected) {
      return this.#lost === undefined
        ? `the broker does not answer SUBSCRIBE within ${seconds} s`
        : `the broker refuses ${what}: ${this.#lost}`;
    }
    return this.#lost === undefined
      ? `the broker lets ${this.#connected} of ${1 + this.#members.length} connections in within ${seconds} s`
      : `the broker ends one of ${1 + this.#members.length} connections: ${this.#lost}`;
  }

  /** within: how long was waited, in words. */
  #judge(within: string): string | undefined {
    const { qos, profile } = this.plan;
    if (this.#lost !== undefined) return `the broker ends connections that publish at QoS ${qos}: ${this.#lost}`;
    if (this.#publishRefused !== undefined)
      return `the broker refuses publishes at QoS ${qos}: ${reasonText(this.#publishRefused)}`;
    if (qos > 0 && this.#acknowledged < this.#messages)
      return `the broker does not acknowledge publishes at QoS ${qos} ${within}`;
    if (profile === 'shared') return this.#judgeShared(within);
    if (this.#members.length === 0) return undefined;
    if (this.#tally.received === 0) return `the broker takes publishes at QoS ${qos} and delivers nothing ${within}`;
    return this.#qos < Math.min(qos, this.plan.subscribeQos)
      ? `the broker delivers at QoS ${this.#qos} what is published at QoS ${qos}`
      : undefined;
  }

  #judgeShared(within: string): string | undefined {
    const { received } = this.#tally;
    if (received === 0) return `the broker grants shared subscriptions and delivers nothing ${within}`;
    if (received > this.#messages) return 'the broker delivers to every member of a shared subscription';
    if (received < this.#messages)
      return `the broker delivers ${received} of ${this.#messages} messages to a shared subscription ${within}`;
    return undefined;
  }

  /** @returns false when a connection or patience was lost, something was refused, or it was interrupted */
  async #until(condition: () => boolean, withinMs: number): Promise<boolean> {
    const patience = AbortSignal.any([AbortSignal.timeout(withinMs), this.#signal]);
    while (!condition() && !this.#failed && !patience.aborted)
      await once(this.#news, 'news', { signal: patience }).catch(() => undefined);
    return !this.#failed && condition();
  }

  get #failed(): boolean {
    return (this.#lost ?? this.#subscriptionRefused ?? this.#publishRefused) !== undefined;
  }

  #tell(): void {
    this.#news.dispatchEvent(new Event('news'));
  }

  nowNs(): number {
    return nowNs();
  }

  reading(): void {
    // nothing is timed
  }

  released(): void {
    // a session of its own, which is not resumed
  }

  readOver(): void {
    // nothing waits for it
  }

  connected(device: Device): void {
    this.#connected++;
    if (device.role === 'subscriber') device.subscribe();
    this.#tell();
  }

  subscribed(_: Device, code: number): void {
    if (code < REFUSED_FROM) this.#granted++;
    else this.#subscriptionRefused = code;
    this.#tell();
  }

  acknowledged(_: Device, __: number, reason: number): void {
    if (reason < REFUSED_FROM) this.#acknowledged++;
    else this.#publishRefused = reason;
    this.#tell();
  }

  published(device: Device, header: number, bytes: Buffer, start: number, end: number): void {
    const before = this.#tally.received;
    this.#receiver.published(device, header, bytes, start, end, nowNs());
    if (this.#tally.received > before) this.#qos = Math.min(this.#qos, (header >> 1) & 3);
    this.#tell();
  }

  down(_: Device, cause: string): void {
    this.#lost ??= cause;
    this.#tell();
  }

  left(): void {
    // it ended because we wanted it
  }
}
