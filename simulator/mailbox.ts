// Commands that wait for sleeping devices. The network keeps them until the device wakes or they expire; it does not know what they mean.
import type { Command } from '../telemetry/messages.ts';
import type { CommandAnswer, Reporter } from './fleet.ts';

/** What a network keeps for one device. */
const MAX_WAITING = 8;

interface Letter {
  readonly command: Command;
  readonly receivedMs: number;
  readonly expiresAtMs: number;
}

export class Mailbox {
  readonly #letters = new Map<number, Letter[]>();
  /** No letter expires before this. */
  #earliestMs = Infinity;

  /** Keeps a command; refuses it when too many wait for the same device. An id that waits already is not kept twice. */
  put(device: number, command: Command, nowMs: number): CommandAnswer {
    const letters = this.#letters.get(device) ?? [];
    if (letters.some((letter) => letter.command.id === command.id)) return { state: 'accepted' };
    if (letters.length >= MAX_WAITING) {
      return { state: 'rejected', reason: `${MAX_WAITING} commands already wait for this device to wake` };
    }
    const expiresAtMs = nowMs + (command.expiresMs ?? Infinity);
    letters.push({ command, receivedMs: nowMs, expiresAtMs });
    this.#earliestMs = Math.min(this.#earliestMs, expiresAtMs);
    this.#letters.set(device, letters);
    return { state: 'accepted' };
  }

  /** The device wakes at `atMs`: hands over what had come by then and has not expired, oldest first. */
  take(device: number, atMs: number): Command[] {
    const letters = this.#letters.get(device);
    if (letters === undefined) return [];
    const due = (letter: Letter) => letter.receivedMs <= atMs && letter.expiresAtMs > atMs;
    this.#keep(
      device,
      letters.filter((letter) => !due(letter)),
    );
    return letters.filter(due).map((letter) => letter.command);
  }

  /** Answers `expired` for what has not been fetched in time. Costs nothing while nothing expires. */
  expire(nowMs: number, report: Reporter): void {
    if (nowMs < this.#earliestMs) return;
    this.#earliestMs = Infinity;
    for (const [device, letters] of this.#letters) {
      for (const { command, expiresAtMs } of letters) {
        if (expiresAtMs > nowMs) this.#earliestMs = Math.min(this.#earliestMs, expiresAtMs);
        else report.ack(device, expiresAtMs, command.id, 'expired', 'the device did not wake in time');
      }
      if (letters.some((letter) => letter.expiresAtMs <= nowMs)) {
        this.#keep(
          device,
          letters.filter((letter) => letter.expiresAtMs > nowMs),
        );
      }
    }
  }

  #keep(device: number, letters: Letter[]): void {
    if (letters.length > 0) this.#letters.set(device, letters);
    else this.#letters.delete(device);
  }
}
