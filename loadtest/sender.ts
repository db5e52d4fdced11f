// Sends what the schedule says, when it says so: each tick takes what became due and writes it, one write per socket. What a publisher
// cannot send waits with its intended time. It never skips, delays or evens out the schedule for the sake of the target.
import { PacketWriter } from '../mqtt/packets.ts';
import { nowNs } from './clock.ts';
import type { Device } from './device.ts';
import { Inflight } from './inflight.ts';
import { HEADER_BYTES, patchHeader, writeHeader } from './payload.ts';
import type { Plan } from './plan.ts';
import { fanOutOf, topicOf } from './profiles.ts';
import { timetableOf } from './schedule.ts';
import type { Timetable } from './schedule.ts';
import type { Tally } from './tally.ts';
import { Waiting } from './waiting.ts';

interface Publisher {
  readonly device: Device;
  readonly waiting: Waiting;
  /** Its packet, of which header and packet identifier change; unused where messages are recorded. */
  readonly template: Buffer;
  readonly inflight: Inflight | undefined;
  window: number;
  readonly fanOut: number;
  /** It has had a measured message. */
  begun: boolean;
  /** Of the next measured message. */
  sequence: number;
  /** When the target was last seen to take nothing, or took something again: lateness before it is not ours. */
  freeNs: number;
  /** It stands in the list of those with something to write. */
  listed: boolean;
}

/** So few a broker acknowledges in less time than a sleep takes: some 10 µs each. */
const FEW_INFLIGHT = 100;
/** One write is at most this, or one packet. */
const WRITE_BYTES = 131_072;
/** Due and not written, of one worker; what becomes due beyond it is counted as never sent. */
const MAX_WAITING = 20_000_000;
/** The same for recorded messages, which wait whole. */
const MAX_WAITING_BYTES = 512 * 1_048_576;

export class Sender {
  readonly #plan: Plan;
  readonly #runId: number;
  readonly #tally: Tally;
  readonly #timetable: Timetable;
  readonly #publishers = new Map<Device, Publisher>();
  readonly #byIndex: (Publisher | undefined)[] = [];
  readonly #level: 4 | 5;
  readonly #writer: PacketWriter;
  #scratch: Buffer;
  #listed: Publisher[] = [];
  #waiting = 0;
  /** Of recorded messages. */
  #waitingBytes = 0;
  #inflight = 0;
  /** Somebody's window was full at the last tick. */
  #full = false;
  #startNs = Infinity;
  #halted = false;
  /** Beyond what may wait: messages and deliveries by the second in which they were due. */
  readonly #refused = new Map<number, { messages: number; deliveries: number }>();

  constructor(plan: Plan, runId: number, part: number, parts: number, tally: Tally) {
    this.#plan = plan;
    this.#runId = runId;
    this.#tally = tally;
    this.#level = plan.target.version === '5' ? 5 : 4;
    this.#writer = new PacketWriter(this.#level);
    this.#timetable = timetableOf(plan, part, parts);
    this.#scratch = Buffer.allocUnsafeSlow(WRITE_BYTES);
  }

