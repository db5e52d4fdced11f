// How a long-running command ends: Ctrl-C or SIGTERM once closes everything in reverse order, twice stops at once.
import type { Logger } from './log.ts';

/** Closing may take this long before the process ends anyway, ms. Compose kills after 15 s. */
const DEADLINE_MS = 9000;

export class Lifetime {
  readonly #closers: { name: string; close: () => unknown }[] = [];
  readonly #log: Logger;
  #closing: Promise<void> | undefined;

  constructor(log: Logger) {
    this.#log = log;
    for (const signal of ['SIGINT', 'SIGTERM'] as const) {
      process.on(signal, () => {
        if (this.#closing !== undefined) process.exit(1);
        void this.end(0);
      });
    }
  }

  get isEnding(): boolean {
    return this.#closing !== undefined;
  }

  /** Registers what to close; the last registered closes first. */
  own(name: string, close: () => unknown): void {
    this.#closers.push({ name, close });
  }

  /** Closes everything, then ends the process. */
  end(exitCode: number): Promise<void> {
    this.#closing ??= this.#close(exitCode);
    return this.#closing;
  }

  async #close(exitCode: number): Promise<void> {
    const deadline = setTimeout(() => {
      this.#log.error('closing took too long, ending now');
      process.exit(1);
    }, DEADLINE_MS);
    deadline.unref();
    for (const { name, close } of this.#closers.toReversed()) {
      try {
        await close();
      } catch (error) {
        this.#log.error(`closing ${name}: ${(error as Error).message}`);
      }
    }
    process.exit(exitCode);
  }
}
