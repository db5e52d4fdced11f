// The answers that devices have given to commands, so that a repeated command id is answered again and not obeyed twice.
import type { Ack } from '../telemetry/messages.ts';

/** Remembered per run; the oldest are forgotten. */
const REMEMBERED = 10_000;

export class Answers {
  readonly #byCommand = new Map<string, Ack>();

  get(kind: string, device: number, commandId: string): Ack | undefined {
    return this.#byCommand.get(keyOf(kind, device, commandId));
  }

  remember(kind: string, device: number, ack: Ack): void {
    const key = keyOf(kind, device, ack.id);
    this.#byCommand.delete(key);
    this.#byCommand.set(key, ack);
    if (this.#byCommand.size > REMEMBERED) this.#byCommand.delete(this.#byCommand.keys().next().value!);
  }
}

function keyOf(kind: string, device: number, id: string): string {
  return `${kind}/${device}/${id}`;
}
