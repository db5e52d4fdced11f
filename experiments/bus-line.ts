// One line, out and back, under one policy after the other: what bunching costs riders, and what holding buses costs in time and fuel.
// Stops, people and running times are the same all day and everywhere; what differs is luck, the same luck in every arm.
import { LineKpis } from '../simulator/bus-line/kpis.ts';
import { runLine } from '../simulator/bus-line/run.ts';
import { delayGrowth } from './bus-line-growth.ts';
import type { Check, Experiment, ExperimentSettings, Outcome } from './experiment.ts';
import { LINE_PARAMETERS, isUsual, lineControllers, lineSpec, value, warmUpClash } from './line-settings.ts';

const LABELS: { readonly [policy: string]: string } = {
  timetable: 'Timetable at the terminals only',
  schedule: 'Early buses wait for the timetable',
  'forward-headway': 'Held after the bus ahead',
  'two-way-headway': 'Held between the buses ahead and behind',
  'self-equalizing': 'Held for the bus behind',
  'short-turn': 'Late buses turn early',
};

/** Buses that predict must be heard from more often than the centre's patience with silent ones, s. */
const RECORD_EVERY_S = 120;

export const busLine: Experiment = {
  name: 'bus-line',
  title: 'A bus line with and without a dispatch centre',
  claim:
    'Buses bunch by themselves, and holding a few of them for seconds halves the extra wait of riders; a smaller fleet looks harmless on paper.',
  sources: [
    'G. Newell & R. Potts, Maintaining a bus schedule, 2nd Australian Road Research Board conference (1964)',
    'E. Osuna & G. Newell, Transportation Science 6 (1972): the wait of people who come at random',
    'C. Daganzo, A headway-based approach to eliminate bus bunching, Transportation Research B 43 (2009)',
    'Y. Xuan, J. Argote & C. Daganzo, Transportation Research B 45 (2011); J. Bartholdi & D. Eisenstein, ibid. 46 (2012)',
  ],
  seeds: 40,
  parameters: LINE_PARAMETERS,
  kpis: [
    { name: 'headwayCv', label: 'Unevenness of headways, all stops', unit: '', better: 'less' },
    { name: 'excessWaitS', label: 'Wait beyond half the planned headway', unit: 's', better: 'less' },
    { name: 'tripS', label: 'One way, from the start to the last one off', unit: 's', better: 'less' },
    { name: 'tripP90S', label: 'Nine of ten trips take no longer', unit: 's', better: 'less' },
    { name: 'cancelledSlots', label: 'Departures without a bus, whole day', unit: '', better: 'less' },
    { name: 'headwayCvFirst', label: 'Unevenness at the first stop', unit: '', better: 'less' },
    { name: 'headwayCvMid', label: 'In the middle', unit: '', better: 'less' },
    { name: 'headwayCvLast', label: 'At the last stop', unit: '', better: 'less' },
    { name: 'bunchedShare', label: 'Headways below a quarter of the planned', unit: '', better: 'less' },
    { name: 'meanHeadwayS', label: 'Mean headway', unit: 's', better: 'neither' },
    { name: 'denied', label: 'People left behind by a full bus', unit: '', better: 'less' },
    { name: 'loadMax', label: 'Fullest bus', unit: '', better: 'less' },
    { name: 'holdS', label: 'Held, a trip', unit: 's', better: 'less' },
    { name: 'orders', label: 'Orders that were obeyed', unit: '', better: 'neither' },
    { name: 'fuelLPerTrip', label: 'Diesel, the length of a trip', unit: 'L', better: 'less' },
  ],
  clash: warmUpClash,
  arms: (settings) => policies(settings).map((name) => ({ name, label: LABELS[name] ?? name })),
  live,
  checks,
  verdict,
};

const policies = (settings: ExperimentSettings) => settings['policy'] as readonly string[];

function live(policy: string, seed: number, settings: ExperimentSettings) {
  const spec = lineSpec(settings, policy);
  const kpis = new LineKpis(spec, 3600 * value(settings, 'warmupH'));
  const controllers = lineControllers(settings, policy);
  runLine(spec, seed, { observers: [kpis], controllers, recordEveryS: RECORD_EVERY_S });
  const { headways, byStop } = kpis;
  return {
    headwayCv: headways.cv,
    excessWaitS: headways.excessWaitS,
    tripS: kpis.tripS,
    tripP90S: kpis.tripP90S,
    cancelledSlots: kpis.cancelledCount,
    headwayCvFirst: byStop[0]!.cv,
    headwayCvMid: byStop[Math.floor((byStop.length - 1) / 2)]!.cv,
    headwayCvLast: byStop.at(-1)!.cv,
    bunchedShare: headways.bunchedShare,
    meanHeadwayS: headways.meanS,
    denied: kpis.denied,
    loadMax: kpis.loadMax,
    holdS: kpis.holdPerTripS,
    orders: kpis.orders,
    fuelLPerTrip: kpis.fuelLPerTrip,
  };
}

