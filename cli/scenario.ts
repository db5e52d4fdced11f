// Finds the scenario that a command names, and works out which devices it has and when it begins: a run on its date, a live city now.
import type { City } from '../simulator/city.ts';
import { civilOffsetMin } from '../simulator/clock.ts';
import { durationMs } from '../simulator/duration.ts';
import { deviceIndex } from '../simulator/devices.ts';
import type { Model } from '../simulator/fleet.ts';
import { hashText } from '../simulator/random.ts';
import type { Scenario } from '../simulator/scenario.ts';
import { loadScenario } from '../simulator/scenario/load.ts';
import { ScenarioError } from '../simulator/scenario/problems.ts';
import { MAX_DEVICES } from '../simulator/scenario/schema.ts';
import { calendarOf, weekdayCalendarOf } from '../simulator/world/calendar.ts';
import { progressFile, unfinishedBackfill } from './backfill-progress.ts';
import { cityOf, isImported } from './city.ts';
import { UsageError } from './options.ts';
import type { Settings } from './options.ts';
import type { StartMessage } from './simulator-worker.ts';
import { demoFleets } from './wiring.ts';

const DAY_MS = 86_400_000;

/** The city without a story: no timeline, no end. */
const DEMO: Omit<Scenario, 'city'> = {
  name: 'demo',
  seed: 1,
  startCivilMs: 0,
  durationMs: Infinity,
  truth: false,
  control: true,
  quality: 'ideal',
  timeline: [],
  expect: [],
  hash: '0000000000000000',
};

/** Kinds that need more of a city than a feed tells. */
const UNKNOWN_TO_FEEDS: { readonly [kind: string]: string } = {
  'parking-spot': 'where one can park',
  vehicle: 'where cars drive',
};

/** nameOrFile: a shipped scenario or a file; seed: for a file that makes one of it. @throws UsageError that shows what is wrong with it */
export async function scenarioNamed(
  nameOrFile: string,
  city: City,
  models: ReadonlyMap<string, Model>,
  seed: number | undefined,
): Promise<Scenario> {
  try {
    return await loadScenario(nameOrFile, { city, models, ...(seed === undefined ? {} : { seed }) });
  } catch (error) {
    if (error instanceof ScenarioError) throw new UsageError(error.message);
    throw error;
  }
}

/**
 * Devices by kind: the scenario's, else the demo city's, times the scale; at least one of each. @throws UsageError when the scale makes too
 * many, or leaves out one that the scenario names
 */
export function fleetsOf(
  scenario: Scenario,
  models: ReadonlyMap<string, Model>,
  scale: number,
  city: City,
): { [kind: string]: number } {
  const counts = Object.entries(scenario.fleets ?? {}).filter(([, count]) => count > 0);
  const fleets =
    scenario.fleets === undefined
      ? demoFleets(models, scale, city)
      : Object.fromEntries(counts.map(([kind, count]) => [kind, Math.max(1, Math.round(count * scale))]));
  for (const [kind, missing] of Object.entries(UNKNOWN_TO_FEEDS)) {
    if (kind in fleets && isImported(city))
      throw new UsageError(
        `the city of --gtfs has no ${kind}: a feed does not say ${missing}; leave it out of the scenario's fleets`,
      );
  }
  const total = Object.values(fleets).reduce((sum, count) => sum + count, 0);
  if (total > MAX_DEVICES) throw new UsageError(`--scale ${scale} makes ${total} devices, at most ${MAX_DEVICES}`);
  for (const { id, target } of scenario.timeline) {
    const missing = target?.devices?.find((device) => deviceIndex(target.kind, device)! >= fleets[target.kind]!);
    if (missing !== undefined)
      throw new UsageError(`--scale ${scale} leaves ${missing} out, but ${id} of the timeline names it`);
  }
  return fleets;
}

/** The fixed start of a run, ms since 1970. */
export function startOfRun(scenario: Scenario, city: City): number {
  return scenario.startCivilMs - city.utcOffsetMin * 60_000;
}

export type LiveStart = Pick<
  StartMessage,
  'scenario' | 'fleets' | 'seed' | 'startMs' | 'utcOffsetMin' | 'speed' | 'backfillFile'
>;

/**
 * Reads and checks everything that can be wrong, and gives a function that says how a live city starts: nowMs is a whole second,
 * newestMs what the store holds already. @throws UsageError
 */
export async function liveStart(
  settings: Settings,
  name: string | undefined,
  models: ReadonlyMap<string, Model>,
): Promise<(when: { readonly nowMs: number; readonly newestMs?: number | undefined }) => LiveStart> {
  const city = await cityOf(settings);
  const named =
    name === undefined ? undefined : onItsKindOfDay(await scenarioNamed(name, city, models, settings.seed), city);
  const scenario = named ?? demoOf(city);
  const fleets = fleetsOf(scenario, models, settings.scale, city);
  const seed = settings.seed ?? scenario.seed;
  const backfillFile = progressFile(settings.data);
  const unfinished = unfinishedBackfill(backfillFile, { scenario, fleets, seed });
  // Under a live city the start of a scenario is a time of day and a kind of day.
  const start = settings.start ?? (named === undefined ? 'demo' : timeOfDay(named.startCivilMs));
  const speed = settings.speed ?? scenario.speed ?? 1;
  return ({ nowMs, newestMs }) => {
    const freeMs = newestMs === undefined ? -Infinity : (Math.floor(newestMs / 1000) + 1) * 1000;
    const common = { scenario, fleets, seed, speed };
    if (unfinished !== undefined) {
      return { ...common, startMs: unfinished.fromMs, utcOffsetMin: unfinished.utcOffsetMin, backfillFile };
    }
    if (settings.backfill === undefined) {
      const startMs = Math.max(nowMs, freeMs);
      return { ...common, startMs, utcOffsetMin: civilOffsetMin(start, startMs, city.utcOffsetMin) };
    }
    const utcOffsetMin = civilOffsetMin(start, nowMs, city.utcOffsetMin);
    const fromMs = nowMs - Math.floor(durationMs(settings.backfill)! / 1000) * 1000;
    return { ...common, startMs: Math.max(fromMs, freeMs), utcOffsetMin, backfillFile };
  };
}

/** Of an imported city it has a hash of its own: its past is not that of another. */
function demoOf({ id, lines }: City): Scenario {
  const trips = lines.flatMap(({ trips: ofLine }) => (ofLine ?? []).map((trip) => trip.id));
  const scenario = { ...DEMO, city: id };
  return trips.length === 0 ? scenario : { ...scenario, hash: hashText(trips.join()).toString(16).padStart(16, '0') };
}

/** What the date of its start is, every day of a live city is, whatever today is. */
function onItsKindOfDay(scenario: Scenario, { calendar }: City): Scenario {
  const dayTypeOf = calendar === 'weekdays' ? weekdayCalendarOf : calendarOf;
  const { dayType = dayTypeOf(Math.floor(scenario.startCivilMs / DAY_MS)).dayType } = scenario;
  return { ...scenario, dayType };
}

function timeOfDay(civilMs: number): string {
  const minutes = Math.floor((((civilMs % DAY_MS) + DAY_MS) % DAY_MS) / 60_000);
  const two = (value: number) => String(value).padStart(2, '0');
  return `${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}
