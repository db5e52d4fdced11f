// All experiments there are, in the order in which they are listed.
import { busDispatchZhenjiang } from './bus-dispatch-zhenjiang.ts';
import { busInformation } from './bus-information.ts';
import { busLine } from './bus-line.ts';
import { busLoop } from './bus-loop.ts';
import { electricBus } from './electric-bus.ts';
import type { Experiment } from './experiment.ts';

export const EXPERIMENTS: readonly Experiment[] = [busLine, busLoop, busDispatchZhenjiang, busInformation, electricBus];
