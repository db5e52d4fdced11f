// Sessions that outlive their connection: whose they are, whether somebody has come back to one, since when each one sleeps, and when it ends.
// What they keep is in memory.ts. Moments are milliseconds of a monotonic clock.

export interface SessionLimits {
  /** Sessions that outlive their connection (clean session 0). */
  readonly sessions: number;
  /** A session whose client stays away for so long ends. */
  readonly sessionExpiryS: number;
}

export type Claim = 'taken' | 'too-many' | 'ok';

export class Sessions {
  readonly #limits: SessionLimits;
  readonly #onEnd: (clientId: string) => void;
  readonly #sessions = new Map<string, { readonly name: string; readonly rights: string; resumed: boolean }>();
  /** Since when the client is away [ms], in this order. */
  readonly #sleeping = new Map<string, number>();
  /** Ended because nobody came back in time. */
  expired = 0;
  /** Ended to make room for others. */
  displaced = 0;

  /** onEnd: forget what the session has kept. */
  constructor(limits: SessionLimits, onEnd: (clientId: string) => void) {
    this.#limits = limits;
    this.#onEnd = onEnd;
  }

  /** Whose client is away. */
  get sleeping(): number {
    return this.#sleeping.size;
  }

  /** True when it outlives its connection. */
  isKept(clientId: string): boolean {
    return this.#sessions.has(clientId);
  }

  /** True when it began with an earlier connection [MQTT-3.2.2-2]. */
  isResumed(clientId: string): boolean {
    return this.#sessions.get(clientId)?.resumed === true;
  }

  /**
   * name: who connects; another one gets neither the session nor its end. rights: what they may do; a session of when they might do
   * something else is over, because it holds what they may not read any more.
   */
  claim(clientId: string, name: string, clean: boolean, nowMs: number, rights = ''): Claim {
    this.expire(nowMs);
    let session = this.#sessions.get(clientId);
    if (session && session.name !== name) return 'taken';
    if (session && session.rights !== rights) {
      this.#end(clientId);
      session = undefined;
    }
    if (clean) this.#end(clientId); // [MQTT-3.1.2-6]
    else if (session) {
      session.resumed = true;
      this.#sleeping.delete(clientId);
    } else {
      if (this.#sessions.size >= this.#limits.sessions && !this.#displaceOldest()) return 'too-many';
      this.#sessions.set(clientId, { name, rights, resumed: false });
    }
    return 'ok';
  }

  /** Its connection has ended. */
  sleep(clientId: string, nowMs: number): void {
    if (this.#sessions.has(clientId)) this.#sleeping.set(clientId, nowMs);
  }

  /** Ends what has slept too long. */
  expire(nowMs: number): void {
    for (const [clientId, sinceMs] of this.#sleeping) {
      if (nowMs - sinceMs < this.#limits.sessionExpiryS * 1000) return;
      this.#end(clientId);
      this.expired++;
    }
  }

  #displaceOldest(): boolean {
    for (const clientId of this.#sleeping.keys()) {
      this.#end(clientId);
      this.displaced++;
      return true;
    }
    return false;
  }

  #end(clientId: string): void {
    this.#sleeping.delete(clientId);
    if (this.#sessions.delete(clientId)) this.#onEnd(clientId);
  }
}
