// Alarms out of events: `raised` opens one, `cleared` of the same device and name closes it. Bounded; rebuilt from the store's events.
// Acknowledgements by people live in memory only.
import type { DeviceEvent } from '../telemetry/messages.ts';
import type { Severity } from '../telemetry/description.ts';

const DEFAULT_LIMIT = 10_000;

export interface Alarm {
  /** Made of kind, device, name and time, so it stays the same after a restart. */
  readonly id: string;
  readonly kind: string;
  readonly device: string;
  readonly name: string;
  readonly severity: Severity;
  readonly raisedAt: number;
  readonly clearedAt?: number;
  readonly ackedBy?: string;
}

export class Alarms {
  readonly #limit: number;
  /** In order of arrival. */
  readonly #byId = new Map<string, Alarm>();
  /** Id of the newest alarm by kind, device and name. */
  readonly #newest = new Map<string, string>();

  constructor(limit: number = DEFAULT_LIMIT) {
    this.#limit = limit;
  }

  /** @returns the alarm that this event raised or cleared, if it did */
  take({ kind, device, name, state, ts }: DeviceEvent, severity: Severity): Alarm | undefined {
    if (state === undefined) return undefined;
    const key = `${kind}~${device}~${name}`;
    const newest = this.#byId.get(this.#newest.get(key) ?? '');
    const isOpen = newest !== undefined && newest.clearedAt === undefined;
    if (state === 'cleared') {
      if (!isOpen || ts < newest.raisedAt) return undefined;
      return this.#put({ ...newest, clearedAt: ts });
    }
    // Raised again while open is the same alarm; raised before the last one was cleared came late.
    if (isOpen || (newest?.clearedAt !== undefined && ts <= newest.clearedAt)) return undefined;
    const id = `${key}~${ts}`;
    this.#newest.set(key, id);
    if (this.#byId.size >= this.#limit) this.#forgetOne();
    return this.#put({ id, kind, device, name, severity, raisedAt: ts });
  }

  acknowledge(id: string, by: string): Alarm | undefined {
    const alarm = this.#byId.get(id);
    return alarm && this.#put({ ...alarm, ackedBy: by });
  }

  /** Newest first. */
  list(open: boolean, limit: number): Alarm[] {
    const alarms = [...this.#byId.values()].filter((alarm) => !open || alarm.clearedAt === undefined);
    return alarms.sort((a, b) => b.raisedAt - a.raisedAt).slice(0, limit);
  }

  #put(alarm: Alarm): Alarm {
    this.#byId.set(alarm.id, alarm);
    return alarm;
  }

  /** The oldest cleared one; the oldest of all when every alarm is open. */
  #forgetOne(): void {
    let victim: Alarm | undefined;
    for (const alarm of this.#byId.values()) {
      victim ??= alarm;
      if (alarm.clearedAt === undefined) continue;
      victim = alarm;
      break;
    }
    if (!victim) return;
    this.#byId.delete(victim.id);
    const key = `${victim.kind}~${victim.device}~${victim.name}`;
    if (this.#newest.get(key) === victim.id) this.#newest.delete(key);
  }
}
