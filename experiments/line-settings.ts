// The line of the experiment bus-line as its settings describe it, and the dispatch centre that runs it.
import { BusDispatch } from '../control/bus-dispatch.ts';
import type { PolicyName } from '../control/bus/policy.ts';
import type { LineSpec } from '../simulator/bus-line/spec.ts';
import type { Controller } from '../telemetry/controller.ts';
import type { ExperimentSettings, Parameter } from './experiment.ts';

/** Policies that find something to do on one line. Signals and a second line that could help are not here; full buses come one at a time, so that empty runs are not called for either. */
export const LINE_POLICIES = [
  'timetable',
  'schedule',
  'forward-headway',
  'two-way-headway',
  'self-equalizing',
  'short-turn',
] as const satisfies readonly PolicyName[];

type NumberParameter = Extract<Parameter, { type: 'number' }>;

const number = (
  name: string,
  label: string,
  usual: number,
  [min, max]: readonly [number, number],
  more: Pick<NumberParameter, 'unit' | 'whole'> = {},
): NumberParameter => ({ name, label, type: 'number', default: usual, min, max, ...more });

const WHOLE = { whole: true };
const SECONDS = { unit: 's' };

export const LINE_PARAMETERS: readonly Parameter[] = [
  number('buses', 'Buses', 20, [1, 60], WHOLE),
  number('demand', 'People, as a multiple of the usual', 1, [0, 5]),
  {
    name: 'policy',
    label: 'What the dispatch centre does',
    type: 'list',
    default: ['timetable'],
    choices: LINE_POLICIES,
  },
  number('noise', 'Deviations and incidents on the way, as a multiple of the usual', 1, [0, 3]),
  number('hours', 'Length of the day', 14, [2, 24], { unit: 'h' }),
  number('warmupH', 'Not counted at its start', 1.5, [0, 12], { unit: 'h' }),
  number('headwayS', 'Planned headway', 300, [60, 3600], SECONDS),
  number('stops', 'Stops of a way', 25, [5, 60], WHOLE),
  number('spacingM', 'From stop to stop', 500, [100, 3000], { unit: 'm' }),
  number('runS', 'Running time from stop to stop', 90, [20, 600], SECONDS),
  number('runCv', 'Standard deviation of it, as a share', 0.2, [0, 0.5]),
  number('incidentProbability', 'Incidents, from stop to stop', 0.004, [0, 0.1]),
  number('incidentS', 'Delay by an incident', 240, [0, 1800], SECONDS),
  number('peoplePerS', 'People who come to a stop', 0.0133, [0, 0.1], { unit: '1/s' }),
  number('capacity', 'Places of a bus', 80, [10, 200], WHOLE),
  number('dwellS', 'Stop without the time of boarding', 8, [0, 60], SECONDS),
  number('boardingS', 'Boarding', 2, [0, 10], SECONDS),
  number('alightingS', 'Alighting', 1.2, [0, 10], SECONDS),
  number('layoverS', 'Layover at the least', 120, [0, 1800], SECONDS),
  number('controlEvery', 'Buses are held at every n-th stop', 5, [1, 20], WHOLE),
  number('holdGain', 'Share of a gap that a hold restores', 0.5, [0, 1]),
  number('holdSlackS', 'Hold of a bus on its headway', 8, [0, 120], SECONDS),
  number('holdMaxS', 'Longest hold', 60, [0, 600], SECONDS),
  number('scheduleSlack', 'Time in hand in the timetable, policy schedule', 0.05, [0, 0.5]),
  number('equalizingShare', 'Share of the gap behind, policy self-equalizing', 0.3, [0, 0.9]),
  number('compliance', 'Orders that drivers obey', 1, [0, 1]),
];

export const value = (settings: ExperimentSettings, name: string): number => Number(settings[name]);

/** Everything but the policy is as usual: golden values hold. */
export function isUsual(settings: ExperimentSettings): boolean {
  return LINE_PARAMETERS.every(
    ({ name, default: usual }) => name === 'policy' || String(settings[name]) === String(usual),
  );
}

/** Nothing is left of a day that is all warm-up. For `Experiment.clash`. */
export function warmUpClash(settings: ExperimentSettings): string | undefined {
  const [hours, warmupH] = [value(settings, 'hours'), value(settings, 'warmupH')];
  return warmupH < hours ? undefined : `warmupH must be below hours (${hours}), got ${warmupH}`;
}

export function lineSpec(settings: ExperimentSettings, policy: string): LineSpec {
  const of = (name: string) => value(settings, name);
  const stops = of('stops');
  const way = { segmentsM: Array<number>(stops - 1).fill(of('spacingM')) };
  const perS = Array<number>(stops).fill(of('peoplePerS') * of('demand'));
  return {
    line: '1',
    shape: 'out-and-back',
    ways: [way, way],
    running: {
      meanS: () => of('runS'),
      cv: of('noise') * of('runCv'),
      floorShare: 0.5,
      incidentProbability: of('noise') * of('incidentProbability'),
      incidentS: [of('incidentS'), of('incidentS')],
    },
    demand: { kind: 'rate', perS: [perS, perS], alightShare: 1.6, draw: 'poisson' },
    timetable: {
      kind: 'even',
      headwayS: of('headwayS'),
      allowance: policy === 'schedule' ? 1 + of('scheduleSlack') : 1,
    },
    buses: of('buses'),
    capacity: of('capacity'),
    dwell: {
      fixedS: of('dwellS'),
      emptyS: Math.min(2, of('dwellS')),
      boardingS: of('boardingS'),
      alightingS: of('alightingS'),
      boardsWhileStanding: false,
    },
    stopGapS: 5,
    terminalGapS: 10,
    layoverS: of('layoverS'),
    drivers: { compliance: of('compliance') },
    durationS: 3600 * of('hours'),
  };
}

/** Timetable at the terminals only: nobody interferes under way, so nobody has to listen. */
export function lineControllers(settings: ExperimentSettings, policy: string): Controller[] {
  if (policy === 'timetable') return [];
  const of = (name: string) => value(settings, name);
  const holding = { controlStops: of('controlEvery'), maxHoldS: of('holdMaxS'), minHoldS: 0 };
  const headway = { ...holding, gain: of('holdGain'), slackS: of('holdSlackS') };
  return [
    new BusDispatch({
      policy: policy as PolicyName,
      parameters: {
        schedule: holding,
        'forward-headway': { ...headway, beta: 0 },
        'two-way-headway': headway,
        // At one point of each way, as published.
        'self-equalizing': { ...holding, controlStops: [Math.floor(of('stops') / 2)], alpha: of('equalizingShare') },
      },
    }),
  ];
}
