// Whether a timetable from outside is one that everybody behind can rely on: what is wrong with it, the value last. Sizes are never
// trusted: lists, texts and the stop times that they multiply to are bounded.
import { DEVICE_PATTERN, isObject, show } from '../../telemetry/description.ts';

/** Farther from UTC than this no clock may be, minutes: a demo shifts its civil day by whole hours. */
const MAX_UTC_OFFSET_MIN = 24 * 60;
const MAX_STOPS = 1000;
const MAX_PATTERNS = 200;
const MAX_SHAPE_POINTS = 5000;
const MAX_PLANS = 20_000;
const MAX_SERVICES = 50;
const MAX_DATES = 800;
const MAX_TRIPS = 20_000;
/** Trips times their stops: what a line makes of rows in `stop_times.txt`. */
export const MAX_STOP_TIMES = 1_000_000;
const MAX_LABEL_LENGTH = 200;
/** A trip starts within three days of its date and is over two days later, s. */
const MAX_START_S = 3 * 86_400;
const MAX_PLAN_S = 2 * 86_400;

type Fields = { readonly [key: string]: unknown };

/** line: the one that the topic names. @returns why not, undefined for a good timetable */
export function timetableProblem(value: Fields, line: string): string | undefined {
  const { stops, patterns, plans, services } = value;
  return (
    headProblem(value, line) ??
    listProblem('stops', stops, MAX_STOPS, stopProblem) ??
    sameTwice('stops', stops as Fields[]) ??
    listProblem('patterns', patterns, MAX_PATTERNS, (pattern) =>
      patternProblem(pattern, (stops as unknown[]).length),
    ) ??
    listProblem('plans', plans, MAX_PLANS, planProblem) ??
    listProblem('services', services, MAX_SERVICES, serviceProblem) ??
    sameTwice('services', services as Fields[]) ??
    tripsProblem(services as Fields[], patterns as Fields[], plans as number[][])
  );
}

