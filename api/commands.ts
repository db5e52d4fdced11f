// Commands on their way: published with QoS 1, remembered until their acks come, answered to whoever waits. Idempotent on the id.
// Whether a device obeys is the device's business; whether a command makes sense is checked by `command-check.ts`.
import { isDeepStrictEqual } from 'node:util';
import { show } from '../telemetry/description.ts';
import { Rejection, parsePayload } from '../telemetry/json-codec.ts';
import type { Ack, AckState, Command } from '../telemetry/messages.ts';
import { Problem } from './problems.ts';

/** After this long without an ack the answer is 202. */
export const FIRST_ACK_MS = 5000;
export const LAST_ACK_MS = 60_000;
const MAX_COMMANDS = 10_000;
const STATES = new Set<unknown>(['accepted', 'rejected', 'done', 'expired']);

export interface CommandStatus {
  readonly id: string;
  readonly name: string;
  readonly state: AckState | 'waiting';
  readonly reason?: string;
  /** Device time of the newest ack, ms. */
  readonly ts?: number;
}

interface Entry {
  readonly command: Command;
  readonly acks: Ack[];
  wake: (() => void)[];
}

export type Send = (topic: string, payload: Uint8Array) => Promise<void>;

export class Commands {
  readonly #send: Send;
  /** By address (kind/device, or scenario) and id; in order of arrival. */
  readonly #entries = new Map<string, Entry>();
  #stored = 0;

  constructor(send: Send) {
    this.#send = send;
  }

  counters(): { stored: number; waiting: number } {
    let waiting = 0;
    for (const entry of this.#entries.values()) if (!isSettled(entry)) waiting++;
    return { stored: this.#stored, waiting };
  }

  /** Publishes a command once per id. @throws Problem 409 for an id that stands for another command, 503 without a broker */
  async send(address: string, topic: string, command: Command): Promise<void> {
    const key = `${address}/${command.id}`;
    const known = this.#entries.get(key);
    if (known) {
      if (isDeepStrictEqual(known.command, command)) return;
      throw new Problem(409, `id ${show(command.id)} stands for another command already`, { value: command.id });
    }
    if (this.#entries.size >= MAX_COMMANDS) this.#forgetOne();
    const entry: Entry = { command, acks: [], wake: [] };
    this.#entries.set(key, entry);
    try {
      await this.#send(topic, Buffer.from(JSON.stringify(command)));
    } catch (error) {
      if (entry.acks.length === 0) this.#entries.delete(key);
      throw new Problem(503, `the broker did not take the command: ${(error as Error).message}`);
    }
  }

  /** The state when `until` came true, or when the time was over. */
  async wait(address: string, id: string, until: 'first' | 'last', ms: number): Promise<CommandStatus> {
    const entry = this.#entries.get(`${address}/${id}`);
    if (!entry) throw new Problem(404, `unknown command ${show(id)}`, { value: id });
    const reached = () => (until === 'first' ? entry.acks.length > 0 : isSettled(entry));
    const deadline = performance.now() + ms;
    while (!reached()) {
      const restMs = deadline - performance.now();
      if (restMs <= 0) break;
      await nextAck(entry, restMs);
    }
    return statusOf(entry);
  }

  status(address: string, id: string): CommandStatus | undefined {
    const entry = this.#entries.get(`${address}/${id}`);
    return entry && statusOf(entry);
  }

  /** @throws Rejection */
  take(address: string, payload: Uint8Array): Ack {
    const ack = checkAck(parsePayload(payload));
    this.#stored++;
    const entry = this.#entries.get(`${address}/${ack.id}`);
    // QoS 1 may bring an ack twice; after the last one nothing changes.
    if (entry && !isSettled(entry) && entry.acks.at(-1)?.state !== ack.state) {
      entry.acks.push(ack);
      for (const wake of entry.wake.splice(0)) wake();
    }
    return ack;
  }

  /** The oldest settled command, or the oldest of all. */
  #forgetOne(): void {
    let victim: string | undefined;
    for (const [key, entry] of this.#entries) {
      victim ??= key;
      if (!isSettled(entry)) continue;
      victim = key;
      break;
    }
    if (victim !== undefined) this.#entries.delete(victim);
  }
}

function isSettled({ acks }: Entry): boolean {
  const last = acks.at(-1);
  return last !== undefined && last.state !== 'accepted';
}

function statusOf({ command: { id, name }, acks }: Entry): CommandStatus {
  const last = acks.at(-1);
  if (!last) return { id, name, state: 'waiting' };
  const { state, reason, ts } = last;
  return reason === undefined ? { id, name, state, ts } : { id, name, state, reason, ts };
}

function nextAck(entry: Entry, ms: number): Promise<void> {
  return new Promise((resolve) => {
    const done = () => {
      clearTimeout(timer);
      entry.wake = entry.wake.filter((wake) => wake !== done);
      resolve();
    };
    const timer = setTimeout(done, Math.ceil(ms));
    entry.wake.push(done);
  });
}

function checkAck({ id, state, reason, ts }: { [key: string]: unknown }): Ack {
  if (typeof id !== 'string' || id === '' || id.length > 64)
    throw new Rejection('bad-ack', `id must be a text of 1 to 64 characters, got ${show(id)}`);
  if (!STATES.has(state))
    throw new Rejection('bad-ack', `state must be accepted, rejected, done or expired, got ${show(state)}`);
  if (reason !== undefined && typeof reason !== 'string')
    throw new Rejection('bad-ack', `reason must be a text, got ${show(reason)}`);
  if (!Number.isSafeInteger(ts)) throw new Rejection('bad-ack', `ts must be an integer, got ${show(ts)}`);
  const ack = { id, state: state as AckState, ts: ts as number };
  return reason === undefined ? ack : { ...ack, reason };
}