  add(device: Device): void {
    const publisher: Publisher = {
      device,
      waiting: new Waiting(),
      template: this.#template(device.index),
      inflight: this.#plan.qos > 0 ? new Inflight(this.#plan.window) : undefined,
      window: this.#plan.window,
      fanOut: fanOutOf(this.#plan, device.index),
      begun: false,
      sequence: 0,
      freeNs: 0,
      listed: false,
    };
    this.#publishers.set(device, publisher);
    this.#byIndex[device.index] = publisher;
  }

  start(startNs: number): void {
    this.#startNs = startNs;
  }

  /** Nothing becomes due any more. */
  halt(): void {
    this.#halted = true;
  }

  /** When the next message is due, ns of clock.ts. */
  get nextNs(): number {
    return this.#halted ? Infinity : this.#startNs + this.#timetable.atNs;
  }

  /** Something waits for the target. */
  get owes(): boolean {
    return this.#listed.length > 0;
  }

  /** Un-acknowledged, of all publishers. */
  get inflight(): number {
    return this.#inflight;
  }

  /** Somebody waits for an acknowledgement, and few are on their way. */
  get starved(): boolean {
    return this.#full && this.#inflight < FEW_INFLIGHT;
  }

  get done(): boolean {
    return this.nextNs === Infinity && this.#waiting === 0 && this.#inflight === 0 && this.#startNs !== Infinity;
  }

  tick(now: number): void {
    this.#takeDue(now);
    this.#full = false;
    const listed = this.#listed;
    let kept = 0;
    for (const publisher of listed) {
      this.#flush(publisher);
      if (publisher.waiting.count > 0) listed[kept++] = publisher;
      else publisher.listed = false;
    }
    listed.length = kept;
  }

  connected(device: Device, receiveMaximum: number): void {
    const publisher = this.#publishers.get(device);
    if (publisher) publisher.window = Math.min(this.#plan.window, receiveMaximum);
  }

  /** lateNs: how long, at most, the acknowledgement has lain unread. `flushFreed` follows. */
  acknowledged(device: Device, packetId: number, nowNs: number, lateNs: number): void {
    const publisher = this.#publishers.get(device);
    const dueNs = publisher?.inflight?.release(packetId) ?? 0;
    if (!publisher || dueNs === 0) return;
    this.#inflight--;
    this.#tally.acknowledged(dueNs, nowNs);
    freed(publisher, nowNs - lateNs);
  }

  /** It frees its place in the window, at `sinceNs`, and counts as never acknowledged. @returns false for an identifier that is not in use */
  refused(device: Device, packetId: number, sinceNs: number): boolean {
    const publisher = this.#publishers.get(device);
    if (!publisher || (publisher.inflight?.release(packetId) ?? 0) === 0) return false;
    this.#inflight--;
    freed(publisher, sinceNs);
    return true;
  }

  /** What waited for acknowledgements that this device has just read leaves at once, not at the next tick. */
  flushFreed(device: Device): void {
    if (this.#inflight === 0 && this.#waiting === 0) return;
    const publisher = this.#publishers.get(device);
    if (publisher?.inflight && publisher.waiting.count > 0) this.#flush(publisher);
  }

  /** What was un-acknowledged is not sent again, for which a publisher's session is never a kept one: the audit tells whether it arrived. */
  down(device: Device, nowNs: number): void {
    const publisher = this.#publishers.get(device);
    if (publisher) this.#forsake(publisher, nowNs);
  }

  /** Messages that never left have waited until now, at least. */
  finish(nowNs: number): void {
    for (const publisher of this.#publishers.values()) {
      const { waiting, fanOut } = publisher;
      this.#forsake(publisher, nowNs);
      for (; waiting.count > 0; waiting.shift()) this.#tally.neverSent(waiting.dueNs, nowNs, 1, fanOut);
    }
    for (const [second, { messages, deliveries }] of this.#refused) {
      // Due at the latest at its end: what is recorded stays a lower bound.
      this.#tally.neverSent(this.#startNs + (second + 1) * 1e9 - 1, nowNs, messages, deliveries);
    }
  }

  #forsake({ inflight }: Publisher, nowNs: number): void {
    if (!inflight) return;
    this.#inflight -= inflight.count;
    for (const dueNs of inflight.clear()) this.#tally.neverAcknowledged(dueNs, nowNs);
  }

  #takeDue(nowNs: number): void {
    const timetable = this.#timetable;
    if (this.#halted) return;
    for (let dueNs = this.#startNs + timetable.atNs; dueNs <= nowNs; dueNs = this.#startNs + timetable.atNs) {
      const publisher = this.#byIndex[timetable.publisher]!;
      this.#tally.due(dueNs, this.#owed(publisher, dueNs));
      if (this.#waiting < MAX_WAITING && this.#waitingBytes < MAX_WAITING_BYTES) this.#enlist(publisher, dueNs);
      else this.#refuse(publisher, dueNs);
      timetable.advance();
    }
  }

  /** Of retained messages a topic owes one to each subscriber, however many were sent. */
  #owed(publisher: Publisher, dueNs: number): number {
    if (this.#plan.profile !== 'retained') return publisher.fanOut;
    if (publisher.begun || dueNs < this.#startNs) return 0;
    publisher.begun = true;
    return publisher.fanOut;
  }

  #enlist(publisher: Publisher, dueNs: number): void {
    const { frame } = this.#timetable;
    const packet = frame && this.#recorded(publisher, frame.topic, frame.payload);
    publisher.waiting.push(dueNs, packet);
    this.#waiting++;
    this.#waitingBytes += packet?.length ?? 0;
    if (publisher.listed) return;
    publisher.listed = true;
    this.#listed.push(publisher);
  }

  #refuse({ fanOut }: Publisher, dueNs: number): void {
    const second = Math.floor((dueNs - this.#startNs) / 1e9);
    const refused = this.#refused.get(second) ?? { messages: 0, deliveries: 0 };
    refused.messages++;
    refused.deliveries += fanOut;
    this.#refused.set(second, refused);
  }

  #flush(publisher: Publisher): void {
    const { device, waiting } = publisher;
    const { link } = device;
    if (!device.up || !link || link.stream.writableLength > 0) {
      publisher.freeNs = nowNs();
      return;
    }
    while (waiting.count > 0) {
      // Each write has its own moment: others of the same tick took their time.
      const length = this.#fill(publisher, nowNs());
      if (length === 0) {
        publisher.freeNs = nowNs();
        this.#full = true;
        return;
      }
      if (!link.plain) link.stream.write(Buffer.from(this.#scratch.subarray(0, length)));
      else {
        link.stream.write(this.#scratch.subarray(0, length));
        // Bytes that did not leave at once still belong to the socket.
        if (link.stream.writableLength > 0) this.#scratch = Buffer.allocUnsafeSlow(this.#scratch.length);
      }
      if (link.stream.writableLength > 0) return;
    }
  }

  /** Packets into the scratch, as many as window and room allow. @returns their bytes */
  #fill(publisher: Publisher, now: number): number {
    const { waiting, inflight, template } = publisher;
    let at = 0;
    while (waiting.count > 0) {
      const { dueNs } = waiting;
      const packet = waiting.packet ?? template;
      if (at + packet.length > this.#scratch.length) {
        if (at > 0) break;
        this.#scratch = Buffer.allocUnsafeSlow(packet.length);
      }
      let packetId = 0;
      if (inflight) {
        packetId = inflight.count < publisher.window ? inflight.take(dueNs) : 0;
        if (packetId === 0) break;
        this.#inflight++;
      }
      this.#scratch.set(packet, at);
      this.#patch(publisher, at, dueNs, packetId);
      at += packet.length;
      if (waiting.packet) this.#waitingBytes -= packet.length;
      waiting.shift();
      this.#waiting--;
      const ownNs = now - Math.max(dueNs, publisher.freeNs);
      this.#tally.wrote(dueNs, now, ownNs, now - dueNs - ownNs);
    }
    return at;
  }

  #patch(publisher: Publisher, at: number, dueNs: number, packetId: number): void {
    const measured = dueNs >= this.#startNs;
    const payloadAt = at + this.#payloadOffset(at);
    patchHeader(this.#scratch, payloadAt, dueNs, measured ? publisher.sequence++ : 0);
    if (packetId === 0) return;
    const idAt = payloadAt - 2 - (this.#level === 5 ? 1 : 0); // the empty properties lie between
    this.#scratch[idAt] = packetId >>> 8;
    this.#scratch[idAt + 1] = packetId & 0xff;
  }

  /** From the first byte of the packet at `at` in the scratch to its payload. */
  #payloadOffset(at: number): number {
    const bytes = this.#scratch;
    let next = at + 1;
    while (bytes[next]! >= 0x80) next++;
    next++;
    const topicBytes = (bytes[next]! << 8) | bytes[next + 1]!;
    return next + 2 + topicBytes + (this.#plan.qos > 0 ? 2 : 0) + (this.#level === 5 ? 1 : 0) - at;
  }

  #template(publisher: number): Buffer {
    const payload = Buffer.alloc(Math.max(HEADER_BYTES, this.#plan.sizeBytes), 0x2e);
    return this.#packet(publisher, topicOf(this.#plan, publisher), payload);
  }

  /** A recorded message keeps its size; its first bytes give way to the header. */
  #recorded(publisher: Publisher, topic: string, recorded: Buffer): Buffer {
    const payload = Buffer.alloc(Math.max(HEADER_BYTES, recorded.length), 0x20);
    recorded.copy(payload);
    return this.#packet(publisher.device.index, topic, payload);
  }

  #packet(publisher: number, topic: string, payload: Buffer): Buffer {
    const { qos, retain } = this.#plan;
    writeHeader(payload, 0, this.#runId, 0, publisher, 0);
    this.#writer.publish(topic, payload, qos, retain, false, 1);
    return Buffer.from(this.#writer.take());
  }
}

/** A full window has room again since then: what waits longer waits for us. */
function freed(publisher: Publisher, sinceNs: number): void {
  const { waiting, inflight, window } = publisher;
  if (waiting.count > 0 && inflight!.count === window - 1) publisher.freeNs = Math.max(publisher.freeNs, sinceNs);
}
