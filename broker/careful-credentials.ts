// Stands before all places that know passwords: how many are checked at a time, how long an address that guesses has to wait, and that the
// same question is asked once. It knows no password itself.
import { networkOf } from '../telemetry/network.ts';
import { Busy } from './credential-source.ts';
import type { CredentialSource, Credentials, Presenter } from './credential-source.ts';
import { GuessLimit } from './guess-limit.ts';
import { Lanes } from './lanes.ts';
import type { Identity } from './roles.ts';
import { keyOf } from './secrets.ts';

/** What two scrypts at once check within the time that a CONNECT may take. */
const MAX_WAITING = 200;
const MAX_WAITING_OF_ADDRESS = 50;
/** So that nobody waits behind all of an address that sends hundreds. */
const MAX_AT_ONCE_OF_ADDRESS = 4;

export class CarefulCredentials implements Credentials {
  readonly anonymous = false;
  readonly #sources: readonly CredentialSource[];
  readonly #guessLimit: GuessLimit;
  readonly #nowMs: () => number;
  readonly #asked = new Map<string, Promise<Identity | undefined>>();
  readonly #lanes = new Lanes(MAX_AT_ONCE_OF_ADDRESS);
  #waiting = 0;

  /** sources: at least one; the first is asked when none knows the name. nowMs: of a monotonic clock */
  constructor(sources: readonly CredentialSource[], nowMs = (): number => performance.now()) {
    this.#sources = sources;
    this.#guessLimit = new GuessLimit();
    this.#nowMs = nowMs;
  }

  async verify(
    name: string,
    password: Uint8Array,
    from: Presenter = { address: undefined },
  ): Promise<Identity | undefined> {
    const source = this.#sources.find((candidate) => candidate.decides(name, password)) ?? this.#sources[0]!;
    const known = source.recall(name, password, from);
    if (known && source.isCurrent(known) === true) return known;
    // Hundreds that come back at once by one password are one question.
    const clientId = source.regardsClientId === true ? (from.clientId ?? '') : '';
    const key = keyOf(name, password, clientId, from.address ?? '');
    const asked = this.#asked.get(key);
    if (asked) return asked;
    const answer = this.#judge(source, name, password, from).finally(() => this.#asked.delete(key));
    this.#asked.set(key, answer);
    return answer;
  }

  named(name: string): Identity | undefined {
    for (const source of this.#sources) {
      const identity = source.named?.(name);
      if (identity) return identity;
    }
    return undefined;
  }

  isCurrent(identity: Identity): boolean {
    return this.#sources.some((source) => source.isCurrent(identity) === true);
  }

  onChange(listener: () => void): void {
    for (const source of this.#sources) source.onChange?.(listener);
  }

  close(): void {
    for (const source of this.#sources) source.close?.();
  }

  async #judge(
    source: CredentialSource,
    name: string,
    password: Uint8Array,
    from: Presenter,
  ): Promise<Identity | undefined> {
    const address = networkOf(from.address ?? '');
    this.#refuseGuesser(address, name);
    if (this.#waiting >= MAX_WAITING || this.#lanes.waiting(address) >= MAX_WAITING_OF_ADDRESS) {
      throw new Busy(`${this.#waiting} passwords are being checked`);
    }
    this.#waiting++;
    await this.#lanes.enter(address);
    try {
      this.#refuseGuesser(address, name); // those before it may have been wrong
      const identity = await source.verify(name, password, from);
      if (identity) this.#guessLimit.right(address, name);
      else this.#guessLimit.wrong(address, name, this.#nowMs());
      return identity;
    } finally {
      this.#waiting--;
      this.#lanes.leave(address);
    }
  }

  #refuseGuesser(address: string, name: string): void {
    const restMs = this.#guessLimit.restMs(address, name, this.#nowMs());
    // Whoever has guessed wrong before guesses one at a time.
    if (restMs > 0 || (this.#guessLimit.isSuspect(address, name) && this.#lanes.waiting(address) > 1)) {
      throw new Busy('too many wrong passwords from this address', 'back-off', restMs / 1000);
    }
  }
}
