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

  /** Keeps a command; refuses it when too many wait for the same device. An id that waits already is not kept twice. */
  put(device: number, command: Command, nowMs: number): CommandAnswer {
    const letters = this.#letters.get(device) ?? [];
    if (letters.some((letter) => letter.command.id === command.id)) return { state: 'accepted' };
    if (letters.length >= MAX_WAITING) {
      return { state: 'rejected', reason: `${MAX_WAITING} commands already wait for this device to wake` };
    }
    letters.push({ command, receivedMs: nowMs, expiresAtMs: nowMs + (command.expiresMs ?? Infinity) });
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

  /** Answers `expired` for what has not been fetched in time. */
  expire(nowMs: number, report: Reporter): void {
    for (const [device, letters] of this.#letters) {
      const late = letters.filter((letter) => letter.expiresAtMs <= nowMs);
      if (late.length === 0) continue;
      this.#keep(
        device,
        letters.filter((letter) => letter.expiresAtMs > nowMs),
      );
      for (const { command, expiresAtMs } of late) {
        report.ack(device, expiresAtMs, command.id, 'expired', 'the device did not wake in time');
      }
    }
  }

  #keep(device: number, letters: Letter[]): void {
    if (letters.length > 0) this.#letters.set(device, letters);
    else this.#letters.delete(device);
  }
}
