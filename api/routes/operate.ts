// What people do to the city: command devices, acknowledge alarms, steer the scenario.
import { randomUUID } from 'node:crypto';
import type { FastifyInstance, FastifyReply } from 'fastify';
import { Type } from 'typebox';
import type { Static } from 'typebox';
import { show } from '../../telemetry/description.ts';
import { deviceTopic, scenarioTopic } from '../../telemetry/topics.ts';
import type { Alarm } from '../alarms.ts';
import { checkCommandArgs } from '../command-check.ts';
import { FIRST_ACK_MS, LAST_ACK_MS } from '../commands.ts';
import type { CommandStatus } from '../commands.ts';
import { SCENARIO } from '../inbox.ts';
import { kindNamed } from '../parameters.ts';
import type { Parts } from '../parts.ts';
import { Problem, badCursor, unknownName } from '../problems.ts';
import { newestRow } from './devices.ts';
import { CURSOR, DEVICE, DEVICE_PARAMS, KIND, answers, limitOf } from './schemas.ts';

const COMMAND_ID = Type.String({ pattern: '^[A-Za-z0-9_.:-]{1,64}$' });
const ARGS = Type.Record(Type.String(), Type.Unknown());
const COMMAND_BODY = Type.Object(
  {
    name: Type.String({ maxLength: 64 }),
    args: Type.Optional(ARGS),
    id: Type.Optional(COMMAND_ID),
    expiresMs: Type.Optional(Type.Number({ minimum: 0, description: 'Simulated ms until the command is void' })),
  },
  { additionalProperties: false },
);
const COMMAND_QUERY = Type.Object(
  { wait: Type.Optional(Type.Enum(['done'], { description: 'Answer with the last ack, after a minute at most' })) },
  { additionalProperties: false },
);
const COMMAND_PARAMS = Type.Object({ kind: KIND, device: DEVICE, id: COMMAND_ID });
const STATUS = Type.Object({
  id: Type.String(),
  name: Type.String(),
  state: Type.Enum(['waiting', 'accepted', 'rejected', 'done', 'expired']),
  reason: Type.Optional(Type.String()),
  ts: Type.Optional(Type.Integer()),
});
const ALARMS_QUERY = Type.Object(
  {
    open: Type.Boolean({ default: false, description: 'Only those not cleared' }),
    limit: limitOf(1000, 10_000),
    cursor: Type.Optional(CURSOR),
  },
  { additionalProperties: false },
);
const ALARM_BODY = Type.Object({
  by: Type.Optional(Type.String({ minLength: 1, maxLength: 64, description: 'operator when absent' })),
});
const SCENARIO_BODY = Type.Object(
  { name: Type.String({ maxLength: 64 }), args: Type.Optional(ARGS), id: Type.Optional(COMMAND_ID) },
  { additionalProperties: false },
);
/** What the simulator says of itself is passed on as it is. */
const EVENT_STATE = Type.Object(
  {
    id: Type.String(),
    event: Type.String(),
    fromMs: Type.Integer(),
    untilMs: Type.Optional(Type.Integer({ description: 'Absent: for good' })),
    state: Type.Enum(['scheduled', 'happening', 'over']),
    detail: Type.String(),
  },
  { additionalProperties: true },
);
const EXPECTATION_STATE = Type.Object(
  {
    name: Type.String(),
    state: Type.Enum(['waiting', 'holding', 'failing', 'met', 'failed']),
    value: Type.Optional(Type.Number({ description: 'Absent: not measured yet' })),
    limit: Type.String({ examples: ['>= 4.5'] }),
  },
  { additionalProperties: true },
);
const SCENARIO_STATE = Type.Object(
  {
    scenario: Type.String(),
    startMs: Type.Integer(),
    endMs: Type.Optional(Type.Integer({ description: 'Absent: a live city has no end' })),
    timeline: Type.Array(EVENT_STATE),
    expectations: Type.Array(EXPECTATION_STATE),
    catalog: Type.Array(Type.Unknown(), { description: 'What may be injected' }),
  },
  { additionalProperties: true },
);
const SCENARIO_ANSWER = Type.Object(
  {
    city: Type.String(),
    clock: Type.Unknown({ description: 'Its newest message, null before the first; its keys also stand here' }),
    state: Type.Union([SCENARIO_STATE, Type.Null()]),
  },
  { additionalProperties: true },
);
const SCENARIO_COMMANDS = ['pause', 'resume', 'speed', 'event'];