function headProblem({ line, label, labels, color, utcOffsetMin }: Fields, named: string): string | undefined {
  if (line !== named) return `line must be ${show(named)} as in the topic, got ${show(line)}`;
  if (typeof color !== 'string' || !/^#[0-9a-fA-F]{6}$/.test(color)) return `color must be #rrggbb, got ${show(color)}`;
  if (!Number.isInteger(utcOffsetMin) || Math.abs(utcOffsetMin as number) > MAX_UTC_OFFSET_MIN)
    return `utcOffsetMin must be an integer in ±${MAX_UTC_OFFSET_MIN}, got ${show(utcOffsetMin)}`;
  return textProblem('label', label) ?? labelsProblem(labels);
}

function stopProblem(stop: unknown): string | undefined {
  if (!isObject(stop)) return ` must be an object, got ${show(stop)}`;
  const { id, label, labels, lat, lon } = stop;
  if (!isName(id)) return `.id must be a name like a device's, got ${show(id)}`;
  if (!isIn(lat, -90, 90)) return `.lat must be in ±90, got ${show(lat)}`;
  if (!isIn(lon, -180, 180)) return `.lon must be in ±180, got ${show(lon)}`;
  return dotted(textProblem('label', label) ?? labelsProblem(labels));
}

function patternProblem(pattern: unknown, stopCount: number): string | undefined {
  if (!isObject(pattern)) return ` must be an object, got ${show(pattern)}`;
  const { direction, headsign, shape, stops } = pattern;
  if (direction !== 'out' && direction !== 'back') return `.direction must be out or back, got ${show(direction)}`;
  let lastM = 0;
  const calls = (call: unknown) => {
    if (!isObject(call)) return ` must be an object, got ${show(call)}`;
    const { stop, alongM } = call;
    if (!Number.isInteger(stop) || !isIn(stop, 0, stopCount - 1))
      return `.stop must be an index into the ${stopCount} stops, got ${show(stop)}`;
    if (!isIn(alongM, 0, 1e7) || (alongM as number) < lastM)
      return `.alongM must be metres from 0 on, none less than the one before, got ${show(alongM)}`;
    lastM = alongM as number;
    return undefined;
  };
  return dotted(
    textProblem('headsign', headsign) ??
      listProblem('shape', shape, MAX_SHAPE_POINTS, pointProblem, 2) ??
      listProblem('stops', stops, MAX_STOPS, calls, 2),
  );
}

function pointProblem(point: unknown): string | undefined {
  const good = Array.isArray(point) && point.length === 2 && isIn(point[0], -90, 90) && isIn(point[1], -180, 180);
  return good ? undefined : ` must be [lat, lon], got ${show(point)}`;
}

function planProblem(plan: unknown): string | undefined {
  if (!Array.isArray(plan) || plan.length < 2 || plan.length > MAX_STOPS)
    return ` must be 2…${MAX_STOPS} numbers, got ${show(plan)}`;
  if (plan[0] !== 0) return `[0] must be 0, got ${show(plan[0])}`;
  const bad = plan.findIndex((s, at) => !isIn(s, at === 0 ? 0 : (plan[at - 1] as number), MAX_PLAN_S));
  return bad === -1 ? undefined : `[${bad}] must be seconds, none less than the one before, got ${show(plan[bad])}`;
}

function serviceProblem(service: unknown): string | undefined {
  if (!isObject(service)) return ` must be an object, got ${show(service)}`;
  const { id, dates, trips } = service;
  if (!isName(id)) return `.id must be a name like a device's, got ${show(id)}`;
  const isDate = (date: unknown) => (isCivilDate(date) ? undefined : ` must be a date YYYY-MM-DD, got ${show(date)}`);
  return dotted(listProblem('dates', dates, MAX_DATES, isDate) ?? listProblem('trips', trips, MAX_TRIPS, tripProblem));
}

function tripProblem(trip: unknown): string | undefined {
  if (!isObject(trip)) return ` must be an object, got ${show(trip)}`;
  if (!isName(trip.id)) return `.id must be a name like a device's, got ${show(trip.id)}`;
  if (!isIn(trip.startS, 0, MAX_START_S)) return `.startS must be in 0…${MAX_START_S}, got ${show(trip.startS)}`;
  return undefined;
}

/** That trips point to patterns and plans that fit each other, that none has two meanings, and that they are not too many. */
function tripsProblem(services: readonly Fields[], patterns: readonly Fields[], plans: readonly number[][]) {
  const known = new Map<unknown, { readonly at: number; readonly meaning: string }>();
  let stopTimes = 0;
  for (const [at, service] of services.entries()) {
    for (const [index, { id, pattern, plan, startS }] of (service.trips as Fields[]).entries()) {
      const path = `services[${at}].trips[${index}]`;
      const calls = (patterns[pattern as number]?.stops as unknown[] | undefined)?.length;
      const times = plans[plan as number]?.length;
      if (calls === undefined) return `${path}.pattern must be an index into the patterns, got ${show(pattern)}`;
      if (times === undefined) return `${path}.plan must be an index into the plans, got ${show(plan)}`;
      if (times !== calls) return `${path}.plan must have a time for each of ${calls} stops, got ${times}`;
      const meaning = `${String(pattern)} ${String(plan)} ${String(startS)}`;
      const before = known.get(id);
      if (before && (before.at === at || before.meaning !== meaning))
        return `${path}.id must be there once a service and always mean the same, got ${show(id)} again`;
      known.set(id, { at, meaning });
      stopTimes += calls;
    }
  }
  return stopTimes > MAX_STOP_TIMES ? `trips may have ${MAX_STOP_TIMES} stop times, got ${stopTimes}` : undefined;
}

function listProblem(
  name: string,
  list: unknown,
  most: number,
  problemOf: (entry: unknown) => string | undefined,
  least = 0,
): string | undefined {
  if (!Array.isArray(list)) return `${name} must be an array, got ${show(list)}`;
  if (list.length < least || list.length > most)
    return `${name} must have ${least}…${most} entries, got ${list.length}`;
  for (const [index, entry] of (list as unknown[]).entries()) {
    const problem = problemOf(entry);
    if (problem !== undefined) return `${name}[${index}]${problem}`;
  }
  return undefined;
}

function sameTwice(name: string, list: readonly Fields[]): string | undefined {
  const ids = new Set<unknown>();
  const twice = list.find(({ id }) => ids.size === ids.add(id).size);
  return twice && `${name}: each id must be there once, got ${show(twice.id)} again`;
}

function textProblem(name: string, text: unknown): string | undefined {
  if (typeof text === 'string' && text !== '' && text.length <= MAX_LABEL_LENGTH) return undefined;
  return `${name} must be a text of 1…${MAX_LABEL_LENGTH} characters, got ${show(text)}`;
}

function labelsProblem(labels: unknown): string | undefined {
  if (labels === undefined) return undefined;
  if (!isObject(labels) || Object.keys(labels).length > 20) return `labels must be up to 20 texts, got ${show(labels)}`;
  for (const [language, text] of Object.entries(labels)) {
    if (!/^[a-zA-Z-]{2,20}$/.test(language)) return `labels must be by language, like zh, got ${show(language)}`;
    const problem = textProblem(`labels.${language}`, text);
    if (problem !== undefined) return problem;
  }
  return undefined;
}

function dotted(problem: string | undefined): string | undefined {
  return problem === undefined ? undefined : `.${problem}`;
}

function isName(name: unknown): boolean {
  return typeof name === 'string' && DEVICE_PATTERN.test(name);
}

function isIn(value: unknown, min: number, max: number): boolean {
  return typeof value === 'number' && value >= min && value <= max;
}

function isCivilDate(date: unknown): boolean {
  if (typeof date !== 'string' || !/^(19|20)\d\d-\d\d-\d\d$/.test(date)) return false;
  const ms = Date.parse(`${date}T00:00:00Z`);
  return !Number.isNaN(ms) && new Date(ms).toISOString().startsWith(date);
}