function checks(outcome: Outcome): Check[] {
  if (!isUsual(outcome.settings)) return [];
  const { growth, law } = delayGrowth(outcome.settings);
  const rows = [
    within('B1', 'a delay without noise grows by 1 / (1 − β) a stop, over 23 stops', law, growth, 0.02 * law),
  ];
  const { timetable } = outcome.arms;
  if (timetable === undefined) return rows;
  rows.push(
    ...waitLaw(outcome),
    within('B3', 'unevenness in the middle, timetable only', 0.46, timetable['headwayCvMid']!.mean, 0.04),
    within('B3', 'extra wait, timetable only, s', 34, timetable['excessWaitS']!.mean, 5),
  );
  const held = outcome.arms['forward-headway'];
  if (held === undefined) return rows;
  const share = (kpi: string) => held[kpi]!.mean / timetable[kpi]!.mean - 1;
  return [
    ...rows,
    within('B4', 'extra wait, held after the bus ahead, share', -0.5, share('excessWaitS'), 0.1),
    within('B4', 'trip, held after the bus ahead, share', 0.045, share('tripS'), 0.015),
  ];
}

/** EWT = (H/2) CV² in lives without a cancelled departure. */
function waitLaw({ samples, settings }: Outcome): Check[] {
  const { excessWaitS, headwayCv, cancelledSlots } = samples['timetable']!;
  const ratios = [...excessWaitS!]
    .map((waitS, seed) => waitS / ((value(settings, 'headwayS') / 2) * headwayCv![seed]! ** 2))
    .filter((_, seed) => cancelledSlots![seed] === 0);
  if (ratios.length === 0) return [];
  const mean = ratios.reduce((sum, ratio) => sum + ratio, 0) / ratios.length;
  return [within('B2', 'extra wait over (H/2) CV², no departure cancelled', 1, mean, 0.03)];
}

function within(id: string, name: string, target: number, measured: number, tolerance: number): Check {
  const digits = Math.abs(target) < 10 ? 3 : 0;
  return {
    id,
    name,
    target: target.toFixed(digits),
    measured,
    tolerance: `± ${tolerance.toFixed(Math.abs(tolerance) < 1 ? 3 : 0)}`,
    ok: Math.abs(measured - target) <= tolerance,
  };
}

function verdict({ settings, arms, differences, shares }: Outcome): string {
  const [first = '', ...others] = policies(settings);
  const mean = (arm: string, kpi: string) => arms[arm]![kpi]!.mean;
  const buses = value(settings, 'buses');
  const base = `${LABELS[first]}, ${buses} ${buses === 1 ? 'bus' : 'buses'}: riders wait ${mean(first, 'excessWaitS').toFixed(0)} s longer than planned, headways vary by ${(100 * mean(first, 'headwayCv')).toFixed(0)} %, ${mean(first, 'cancelledSlots').toFixed(1)} departures a day have no bus.`;
  const idle = value(settings, 'compliance') === 0 ? 'no driver obeys' : 'found nothing to do';
  const changes = others.map((arm) => {
    const wait = differences[arm]!['excessWaitS']!;
    if (mean(arm, 'orders') === 0 && arm !== 'timetable') return `${LABELS[arm]}: ${idle}.`;
    const share = (kpi: string) => `${signed(100 * shares[arm]![kpi]!.mean, 1)} %`;
    return `${LABELS[arm]}: ${signed(wait.mean, 0)} s (95 %: ${signed(wait.ci95[0], 0)} to ${signed(wait.ci95[1], 0)}), trips ${share('tripS')}, diesel ${share('fuelLPerTrip')}.`;
  });
  return [base, ...changes].join(' ');
}

function signed(number: number, digits: number): string {
  const text = Math.abs(number).toFixed(digits);
  return Number(text) === 0 ? text : `${number < 0 ? '−' : '+'}${text}`;
}
