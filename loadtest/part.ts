// The devices of one thread or process: opens them in turn, keeps them alive, brings them back, and counts. The thread calls `tick`; when it
// does so and where reports go is none of its business (that is thread.ts).
import { PacketWriter } from '../mqtt/packets.ts';
import { Agenda } from './agenda.ts';
import { nowNs } from './clock.ts';
import { tellsOrder } from './countable.ts';
import { Device, REFUSED_FROM } from './device.ts';
import type { Home } from './device.ts';
import type { Final, Order, Report, Setup } from './orders.ts';
import type { Plan } from './plan.ts';
import { countsOf, roleOf } from './profiles.ts';
import { reasonText } from './reasons.ts';
import { Receiver } from './receiver.ts';
import { UNTOLD, grantedAt, publishRefused } from './result.ts';
import { Sender } from './sender.ts';
import { fraction } from './schedule.ts';
import { Tally } from './tally.ts';
import { Turns } from './turns.ts';

const RETRY_NS = 1e9;
const STATS_NS = 0.25e9;
/** For a CONNACK. */
const PATIENCE_NS = 10e9;
/** A target that says nothing for longer has other work. */
const ANSWERED_NS = 2e6;
/** What was asked for this shortly before the end is no error without an answer. */
const FRESH_NS = 1e9;
/** Connections are checked for silence this often. */
const WATCH_NS = 0.1e9;

export class Part implements Home {
  readonly plan: Plan;
  readonly address: string;
  readonly writer: PacketWriter;
  readonly tally = new Tally();
  readonly devices: Device[] = [];
  readonly turns = new Turns();
  readonly #setup: Setup;
  readonly #report: (report: Report) => void;
  readonly #sender: Sender | undefined;
  readonly #receiver: Receiver | undefined;
  readonly #opening = new Agenda();
  /** Devices that lost their connection or were refused. */
  readonly #returning = new Agenda();
  /** Devices whose CONNACK was still awaited when they were put in, in the order of opening. */
  readonly #opened = new Agenda();
  #unsettled = 0;
  #connected = 0;
  #nextStatsNs = 0;
  #nextWatchNs = 0;
  #watched = 0;
  #readNs = 0;
  /** How late that was, at most. */
  #readLateNs = 0;
  /** Messages and acknowledgements until then. */
  #counted = 0;
  #away = false;
  #finished = false;
  #connectedAtEnd = 0;
  /** Devices that have yet to end their sessions. */
  #uncleaned = new Set<Device>();
  #left = 0;

  constructor(setup: Setup, report: (report: Report) => void) {
    const { plan, runId, part, parts, kind } = setup;
    this.plan = plan;
    this.address = setup.address;
    this.#setup = setup;
    this.#report = report;
    this.writer = new PacketWriter(plan.target.version === '5' ? 5 : 4);
    if (kind === 'receive') this.#receiver = new Receiver(plan, runId, this.tally);
    else if (countsOf(plan).publishers > 0) this.#sender = new Sender(plan, runId, part, parts, this.tally);
    this.#makeDevices();
  }

