// Pieces of schemas that several routes share. They check requests and describe answers in the OpenAPI document.
import { Type } from 'typebox';

export const PROBLEM = Type.Object(
  {
    type: Type.String(),
    title: Type.String(),
    status: Type.Integer(),
    detail: Type.String(),
    value: Type.Optional(Type.Unknown({ description: 'The bad value' })),
    expected: Type.Optional(Type.String()),
    nearest: Type.Optional(Type.String({ description: 'The nearest valid choice' })),
  },
  { description: 'RFC 9457 problem document' },
);

export const VALUE = Type.Union([Type.Number(), Type.Boolean(), Type.String()]);
export const TIME = Type.String({ description: 'ISO 8601 or ms since 1970', examples: ['2026-05-01T08:00:00Z'] });
export const KIND = Type.String({ maxLength: 64, examples: ['bus'] });
export const DEVICE = Type.String({ maxLength: 64, examples: ['bus-0007'] });
export const DEVICE_PARAMS = Type.Object({ kind: KIND, device: DEVICE });

export function limitOf(normal: number, most: number) {
  return Type.Integer({ minimum: 1, maximum: most, default: normal });
}

/** Long enough for an alarm's id. */
export const CURSOR = Type.String({ description: '`next` of the page before', maxLength: 300 });

/** Answers of a route: the good ones, and a problem document for all others. */
export function answers(good: { [status: number]: object }): object {
  return { ...good, '4xx': PROBLEM, '5xx': PROBLEM };
}

const LABELS = Type.Optional(Type.Record(Type.String(), Type.String(), { description: 'By language' }));
const MEASURED = Type.Union([Type.Number(), Type.Null()]);
const NAME = Type.String({ maxLength: 64 });
const pairOf = (description: string) => Type.Array(Type.Number(), { minItems: 2, maxItems: 2, description });

export const LINE_PARAMS = Type.Object({ line: Type.String({ maxLength: 64, examples: ['608'] }) });
export const STOP_PARAMS = Type.Object({ stop: NAME });
export const FORMAT = Type.Enum(['protobuf', 'json'], { description: 'json is for people' });

export function minutesOf(normal: number, most: number) {
  return Type.Integer({ minimum: 1, maximum: most, default: normal, description: 'Of city time' });
}

/** Quality of the last 30 minutes of city time; null where nothing was measured. */
export const LINE_LIST = Type.Object({
  items: Type.Array(
    Type.Object({
      line: NAME,
      label: Type.String(),
      labels: LABELS,
      color: Type.String({ examples: ['#1b6ac9'] }),
      buses: Type.Integer({ description: 'Heard in the last 90 s, not in a depot or at a charger' }),
      headwayCv: MEASURED,
      excessWaitS: MEASURED,
      bunchedShare: MEASURED,
      meanDelayS: MEASURED,
      targetHeadwayS: MEASURED,
    }),
  ),
});

export const LINE_DETAIL = Type.Object({
  line: NAME,
  label: Type.String(),
  labels: LABELS,
  color: Type.String(),
  utcOffsetMin: Type.Integer(),
  stops: Type.Array(
    Type.Object({ id: NAME, label: Type.String(), labels: LABELS, lat: Type.Number(), lon: Type.Number() }),
  ),
  patterns: Type.Array(
    Type.Object({
      direction: Type.Enum(['out', 'back']),
      headsign: Type.String(),
      shape: Type.Array(pairOf('lat, lon')),
      stops: Type.Array(Type.Object({ stop: Type.Integer(), alongM: Type.Number() })),
    }),
  ),
  plans: Type.Array(Type.Array(Type.Number())),
  services: Type.Array(Type.Object({ id: NAME, dates: Type.Array(Type.String()), tripCount: Type.Integer() })),
  loads: Type.Array(
    Type.Object({
      direction: Type.String(),
      stop: NAME,
      departures: Type.Integer(),
      meanLoad: MEASURED,
      boarded: Type.Number(),
      alighted: Type.Number(),
      denied: Type.Number({ description: 'Left behind by full buses' }),
    }),
    { description: 'Of the last hour of city time' },
  ),
});

export const PASSAGES = Type.Object({
  items: Type.Array(
    Type.Object({
      bus: NAME,
      trip: NAME,
      direction: Type.Enum(['out', 'back']),
      points: Type.Array(pairOf('ms since 1970, metres along its way')),
    }),
  ),
});

export const STOP_LIST = Type.Object({
  items: Type.Array(
    Type.Object({
      stop: NAME,
      label: Type.String(),
      labels: LABELS,
      lat: Type.Number(),
      lon: Type.Number(),
      lines: Type.Array(NAME),
    }),
  ),
});

export const ARRIVALS = Type.Object({
  stop: NAME,
  label: Type.String(),
  labels: LABELS,
  items: Type.Array(
    Type.Object({
      line: NAME,
      headsign: Type.String(),
      bus: Type.Optional(NAME),
      trip: NAME,
      expectedMs: Type.Integer(),
      scheduledMs: Type.Integer(),
      uncertaintyS: Type.Optional(Type.Number({ description: 'Standard deviation' })),
      source: Type.Enum(['predicted', 'scheduled'], {
        description: 'scheduled: by the timetable and, where there is a bus, its delay',
      }),
    }),
  ),
});

export const EXPERIMENTS = Type.Object({
  items: Type.Array(Type.Object({ name: Type.String(), arms: Type.Array(Type.Unknown()) })),
});

/** An answer that is no JSON. */
export function binary(type: string, description: string): object {
  return { description, content: { [type]: { schema: Type.Unknown() } } };
}
