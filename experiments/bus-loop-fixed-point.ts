// Where self-equalizing headways settle when nothing is random: buses begin anywhere on a loop, one stop holds each of them for a share of the
// time until the next one comes. Theory: T / (n − α). Source: J. Bartholdi & D. Eisenstein, Transportation Research B 46 (2012).
import { BusDispatch } from '../control/bus-dispatch.ts';
import type { LineBus } from '../simulator/bus-line/bus.ts';
import { runLine } from '../simulator/bus-line/run.ts';
import type { LineSpec } from '../simulator/bus-line/spec.ts';
import { Random } from '../simulator/random.ts';

export interface EqualLoop {
  readonly buses: number;
  /** Of an empty round without holds, s. */
  readonly roundS: number;
  /** α */
  readonly share: number;
}

const STOPS = 12;
/** Buses must be heard from more often than the centre's patience with silent ones, s. */
const RECORD_EVERY_S = 120;
const START_PURPOSE = 1;

/** @returns mean and variation of the headways at the holding stop in the last of so many rounds */
export function fixedPoint(
  { buses, roundS, share }: EqualLoop,
  rounds: number,
  seed: number,
): { headwayS: number; cv: number } {
  const random = new Random(seed).fork('bus-loop');
  const starts = Array.from({ length: buses }, (_, bus) => roundS * random.uniform(bus, START_PURPOSE, 0));
  const headwaysS: number[] = [];
  const departed = (bus: LineBus, headwayS: number) => {
    if (bus.stop === 0) headwaysS.push(headwayS);
  };
  const policy = new BusDispatch({
    policy: 'self-equalizing',
    parameters: { 'self-equalizing': { alpha: share, controlStops: [0], maxHoldS: Infinity } },
  });
  const durationS = ((rounds + 1) * roundS * buses) / (buses - share);
  const spec = emptyLoop(
    buses,
    roundS / STOPS,
    starts.toSorted((a, b) => a - b),
    durationS,
  );
  runLine(spec, seed, { observers: [{ departed }], controllers: [policy], recordEveryS: RECORD_EVERY_S });
  const last = headwaysS.slice(-buses);
  const mean = last.reduce((sum, headwayS) => sum + headwayS, 0) / last.length;
  const variance = last.reduce((sum, headwayS) => sum + (headwayS - mean) ** 2, 0) / last.length;
  return { headwayS: mean, cv: Math.sqrt(variance) / mean };
}

function emptyLoop(buses: number, runS: number, loopStartsS: readonly number[], durationS: number): LineSpec {
  return {
    line: '1',
    shape: 'loop',
    ways: [{ segmentsM: Array<number>(STOPS).fill(500) }],
    running: { meanS: () => runS, cv: 0, floorShare: 1, incidentProbability: 0, incidentS: [0, 0] },
    demand: { kind: 'rate', perS: [Array<number>(STOPS).fill(0)], alightShare: 1, draw: 'fluid' },
    timetable: { kind: 'even', headwayS: (runS * STOPS) / buses },
    buses,
    loopStartsS,
    capacity: 80,
    dwell: { fixedS: 0, emptyS: 0, boardingS: 2, alightingS: 0, boardsWhileStanding: false },
    stopGapS: 0,
    terminalGapS: 0,
    layoverS: 0,
    durationS,
  };
}
