// Reads JSON Web Tokens, signed by somebody else with one algorithm that is named beforehand. For MQTT a token is the password and its
// subject the user name. It makes no tokens.
import { createLocalJWKSet, importSPKI, jwtVerify } from 'jose';
import type { CryptoKey, JSONWebKeySet, JWTPayload, JWTVerifyGetKey } from 'jose';
import { isObject } from '../telemetry/description.ts';
import type { CredentialSource } from './credential-source.ts';
import type { JwtAlgorithm } from './jwt-algorithms.ts';
import type { Identity } from './roles.ts';
import { identityOf, identityProblems, isDeviceName } from './users.ts';
import type { NewUser } from './users.ts';
import { WatchedFile } from './watched-file.ts';

export interface JwtOptions {
  /** A secret (HS256), a public key as PEM, or a set of keys as JSON (JWKS). Read again when it changes. */
  readonly keyFile: string;
  /** No other one is believed, whatever a token says about itself. */
  readonly algorithm: JwtAlgorithm;
  /** Tokens for others are refused. */
  readonly audience: string;
  readonly onBad: (error: Error) => void;
  /** Wall time [ms]; default: the machine's */
  readonly nowMs?: () => number;
}

type Keys = Uint8Array | CryptoKey | JWTVerifyGetKey;

const CLOCK_TOLERANCE_S = 5;
const MIN_SECRET_BYTES = 32; // RFC 7518 3.2
/** header.payload.signature */
const TOKEN = /^[\w-]{2,}\.[\w-]{2,}\.[\w-]{2,}$/;
const MAX_TOKEN_LENGTH = 4096;

export class JwtSource implements CredentialSource {
  readonly #options: JwtOptions;
  readonly #keys: WatchedFile<Keys>;
  readonly #nowMs: () => number;
  readonly #ours = new WeakSet<Identity>();

  private constructor(options: JwtOptions, keys: WatchedFile<Keys>) {
    this.#options = options;
    this.#keys = keys;
    this.#nowMs = options.nowMs ?? Date.now;
  }

  /** @throws when the file holds no key for the algorithm */
  static async open(options: JwtOptions): Promise<JwtSource> {
    const { keyFile, algorithm, onBad } = options;
    return new JwtSource(
      options,
      await WatchedFile.open(keyFile, (text) => parseKeys(text, keyFile, algorithm), onBad),
    );
  }

  decides(_name: string, password: Uint8Array): boolean {
    return password.length <= MAX_TOKEN_LENGTH && TOKEN.test(Buffer.from(password).toString('latin1'));
  }

  recall(): undefined {
    return undefined; // a signature is checked faster than it would be found
  }

  async verify(name: string, password: Uint8Array): Promise<Identity | undefined> {
    const identity = await this.bearer(Buffer.from(password).toString('latin1'));
    return identity?.name === name ? identity : undefined;
  }

  /** Who a token is about; undefined when it is not to be believed. */
  async bearer(token: string): Promise<Identity | undefined> {
    const { algorithm, audience } = this.#options;
    try {
      const { payload } = await jwtVerify(token, this.#keys.value as JWTVerifyGetKey, {
        algorithms: [algorithm],
        audience,
        requiredClaims: ['sub', 'exp'],
        clockTolerance: CLOCK_TOLERANCE_S,
        currentDate: new Date(this.#nowMs()),
      });
      const identity = identityIn(payload);
      if (identity) this.#ours.add(identity);
      return identity;
    } catch {
      return undefined;
    }
  }

  isCurrent(identity: Identity): boolean | undefined {
    if (!this.#ours.has(identity)) return undefined;
    return this.#nowMs() < identity.untilMs! + CLOCK_TOLERANCE_S * 1000;
  }

  close(): void {
    this.#keys.close();
  }
}

/** `role` is a device's when absent, `kinds` are those of a gateway or an integrator. */
function identityIn({ sub, exp, role, kinds }: JWTPayload): Identity | undefined {
  const user = { name: sub, role: role ?? 'device', ...(kinds === undefined ? {} : { kinds }) };
  if (identityProblems(user).length > 0 || (user.role === 'device' && !isDeviceName(sub!))) return undefined;
  return { ...identityOf(user as NewUser), untilMs: exp! * 1000 };
}

/** No message quotes the file. */
async function parseKeys(text: string | undefined, path: string, algorithm: JwtAlgorithm): Promise<Keys> {
  if (text === undefined) throw new Error(`there is no file ${path}`);
  const trimmed = text.trim();
  if (trimmed.startsWith('{')) return createLocalJWKSet(parseSet(trimmed, path));
  if (algorithm === 'HS256') {
    const secret = Buffer.from(trimmed);
    // A public key that is taken for a secret would let everybody sign.
    if (trimmed.startsWith('-----BEGIN')) throw new Error(`${path} holds a PEM key, which is no secret for HS256`);
    if (secret.length < MIN_SECRET_BYTES) {
      throw new Error(`the secret in ${path} must have ${MIN_SECRET_BYTES} bytes or more, got ${secret.length}`);
    }
    return secret;
  }
  try {
    return await importSPKI(trimmed, algorithm);
  } catch (error) {
    throw new Error(`${path} holds no public key (PEM, SPKI) for ${algorithm}`, { cause: error });
  }
}

function parseSet(text: string, path: string): JSONWebKeySet {
  let set: unknown;
  try {
    set = JSON.parse(text);
  } catch {
    throw new Error(`${path} is no JSON`);
  }
  if (!isObject(set) || !Array.isArray(set.keys) || set.keys.length === 0) {
    throw new Error(`${path} must hold {"keys": [...]} with a key or more (RFC 7517)`);
  }
  return set as unknown as JSONWebKeySet;
}
