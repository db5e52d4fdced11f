// Tiny experiments with answers that are known: what the framework is tested with.
import { threadId } from 'node:worker_threads';
import type { Experiment, Kpi } from '../../experiments/experiment.ts';
import { Random } from '../../simulator/random.ts';

const WAIT: Kpi = { name: 'waitS', label: 'Waiting time', unit: 's', better: 'less' };
const RIDERS: Kpi = { name: 'riders', label: 'Riders <per day>', unit: '', better: 'more' };
const QUEUE: Kpi = { name: 'queueM', label: 'Queue', unit: 'm', better: 'neither' };

/** Each policy takes its place in the list off the wait, and a bit of noise; every fifth seed has no queue at all. */
const shelter: Experiment = {
  name: 'shelter',
  title: 'Does a shelter shorten the wait?',
  claim: 'A roof "halves" the wait & more <b>people</b> come (City Hall, 2020).',
  sources: ['Nobody, On roofs, 1999, p. 3'],
  seeds: 10,
  parameters: [
    { name: 'waitS', label: 'mean wait without a roof', type: 'number', default: 300, min: 60, max: 900, unit: 's' },
    { name: 'stops', label: 'stops of the line', type: 'number', default: 12, min: 2, max: 40, whole: true },
    { name: 'season', label: 'when', type: 'choice', default: 'winter', choices: ['winter', 'summer'] },
    {
      name: 'policy',
      label: 'what is built',
      type: 'list',
      default: ['none', 'roof'],
      choices: ['none', 'roof', 'heated-roof'],
    },
  ],
  kpis: [WAIT, RIDERS, QUEUE],
  arms: ({ policy }) => (policy as readonly string[]).map((name) => ({ name, label: name.replace('-', ' ') })),
  live(arm, seed, { waitS, stops }) {
    const random = new Random(seed);
    const effect = ['none', 'roof', 'heated-roof'].indexOf(arm);
    const day = random.normal(0, 1, 0);
    return {
      waitS: Number(waitS) + 30 * day - 40 * effect + random.normal(effect, 2, 0),
      riders: Number(stops) * (1000 + 50 * day + 10 * random.normal(effect, 3, 0)),
      queueM: seed % 5 === 0 ? NaN : 10 + day,
    };
  },
  checks: ({ arms, differences }) => [
    {
      id: 'S1',
      name: 'wait without a roof',
      target: '300 s',
      measured: arms.none?.waitS?.mean ?? NaN,
      tolerance: '±60 s',
      ok: Math.abs((arms.none?.waitS?.mean ?? NaN) - 300) <= 60,
    },
    {
      id: 'S2',
      name: 'a roof halves the wait',
      target: '−150 s',
      measured: differences.roof?.waitS?.mean ?? NaN,
      tolerance: '±10 s',
      ok: false,
    },
  ],
  verdict: ({ differences }) =>
    Object.entries(differences)
      .map(([arm, { waitS }]) => `A ${arm} changes the wait by ${waitS!.mean.toFixed(1)} s.`)
      .join(' '),
};

/** Which thread lived it, in lives that take their time. */
const threads: Experiment = {
  ...shelter,
  name: 'threads',
  parameters: [],
  kpis: [QUEUE],
  arms: () => [{ name: 'only', label: 'only' }],
  live() {
    const untilMs = performance.now() + 10;
    while (performance.now() < untilMs);
    return { queueM: threadId };
  },
};

const failing: Experiment = {
  ...shelter,
  name: 'failing',
  live(arm, seed, settings) {
    if (arm === 'roof' && seed === 3) throw new Error('the roof leaks');
    return shelter.live(arm, seed, settings);
  },
};

const forgetful: Experiment = { ...shelter, name: 'forgetful', live: () => ({ waitS: 1, riders: 1 }) };

export const EXPERIMENTS: readonly Experiment[] = [shelter, threads, failing, forgetful];

export function fake(name: 'shelter' | 'threads' | 'failing' | 'forgetful'): Experiment {
  return EXPERIMENTS.find((experiment) => experiment.name === name)!;
}

export const FAKE_CATALOG = new URL('./fake-experiments.ts', import.meta.url).href;
