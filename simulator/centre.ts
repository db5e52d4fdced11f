// The control centre of a run: its controllers see what leaves the devices and decide by the simulated clock. While it is cut off it sees
// and says nothing; afterwards it is a new one, without memory, like a service that was started again.
import type { Controller, Decision } from '../telemetry/controller.ts';

const NOBODY: readonly Controller[] = [];

export class Centre {
  readonly #create: () => readonly Controller[];
  #controllers: readonly Controller[];
  #readers: ReadonlyMap<string, readonly Controller[]>;
  #isReachable = true;

  constructor(create: () => readonly Controller[]) {
    this.#create = create;
    this.#controllers = create();
    this.#readers = readersOf(this.#controllers);
  }

  get isReachable(): boolean {
    return this.#isReachable;
  }

  /** Cuts it off, or lets a new one begin. */
  set isReachable(isReachable: boolean) {
    if (isReachable === this.#isReachable) return;
    this.#isReachable = isReachable;
    this.#staff(isReachable ? this.#create() : NOBODY);
  }

  /** Those who want to see records of a kind; undefined: nobody, and no record need be made. */
  readers(kind: string): readonly Controller[] | undefined {
    return this.#readers.get(kind);
  }

  /** nowMs: simulated time. */
  decide(nowMs: number, take: (controller: Controller, decision: Decision) => void): void {
    for (const controller of this.#controllers) {
      for (const decision of controller.decide(nowMs)) take(controller, decision);
    }
  }

  #staff(controllers: readonly Controller[]): void {
    this.#controllers = controllers;
    this.#readers = readersOf(controllers);
  }
}

function readersOf(controllers: readonly Controller[]): Map<string, Controller[]> {
  const readers = new Map<string, Controller[]>();
  for (const controller of controllers) {
    for (const kind of controller.reads) readers.set(kind, [...(readers.get(kind) ?? []), controller]);
  }
  return readers;
}
