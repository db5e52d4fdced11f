// All experiments there are, in the order in which they are listed.
import { electricBus } from './electric-bus.ts';
import type { Experiment } from './experiment.ts';

export const EXPERIMENTS: readonly Experiment[] = [electricBus];
