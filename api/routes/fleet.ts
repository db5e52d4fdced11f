// Questions to a whole fleet: one route each, made from its definition. What they mean and how they are answered is in ../fleet.
import type { FastifyInstance } from 'fastify';
import { Type } from 'typebox';
import type { Static } from 'typebox';
import { openFleet } from '../fleet/fleet.ts';
import { QUESTIONS } from '../fleet/questions.ts';
import type { Question } from '../fleet/questions.ts';
import { DAY_MS, midnightBefore } from '../fleet/windows.ts';
import { kindNamed, parseTime } from '../parameters.ts';
import type { Parts } from '../parts.ts';
import { newestOf, rangeOf } from './history.ts';
import { KIND, TIME, answers, limitOf } from './schemas.ts';

const COMMON = {
  kind: KIND,
  from: Type.Optional(TIME),
  to: Type.Optional(TIME),
  groupBy: Type.Optional(
    Type.String({
      description: 'A text field: its newest value in the range is the group of the device',
      maxLength: 64,
    }),
  ),
  group: Type.Optional(Type.String({ description: 'Only devices of this group', maxLength: 200 })),
  limit: limitOf(1000, 100_000),
};
type Common = Static<ReturnType<typeof Type.Object<typeof COMMON>>>;

/** Paths of the questions. */
export const FLEET_PATHS: readonly string[] = QUESTIONS.map(({ name }) => `/api/fleet/${name}`);

export function fleetRoutes(app: FastifyInstance, parts: Parts): void {
  for (const [at, question] of QUESTIONS.entries()) {
    const { summary, parameters, item } = question;
    const schema = {
      tags: ['fleet'],
      summary,
      querystring: Type.Object({ ...COMMON, ...parameters }, { additionalProperties: false }),
      response: answers({
        200: Type.Object({
          from: Type.Integer({ description: 'ms since 1970; the range is [from, to)' }),
          to: Type.Integer(),
          total: Type.Integer({ description: 'How many items there are; the first `limit` are here' }),
          items: Type.Array(Type.Object(item)),
        }),
      }),
    };
    app.get<{ Querystring: Common }>(FLEET_PATHS[at]!, { schema }, ({ query }) => answerOf(question, query, parts));
  }
}

async function answerOf(question: Question, query: Common, parts: Parts) {
  const { groupBy, group, limit } = query;
  const { store, kinds, clock } = parts;
  const { utcOffsetMin } = clock;
  const kind = kindNamed(kinds, query.kind, 400);
  const newest = newestOf(kind, parts);
  const lastMs = query.to === undefined ? newest : parseTime('to', query.to) - 1;
  const weekMs = lastMs + 1 - midnightBefore(lastMs, utcOffsetMin) + 6 * DAY_MS;
  const range = rangeOf(query, newest, question.spanMs === 'week' ? weekMs : question.spanMs);
  const fleet = await openFleet(store, kind, { ...range, utcOffsetMin, groupBy, group });
  const items = await question.answer(fleet, query as never);
  return { from: range.fromMs, to: range.toMs, total: items.length, items: items.slice(0, limit) };
}
