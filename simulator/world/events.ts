// What a scenario may do to the city as a whole, and whether a given event can happen in a given city. What an event does is decided where
// it is felt: sky, streets, grid, radio, people.
import { nearestChoice } from '../../telemetry/names.ts';
import type { City } from '../city.ts';
import { linksOn, placeProblem } from '../place.ts';
import type { Place, WorldEvent } from '../world.ts';
import { argsProblem } from './event-args.ts';
import type { ArgsSchema } from './event-args.ts';
import { WEATHER_PRESETS } from './imposed-weather.ts';

export interface WorldEventDescription {
  readonly label: string;
  readonly labels: { readonly zh: string };
  readonly where: 'none' | 'optional' | 'required';
  /** JSON Schema of type object. */
  readonly args: ArgsSchema;
}

const NO_ARGS: ArgsSchema = { type: 'object', properties: {}, additionalProperties: false };

export const WORLD_EVENTS: { readonly [event in WorldEvent['event']]: WorldEventDescription } = {
  weather: {
    label: 'Weather',
    labels: { zh: '天气' },
    where: 'none',
    args: {
      type: 'object',
      properties: {
        preset: {
          type: 'string',
          enum: Object.keys(WEATHER_PRESETS),
          description: 'Typical weather; the other arguments change it',
        },
        rainMmPerH: { type: 'number', minimum: 0, maximum: 150, description: 'Rain, mm/h' },
        cloud: { type: 'number', minimum: 0, maximum: 1, description: '0 clear, 1 overcast' },
        windMps: { type: 'number', minimum: 0, maximum: 60, description: 'Mean wind at street level, m/s' },
        tempShiftK: { type: 'number', minimum: -30, maximum: 30, description: 'Warmer or colder than it would be, K' },
        visibilityM: { type: 'number', minimum: 10, maximum: 50_000, description: 'Visibility, m' },
        rampS: {
          type: 'number',
          minimum: 0,
          maximum: 604_800,
          description: 'Time to come and to go, s, at most half the duration each',
        },
      },
      additionalProperties: false,
    },
  },
  'road-closed': { label: 'Road closed', labels: { zh: '道路封闭' }, where: 'required', args: NO_ARGS },
  'power-cut': { label: 'Power cut', labels: { zh: '停电' }, where: 'optional', args: NO_ARGS },
  'network-outage': {
    label: 'Network outage',
    labels: { zh: '网络中断' },
    where: 'optional',
    args: {
      type: 'object',
      properties: {
        kinds: {
          type: 'array',
          items: { type: 'string' },
          minItems: 1,
          description: 'Kinds of device that lose their network; absent: all',
        },
      },
      additionalProperties: false,
    },
  },
  'control-outage': {
    label: 'Control centre cut off',
    labels: { zh: '控制中心失联' },
    where: 'none',
    args: NO_ARGS,
  },
  crowd: {
    label: 'Crowd',
    labels: { zh: '人群聚集' },
    where: 'required',
    args: {
      type: 'object',
      properties: { people: { type: 'integer', minimum: 100, maximum: 200_000, description: 'People in the circle' } },
      required: ['people'],
      additionalProperties: false,
    },
  },
  'day-type': {
    label: 'Day type',
    labels: { zh: '日期类型' },
    where: 'none',
    args: {
      type: 'object',
      properties: {
        dayType: { type: 'string', enum: ['workday', 'weekend', 'holiday'], description: 'What the day becomes' },
      },
      required: ['dayType'],
      additionalProperties: false,
    },
  },
};

/** Why this event cannot happen in this city, or undefined when it can. */
export function worldEventProblem(
  city: City,
  event: string,
  where: Place | undefined,
  args: { readonly [name: string]: unknown },
): string | undefined {
  if (!Object.hasOwn(WORLD_EVENTS, event)) {
    const known = Object.keys(WORLD_EVENTS);
    const close = nearestChoice(event, known);
    return `unknown event ${JSON.stringify(event)}, ${close === undefined ? `expected one of ${known.join(', ')}` : `did you mean ${close}?`}`;
  }
  const description = WORLD_EVENTS[event as WorldEvent['event']];
  const problem =
    whereProblem(city, event, description.where, where) ??
    argsProblem(description.args, args) ??
    (event === 'weather' ? sameWeather(description, args) : undefined);
  return problem === undefined ? undefined : `${event}: ${problem}`;
}

/** A change that changes nothing was meant otherwise. */
function sameWeather(
  { args: { properties } }: WorldEventDescription,
  args: { readonly [name: string]: unknown },
): string | undefined {
  const changes = Object.keys(properties).filter((name) => name !== 'rampS');
  return changes.some((name) => args[name] !== undefined) ? undefined : `one of ${changes.join(', ')} is missing`;
}

function whereProblem(
  city: City,
  event: string,
  wanted: WorldEventDescription['where'],
  where: Place | undefined,
): string | undefined {
  if (where === undefined) return wanted === 'required' ? 'where is missing' : undefined;
  if (wanted === 'none') return 'happens to the whole city, where must be absent';
  const problem = placeProblem(city, where);
  if (problem !== undefined) return problem;
  if (event === 'crowd' && !('radiusM' in where)) return 'where must be a circle: lat, lon, radiusM';
  if (event !== 'road-closed') return undefined;
  if ('district' in where) return 'where must be a street or a circle';
  return linksOn(city, where).length === 0 ? 'no street has its middle in this circle' : undefined;
}
