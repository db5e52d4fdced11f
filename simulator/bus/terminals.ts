// The computers on board through which everything leaves a bus. One that reboots says nothing for a while; then it sends what was recorded
// meanwhile, oldest first, each with its own time, and only then what is new.
import type { Fields, Happening, HappeningDescription, Reporter } from '../fleet.ts';
import type { AckState } from '../../telemetry/messages.ts';

/** A reboot takes this long, s, and then so many ms pass from message to message (engineering estimates). */
const REBOOT_S = 90;
const REPLAY_EVERY_MS = 100;
/** More than this is not kept, the oldest give way. */
const KEPT_MAX = 10_000;

export const TERMINAL_REBOOT: HappeningDescription = {
  label: 'The terminal reboots',
  labels: { zh: '车载终端重启' },
  args: {
    type: 'object',
    properties: {
      durationS: { type: 'integer', title: 'Duration, s', minimum: 1, maximum: 3600, default: REBOOT_S },
    },
    additionalProperties: false,
  },
};

interface Reboot {
  untilMs: number;
  /** Of the next message. */
  sendMs: number;
  readonly kept: ((wire: Reporter) => void)[];
}

export class Terminals implements Reporter {
  #wire: Reporter | undefined;
  readonly #reboots = new Map<number, Reboot>();

  /** wire: where messages go from now on */
  through(wire: Reporter): this {
    this.#wire = wire;
    return this;
  }

  reboot(bus: number, nowMs: number, { args, untilMs }: Happening): void {
    const { durationS = REBOOT_S } = args as { readonly durationS?: number };
    const endMs = untilMs < Infinity ? untilMs : nowMs + 1000 * durationS;
    const running = this.#reboots.get(bus);
    if (running === undefined) this.#reboots.set(bus, { untilMs: endMs, sendMs: endMs, kept: [] });
    else running.sendMs = running.untilMs = Math.max(running.untilMs, endMs);
  }

  /** A terminal that is not up takes no commands. */
  isUp(bus: number, nowMs: number): boolean {
    return nowMs >= (this.#reboots.get(bus)?.untilMs ?? -Infinity);
  }

  /** Sends what is due. */
  replay(nowMs: number): void {
    if (this.#reboots.size === 0) return;
    for (const [bus, reboot] of this.#reboots) {
      let sent = 0;
      for (; sent < reboot.kept.length && reboot.sendMs <= nowMs; sent++) {
        reboot.kept[sent]!(this.#wire!);
        reboot.sendMs += REPLAY_EVERY_MS;
      }
      reboot.kept.splice(0, sent);
      if (nowMs >= reboot.untilMs && reboot.kept.length === 0) this.#reboots.delete(bus);
    }
  }

  record(bus: number, tsMs: number, fields: Fields, hidden?: Fields): void {
    const reboot = this.#rebootOf(bus);
    if (reboot === undefined) this.#wire!.record(bus, tsMs, fields, hidden);
    else keep(reboot, (wire) => wire.record(bus, tsMs, fields, hidden));
  }

  event(bus: number, tsMs: number, name: string, state?: 'raised' | 'cleared', fields?: Fields): void {
    const reboot = this.#rebootOf(bus);
    if (reboot === undefined) this.#wire!.event(bus, tsMs, name, state, fields);
    else keep(reboot, (wire) => wire.event(bus, tsMs, name, state, fields));
  }

  ack(bus: number, tsMs: number, commandId: string, state: AckState, reason?: string): void {
    const reboot = this.#rebootOf(bus);
    if (reboot === undefined) this.#wire!.ack(bus, tsMs, commandId, state, reason);
    else keep(reboot, (wire) => wire.ack(bus, tsMs, commandId, state, reason));
  }

  #rebootOf(bus: number): Reboot | undefined {
    return this.#reboots.size === 0 ? undefined : this.#reboots.get(bus);
  }
}

function keep({ kept }: Reboot, send: (wire: Reporter) => void): void {
  kept.push(send);
  if (kept.length > KEPT_MAX) kept.shift();
}
