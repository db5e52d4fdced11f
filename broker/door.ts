// Decides who comes in: client id, password, will, takeover of an id, kept sessions. One call per CONNECT; it sends nothing itself.
import { Busy } from './credentials.ts';
import type { Credentials } from './credentials.ts';
import type { Limits } from './limits.ts';
import { ANONYMOUS, Access } from './roles.ts';
import type { Identity } from './roles.ts';

/** What a CONNECT says about its sender. */
export interface Caller {
  readonly clientId: string;
  /** The CONNECT carried no client id, the broker made one up. */
  readonly nameless: boolean;
  readonly clean: boolean;
  readonly willTopic: string | undefined;
}

/** returnCode: CONNACK, table 3.1 of MQTT 3.1.1. */
export class Refused extends Error {
  override readonly cause: string;
  readonly returnCode: 2 | 3 | 4 | 5;
  constructor(cause: string, returnCode: 2 | 3 | 4 | 5) {
    super(cause);
    this.cause = cause;
    this.returnCode = returnCode;
  }
}

export interface Admitted {
  readonly identity: Identity;
  readonly access: Access;
}

const MAX_CLIENT_ID_LENGTH = 256;
// oxlint-disable-next-line no-control-regex -- control characters are what is refused
const BAD_CLIENT_ID = /[\u0000-\u001F\u007F-\u009F\uFFFD]/;
const TAKEOVER_WINDOW_MS = 10_000;
const TAKEOVER_BAN_MS = 60_000;
const MAX_TAKEOVERS_WATCHED = 10_000;

export class Door {
  readonly #city: string;
  readonly #credentials: Credentials | undefined;
  readonly #limits: Limits;
  readonly #connected = new Map<string, { name: string; token: object }>();
  /** Who has the session that outlives its connections, and whether one of them has come back to it. */
  readonly #sessions = new Map<string, { readonly name: string; resumed: boolean }>();
  readonly #takeovers = new Map<string, { count: number; sinceMs: number; bannedUntilMs: number }>();

  /** credentials absent: everyone comes in without a password */
  constructor(city: string, credentials: Credentials | undefined, limits: Limits) {
    this.#city = city;
    this.#credentials = credentials;
    this.#limits = limits;
  }

  get clients(): number {
    return this.#connected.size;
  }

  /** Sessions whose client is away. */
  get sleepingSessions(): number {
    let count = 0;
    for (const clientId of this.#sessions.keys()) if (!this.#connected.has(clientId)) count++;
    return count;
  }

  /** token stands for the connection. @throws Refused */
  async admit(
    caller: Caller,
    token: object,
    name: string | undefined,
    password: Uint8Array | undefined,
  ): Promise<Admitted> {
    const { clientId, nameless, clean } = caller;
    if (nameless && !clean) throw new Refused('empty-client-id', 2); // [MQTT-3.1.3-8]
    if (clientId.length > MAX_CLIENT_ID_LENGTH || BAD_CLIENT_ID.test(clientId)) throw new Refused('bad-client-id', 2);
    const identity = await this.#identify(name, password);
    if (identity.roles.includes('device') && clientId !== identity.name) throw new Refused('client-id-not-user', 5);
    const access = new Access(this.#city, identity);
    if (caller.willTopic !== undefined && !access.mayPublish(caller.willTopic)) throw new Refused('will', 5);
    this.#claim(caller, identity.name);
    this.#connected.set(clientId, { name: identity.name, token });
    return { identity, access };
  }

  /** True when the client's session began with an earlier connection [MQTT-3.2.2-2]. */
  isResumed(clientId: string): boolean {
    return this.#sessions.get(clientId)?.resumed === true;
  }

  leave(clientId: string, token: object): void {
    if (this.#connected.get(clientId)?.token === token) this.#connected.delete(clientId);
  }

  async #identify(name: string | undefined, password: Uint8Array | undefined): Promise<Identity> {
    const credentials = this.#credentials;
    if (name === undefined && (credentials === undefined || credentials.anonymous)) return ANONYMOUS;
    if (name === undefined) throw new Refused('no-credentials', 5);
    try {
      const identity = await credentials?.verify(name, password ?? new Uint8Array());
      if (identity) return identity;
    } catch (error) {
      throw new Refused(error instanceof Busy ? 'busy' : 'internal', 3);
    }
    throw new Refused('bad-password', 4);
  }

  /** An id in use, or with a kept session, belongs to whoever took it first: nobody else may throw them out or read their messages. */
  #claim({ clientId, clean }: Caller, name: string): void {
    const current = this.#connected.get(clientId);
    const session = this.#sessions.get(clientId);
    if ((current && current.name !== name) || (session && session.name !== name))
      throw new Refused('client-id-taken', 2);
    if (current) this.#watchTakeover(clientId);
    if (clean) this.#sessions.delete(clientId); // [MQTT-3.1.2-6]
    else if (session) session.resumed = true;
    else {
      if (this.#sessions.size >= this.#limits.sessions) throw new Refused('too-many-sessions', 3);
      this.#sessions.set(clientId, { name, resumed: false });
    }
  }

  /** Two clients with one id throw each other out for ever; after a few rounds the id rests. */
  #watchTakeover(clientId: string): void {
    const nowMs = performance.now();
    if (this.#takeovers.size >= MAX_TAKEOVERS_WATCHED) this.#takeovers.clear();
    let watched = this.#takeovers.get(clientId);
    if (watched && nowMs < watched.bannedUntilMs) throw new Refused('takeovers', 3);
    if (!watched || nowMs - watched.sinceMs > TAKEOVER_WINDOW_MS) {
      watched = { count: 0, sinceMs: nowMs, bannedUntilMs: 0 };
      this.#takeovers.set(clientId, watched);
    }
    if (++watched.count > this.#limits.takeovers) {
      watched.bannedUntilMs = nowMs + TAKEOVER_BAN_MS;
      throw new Refused('takeovers', 3);
    }
  }
}
