// Buses that go round for ever, without terminals where they could recover: nothing but the dispatch centre keeps them apart. Shows which
// rule keeps headways even and what slack it costs.
import { BusDispatch } from '../control/bus-dispatch.ts';
import { POLICY_NAMES } from '../control/bus/policy.ts';
import type { PolicyName } from '../control/bus/policy.ts';
import { LineKpis } from '../simulator/bus-line/kpis.ts';
import { runLine } from '../simulator/bus-line/run.ts';
import type { LineSpec } from '../simulator/bus-line/spec.ts';
import { fixedPoint } from './bus-loop-fixed-point.ts';
import type { Arm, Check, Experiment, ExperimentSettings, Outcome } from './experiment.ts';
import { warmUpClash } from './line-settings.ts';

const ARMS: readonly Arm[] = [
  { name: 'none', label: 'Nobody is held' },
  { name: 'schedule', label: 'Early buses wait for the timetable' },
  { name: 'forward-headway', label: 'Held after the bus ahead' },
  { name: 'two-way-headway', label: 'Held between the buses ahead and behind' },
  { name: 'self-equalizing', label: 'Held at two stops for the bus behind' },
];

/** Buses that predict must be heard from more often than the centre's patience with silent ones, s. */
const RECORD_EVERY_S = 120;

export const busLoop: Experiment = {
  name: 'bus-loop',
  title: 'Buses on a loop',
  claim:
    'Without control a loop of buses collapses into one bunch; each holding rule prevents it, and those that look both ways need the least slack.',
  sources: [
    'G. Newell & R. Potts (1964); C. Daganzo, Transportation Research B 43 (2009)',
    'Y. Xuan, J. Argote & C. Daganzo, Transportation Research B 45 (2011): two-way control needs some 40 % less slack than a schedule',
    'J. Bartholdi & D. Eisenstein, Transportation Research B 46 (2012): headways settle at T / (n − α)',
  ],
  seeds: 24,
  parameters: [
    { name: 'buses', label: 'Buses', type: 'number', default: 10, min: 2, max: 40, whole: true },
    { name: 'stops', label: 'Stops', type: 'number', default: 30, min: 6, max: 100, whole: true },
    {
      name: 'runS',
      label: 'Running time from stop to stop',
      type: 'number',
      default: 100,
      min: 20,
      max: 600,
      unit: 's',
    },
    { name: 'runSdS', label: 'Standard deviation of it', type: 'number', default: 20, min: 0, max: 100, unit: 's' },
    {
      name: 'dwellS',
      label: 'Stop without the time of boarding',
      type: 'number',
      default: 8,
      min: 0,
      max: 60,
      unit: 's',
    },
    { name: 'boardingS', label: 'Boarding', type: 'number', default: 2, min: 0, max: 10, unit: 's' },
    {
      name: 'peoplePerS',
      label: 'People who come to a stop',
      type: 'number',
      default: 0.012,
      min: 0,
      max: 0.1,
      unit: '1/s',
    },
    { name: 'hours', label: 'Length', type: 'number', default: 8, min: 2, max: 24, unit: 'h' },
    { name: 'warmupH', label: 'Not counted at its start', type: 'number', default: 1.5, min: 0, max: 12, unit: 'h' },
    {
      name: 'controlStops',
      label: 'Stops where buses are held',
      type: 'number',
      default: 6,
      min: 1,
      max: 20,
      whole: true,
    },
    { name: 'scheduleSlack', label: 'Time in hand in the timetable', type: 'number', default: 0.1, min: 0, max: 0.5 },
    { name: 'holdGain', label: 'Share of a gap that a hold restores', type: 'number', default: 0.5, min: 0, max: 1 },
    {
      name: 'holdSlackS',
      label: 'Hold of a bus on its headway',
      type: 'number',
      default: 20,
      min: 0,
      max: 120,
      unit: 's',
    },
    { name: 'equalizingShare', label: 'Share of the gap behind', type: 'number', default: 0.3, min: 0, max: 0.9 },
  ],
  kpis: [
    { name: 'meanHeadwayS', label: 'Mean headway', unit: 's', better: 'less' },
    { name: 'headwayCv', label: 'Unevenness of headways', unit: '', better: 'less' },
    { name: 'excessWaitS', label: 'Wait beyond half the natural headway', unit: 's', better: 'less' },
    { name: 'bunchedShare', label: 'Headways below a quarter of the natural', unit: '', better: 'less' },
    { name: 'slackS', label: 'Mean headway beyond the natural', unit: 's', better: 'less' },
    { name: 'holdS', label: 'Held, a round', unit: 's', better: 'less' },
  ],
  clash: warmUpClash,
  arms: () => ARMS,
  live,
  checks,
  verdict,
};

/** Headway of buses that nothing disturbs, s: H = M (r + c) / (n − M λ b). @throws Error when the buses cannot carry the people */
export function naturalHeadwayS(settings: ExperimentSettings): number {
  const of = (name: string) => Number(settings[name]);
  const share = of('buses') - of('stops') * of('peoplePerS') * of('boardingS');
  if (share <= 0) {
    throw new Error(
      `${of('buses')} buses never come round with peoplePerS=${of('peoplePerS')}, expected fewer people or more buses`,
    );
  }
  return (of('stops') * (of('runS') + of('dwellS'))) / share;
}

