// The bus service: the static and the real-time feed, lines and how even they run, boards of stops, and what experiments found.
import type { FastifyInstance } from 'fastify';
import { Type } from 'typebox';
import type { Static } from 'typebox';
import type { Parts } from '../parts.ts';
import { Problem, unknownName } from '../problems.ts';
import { FEEDS } from '../transit/realtime.ts';
import { arrivalsAt } from '../transit/stop-arrivals.ts';
import type { LineTimetable } from '../../telemetry/timetable.ts';
import {
  ARRIVALS,
  EXPERIMENTS,
  FORMAT,
  LINE_DETAIL,
  LINE_LIST,
  LINE_PARAMS,
  PASSAGES,
  STOP_LIST,
  STOP_PARAMS,
  answers,
  binary,
  limitOf,
  minutesOf,
} from './schemas.ts';

const MINUTE_MS = 60_000;
/** How often a consumer of the static feed need not ask again, s. */
const FEED_AGE_S = 60;
const PROTOBUF = 'application/x-protobuf';
const ZIP = 'application/zip';
const FORMAT_QUERY = Type.Object({ format: Type.Optional(FORMAT) }, { additionalProperties: false });
const PASSAGES_QUERY = Type.Object({ minutes: minutesOf(60, 120) }, { additionalProperties: false });
const ARRIVALS_QUERY = Type.Object(
  { minutes: minutesOf(60, 240), limit: limitOf(20, 500) },
  { additionalProperties: false },
);

export function transitRoutes(app: FastifyInstance, parts: Parts): void {
  feedRoutes(app, parts);
  lineRoutes(app, parts);
  stopRoutes(app, parts);
  app.get(
    '/api/experiments',
    {
      schema: {
        tags: ['transit'],
        summary: 'Newest report of each experiment, newest first',
        response: answers({ 200: EXPERIMENTS }),
      },
    },
    async () => ({ items: await parts.experiments.all() }),
  );
}

function feedRoutes(app: FastifyInstance, { transit, realtime }: Parts): void {
  app.get(
    '/gtfs.zip',
    {
      schema: {
        tags: ['transit'],
        summary: 'GTFS: lines, stops, trips',
        response: answers({ 200: binary(ZIP, 'The static feed') }),
      },
    },
    async (request, reply) => {
      const archive = await transit.archive.current();
      if (archive === undefined) throw noTimetable();
      const { bytes, etag } = archive;
      reply.headers({ etag, 'cache-control': `public, max-age=${FEED_AGE_S}` });
      if (namesTag(request.headers['if-none-match'], etag)) return reply.code(304).send();
      return reply
        .type(ZIP)
        .header('content-disposition', 'attachment; filename="gtfs.zip"')
        .send(Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength));
    },
  );
  for (const name of FEEDS) {
    app.get<{ Querystring: Static<typeof FORMAT_QUERY> }>(
      `/gtfs-rt/${name}.pb`,
      {
        schema: {
          tags: ['transit'],
          summary: `GTFS-Realtime: ${name}`,
          querystring: FORMAT_QUERY,
          response: answers({ 200: binary(PROTOBUF, 'A FeedMessage') }),
        },
      },
      ({ query }, reply) => {
        if (transit.timetables.newest === undefined) throw noTimetable();
        const { feed, bytes } = realtime.current(name);
        reply.header('cache-control', 'no-cache');
        return query.format === 'json' ? reply.send(feed) : reply.type(PROTOBUF).send(Buffer.from(bytes));
      },
    );
  }
}

function lineRoutes(app: FastifyInstance, { transit }: Parts): void {
  const lineNamed = (line: string): LineTimetable => {
    const timetable = transit.timetables.of(line);
    if (timetable === undefined) throw unknownName(404, 'line', line, transit.timetables.lines());
    return timetable;
  };
  app.get(
    '/api/lines',
    { schema: { tags: ['transit'], summary: 'Lines and how even they run', response: answers({ 200: LINE_LIST }) } },
    () => {
      const { buses, nowMs } = transit.service();
      const items = transit.timetables.all().map(({ line, label, labels, color }) => ({
        line,
        label,
        ...(labels && { labels }),
        color,
        buses: buses.filter((bus) => bus.line === line && !bus.isPutAway).length,
        ...transit.departures.quality(line, nowMs),
      }));
      return { items };
    },
  );
  app.get<{ Params: Static<typeof LINE_PARAMS> }>(
    '/api/lines/:line',
    {
      schema: {
        tags: ['transit'],
        summary: 'One line: its stops and ways, and how full its buses are',
        params: LINE_PARAMS,
        response: answers({ 200: LINE_DETAIL }),
      },
    },
    ({ params }) => {
      const timetable = lineNamed(params.line);
      const services = timetable.services.map(({ trips, ...service }) => ({ ...service, tripCount: trips.length }));
      return { ...timetable, services, loads: transit.departures.loads(timetable.line, transit.nowMs) };
    },
  );
  app.get<{ Params: Static<typeof LINE_PARAMS>; Querystring: Static<typeof PASSAGES_QUERY> }>(
    '/api/lines/:line/passages',
    {
      schema: {
        tags: ['transit'],
        summary: 'Where its buses were and when, for a time–space diagram',
        params: LINE_PARAMS,
        querystring: PASSAGES_QUERY,
        response: answers({ 200: PASSAGES }),
      },
    },
    ({ params, query }) => {
      const { line } = lineNamed(params.line);
      return { items: transit.passages.of(line, transit.nowMs, query.minutes * MINUTE_MS) };
    },
  );
}

function stopRoutes(app: FastifyInstance, { transit }: Parts): void {
  app.get(
    '/api/stops',
    { schema: { tags: ['transit'], summary: 'Stops and their lines', response: answers({ 200: STOP_LIST }) } },
    () => ({
      items: [...transit.timetables.stops().values()].map(({ stop: { id, ...stop }, lines }) => ({
        stop: id,
        ...stop,
        lines,
      })),
    }),
  );
  app.get<{ Params: Static<typeof STOP_PARAMS>; Querystring: Static<typeof ARRIVALS_QUERY> }>(
    '/api/stops/:stop/arrivals',
    {
      schema: {
        tags: ['transit'],
        summary: 'The next buses at a stop',
        params: STOP_PARAMS,
        querystring: ARRIVALS_QUERY,
        response: answers({ 200: ARRIVALS }),
      },
    },
    ({ params, query: { minutes, limit } }) => {
      const stops = transit.timetables.stops();
      const known = stops.get(params.stop);
      if (known === undefined) throw unknownName(404, 'stop', params.stop, [...stops.keys()]);
      const { id, label, labels } = known.stop;
      const items = arrivalsAt(transit, id, known.lines, minutes * MINUTE_MS);
      return { stop: id, label, ...(labels && { labels }), items: items.slice(0, limit) };
    },
  );
}

function noTimetable(): Problem {
  return new Problem(503, 'no timetable has come yet: the simulator, or whoever runs the buses, publishes them');
}

/** If-None-Match may hold several tags, weak ones too. */
function namesTag(header: string | undefined, etag: string): boolean {
  if (header === undefined) return false;
  return header.split(',').some((tag) => tag.trim() === '*' || tag.trim().replace(/^W\//, '') === etag);
}
