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
