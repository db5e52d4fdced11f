// Do riders who see on their phones when the bus will come wait less, and how good must the prediction be? One line on the line engine; the
// predictions are those of the dispatch centre, as old and as wrong as the arm says. Nobody takes another line or walks instead.
import { BusDispatch } from '../control/bus-dispatch.ts';
import { runLine } from '../simulator/bus-line/run.ts';
import type { LineSpec } from '../simulator/bus-line/spec.ts';
import { Random } from '../simulator/random.ts';
import type { Arm, Check, Experiment, ExperimentSettings, Outcome } from './experiment.ts';
import { InformedRiders } from './informed-riders.ts';
import { RiderFeed } from './rider-feed.ts';

const STOPS = 25;
const RUN_S = 90;
const DWELL_S = 8;
const BOARDING_S = 2;
const LAYOVER_S = 120;
const WARM_UP_S = 5400;
const RECORD_EVERY_S = 20;
/** Of the line whose demand is given. */
const USUAL_HEADWAY_S = 300;
/** People ride some eight stops, gamma of shape 2. */
const RIDE_STOPS = 8;

interface Look {
  /** Share of riders with the app. */
  readonly share: number;
  readonly errorShare: number;
  readonly ageS: number;
}
const NONE: Look = { share: 0, errorShare: 0, ageS: 0 };

const list = (name: string, label: string, usual: readonly string[], choices: readonly string[]) =>
  ({ name, label, type: 'list', default: usual, choices }) as const;

export const busInformation: Experiment = {
  name: 'bus-information',
  title: 'Real-time bus information and waiting',
  claim: 'Half a million riders a day look up when their bus comes, and wait less for it.',
  sources: [
    'Watkins et al., Where is my bus?, Transportation Research A 45 (2011): users report 7.5 min, others 9.9 min; perceived wait 13 % shorter',
    'OneBusAway research summary: users’ actual wait is about 2 min shorter',
    'L. Bowman & M. Turnquist, Transportation Research A 15 (1981): above some 12 min between buses riders come by the timetable',
  ],
  seeds: 20,
  parameters: [
    list(
      'appShare',
      'Share of riders with the app',
      ['0.3', '0.6'],
      ['0.1', '0.2', '0.3', '0.4', '0.5', '0.6', '0.8', '1'],
    ),
    list(
      'feedAgeS',
      'Age of the positions that the app shows, s',
      ['10', '60', '120'],
      ['0', '10', '30', '60', '120', '300'],
    ),
    list(
      'errorShare',
      'Error of arrivals beyond the centre’s own, of the time ahead',
      ['0', '0.3'],
      ['0', '0.1', '0.2', '0.3', '0.5'],
    ),
    { name: 'headwayS', label: 'Planned headway', type: 'number', default: 300, min: 120, max: 3600, unit: 's' },
    {
      name: 'bufferS',
      label: 'Users aim to be at the stop so long before the bus',
      type: 'number',
      default: 120,
      min: 0,
      max: 900,
      unit: 's',
    },
    {
      name: 'walkS',
      label: 'Users look so long before they could be at the stop',
      type: 'number',
      default: 180,
      min: 0,
      max: 900,
      unit: 's',
    },
    {
      name: 'aheadShare',
      label: 'Users who look before they leave, the others at the stop; calibrated to −24 % in Seattle',
      type: 'number',
      default: 0.5,
      min: 0,
      max: 1,
    },
    {
      name: 'uninformedFactor',
      label: 'What a minute without information feels like, in minutes with it',
      type: 'number',
      default: 1.15,
      min: 1,
      max: 3,
    },
    {
      name: 'peoplePerHour',
      label: 'People who come to a stop, at a headway of 300 s',
      type: 'number',
      default: 48,
      min: 1,
      max: 200,
      unit: '1/h',
    },
    {
      name: 'hours',
      label: 'Length of the day, of which 1.5 h are not counted',
      type: 'number',
      default: 6,
      min: 2,
      max: 24,
      unit: 'h',
    },
    {
      name: 'policy',
      label: 'What the dispatch centre does',
      type: 'choice',
      default: 'timetable',
      choices: ['timetable', 'forward-headway'],
    },
  ],
  kpis: [
    { name: 'waitS', label: 'Wait of all riders', unit: 's', better: 'less' },
    { name: 'perceivedWaitS', label: 'Wait as it feels, all riders', unit: 's', better: 'less' },
    { name: 'userWaitS', label: 'Wait of users (without an app: of all)', unit: 's', better: 'less' },
    { name: 'userPerceivedWaitS', label: 'Wait as it feels to users', unit: 's', better: 'less' },
    { name: 'otherWaitS', label: 'Wait of the others', unit: 's', better: 'less' },
    { name: 'userLongWaitShare', label: 'Users who wait longer than a planned headway', unit: '', better: 'less' },
    { name: 'etaErrorS', label: 'Mean error of the arrival that a user relies on', unit: 's', better: 'less' },
  ],
  arms,
  live,
  checks,
  verdict,
};

