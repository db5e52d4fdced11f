// What befalls a message on its way, beyond an outage: lost, doubled, delayed, or with a wrong time on it. A pure function of (seed, device,
// seq, time) and of what is imposed.
import type { Random } from '../random.ts';
import { BurstLoss } from './burst-loss.ts';
import { imposedAt } from './fault.ts';
import type { ChannelFault, Imposed } from './fault.ts';
import type { Message } from './message.ts';

export interface Fate {
  readonly lostBy: 'loss' | 'dropout' | undefined;
  readonly isDoubled: boolean;
  readonly delayMs: number;
  /** What the device's clock is off by. */
  readonly clockMs: number;
  /** The part of it that was imposed. */
  readonly skewMs: number;
}

/** Engineering estimates: share of QoS 1 messages (a lost acknowledgement brings the message again), share of all. */
const DUPLICATES = 0.003;
const LATE = 0.005;
const LATE_MEAN_MS = 30_000;
/** A network's time signal leaves a device's clock off by about this much. */
const CLOCK_SD_MS = 1000;
/** Faults that are over are forgotten after this time: a device may tell today what was yesterday. */
const FORGET_AFTER_MS = 2 * 86_400_000;

// Purposes of the random draws; 1 and 2 are those of `burst-loss.ts`.
const DROPOUT = 3;
const DUPLICATE = 4;
const IS_LATE = 5;
const DELAY = 6;
const CLOCK = 7;

export class Fates {
  readonly #random: Random;
  /** Absent: nothing happens but what is imposed. */
  readonly #loss: BurstLoss | undefined;
  readonly #faults = new Map<number, readonly ChannelFault[]>();

  constructor(random: Random, quality: 'ideal' | 'field') {
    this.#random = random;
    this.#loss = quality === 'field' ? new BurstLoss(random) : undefined;
  }

  /** Nothing befalls any message. */
  get areIdle(): boolean {
    return this.#loss === undefined && this.#faults.size === 0;
  }

  impose(device: number, fault: ChannelFault): void {
    this.#faults.set(device, [...(this.#faults.get(device) ?? []), fault]);
  }

  of({ device, ts, seq, sentMs, qos }: Omit<Message, 'readings'>): Fate {
    const imposed = this.#imposedOn(device, ts, sentMs);
    const isField = this.#loss !== undefined;
    const ownClockMs = isField ? CLOCK_SD_MS * this.#random.normal(device, CLOCK, 0) : 0;
    const duplicates = Math.max(imposed.duplicate, isField && qos === 1 ? DUPLICATES : 0);
    return {
      lostBy: this.#lostBy(device, seq, imposed),
      isDoubled: duplicates > 0 && this.#random.uniform(device, DUPLICATE, seq) < duplicates,
      delayMs: this.#delayMs(device, seq, imposed),
      clockMs: Math.round(ownClockMs + imposed.skewMs),
      skewMs: imposed.skewMs,
    };
  }

  #lostBy(device: number, seq: number, { dropout }: Imposed): Fate['lostBy'] {
    if (dropout > 0 && this.#random.uniform(device, DROPOUT, seq) < dropout) return 'dropout';
    return this.#loss?.loses(device, seq) === true ? 'loss' : undefined;
  }

  #delayMs(device: number, seq: number, { lateMeanMs }: Imposed): number {
    const isLate = this.#loss !== undefined && this.#random.uniform(device, IS_LATE, seq) < LATE;
    const meanMs = lateMeanMs + (isLate ? LATE_MEAN_MS : 0);
    return meanMs === 0 ? 0 : Math.ceil(this.#random.exponential(meanMs, device, DELAY, seq));
  }

  #imposedOn(device: number, tsMs: number, sentMs: number): Imposed {
    const faults = this.#faults.size === 0 ? undefined : this.#faults.get(device);
    if (faults?.every(({ untilMs }) => untilMs + FORGET_AFTER_MS < tsMs)) this.#faults.delete(device);
    return imposedAt(faults, tsMs, sentMs);
  }
}
