// What can be asked about names and passwords, and how it says that it cannot tell. No source is here.
import type { Identity } from './roles.ts';

/** Where a name and a password come from. */
export interface Presenter {
  /** Of the network; undefined when it is gone already. */
  readonly address: string | undefined;
  /** MQTT's. */
  readonly clientId?: string;
}

export interface Credentials {
  /** True: those who send no name and no password are let in (loopback demo). */
  readonly anonymous: boolean;
  /** The identity behind a name and its password; undefined for a wrong one. Takes the same time for an unknown name. @throws Busy */
  verify(name: string, password: Uint8Array, from?: Presenter): Promise<Identity | undefined>;
  /** Who has this name, as a client certificate says; undefined: nobody of ours. */
  named?(name: string): Identity | undefined;
  /** False when an identity that was given out has been changed, taken away, or has ended. */
  isCurrent?(identity: Identity): boolean;
  /** Called when isCurrent may answer otherwise than before. */
  onChange?(listener: () => void): void;
  close?(): void;
}

/** One place that knows passwords. Several can stand behind each other. */
export interface CredentialSource {
  /** True: its answer may depend on the client id too. */
  readonly regardsClientId?: boolean;
  /** Whether it alone decides about this name and password. */
  decides(name: string, password: Uint8Array): boolean;
  /** An identity found before, without work. */
  recall(name: string, password: Uint8Array, from: Presenter): Identity | undefined;
  /** @throws Busy when it cannot say: that is never a yes */
  verify(name: string, password: Uint8Array, from: Presenter): Promise<Identity | undefined>;
  named?(name: string): Identity | undefined;
  isCurrent(identity: Identity): boolean | undefined;
  onChange?(listener: () => void): void;
  close?(): void;
}

/** It cannot be said now; the client should come back later. */
export class Busy extends Error {
  override readonly cause: 'busy' | 'back-off';
  /** ≥ 1 */
  readonly retryAfterS: number;
  constructor(message: string, cause: 'busy' | 'back-off' = 'busy', retryAfterS = 1) {
    super(message);
    this.cause = cause;
    this.retryAfterS = Math.max(1, Math.ceil(retryAfterS));
  }
}