  obey(order: Order): void {
    switch (order.type) {
      case 'connect':
        this.#unsettled = this.devices.length;
        this.#openAll(this.devices, order.beginNs, order.first);
        if (this.#unsettled === 0) this.#report({ type: 'ready' });
        return;
      case 'start':
        this.tally.startNs = order.startNs;
        this.#sender?.start(order.startNs);
        return;
      case 'away':
        this.#away = true;
        for (const device of this.devices) device.leave();
        return;
      case 'back':
        this.#away = false;
        this.#openAll(this.devices, order.beginNs, this.plan.publishers);
        return;
      case 'storm':
        this.#storm(order.beginNs);
        return;
      case 'halt':
        this.#sender?.halt();
        return;
      case 'finish':
        this.#finish();
        return;
      case 'clean':
        this.#clean(order.beginNs, order.first);
        return;
    }
  }

  /** Something is due or owed: the thread must look at the clock more often than for housekeeping. */
  get nextNs(): number {
    if (this.#finished) return this.#opening.nextNs;
    if (this.#sender?.owes) return 0;
    return Math.min(this.#sender?.nextNs ?? Infinity, this.#opening.nextNs);
  }

  /** A sleep would leave the target without work: who waits has few un-acknowledged messages, and answers to them come at once. */
  hurries(now: number): boolean {
    return this.#sender?.starved === true && now - this.#readNs < ANSWERED_NS;
  }

  /** Bytes that matter may come at any time; otherwise nobody minds whether they are read a little later. */
  get awaitsAnswers(): boolean {
    return (this.#sender?.inflight ?? 0) > 0 || this.#opened.nextNs < Infinity;
  }

  /** Devices are on their way to be connected, or should be. */
  get incomplete(): boolean {
    return !this.#away && this.#connected < this.devices.length;
  }

  tick(now: number): void {
    if (!this.#finished) this.#sender?.tick(now);
    this.#openDue(now);
    if (now >= this.#nextWatchNs) {
      this.#nextWatchNs = now + WATCH_NS;
      this.#watch(now);
    }
    if (now >= this.#nextStatsNs && !this.#finished) {
      this.#nextStatsNs = now + STATS_NS;
      this.#stats();
    }
  }

  nowNs(): number {
    return nowNs();
  }

  /** The moment of the read that is being handled: one look at the clock for all its packets. */
  reading(): void {
    this.#countRead();
    this.#readNs = nowNs();
    this.#readLateNs = this.turns.read(this.#readNs);
  }

  readOver(device: Device): void {
    this.#sender?.flushFreed(device);
  }

  #countRead(): void {
    const { received, acked, readLag } = this.tally;
    if (received + acked > this.#counted) readLag.record(this.#readLateNs / 1000, received + acked - this.#counted);
    this.#counted = received + acked;
  }

  connected(device: Device, receiveMaximum: number): void {
    this.#connected++;
    if (this.#finished) {
      device.leave();
      this.#cleaned(device);
      return;
    }
    this.tally.connect.record((this.#readNs - device.dueNs) / 1000);
    this.#sender?.connected(device, receiveMaximum);
    this.#receiver?.connected(device);
    if (device.role === 'subscriber') device.subscribe();
    else this.#settle(device);
  }

  subscribed(device: Device, code: number): void {
    const { subscribeQos } = this.plan;
    if (code >= REFUSED_FROM) this.tally.error('subscription refused');
    else this.tally.subscribe.record((this.#readNs - device.askedNs) / 1000);
    if (code < subscribeQos) this.tally.error(grantedAt(code, subscribeQos));
    device.askedNs = 0;
    this.#settle(device);
  }

  acknowledged(device: Device, packetId: number, reason: number): void {
    if (reason < REFUSED_FROM) this.#sender?.acknowledged(device, packetId, this.#readNs, this.#readLateNs);
    else if (this.#sender?.refused(device, packetId, this.#readNs - this.#readLateNs))
      this.tally.error(publishRefused(reasonText(reason)));
  }

  published(device: Device, header: number, bytes: Buffer, start: number, end: number): void {
    this.#receiver?.published(device, header, bytes, start, end, this.#readNs);
  }

  released(device: Device, packetId: number): void {
    this.#receiver?.released(device, packetId);
  }

  down(device: Device, cause: string, wasUp: boolean): void {
    if (wasUp) this.#connected--;
    this.#sender?.down(device, nowNs());
    if (this.#finished) {
      this.#left++;
      this.#cleaned(device);
      return;
    }
    this.tally.error(cause);
    this.#settle(device);
    this.#returning.push(device, nowNs() + RETRY_NS * (1 + fraction(this.plan.seed, device.index)));
  }

  left(device: Device, wasUp: boolean): void {
    if (wasUp) this.#connected--;
    this.#sender?.down(device, nowNs());
  }

  /** What the thread knows of itself is its argument. */
  final(own: Pick<Final, 'loopDelayMsP99' | 'cpuShare' | 'connectCpuShare'>): Final {
    const { tally } = this;
    this.#countRead();
    this.#sender?.finish(nowNs());
    const audit = this.#receiver?.audit;
    return {
      connected: this.#connectedAtEnd,
      offered: tally.offered,
      sent: tally.sent,
      acked: tally.acked,
      owed: tally.owed,
      received: tally.received,
      duplicated: audit?.duplicated ?? 0,
      reordered: tellsOrder(this.plan) ? (audit?.reordered ?? 0) : 0,
      unsent: tally.unsent,
      lastNs: tally.lastNs,
      connect: tally.connect,
      subscribe: tally.subscribe,
      ack: tally.ack,
      latency: tally.latency,
      lag: tally.lag,
      readLag: tally.readLag,
      blocked: tally.blocked,
      opening: tally.opening,
      ...own,
      errors: { ...Object.fromEntries(tally.errors), ...(audit && audit.untold > 0 && { [UNTOLD]: audit.untold }) },
    };
  }

  #makeDevices(): void {
    const { plan, kind, part, parts } = this.#setup;
    const { connections } = countsOf(plan);
    for (let index = 0; index < connections; index++) {
      const role = roleOf(plan, index);
      if ((role === 'subscriber') !== (kind === 'receive')) continue;
      if (kind === 'send' && index % parts !== part) continue;
      const device = new Device(this, index, role);
      this.devices.push(device);
      if (role === 'publisher') this.#sender?.add(device);
    }
  }

  /** Device i is due at beginNs + (i − first)/connectPerS, over all parts. */
  #openAll(devices: readonly Device[], beginNs: number, first: number): void {
    const gapNs = 1e9 / this.plan.connectPerS;
    for (const device of devices) this.#opening.push(device, beginNs + (device.index - first) * gapNs);
  }

  #openDue(now: number): void {
    for (const agenda of [this.#opening, this.#returning]) {
      for (let next = agenda.take(now); next; next = agenda.take(now)) {
        const { device, dueNs } = next;
        if (!device.idle || (this.#away && device.role === 'subscriber')) continue;
        if (agenda === this.#opening) this.tally.opening.record((nowNs() - dueNs) / 1000);
        device.open(dueNs, now);
        this.#opened.push(device, now + PATIENCE_NS);
      }
    }
  }

  /** Idle devices lose their connections where there are any, otherwise all devices. */
  #storm(beginNs: number): void {
    const { publishers, subscribers, connections } = countsOf(this.plan);
    const first = connections > publishers + subscribers ? publishers + subscribers : 0;
    const struck = this.devices.filter(({ index }) => index >= first);
    for (const device of struck) device.cutOff();
    this.#openAll(struck, beginNs, first);
  }

  /** A slice of the devices each time, so that each is visited once in half a keep-alive. */
  #watch(now: number): void {
    for (let late = this.#opened.take(now); late; late = this.#opened.take(now))
      late.device.giveUp(late.dueNs - PATIENCE_NS);
    const { keepAliveS } = this.plan;
    if (keepAliveS === 0) return;
    const slices = Math.max(1, Math.floor((keepAliveS * 1e9) / 2 / WATCH_NS));
    for (let at = this.#watched++ % slices; at < this.devices.length; at += slices) this.devices[at]!.ping();
  }

  #stats(): void {
    const { tally } = this;
    this.#report({
      type: 'stats',
      buckets: tally.takeBuckets(),
      connected: this.#connected,
      owed: tally.owed,
      received: tally.received,
      done: this.#sender?.done ?? true,
    });
  }

  /** Leaves nothing behind at the target: no retained message, no subscription of a session that outlives its connection. */
  #finish(): void {
    this.#finished = true;
    this.#chargeUnanswered(nowNs());
    this.#connectedAtEnd = this.#connected;
    this.#opening.clear();
    this.#returning.clear();
    for (const device of this.devices) {
      if (device.up && device.role === 'publisher' && this.plan.retain) device.clearRetained();
      if (device.up && device.role === 'subscriber' && !this.plan.cleanSession) device.unsubscribe();
      device.leave();
    }
    this.#stats();
  }

  /** Each device whose session is kept connects once more, with a clean one [MQTT-3.1.2-6]. */
  #clean(beginNs: number, first: number): void {
    const kept = this.devices.filter(({ keepsSession }) => keepsSession);
    for (const device of kept) device.forget();
    this.#away = false;
    this.#left = 0;
    this.#uncleaned = new Set(kept);
    this.#openAll(kept, beginNs, first);
    if (kept.length === 0) this.#report({ type: 'cleaned', left: 0 });
  }

  #cleaned(device: Device): void {
    if (!this.#uncleaned.delete(device)) return;
    if (this.#uncleaned.size === 0) this.#report({ type: 'cleaned', left: this.#left });
  }

  /** Who waits until the end has waited at least until now. */
  #chargeUnanswered(now: number): void {
    for (const device of this.devices) {
      const { askedNs, awaited, dueNs } = device;
      if (awaited) this.tally.connect.record((now - dueNs) / 1000);
      if (awaited && !device.idle && now - dueNs > FRESH_NS) this.tally.error('no CONNACK until the end');
      // Some brokers send what they retain before the SUBACK, and then it is the end.
      if (!device.up || askedNs === 0 || now - askedNs < FRESH_NS) continue;
      this.tally.subscribe.record((now - askedNs) / 1000);
      this.tally.error('no SUBACK until the end');
    }
  }

  #settle(device: Device): void {
    if (device.settled) return;
    device.settled = true;
    this.#unsettled--;
    if (this.#unsettled === 0) this.#report({ type: 'ready' });
  }
}
