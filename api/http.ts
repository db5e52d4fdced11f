// The HTTP server: who is let in, how often, what errors look like, the OpenAPI document, the page, and how it closes. Routes are in
// `routes/`.
import { STATUS_CODES, maxHeaderSize } from 'node:http';
import type { Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import type { Duplex } from 'node:stream';
import rateLimit from '@fastify/rate-limit';
import staticFiles from '@fastify/static';
import swagger from '@fastify/swagger';
import swaggerUi from '@fastify/swagger-ui';
import fastify from 'fastify';
import type { FastifyError, FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { show } from '../telemetry/description.ts';
import { isLoopback } from '../telemetry/loopback.ts';
import { Gate } from './access/gate.ts';
import { MAX_JSON_DEPTH, isTooDeep } from './access/json-depth.ts';
import { sessionRoutes } from './access/session-routes.ts';
import { createUpgrades } from './access/upgrades.ts';
import type { AccessRole, Person } from './access/accounts.ts';
import { Guard, SECURITY_HEADERS, pathOf } from './guard.ts';
import { REQUEST_TIMEOUT_MS, createListener } from './http-listener.ts';
import type { Parts } from './parts.ts';
import { nearestChoice } from '../telemetry/names.ts';
import { networkOf } from '../telemetry/network.ts';
import { PROBLEM_TYPE, Problem, problemDocument, unknownName } from './problems.ts';
import type { ProblemExtras } from './problems.ts';
import { deviceRoutes } from './routes/devices.ts';
import { FLEET_PATHS, fleetRoutes } from './routes/fleet.ts';
import { historyRoutes } from './routes/history.ts';
import { operateRoutes } from './routes/operate.ts';
import { rejectedRoutes } from './routes/rejected.ts';
import { systemRoutes } from './routes/system.ts';
import { transitRoutes } from './routes/transit.ts';
import type { ApiOptions, Upgrade } from './server.ts';
import { QuestionTooLong } from './store.ts';
import { FEEDS } from './transit/realtime.ts';

const BODY_LIMIT_BYTES = 65_536;
/** Alarm ids carry a kind, a device and a name. */
const MAX_PARAM_LENGTH = 300;
const CLIENT_ERRORS: { readonly [code: string]: readonly [status: number, detail: string] } = {
  ERR_HTTP_REQUEST_TIMEOUT: [408, `a request must have come in within ${REQUEST_TIMEOUT_MS / 1000} s`],
  HPE_HEADER_OVERFLOW: [431, `URL and headers must not be larger than ${maxHeaderSize} bytes together`],
};
/** Of one address. The page and its parts come in bursts: they are counted apart. */
const RATE_LIMIT = { window: 10_000, questions: 1000, page: 3000 };

const READING = new Set(['GET', 'HEAD', 'OPTIONS']);

declare module 'fastify' {
  interface FastifyRequest {
    /** Who asks; undefined when they have not said so. */
    person: Person | undefined;
    /** What who asks may do, known by name or not; undefined where nobody is asked. */
    role: AccessRole | undefined;
  }
}

export interface Http {
  readonly port: number;
  readonly server: Server;
  readonly upgrades: Map<string, Upgrade>;
  /** Requests in flight get `deadlineMs`. */
  close(deadlineMs: number): Promise<void>;
}

export async function createHttp(parts: Parts, options: ApiOptions): Promise<Http> {
  const { tls, access = { everyone: 'admin' } } = options;
  if (!isLoopback(options.host) && options.access === undefined) {
    throw new Error(`a server that others can reach must know who may do what, got host ${show(options.host)}`);
  }
  const gate = new Gate(access, tls !== undefined);
  const app = fastify({
    bodyLimit: BODY_LIMIT_BYTES,
    serverFactory: (listener) => createListener(listener, tls, parts.log),
    routerOptions: { maxParamLength: MAX_PARAM_LENGTH },
    // Refused before there is a route, so that neither hooks nor error handler are asked.
    frameworkErrors: (error, request, reply) =>
      void answerError(error, request, reply.headers(SECURITY_HEADERS), parts),
    clientErrorHandler: answerBadRequest,
    ajv: { customOptions: { removeAdditional: false, coerceTypes: true, useDefaults: true } },
  });
  // Schemas of answers are for readers; what a part says goes out as it is.
  app.setSerializerCompiler(() => (data) => JSON.stringify(data));
  app.decorateRequest('person', undefined);
  app.decorateRequest('role', undefined);
  limitDepth(app);
  const guard = new Guard(options.host, options.allowedHosts ?? [], gate.everyone !== undefined);
  app.addHook('onRequest', async ({ raw, headers }) => {
    const refusal = guard.refusal(pathOf(raw), headers);
    if (refusal !== undefined) throw new Problem(403, refusal);
  });
  app.addHook('onSend', async (_request, reply) => {
    for (const [name, value] of Object.entries(SECURITY_HEADERS)) if (!reply.hasHeader(name)) reply.header(name, value);
  });
  // After the rate limit, before a body is read.
  app.addHook('preParsing', async (request, reply) => {
    const admitted = await gate
      .admit(request.method, request.routeOptions.url ?? pathOf(request.raw), request.headers)
      .catch((error: unknown) => {
        if (error instanceof Problem && error.statusCode === 401) reply.header('www-authenticate', 'Bearer');
        throw error;
      });
    request.person = admitted?.person === gate.everyone ? undefined : admitted?.person;
    request.role = admitted?.person.role;
    if (admitted && !READING.has(request.method)) audit(parts, request);
  });
  app.setErrorHandler((error: FastifyError | Problem | QuestionTooLong, request, reply) =>
    answerError(error, request, reply, parts),
  );
  // First, so that it covers all routes, the page's files too.
  await app.register(rateLimit, {
    timeWindow: RATE_LIMIT.window,
    max: ({ raw }: FastifyRequest) => RATE_LIMIT[isQuestion(pathOf(raw)) ? 'questions' : 'page'],
    keyGenerator: ({ ip, raw }: FastifyRequest) => `${networkOf(ip)} ${isQuestion(pathOf(raw)) ? 'questions' : 'page'}`,
    errorResponseBuilder: (_request, { after }) => new Problem(429, `too many requests, try again in ${after}`),
  });
  await describeApi(app, options.version);
  sessionRoutes(app, gate, parts.log);
  systemRoutes(app, parts);
  rejectedRoutes(app, parts);
  deviceRoutes(app, parts);
  historyRoutes(app, parts);
  fleetRoutes(app, parts);
  operateRoutes(app, parts);
  transitRoutes(app, parts);
  const { staticFolder } = options;
  const hasPage = staticFolder !== undefined;
  if (hasPage) {
    await app.register(staticFiles, {
      root: path.resolve(staticFolder),
      wildcard: true,
      dotfiles: 'deny',
      cacheControl: false,
      setHeaders: (reply, file) => {
        // Vite puts a hash into the names of assets.
        const isAsset = file.includes(`${path.sep}assets${path.sep}`);
        reply.header('cache-control', isAsset ? 'public, max-age=31536000, immutable' : 'no-cache');
      },
    });
  }
  app.setNotFoundHandler({ preHandler: app.rateLimit() }, (request, reply) => answerMissing(request, reply, hasPage));
  await app.ready();

  const upgrades = createUpgrades(guard, gate, options.recheckMs);
  app.server.on('upgrade', upgrades.take);
  await app.listen({ host: options.host, port: options.port });
  const { port } = app.server.address() as AddressInfo;
  const close = (deadlineMs: number): Promise<void> => {
    upgrades.close();
    return closeWithin(app, upgrades.sockets, deadlineMs);
  };
  return { port, server: app.server, upgrades: upgrades.paths, close };
}

async function describeApi(app: FastifyInstance, version: string): Promise<void> {
  await app.register(swagger, {
    openapi: {
      openapi: '3.1.0',
      info: {
        title: 'citytwin',
        version,
        description: 'A simulated city: devices, their history, commands, alarms. Live stream: `ws /live`.',
      },
      tags: [
        { name: 'devices', description: 'What devices report' },
        { name: 'fleet', description: 'Questions to all devices of a kind' },
        { name: 'operate', description: 'What people do' },
        { name: 'transit', description: 'Bus lines, stops and feeds' },
        { name: 'city', description: 'The city and its kinds of devices' },
        { name: 'system', description: 'How the service is' },
      ],
    },
  });
  await app.register(swaggerUi, { routePrefix: '/docs', staticCSP: true });
  app.get('/openapi.json', { schema: { hide: true } }, () => app.swagger());
}

function isQuestion(path: string): boolean {
  return (
    path.startsWith('/api') ||
    path.startsWith('/gtfs') ||
    path.startsWith('/docs') ||
    path === '/openapi.json' ||
    path === '/metrics'
  );
}

/** Changes are few, and worth knowing who made them. */
function audit({ log }: Parts, { person, method, raw, ip }: FastifyRequest): void {
  const { name, role } = person ?? {};
  log.info({ audit: 'change', name, role, address: ip, method, path: pathOf(raw) }, 'access: a change');
}

/** Fastify's own parser, behind a look at how deep the text goes. */
function limitDepth(app: FastifyInstance): void {
  const parse = app.getDefaultJsonParser('error', 'error');
  app.removeContentTypeParser('application/json');
  app.addContentTypeParser('application/json', { parseAs: 'string' }, (request, body, done) => {
    if (isTooDeep(body as string)) done(new Problem(400, `JSON must not be nested deeper than ${MAX_JSON_DEPTH}`));
    else void parse(request, body as string, done);
  });
}

/** What Node refuses before it is a request: there is a socket only. */
function answerBadRequest(error: Error & { code?: string }, socket: Duplex): void {
  // The other side is gone.
  if (error.code === 'ECONNRESET' || !socket.writable) return void socket.destroy();
  const [status, detail] = CLIENT_ERRORS[error.code ?? ''] ?? [400, `this is no HTTP request: ${error.message}`];
  const body = JSON.stringify(problemDocument(status, detail));
  const headers = {
    ...SECURITY_HEADERS,
    'content-type': PROBLEM_TYPE,
    'content-length': Buffer.byteLength(body),
    connection: 'close',
  };
  const lines = Object.entries(headers).map(([name, value]) => `${name}: ${value}\r\n`);
  socket.end(`HTTP/1.1 ${status} ${STATUS_CODES[status]}\r\n${lines.join('')}\r\n${body}`, () => socket.destroy());
}

async function answerError(
  thrown: FastifyError | Problem | QuestionTooLong,
  request: FastifyRequest,
  reply: FastifyReply,
  parts: Parts,
): Promise<void> {
  const error = thrown instanceof QuestionTooLong ? askForLess(thrown) : thrown;
  const status = error.statusCode ?? 500;
  if (status >= 500 && !(error instanceof Problem)) {
    parts.log.error({ error: error.stack ?? error.message }, 'a request failed');
    await reply.code(500).type(PROBLEM_TYPE).send(problemDocument(500, 'the request failed, the log says why'));
    return;
  }
  const [detail, extras] = error instanceof Problem ? [error.message, error.extras] : validationDetail(error, request);
  await reply
    .code(status)
    .type(PROBLEM_TYPE)
    .send(problemDocument(status, detail, extras));
}

function askForLess({ message }: QuestionTooLong): Problem {
  return new Problem(503, `the store was given up: ${message}`, { expected: 'a shorter range, or fewer devices' });
}

/** Fastify's own refusals; for a schema's the bad value and what was expected. */
function validationDetail(error: FastifyError, request: FastifyRequest): [string, ProblemExtras] {
  const [first] = error.validation ?? [];
  if (!first) return [error.message, {}];
  const params = first.params as { additionalProperty?: string; allowedValues?: string[] };
  const { schema } = request.routeOptions;
  const [given, wanted] =
    error.validationContext === 'body'
      ? [request.body, schema?.body]
      : error.validationContext === 'params'
        ? [request.params, schema?.params]
        : [request.query, schema?.querystring];
  if (params.additionalProperty !== undefined) {
    const known = Object.keys((wanted as { properties?: object } | undefined)?.properties ?? {});
    const { message, extras } = unknownName(400, 'parameter', params.additionalProperty, known);
    return [message, extras];
  }
  const [, key] = first.instancePath.split('/');
  const value = key === undefined ? given : (given as { [key: string]: unknown })[key];
  const expected = params.allowedValues && { expected: params.allowedValues.join(', ') };
  return [
    `${key ?? error.validationContext} ${first.message}, got ${show(value)}`,
    { value: value ?? null, ...expected },
  ];
}

/** The page finds its way itself; everything else that is missing is a problem. */
function answerMissing(request: FastifyRequest, reply: FastifyReply, hasPage: boolean): FastifyReply {
  const path = pathOf(request.raw);
  const isPage = request.method === 'GET' && !isQuestion(path) && !/\.[a-z0-9]+$/i.test(path);
  if (hasPage && isPage) return reply.sendFile('index.html');
  const known = [
    '/api/health',
    '/api/counters',
    '/api/kinds',
    '/api/devices',
    '/api/aggregate',
    '/api/records',
    '/api/events',
    ...FLEET_PATHS,
    '/api/lines',
    '/api/stops',
    '/api/experiments',
    '/gtfs.zip',
    ...FEEDS.map((feed) => `/gtfs-rt/${feed}.pb`),
  ];
  const nearest = nearestChoice(path, [...known, '/api/alarms', '/api/rejected', '/api/city', '/api/scenario']);
  const detail = `there is no ${request.method} ${path}`;
  return reply
    .code(404)
    .type(PROBLEM_TYPE)
    .send(problemDocument(404, detail, nearest === undefined ? {} : { nearest }));
}

/** Idle and upgraded connections would keep the server open for ever. */
async function closeWithin(app: FastifyInstance, upgraded: ReadonlySet<Duplex>, deadlineMs: number): Promise<void> {
  const timer = setTimeout(() => {
    app.server.closeAllConnections();
    for (const socket of upgraded) socket.destroy();
  }, deadlineMs);
  const closed = app.close();
  app.server.closeIdleConnections();
  await closed;
  clearTimeout(timer);
}
