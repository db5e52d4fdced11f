// Asks another service about names and passwords, by HTTP. What is no clear yes is no: an answer that is late, broken or an error lets
// nobody in, and is told apart from a wrong password so that devices come again.
import { Busy } from './credential-source.ts';
import type { CredentialSource, Presenter } from './credential-source.ts';
import type { Identity } from './roles.ts';
import { keyOf } from './secrets.ts';
import type { Log } from './tally.ts';
import { identityOf, identityProblems } from './users.ts';
import type { NewUser } from './users.ts';

export interface HttpSourceOptions {
  /** Asked by POST `{"name","password","clientId"?,"address"?}`; 200 `{"role","kinds"?}` is yes, 4xx is no. */
  readonly url: string;
  readonly log: Log;
  /** default 3000 */
  readonly timeoutMs?: number;
  /** Monotonic [ms]; default: the machine's */
  readonly nowMs?: () => number;
}

const TIMEOUT_MS = 3000;
const KEEP_YES_MS = 60_000;
const KEEP_NO_MS = 5000;
const MAX_KEPT = 20_000;
const MAX_ASKED = 100;
const MAX_ANSWER_BYTES = 4096;
const LOG_EVERY_MS = 10_000;
/** Refusals that are about the moment, not about the password. */
const COME_AGAIN = [408, 425, 429];

export class HttpSource implements CredentialSource {
  readonly regardsClientId = true;
  readonly #options: HttpSourceOptions;
  readonly #nowMs: () => number;
  readonly #kept = new Map<string, { identity: Identity | undefined; untilMs: number }>();
  /** Given out by us: it stays good for as long as its connection. */
  readonly #ours = new WeakSet<Identity>();
  #asked = 0;
  #loggedMs = -Infinity;

  constructor(options: HttpSourceOptions) {
    this.#options = options;
    this.#nowMs = options.nowMs ?? (() => performance.now());
  }

  decides(): boolean {
    return true;
  }

  recall(name: string, password: Uint8Array, from: Presenter): Identity | undefined {
    return this.#keptFor(name, password, from)?.identity;
  }

  isCurrent(identity: Identity): boolean | undefined {
    return this.#ours.has(identity) || undefined;
  }

  async verify(name: string, password: Uint8Array, from: Presenter): Promise<Identity | undefined> {
    const kept = this.#keptFor(name, password, from);
    if (kept) return kept.identity;
    if (this.#asked >= MAX_ASKED) throw new Busy(`${MAX_ASKED} passwords are being asked about`);
    this.#asked++;
    try {
      const identity = await this.#ask(name, password, from);
      if (identity) this.#ours.add(identity);
      this.#keep(keyFor(name, password, from), identity);
      return identity;
    } catch (error) {
      this.#complain(error as Error);
      throw new Busy('the address that knows passwords does not answer as it should');
    } finally {
      this.#asked--;
    }
  }

  async #ask(name: string, password: Uint8Array, { address, clientId }: Presenter): Promise<Identity | undefined> {
    const { url, timeoutMs = TIMEOUT_MS } = this.#options;
    const body = JSON.stringify({ name, password: Buffer.from(password).toString(), clientId, address });
    const response = await fetch(url, {
      method: 'POST',
      headers: { 'content-type': 'application/json' },
      body,
      redirect: 'error',
      signal: AbortSignal.timeout(timeoutMs),
    });
    const text = await limitedText(response);
    if (response.status >= 400 && response.status < 500 && !COME_AGAIN.includes(response.status)) return undefined;
    if (response.status !== 200) throw new Error(`it answered ${response.status}`);
    return identityIn(text, name);
  }

  #keptFor(name: string, password: Uint8Array, from: Presenter) {
    const kept = this.#kept.get(keyFor(name, password, from));
    return kept && kept.untilMs > this.#nowMs() ? kept : undefined;
  }

  #keep(key: string, identity: Identity | undefined): void {
    this.#kept.delete(key);
    if (this.#kept.size >= MAX_KEPT) this.#kept.delete(this.#kept.keys().next().value!);
    this.#kept.set(key, { identity, untilMs: this.#nowMs() + (identity ? KEEP_YES_MS : KEEP_NO_MS) });
  }

  #complain(error: Error): void {
    if (this.#nowMs() - this.#loggedMs < LOG_EVERY_MS) return;
    this.#loggedMs = this.#nowMs();
    const reason = error.cause instanceof Error ? error.cause.message : error.message;
    this.#options.log.error({ reason }, 'credentials: nobody can be let in, the address that knows passwords fails');
  }
}

function keyFor(name: string, password: Uint8Array, { clientId = '', address = '' }: Presenter): string {
  return keyOf(name, password, clientId, address);
}

/** @throws when it is longer than an answer can be */
async function limitedText(response: Response): Promise<string> {
  const chunks: Uint8Array[] = [];
  let length = 0;
  for await (const chunk of response.body ?? []) {
    length += chunk.length;
    if (length > MAX_ANSWER_BYTES) throw new Error(`its answer is longer than ${MAX_ANSWER_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks).toString();
}

/** @throws when the answer is not what was agreed on */
function identityIn(text: string, name: string): Identity {
  let answer: { role?: unknown; kinds?: unknown } | null;
  try {
    answer = JSON.parse(text) as typeof answer;
  } catch {
    throw new Error('its answer is no JSON');
  }
  const user = { name, role: answer?.role, ...(answer?.kinds === undefined ? {} : { kinds: answer.kinds }) };
  const problems = identityProblems(user);
  if (problems.length > 0) throw new Error(problems.join('; '));
  return identityOf(user as NewUser);
}
