// Between a device and its network: loss in bursts, duplicates, delays, clocks that are off, and what happens to messages when the network is
// away. Every fate is a pure function of (seed, device, seq, time); what a message says is never touched. Radio itself is the world's.
import { channelFaultProblem } from './channel/fault.ts';
import type { ChannelFault } from './channel/fault.ts';
import { Fates } from './channel/fate.ts';
import type { Fate } from './channel/fate.ts';
import { Flight } from './channel/flight.ts';
import type { Message } from './channel/message.ts';
import { Outbox } from './channel/outbox.ts';
import type { Random } from './random.ts';
import type { Readings, Sink } from './sink.ts';

export { CHANNEL_FAULTS, channelFaultProblem } from './channel/fault.ts';
export type { ChannelFault } from './channel/fault.ts';

export interface ChannelOptions {
  readonly kind: string;
  /** Of records; events are always QoS 1. */
  readonly qos: 0 | 1;
  readonly random: Random;
  /** `ideal`: nothing happens but what is imposed and what the network does. */
  readonly quality: 'ideal' | 'field';
  /** Whether a device reaches its network now. */
  readonly reaches: (device: number) => boolean;
  readonly sink: Pick<Sink, 'record' | 'event'>;
}

export interface ChannelCounts {
  readonly lost: number;
  readonly duplicated: number;
  readonly late: number;
  /** Had to wait for the network. */
  readonly kept: number;
  /** Late or kept, and not yet sent. */
  readonly waiting: number;
}

export interface Channel {
  /** Readings must not change afterwards. */
  record(device: number, ts: number, seq: number, readings: Readings): void;
  event(
    device: number,
    ts: number,
    seq: number,
    name: string,
    state: 'raised' | 'cleared' | undefined,
    readings: Readings,
  ): void;
  /** @throws Error for a fault that is none */
  impose(device: number, fault: ChannelFault): void;
  /** Sends what was kept or late and is due; once at the end of each tick. Infinity: everything that is late. */
  release(nowMs: number): void;
  /** What befalls a record on its way; to be asked in its own tick, because `outage` is the network's state of now. */
  faultsOf(device: number, ts: number, seq: number): readonly string[];
  readonly counts: ChannelCounts;
}

export function createChannel(options: ChannelOptions): Channel {
  return new DeviceChannel(options);
}

/** Devices wait this long on average after an outage. */
const BACK_OFF_MEAN_MS = 10_000;
/** Purpose of the random draws; those below are of `channel/fate.ts`. */
const BACK_OFF = 8;
const NONE: readonly string[] = [];

class DeviceChannel implements Channel {
  readonly #options: ChannelOptions;
  readonly #fates: Fates;
  readonly #outbox: Outbox;
  readonly #flight = new Flight();
  /** The end of the last tick. */
  #releasedMs = 0;
  readonly #counts = { lost: 0, duplicated: 0, late: 0, kept: 0, waiting: 0 };

  constructor(options: ChannelOptions) {
    const { random, quality } = options;
    this.#options = options;
    this.#fates = new Fates(random, quality);
    this.#outbox = new Outbox((device, atMs) =>
      Math.round(random.exponential(BACK_OFF_MEAN_MS, device, BACK_OFF, Math.floor(atMs / 1000))),
    );
  }

  get counts(): ChannelCounts {
    return this.#counts;
  }

  record(device: number, ts: number, seq: number, readings: Readings): void {
    const { kind, qos, sink } = this.#options;
    if (this.#isClear(device)) sink.record(kind, device, ts, seq, readings);
    else this.#carry({ device, ts, seq, sentMs: this.#sentMs(ts), qos, readings });
  }

  event(
    device: number,
    ts: number,
    seq: number,
    name: string,
    state: 'raised' | 'cleared' | undefined,
    readings: Readings,
  ): void {
    const { kind, sink } = this.#options;
    if (this.#isClear(device)) sink.event(kind, device, ts, seq, name, state, readings);
    else this.#carry({ device, ts, seq, sentMs: this.#sentMs(ts), qos: 1, event: { name, state }, readings });
  }

  impose(device: number, fault: ChannelFault): void {
    const problem = channelFaultProblem(fault);
    if (problem !== undefined) throw new Error(problem);
    this.#fates.impose(device, fault);
  }

  release(nowMs: number): void {
    this.#releasedMs = nowMs;
    if (!this.#outbox.isEmpty) {
      for (const { messages, leaveMs } of this.#outbox.release(nowMs, this.#options.reaches)) {
        this.#counts.waiting -= messages.length;
        // Even what leaves now goes by the flight, which sorts devices that leave in the same tick.
        for (const message of messages) this.#send(message, leaveMs, true);
      }
    }
    for (const { message, fate } of this.#flight.arrived(nowMs)) {
      this.#counts.waiting--;
      this.#deliver(message, fate);
    }
  }

  faultsOf(device: number, ts: number, seq: number): readonly string[] {
    if (this.#isClear(device)) return NONE;
    const { qos, reaches } = this.#options;
    const { lostBy, isDoubled, delayMs, skewMs } = this.#fates.of({ device, ts, seq, sentMs: this.#sentMs(ts), qos });
    const isAway = !reaches(device);
    const names: string[] = [];
    if (skewMs !== 0) names.push('clock-skew');
    if (isAway) names.push('outage');
    if (isAway && qos === 0) return names;
    if (lostBy !== undefined) return [...names, lostBy];
    if (isDoubled) names.push('duplicate');
    if (delayMs > 0) names.push('late');
    return names;
  }

  /** The way of nearly every message: nothing imposed, nothing kept, and a network. */
  #isClear(device: number): boolean {
    return this.#fates.areIdle && this.#outbox.isEmpty && this.#options.reaches(device);
  }

  /** Within this tick, exact where the device reports what is now. */
  #sentMs(ts: number): number {
    return Math.max(ts, this.#releasedMs);
  }

  #carry(message: Message): void {
    const { device, qos } = message;
    const hasNetwork = this.#options.reaches(device);
    if (qos === 1 && (!hasNetwork || this.#outbox.has(device))) this.#keep(message, hasNetwork);
    else if (hasNetwork) this.#send(message, message.sentMs, false);
    else this.#counts.lost++;
  }

  #keep(message: Message, hasNetwork: boolean): void {
    const oldestLost = this.#outbox.keep(message, hasNetwork);
    this.#counts.kept++;
    if (oldestLost) this.#counts.lost++;
    else this.#counts.waiting++;
  }

  #send(message: Message, leaveMs: number, inOrder: boolean): void {
    const fate = this.#fates.of(message);
    if (fate.lostBy !== undefined) {
      this.#counts.lost++;
      return;
    }
    if (fate.delayMs > 0) this.#counts.late++;
    const flies = inOrder || fate.delayMs > 0;
    if (flies && this.#flight.add({ message, fate, arriveMs: leaveMs + fate.delayMs })) this.#counts.waiting++;
    else this.#deliver(message, fate);
  }

  #deliver(message: Message, { clockMs, isDoubled }: Fate): void {
    const ts = Math.max(0, message.ts + clockMs);
    this.#hand(message, ts);
    if (!isDoubled) return;
    this.#counts.duplicated++;
    this.#hand(message, ts);
  }

  #hand({ device, seq, event, readings }: Message, ts: number): void {
    const { kind, sink } = this.#options;
    if (event === undefined) sink.record(kind, device, ts, seq, readings);
    else sink.event(kind, device, ts, seq, event.name, event.state, readings);
  }
}