function loopSpec(settings: ExperimentSettings, headwayS: number): LineSpec {
  const of = (name: string) => Number(settings[name]);
  return {
    line: '1',
    shape: 'loop',
    ways: [{ segmentsM: Array<number>(of('stops')).fill(500) }],
    running: {
      meanS: () => of('runS'),
      cv: of('runSdS') / of('runS'),
      floorShare: 0.4,
      incidentProbability: 0,
      incidentS: [0, 0],
    },
    demand: {
      kind: 'rate',
      perS: [Array<number>(of('stops')).fill(of('peoplePerS'))],
      alightShare: 4,
      draw: 'poisson',
    },
    timetable: { kind: 'even', headwayS },
    buses: of('buses'),
    capacity: Infinity,
    dwell: {
      fixedS: of('dwellS'),
      emptyS: of('dwellS'),
      boardingS: of('boardingS'),
      alightingS: 0,
      boardsWhileStanding: true,
    },
    stopGapS: 5,
    terminalGapS: 0,
    layoverS: 0,
    durationS: 3600 * of('hours'),
  };
}

function centre(arm: PolicyName, settings: ExperimentSettings): BusDispatch {
  const of = (name: string) => Number(settings[name]);
  const spread = (count: number) =>
    Array.from({ length: count }, (_, point) => Math.round((point * of('stops')) / count));
  const holding = { controlStops: spread(of('controlStops')), maxHoldS: Infinity, minHoldS: 0 };
  const headway = { ...holding, gain: of('holdGain'), slackS: of('holdSlackS') };
  return new BusDispatch({
    policy: arm,
    parameters: {
      schedule: { ...holding, slackS: 0 },
      'forward-headway': { ...headway, beta: 0 },
      'two-way-headway': headway,
      'self-equalizing': { ...holding, controlStops: spread(2), alpha: of('equalizingShare') },
    },
  });
}

function live(arm: string, seed: number, settings: ExperimentSettings) {
  const naturalS = naturalHeadwayS(settings);
  const slack = arm === 'schedule' ? 1 + Number(settings['scheduleSlack']) : 1;
  const spec = loopSpec(settings, naturalS * slack);
  const kpis = new LineKpis(spec, 3600 * Number(settings['warmupH']));
  const policy = POLICY_NAMES.find((name) => name === arm);
  const controllers = policy === undefined ? [] : [centre(policy, settings)];
  runLine(spec, seed, { observers: [kpis], controllers, recordEveryS: RECORD_EVERY_S });
  const { headways } = kpis;
  return {
    meanHeadwayS: headways.meanS,
    headwayCv: headways.cv,
    excessWaitS: headways.waitS - naturalS / 2,
    bunchedShare: headways.bunchedShare,
    slackS: headways.meanS - naturalS,
    holdS: kpis.holdPerTripS,
  };
}

/** Rounds after which the rest of the random start is below the tolerance. */
const EQUAL_LOOPS = [
  { loop: { buses: 6, roundS: 2880, share: 0.5 }, rounds: 40 },
  { loop: { buses: 10, roundS: 3000, share: 0.3 }, rounds: 80 },
];
const FIXED_POINT_TOLERANCE = 0.001;

function checks({ settings, arms }: Outcome): Check[] {
  const rows = EQUAL_LOOPS.map(({ loop, rounds }): Check => {
    const target = loop.roundS / (loop.buses - loop.share);
    const measured = fixedPoint(loop, rounds, 1).headwayS;
    return {
      id: 'B6',
      name: `${loop.buses} buses, round of ${loop.roundS} s, α ${loop.share}, nothing random: headway T / (n − α), s`,
      target: target.toFixed(1),
      measured,
      tolerance: `± ${100 * FIXED_POINT_TOLERANCE} %`,
      ok: Math.abs(measured / target - 1) <= FIXED_POINT_TOLERANCE,
    };
  });
  if (!isUsual(settings)) return rows;
  const share = arms['two-way-headway']!['slackS']!.mean / arms['schedule']!['slackS']!.mean;
  return [
    ...rows,
    {
      id: 'slack',
      name: 'Slack of two-way control over that of a schedule with the same wait',
      target: '0.6, Xuan, Argote & Daganzo 2011',
      measured: share,
      tolerance: '0.5 to 0.75',
      ok: share >= 0.5 && share <= 0.75,
    },
  ];
}

function isUsual(settings: ExperimentSettings): boolean {
  return busLoop.parameters.every(({ name, default: usual }) => settings[name] === usual);
}

function verdict({ arms }: Outcome): string {
  const mean = (arm: string, kpi: string) => arms[arm]![kpi]!.mean;
  const held = ARMS.slice(1).map(
    ({ name, label }) =>
      `${label}: ${mean(name, 'excessWaitS').toFixed(0)} s, headways ${mean(name, 'slackS').toFixed(0)} s longer`,
  );
  return `Without control ${(100 * mean('none', 'bunchedShare')).toFixed(0)} % of the headways are below a quarter of the natural one and riders wait ${mean('none', 'excessWaitS').toFixed(0)} s longer than they would at even headways. ${held.join('. ')}.`;
}
