// Decides who comes in: client id, password, will, takeover of an id. Two calls per CONNECT; it sends nothing itself, and which session outlives
// its connection is in sessions.ts.
import { Busy } from './credential-source.ts';
import type { Credentials } from './credential-source.ts';
import type { Limits } from './limits.ts';
import { ANONYMOUS, Access } from './roles.ts';
import type { Identity } from './roles.ts';
import type { Sessions } from './sessions.ts';

/** What a CONNECT says about its sender. */
export interface Caller {
  readonly clientId: string;
  /** The CONNECT carried no client id, the broker made one up. */
  readonly nameless: boolean;
  readonly clean: boolean;
  readonly willTopic: string | undefined;
  /** Of the network. */
  readonly address?: string | undefined;
  /** The common name in its certificate, which TLS has checked. */
  readonly certificateName?: string | undefined;
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

/** Entrant: what stands for a connection. */
export class Door<Entrant extends object> {
  readonly #city: string;
  readonly #credentials: Credentials | undefined;
  readonly #limits: Limits;
  readonly #connected = new Map<string, { identity: Identity; connection: Entrant }>();
  readonly #sessions: Sessions;
  /** Thousands of connections have the same few identities. */
  readonly #access = new WeakMap<Identity, Access>();
  readonly #nowMs: () => number;
  readonly #takeovers = new Map<string, { count: number; sinceMs: number; bannedUntilMs: number }>();

  /** credentials absent: everyone comes in without a password; nowMs: of a monotonic clock */
  constructor(
    city: string,
    credentials: Credentials | undefined,
    limits: Limits,
    sessions: Sessions,
    nowMs: () => number,
  ) {
    this.#city = city;
    this.#credentials = credentials;
    this.#limits = limits;
    this.#sessions = sessions;
    this.#nowMs = nowMs;
  }

  get clients(): number {
    return this.#connected.size;
  }

  /** Who it is and what it may; nothing is taken yet. @throws Refused */
  async identify(caller: Caller, name: string | undefined, password: Uint8Array | undefined): Promise<Admitted> {
    const { clientId, nameless, clean } = caller;
    if (nameless && !clean) throw new Refused('empty-client-id', 2); // [MQTT-3.1.3-8]
    if (clientId.length > MAX_CLIENT_ID_LENGTH || BAD_CLIENT_ID.test(clientId)) throw new Refused('bad-client-id', 2);
    const identity = await this.#identify(caller, name, password);
    if (identity.roles.includes('device') && clientId !== identity.name) throw new Refused('client-id-not-user', 5);
    if (this.#isOthers(clientId, identity)) throw new Refused('client-id-taken', 2);
    const access = this.#accessOf(identity);
    if (caller.willTopic !== undefined && !access.mayPublish(caller.willTopic)) throw new Refused('will', 5);
    return { identity, access };
  }

  /** Takes the id for a connection that is there. → the one that had it and must end first [MQTT-3.1.4-2]. @throws Refused */
  enter(caller: Caller, connection: Entrant, { identity }: Admitted): Entrant | undefined {
    const previous = this.#connected.get(caller.clientId)?.connection;
    this.#claim(caller, identity);
    this.#connected.set(caller.clientId, { identity, connection });
    return previous;
  }

  leave(clientId: string, connection: Entrant): void {
    if (this.#connected.get(clientId)?.connection !== connection) return;
    this.#connected.delete(clientId);
    this.#sessions.sleep(clientId, this.#nowMs());
  }

  #accessOf(identity: Identity): Access {
    const known = this.#access.get(identity);
    if (known) return known;
    const access = new Access(this.#city, identity);
    this.#access.set(identity, access);
    return access;
  }

  /** Those whose identity has been changed, taken away or has ended since they came in; or of those only who end by themselves. */
  unwelcome(which: 'all' | 'ending'): Entrant[] {
    const credentials = this.#credentials;
    if (!credentials?.isCurrent) return [];
    return [...this.#connected.values()]
      .filter(({ identity }) => identity !== ANONYMOUS && (which === 'all' || identity.untilMs !== undefined))
      .filter(({ identity }) => !credentials.isCurrent!(identity))
      .map(({ connection }) => connection);
  }

  /** A certificate is enough, and then only its own name may be given with it. */
  async #identify(caller: Caller, name: string | undefined, password: Uint8Array | undefined): Promise<Identity> {
    const credentials = this.#credentials;
    const { certificateName, address, clientId } = caller;
    if (certificateName !== undefined) return this.#certified(certificateName, name);
    if (name === undefined && (credentials === undefined || credentials.anonymous)) return ANONYMOUS;
    if (name === undefined) throw new Refused('no-credentials', 5);
    try {
      const identity = await credentials?.verify(name, password ?? new Uint8Array(), { address, clientId });
      if (identity) return identity;
    } catch (error) {
      throw new Refused(error instanceof Busy ? error.cause : 'internal', 3);
    }
    throw new Refused('bad-password', 4);
  }

  #certified(certificateName: string, name: string | undefined): Identity {
    const identity = this.#credentials?.named?.(certificateName);
    if (!identity) throw new Refused('certificate-of-nobody', 5);
    if (name !== undefined && name !== certificateName) throw new Refused('name-not-certificate', 5);
    return identity;
  }

  /** A client id that is, or begins with, somebody else's name and a hyphen is kept for them. */
  #isOthers(clientId: string, { name }: Identity): boolean {
    const named = (text: string): boolean => this.#credentials?.named?.(text) !== undefined;
    if (clientId === name || clientId.startsWith(`${name}-`)) return false;
    if (named(clientId)) return true;
    for (let at = clientId.indexOf('-'); at > 0; at = clientId.indexOf('-', at + 1)) {
      if (named(clientId.slice(0, at))) return true;
    }
    return false;
  }

  /** An id in use, or with a kept session, belongs to whoever took it first: nobody else may throw them out or read their messages. */
  #claim({ clientId, clean }: Caller, identity: Identity): void {
    const { name, roles, kinds } = identity;
    const current = this.#connected.get(clientId);
    if (current && current.identity.name !== name) throw new Refused('client-id-taken', 2);
    if (current) this.#watchTakeover(clientId);
    const claim = this.#sessions.claim(clientId, name, clean, this.#nowMs(), JSON.stringify([roles, kinds]));
    if (claim === 'taken') throw new Refused('client-id-taken', 2);
    if (claim === 'too-many') throw new Refused('too-many-sessions', 3);
  }

  /** Two clients with one id throw each other out for ever; after a few rounds the id rests. */
  #watchTakeover(clientId: string): void {
    const nowMs = this.#nowMs();
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