const number = (settings: ExperimentSettings, name: string) => Number(settings[name]);
const words = (settings: ExperimentSettings, name: string) => settings[name] as readonly string[];

function looksByArm(settings: ExperimentSettings): Map<string, Look> {
  const looks = new Map([['none', NONE]]);
  for (const share of words(settings, 'appShare').map(Number)) {
    for (const errorShare of words(settings, 'errorShare').map(Number)) {
      for (const ageS of words(settings, 'feedAgeS').map(Number)) {
        looks.set(`app-${Math.round(100 * share)}-age-${ageS}-error-${Math.round(100 * errorShare)}`, {
          share,
          errorShare,
          ageS,
        });
      }
    }
  }
  return looks;
}

function arms(settings: ExperimentSettings): Arm[] {
  return [...looksByArm(settings)].map(([name, { share, errorShare, ageS }]) => ({
    name,
    label:
      share === 0
        ? 'no information'
        : `${Math.round(100 * share)} % look, ${ageS} s old${errorShare === 0 ? '' : `, ± ${Math.round(100 * errorShare)} %`}`,
  }));
}

function live(arm: string, seed: number, settings: ExperimentSettings) {
  const look = looksByArm(settings).get(arm);
  if (look === undefined) throw new Error(`no such arm of bus-information: ${arm}`);
  const holds = settings['policy'] === 'forward-headway';
  const feed = new RiderFeed(new BusDispatch({ policy: holds ? 'forward-headway' : 'timetable' }));
  const of = (name: string) => number(settings, name);
  const riders = new InformedRiders(
    {
      ...look,
      aheadShare: of('aheadShare'),
      walkS: of('walkS'),
      bufferS: of('bufferS'),
      headwayS: of('headwayS'),
      uninformedFactor: of('uninformedFactor'),
      legS: RUN_S + stopS(settings),
      warmUpS: WARM_UP_S,
    },
    feed,
    new Random(seed).fork('riders'),
  );
  runLine(specOf(settings, riders), seed, {
    observers: [riders],
    controllers: look.share > 0 || holds ? [feed] : [],
    recordEveryS: RECORD_EVERY_S,
  });
  return riders.kpis();
}

