// Logging in and out on the page, and who one is. How passwords are checked and how long guessing takes is the accounts' business.
import type { FastifyInstance, FastifyReply, FastifyRequest } from 'fastify';
import { Type } from 'typebox';
import type { Static } from 'typebox';
import type { Logger } from '../logger.ts';
import { Problem } from '../problems.ts';
import type { Person } from './accounts.ts';
import type { Gate } from './gate.ts';
import type { Session } from './sessions.ts';

const TELL_EVERY_MS = 1000;
const LOGIN_BODY = Type.Object(
  { name: Type.String({ minLength: 1, maxLength: 130 }), password: Type.String({ minLength: 1, maxLength: 1024 }) },
  { additionalProperties: false },
);

export function sessionRoutes(app: FastifyInstance, gate: Gate, log: Logger): void {
  const refusals = new Refusals(log);
  app.get(
    '/api/session',
    { schema: { tags: ['system'], summary: 'Who one is, and whether one must log in' } },
    (request) => answerFor(gate, gate.sessionIn(request.headers)?.session),
  );
  app.post<{ Body: Static<typeof LOGIN_BODY> }>(
    '/api/session',
    { schema: { tags: ['system'], summary: 'Log in: the answer sets a cookie', body: LOGIN_BODY } },
    async (request, reply) => {
      const { name, password } = request.body;
      const person = await logIn(gate, request, reply, name, password);
      if (!person) {
        refusals.tell({ name, address: request.ip });
        throw new Problem(401, 'name or password is wrong, or the name is none of a viewer, operator or admin');
      }
      const { session, cookie } = gate.logIn(person);
      log.info({ audit: 'login', name, role: person.role, address: request.ip }, 'access: logged in');
      return reply.header('set-cookie', cookie).send(answerFor(gate, session));
    },
  );
  app.delete('/api/session', { schema: { tags: ['system'], summary: 'Log out' } }, (request, reply) => {
    const found = gate.sessionIn(request.headers);
    if (found)
      log.info({ audit: 'logout', name: found.session.person.name, address: request.ip }, 'access: logged out');
    return reply.header('set-cookie', gate.logOut(found?.id)).send(answerFor(gate, undefined));
  });
}

/** Guessing must not fill the log. */
class Refusals {
  readonly #log: Logger;
  #toldMs = -Infinity;
  #since = 0;

  constructor(log: Logger) {
    this.#log = log;
  }

  /** No password is among the details. */
  tell(details: { name: string; address: string }): void {
    this.#since++;
    const nowMs = performance.now();
    if (nowMs - this.#toldMs < TELL_EVERY_MS) return;
    this.#log.warn({ audit: 'refused', ...details, count: this.#since }, 'access: logins were refused');
    this.#toldMs = nowMs;
    this.#since = 0;
  }
}

async function logIn(
  gate: Gate,
  request: FastifyRequest,
  reply: FastifyReply,
  name: string,
  password: string,
): Promise<Person | undefined> {
  if (!gate.accounts) throw new Problem(409, 'nobody needs to log in here: there are no credentials');
  // A form of another site could log a browser in as somebody else.
  const { origin, host } = request.headers;
  if (origin !== undefined && URL.parse(origin)?.host !== host) throw new Problem(403, 'log in on this page only');
  try {
    return await gate.accounts.login(name, password, request.ip);
  } catch (error) {
    const { retryAfterS, message } = error as Error & { retryAfterS?: number };
    if (retryAfterS === undefined) throw error;
    reply.header('retry-after', retryAfterS);
    throw new Problem(429, `${message}, try again in ${retryAfterS} s`);
  }
}

function answerFor({ everyone, accounts }: Gate, session: Session | undefined) {
  const person = session?.person ?? everyone;
  return {
    /** `none`: no data without a login; `possible`: there is more to be allowed. */
    login: session ? 'done' : person === undefined ? 'required' : accounts ? 'possible' : 'none',
    ...(person && { name: person.name, role: person.role }),
    ...(session && { csrf: session.csrf }),
  };
}
