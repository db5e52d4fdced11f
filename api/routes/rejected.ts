// What was refused: pages of it, all of it as NDJSON, and another try after a fix.
import { Readable } from 'node:stream';
import type { FastifyInstance } from 'fastify';
import { Type } from 'typebox';
import type { Static } from 'typebox';
import type { Parts } from '../parts.ts';
import { Problem, badCursor } from '../problems.ts';
import type { Quarantine, Quarantined } from '../quarantine.ts';
import { shown } from '../rejected.ts';
import type { Rejected, RejectedItem } from '../rejected.ts';
import { CURSOR, answers, limitOf } from './schemas.ts';

const CAUSE = Type.Optional(Type.String({ maxLength: 64 }));
const REJECTED_QUERY = Type.Object(
  {
    limit: limitOf(100, 10_000),
    cause: CAUSE,
    cursor: Type.Optional(CURSOR),
  },
  { additionalProperties: false },
);
const EXPORT_QUERY = Type.Object({ cause: CAUSE }, { additionalProperties: false });
const REPLAYED = Type.Object({ replayed: Type.Integer() });

export function rejectedRoutes(app: FastifyInstance, parts: Parts): void {
  const { rejected } = parts;
  app.get<{ Querystring: Static<typeof REJECTED_QUERY> }>(
    '/api/rejected',
    {
      schema: {
        tags: ['system'],
        summary: 'Messages refused, newest first; an admin sees the first KB of each payload, and the detail',
        querystring: REJECTED_QUERY,
      },
    },
    ({ query: { limit, cause, cursor }, role }) => {
      const { items, next } = rejectedPage(rejected, limit, cause, cursor);
      return {
        total: rejected.total,
        byCause: rejected.byCause(),
        givenUp: rejected.givenUp,
        items: role === 'admin' ? items : items.map(withoutContent),
        next,
      };
    },
  );
  app.get<{ Querystring: Static<typeof EXPORT_QUERY> }>(
    '/api/rejected/export',
    {
      schema: {
        tags: ['system'],
        summary: 'All refused messages with whole payloads, NDJSON',
        querystring: EXPORT_QUERY,
      },
    },
    ({ query: { cause } }, reply) => reply.type('application/x-ndjson').send(Readable.from(lines(kept(parts), cause))),
  );
  app.post<{ Body: Static<typeof EXPORT_QUERY> | null }>(
    '/api/rejected/replay',
    {
      schema: {
        tags: ['system'],
        summary: 'Takes refused messages again, after a fix; what is refused once more is kept anew',
        body: Type.Union([EXPORT_QUERY, Type.Null()]),
        response: answers({ 200: REPLAYED }),
      },
    },
    async ({ body }) => {
      const quarantine = kept(parts);
      if (quarantine.isReplaying) throw new Problem(409, 'refused messages are being taken again already, wait for it');
      return { replayed: await quarantine.replay(parts.take, body?.cause) };
    },
  );
}

/** The detail quotes the payload. */
function withoutContent({ cause, topic, kind, device, at }: RejectedItem): object {
  return { cause, topic, kind, device, at };
}

function kept({ quarantine }: Parts): Quarantine {
  if (quarantine) return quarantine;
  throw new Problem(
    409,
    'refused messages are kept on disk only with a store on disk, expected --store other than memory',
  );
}

async function* lines(quarantine: Quarantine, cause: string | undefined): AsyncGenerator<string> {
  for await (const item of quarantine.items())
    if (cause === undefined || item.cause === cause) yield `${lineOf(item)}\n`;
}

function lineOf({ payload, ...item }: Quarantined): string {
  return JSON.stringify({ ...item, ...shown(payload, payload.byteLength) });
}

/** A cursor is the running number of the last item of a page; the newest item has the number `listed`. */
function rejectedPage(rejected: Rejected, limit: number, cause?: string, cursor?: string) {
  const { listed } = rejected;
  const before = cursor === undefined ? listed + 1 : rejectedNumber(cursor, listed);
  const passed = listed + 1 - before;
  const numbered = rejected
    .newest(cause === undefined ? passed + limit + 1 : Infinity)
    .map((item, at) => ({ item, number: listed - at }))
    .slice(passed)
    .filter(({ item }) => cause === undefined || item.cause === cause);
  const page = numbered.slice(0, limit);
  return {
    items: page.map(({ item }) => item),
    next: numbered.length > limit ? String(page.at(-1)!.number) : null,
  };
}

/** A number that was not reached yet is of an earlier run. */
function rejectedNumber(cursor: string, listed: number): number {
  const number = /^\d{1,15}$/.test(cursor) ? Number(cursor) : 0;
  if (number < 1 || number > listed) throw badCursor(cursor);
  return number;
}
