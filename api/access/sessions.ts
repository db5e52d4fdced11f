// Who is logged in on the page: random session ids, kept as digests and in memory only, so that a restart logs everyone out. How they
// travel is in gate.ts.
import { createHash, randomBytes } from 'node:crypto';
import type { Person } from './accounts.ts';

export interface Session {
  readonly person: Person;
  /** Must come with every request of this session that changes something. */
  readonly csrf: string;
}

interface Kept extends Session {
  readonly startedMs: number;
  seenMs: number;
}

const ID_BYTES = 24;
const LONGEST_MS = 12 * 3_600_000;
const IDLE_MS = 2 * 3_600_000;
const MAX_SESSIONS = 10_000;
/** One more ends the person's oldest: nobody logs the others out by logging in often. */
const MAX_OF_PERSON = 20;

export class Sessions {
  readonly #kept = new Map<string, Kept>();
  readonly #nowMs: () => number;

  /** nowMs: of a monotonic clock */
  constructor(nowMs: () => number) {
    this.#nowMs = nowMs;
  }

  /** @returns the id, which is kept nowhere else, and its session */
  start(person: Person): { id: string; session: Session } {
    const id = randomBytes(ID_BYTES).toString('base64url');
    const nowMs = this.#nowMs();
    const session = { person, csrf: randomBytes(ID_BYTES).toString('base64url'), startedMs: nowMs, seenMs: nowMs };
    this.#makeRoomOf(person);
    if (this.#kept.size >= MAX_SESSIONS) this.#makeRoom(nowMs);
    this.#kept.set(digest(id), session);
    return { id, session };
  }

  find(id: string): Session | undefined {
    const key = digest(id);
    const kept = this.#kept.get(key);
    const nowMs = this.#nowMs();
    if (!kept) return undefined;
    if (isOver(kept, nowMs)) {
      this.#kept.delete(key);
      return undefined;
    }
    kept.seenMs = nowMs;
    return kept;
  }

  end(id: string): void {
    this.#kept.delete(digest(id));
  }

  #makeRoomOf({ name }: Person): void {
    const own = [...this.#kept].filter(([, kept]) => kept.person.name === name);
    if (own.length >= MAX_OF_PERSON) this.#kept.delete(own[0]![0]);
  }

  #makeRoom(nowMs: number): void {
    for (const [key, kept] of this.#kept) if (isOver(kept, nowMs)) this.#kept.delete(key);
    const [oldest] = this.#kept.keys();
    if (this.#kept.size >= MAX_SESSIONS && oldest !== undefined) this.#kept.delete(oldest);
  }
}

function isOver({ startedMs, seenMs }: Kept, nowMs: number): boolean {
  return nowMs - startedMs > LONGEST_MS || nowMs - seenMs > IDLE_MS;
}

/** Looked up by digest: how long that takes tells nothing about an id. */
function digest(id: string): string {
  return createHash('sha256').update(id).digest('base64');
}
