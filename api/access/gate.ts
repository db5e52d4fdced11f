// Who asks, and whether they may: a bearer token, a session's cookie, or nobody. Asked before every route and before every upgrade to a
// WebSocket; secrets in an address are not looked at. Which route needs what is in table.ts.
import type { IncomingHttpHeaders } from 'node:http';
import { Problem } from '../problems.ts';
import { mayDo } from './accounts.ts';
import type { AccessOptions, Accounts, Person } from './accounts.ts';
import { Sessions } from './sessions.ts';
import type { Session } from './sessions.ts';
import { neededFor } from './table.ts';

const CSRF_HEADER = 'x-citytwin-csrf';
const COOKIE = 'citytwin-session';
const READING = ['GET', 'HEAD', 'OPTIONS'];

/** Somebody who was let in, and how we know them. */
export interface Admitted {
  readonly person: Person;
  readonly sessionId?: string;
}

export class Gate {
  readonly accounts: Accounts | undefined;
  readonly #everyone: Person | undefined;
  readonly #cookie: string;
  readonly #isSecure: boolean;
  readonly #sessions: Sessions;

  /** isSecure: served by HTTPS. nowMs: of a monotonic clock */
  constructor({ accounts, everyone }: AccessOptions, isSecure: boolean, nowMs = (): number => performance.now()) {
    this.accounts = accounts;
    this.#everyone = everyone && { name: 'everyone', role: everyone };
    this.#isSecure = isSecure;
    // Browsers take a cookie of this prefix from a secure origin only, and for this one host only.
    this.#cookie = isSecure ? `__Host-${COOKIE}` : COOKIE;
    this.#sessions = new Sessions(nowMs);
  }

  /** What those may do who have not logged in; undefined: nothing. */
  get everyone(): Person | undefined {
    return this.#everyone;
  }

  /** Undefined: nobody who was recognised. @throws 401 for a token that is none, 403 for a change without the session's own word */
  async recognise(method: string, headers: IncomingHttpHeaders): Promise<Admitted | undefined> {
    const token = bearerIn(headers.authorization);
    if (token !== undefined && this.accounts) {
      const person = await this.accounts.bearer(token);
      if (!person) throw new Problem(401, 'the bearer token is unknown, was taken away or has ended');
      return { person };
    }
    const found = this.sessionIn(headers);
    if (!found) return this.#everyone && { person: this.#everyone };
    const { id, session } = found;
    if (!READING.includes(method) && headers[CSRF_HEADER] !== session.csrf) {
      throw new Problem(403, `a change by a logged-in page needs the header ${CSRF_HEADER} as /api/session says it`);
    }
    return { person: session.person, sessionId: id };
  }

  /** @throws 401 for nobody, 403 for somebody who may not. route: as registered, else the path */
  async admit(method: string, route: string, headers: IncomingHttpHeaders): Promise<Admitted | undefined> {
    const needed = neededFor(method, route);
    if (needed === 'nobody') return undefined;
    const admitted = await this.recognise(method, headers);
    if (!admitted) throw new Problem(401, 'log in on the page, or send a token: Authorization: Bearer …');
    if (!mayDo(admitted.person, needed)) {
      const { name, role } = admitted.person;
      throw new Problem(403, `${method} ${route} needs the role ${needed}, ${name} is ${role}`);
    }
    return admitted;
  }

  /** Whether who was let in would still be. */
  isCurrent({ person, sessionId }: Admitted): boolean {
    if (person === this.#everyone) return true;
    if (this.accounts?.isCurrent(person) !== true) return false;
    return sessionId === undefined || this.#sessions.find(sessionId) !== undefined;
  }

  /** A page of elsewhere that makes a browser send our cookie is nobody. */
  sessionIn({ cookie, origin, host }: IncomingHttpHeaders): { id: string; session: Session } | undefined {
    if (origin !== undefined && URL.parse(origin)?.host !== host) return undefined;
    const id = cookieNamed(cookie, this.#cookie);
    const session = id === undefined ? undefined : this.#sessions.find(id);
    if (id === undefined || session === undefined) return undefined;
    return this.accounts?.isCurrent(session.person) === true ? { id, session } : undefined;
  }

  /** @returns the session and the cookie that stands for it */
  logIn(person: Person): { session: Session; cookie: string } {
    const { id, session } = this.#sessions.start(person);
    return { session, cookie: this.#cookieOf(id) };
  }

  /** @returns a cookie that takes the old one away */
  logOut(id: string | undefined): string {
    if (id !== undefined) this.#sessions.end(id);
    return `${this.#cookieOf('')}; Max-Age=0`;
  }

  #cookieOf(id: string): string {
    return `${this.#cookie}=${id}; Path=/; HttpOnly; SameSite=Strict${this.#isSecure ? '; Secure' : ''}`;
  }
}

function bearerIn(authorization: string | undefined): string | undefined {
  return /^bearer +(\S+) *$/i.exec(authorization ?? '')?.[1];
}

function cookieNamed(header: string | undefined, name: string): string | undefined {
  for (const pair of header?.split(';') ?? []) {
    const at = pair.indexOf('=');
    if (pair.slice(0, at).trim() === name) return pair.slice(at + 1).trim();
  }
  return undefined;
}
