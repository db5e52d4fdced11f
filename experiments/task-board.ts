// The lives that an experiment has to live, in memory that all threads see: each takes the next one that nobody has, and writes what came
// out into its own place. So no thread waits for another, and the order of finishing leaves no trace.
import type { Arm, Experiment, ExperimentSettings } from './experiment.ts';
import type { Samples } from './statistics.ts';

/** Words in front of the numbers: which task is next, then how many each arm has done; an even number of them. */
const headWords = (arms: number) => 2 * Math.ceil((1 + arms) / 2);

export interface Assignment {
  readonly settings: ExperimentSettings;
  /** Paired seeds: firstSeed … firstSeed + seeds − 1. */
  readonly firstSeed: number;
  readonly seeds: number;
}

export class TaskBoard {
  readonly tasks: number;
  readonly memory: SharedArrayBuffer;
  readonly #experiment: Experiment;
  readonly #assignment: Assignment;
  readonly #arms: readonly Arm[];
  readonly #head: Int32Array;
  /** [arm][kpi][seed], row-major. */
  readonly #values: Float64Array;

  /** memory: of the board of another thread, made from the same experiment and assignment. */
  constructor(experiment: Experiment, assignment: Assignment, memory?: SharedArrayBuffer) {
    this.#experiment = experiment;
    this.#assignment = assignment;
    this.#arms = experiment.arms(assignment.settings);
    const words = headWords(this.#arms.length);
    this.tasks = this.#arms.length * assignment.seeds;
    const numbers = this.tasks * experiment.kpis.length;
    this.memory = memory ?? new SharedArrayBuffer(4 * words + 8 * numbers);
    this.#head = new Int32Array(this.memory, 0, words);
    this.#values = new Float64Array(this.memory, 4 * words, numbers);
  }

  /** Lives the next life. @returns false when none is left @throws Error when the experiment fails or leaves a KPI out */
  liveNext(): boolean {
    const task = Atomics.add(this.#head, 0, 1);
    if (task >= this.tasks) return false;
    // All arms of a seed before the next seed: whoever stops early has whole pairs.
    const arm = task % this.#arms.length;
    this.#live(arm, Math.floor(task / this.#arms.length));
    Atomics.add(this.#head, 1 + arm, 1);
    return true;
  }

  #live(arm: number, index: number): void {
    const { kpis, name: experiment } = this.#experiment;
    const { settings, firstSeed, seeds } = this.#assignment;
    const { name } = this.#arms[arm]!;
    const where = `${experiment}, arm ${name}, seed ${firstSeed + index}`;
    const measured = failingAs(where, () => this.#experiment.live(name, firstSeed + index, settings));
    for (const [row, kpi] of kpis.entries()) {
      const value = measured[kpi.name];
      if (value === undefined) throw new Error(`${where}: no ${kpi.name}`);
      this.#values[(arm * kpis.length + row) * seeds + index] = value;
    }
  }

  /** Seeds done by arm. */
  get done(): { readonly [arm: string]: number } {
    return Object.fromEntries(this.#arms.map(({ name }, arm) => [name, Atomics.load(this.#head, 1 + arm)]));
  }

  /** A copy of all numbers; 0 where a life is not lived yet. */
  samples(): Samples {
    const { kpis } = this.#experiment;
    const { seeds } = this.#assignment;
    const rowOf = (arm: number, kpi: number) => {
      const start = (arm * kpis.length + kpi) * seeds;
      return Float64Array.from(this.#values.subarray(start, start + seeds));
    };
    const ofArm = (arm: number) => Object.fromEntries(kpis.map(({ name }, kpi) => [name, rowOf(arm, kpi)]));
    return Object.fromEntries(this.#arms.map(({ name }, arm) => [name, ofArm(arm)]));
  }
}

function failingAs<T>(where: string, act: () => T): T {
  try {
    return act();
  } catch (error) {
    throw new Error(`${where}: ${(error as Error).message}`, { cause: error });
  }
}