export function operateRoutes(app: FastifyInstance, parts: Parts): void {
  const { city, kinds, commands, store } = parts;
  const commanded = answers({ 200: STATUS, 202: STATUS });

  app.post<{
    Params: Static<typeof DEVICE_PARAMS>;
    Querystring: Static<typeof COMMAND_QUERY>;
    Body: Static<typeof COMMAND_BODY>;
  }>(
    '/api/devices/:kind/:device/commands',
    {
      schema: {
        tags: ['operate'],
        summary: 'Command a device: 200 with its first ack, 202 when none came within 5 s',
        params: DEVICE_PARAMS,
        querystring: COMMAND_QUERY,
        body: COMMAND_BODY,
        response: commanded,
      },
    },
    async ({ params, query, body }, reply) => {
      const kind = kindNamed(kinds, params.kind, 404);
      const { name, args = {}, id = randomUUID(), expiresMs } = body;
      checkCommandArgs(kind.description, name, args);
      const { device } = await newestRow(store, kind, params.device);
      const command = expiresMs === undefined ? { id, name, args } : { id, name, args, expiresMs };
      const address = `${params.kind}/${device}`;
      await commands.send(address, deviceTopic(city, params.kind, device, 'command'), command);
      const last = query.wait === 'done';
      const status = await commands.wait(address, id, last ? 'last' : 'first', last ? LAST_ACK_MS : FIRST_ACK_MS);
      return answerCommand(reply, status, last);
    },
  );
  app.get<{ Params: Static<typeof COMMAND_PARAMS> }>(
    '/api/devices/:kind/:device/commands/:id',
    { schema: { tags: ['operate'], summary: 'What became of a command', params: COMMAND_PARAMS, response: commanded } },
    ({ params: { kind, device, id } }) => {
      kindNamed(kinds, kind, 404);
      const status = commands.status(`${kind}/${device}`, id);
      if (!status) throw new Problem(404, `unknown command ${show(id)} of ${kind} ${device}`, { value: id });
      return status;
    },
  );

  app.get<{ Querystring: Static<typeof ALARMS_QUERY> }>(
    '/api/alarms',
    { schema: { tags: ['operate'], summary: 'Alarms, newest first', querystring: ALARMS_QUERY } },
    ({ query: { open, limit, cursor } }) => alarmsPage(parts.alarms.list(open, Infinity), limit, cursor),
  );
  app.post<{ Params: { id: string }; Body: Static<typeof ALARM_BODY> | null }>(
    '/api/alarms/:id/ack',
    {
      schema: {
        tags: ['operate'],
        summary: 'Someone has seen the alarm',
        params: Type.Object({ id: Type.String({ maxLength: 250 }) }),
        body: Type.Union([ALARM_BODY, Type.Null()]),
      },
    },
    ({ params: { id }, body, person }) => {
      // Who is logged in signs with their own name.
      const alarm = parts.alarms.acknowledge(id, person?.name ?? body?.by ?? 'operator');
      if (!alarm) throw new Problem(404, `unknown alarm ${show(id)}`, { value: id });
      parts.live.alarm(alarm);
      return alarm;
    },
  );

  app.get(
    '/api/scenario',
    {
      schema: {
        tags: ['operate'],
        summary: 'What runs, how fast, what happens and what is expected',
        response: answers({ 200: SCENARIO_ANSWER }),
      },
    },
    () => ({
      city,
      clock: parts.clock.message ?? null,
      ...parts.clock.message,
      state: parts.scenario.state ?? null,
    }),
  );
  app.post<{ Body: Static<typeof SCENARIO_BODY> }>(
    '/api/scenario',
    {
      schema: {
        tags: ['operate'],
        summary: 'pause, resume, speed {"speed": 10}, or event {"event": "power-cut", "where": …, "for": "30m"}',
        body: SCENARIO_BODY,
        response: commanded,
      },
    },
    async ({ body: { name, args = {}, id = randomUUID() } }, reply) => {
      if (!SCENARIO_COMMANDS.includes(name)) throw unknownName(400, 'scenario command', name, SCENARIO_COMMANDS);
      if (name === 'speed') checkSpeed(args.speed);
      if (name === 'event') checkEvent(args.event);
      await commands.send(SCENARIO, scenarioTopic(city, 'command'), { id, name, args });
      return answerCommand(reply, await commands.wait(SCENARIO, id, 'first', FIRST_ACK_MS), false);
    },
  );
}

/** A cursor is the place of the last alarm of a page, which stays one when that alarm is cleared or forgotten. */
function alarmsPage(alarms: Alarm[], limit: number, cursor: string | undefined) {
  const from = cursor === undefined ? undefined : alarmPlace(cursor);
  const left = alarms.sort(newestFirst).filter((alarm) => !from || newestFirst(from, alarm) < 0);
  const items = left.slice(0, limit);
  const last = items.at(-1);
  return { items, next: last && left.length > limit ? `${last.raisedAt}~${last.id}` : null };
}

type AlarmPlace = Pick<Alarm, 'raisedAt' | 'id'>;

function newestFirst(a: AlarmPlace, b: AlarmPlace): number {
  return b.raisedAt - a.raisedAt || (a.id < b.id ? -1 : Number(a.id > b.id));
}

/** raisedAt~id */
function alarmPlace(cursor: string): AlarmPlace {
  const [, raisedAt, id] = /^(-?\d{1,16})~(.+)$/.exec(cursor) ?? [];
  if (raisedAt === undefined || id === undefined) throw badCursor(cursor);
  return { raisedAt: Number(raisedAt), id };
}

function checkSpeed(speed: unknown): void {
  if (speed === 'max' || (typeof speed === 'number' && speed > 0)) return;
  throw new Problem(400, `args.speed must be a number above 0 or "max", got ${show(speed)}`, { value: speed ?? null });
}

/** Whether it may happen, and where, only the simulator knows. */
function checkEvent(event: unknown): void {
  if (typeof event === 'string') return;
  throw new Problem(400, `args.event must be a text, got ${show(event)}`, { value: event ?? null });
}

/** 202 while the answer that was waited for has not come. */
function answerCommand(reply: FastifyReply, status: CommandStatus, last: boolean): FastifyReply {
  const pending = status.state === 'waiting' || (last && status.state === 'accepted');
  return reply.code(pending ? 202 : 200).send(status);
}