function specOf(settings: ExperimentSettings, riders: InformedRiders): LineSpec {
  const headwayS = number(settings, 'headwayS');
  const way = { segmentsM: Array<number>(STOPS - 1).fill(500) };
  // A longer headway is that of a quieter line: as many people for each bus.
  const demand = destinations((number(settings, 'peoplePerHour') * USUAL_HEADWAY_S) / headwayS);
  const cycleS = 2 * ((STOPS - 1) * RUN_S + STOPS * stopS(settings) + LAYOVER_S);
  return {
    line: '1',
    shape: 'out-and-back',
    ways: [way, way],
    running: { meanS: () => RUN_S, cv: 0.2, floorShare: 0.5, incidentProbability: 0.004, incidentS: [240, 240] },
    demand: {
      kind: 'journeys',
      perHour: [demand, demand],
      hourly: Array<number>(24).fill(1),
      informed: {
        share: 1,
        bufferS: number(settings, 'bufferS'),
        expected: (at, stop, nowS) => riders.expectedS(at, stop, nowS),
      },
    },
    timetable: { kind: 'even', headwayS },
    // A tenth more than by plan, for days with delays.
    buses: Math.ceil((1.1 * cycleS) / headwayS),
    capacity: 80,
    dwell: { fixedS: DWELL_S, emptyS: 2, boardingS: BOARDING_S, alightingS: 1.2, boardsWhileStanding: true },
    stopGapS: 5,
    terminalGapS: 10,
    layoverS: LAYOVER_S,
    durationS: 3600 * number(settings, 'hours'),
  };
}

/** People an hour, [from][to]. */
function destinations(perHour: number): number[][] {
  const pull = (stops: number) => (stops > 0 ? stops * Math.exp((-2 * stops) / RIDE_STOPS) : 0);
  return Array.from({ length: STOPS }, (_, from) => {
    const pulls = Array.from({ length: STOPS }, (__, to) => pull(to - from));
    const sum = pulls.reduce((total, one) => total + one, 0);
    return pulls.map((one) => (sum > 0 ? (perHour * one) / sum : 0));
  });
}

/** Mean stop of the plan, s. */
function stopS(settings: ExperimentSettings): number {
  return DWELL_S + (BOARDING_S * number(settings, 'peoplePerHour') * USUAL_HEADWAY_S) / 3600;
}

/** Published for a service such as the default one, with predictions of its own quality. */
function checks({ settings, shares }: Outcome): Check[] {
  const changed = busInformation.parameters.some(
    ({ name, type, default: usual }) => type !== 'list' && settings[name] !== usual,
  );
  if (changed) return [];
  return [...looksByArm(settings)]
    .filter(([, { share, errorShare }]) => share > 0 && errorShare === 0)
    .map(([arm, { share, ageS }]) => {
      const measured = shares[arm]!['userPerceivedWaitS']!.mean;
      return {
        id: 'B11',
        name: `perceived wait of users, ${Math.round(100 * share)} % look, ${ageS} s old`,
        target: '−24 %, Seattle',
        measured,
        tolerance: '−10…−30 %',
        ok: measured <= -0.1 && measured >= -0.3,
      };
    });
}

function verdict({ settings, arms: outcomes, shares }: Outcome): string {
  const looks = [...looksByArm(settings)].slice(1);
  const [first, last] = [looks[0]!, looks.at(-1)!];
  const percent = ([arm]: typeof first, kpi: string) => {
    const { mean, ci95 } = shares[arm]![kpi]!;
    const [low, high] = ci95.map((share) => (100 * share).toFixed(0));
    return `${(100 * mean).toFixed(0)} % (${low}…${high})`;
  };
  const told = (one: typeof first) => {
    const [arm, { share, ageS, errorShare }] = one;
    const { etaErrorS, userLongWaitShare } = outcomes[arm]!;
    const wrong = errorShare === 0 ? '' : ` and arrivals ${(100 * errorShare).toFixed(0)} % wrong`;
    return `${(100 * share).toFixed(0)} % of riders looking at positions ${ageS} s old${wrong}: users wait ${percent(one, 'userWaitS')} in fact, ${percent(one, 'userPerceivedWaitS')} as it feels, all riders ${percent(one, 'perceivedWaitS')} as it feels; arrivals are ${etaErrorS!.mean.toFixed(0)} s off, ${(100 * userLongWaitShare!.mean).toFixed(0)} % of users wait longer than a headway`;
  };
  const headway = `A bus every ${(number(settings, 'headwayS') / 60).toFixed(0)} min.`;
  return `${headway} ${told(first)}. ${first === last ? '' : `${told(last)}. `}Who looks only at the stop waits as long as before; it feels shorter.`;
}
