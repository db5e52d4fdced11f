// Who may come in, put together from the settings: the folder of credentials, and behind it an HTTP address or signed tokens. One check of
// passwords for MQTT and for the page. Says what to do when somebody opens the city to others without it.
import type { AccessOptions, AccessRole, Accounts, Person } from '../api/access/accounts.ts';
import type { CredentialSource, Credentials } from '../broker/credential-source.ts';
import { createCredentials, loadCredentials } from '../broker/credentials.ts';
import { HttpSource } from '../broker/http-credentials.ts';
import type { JwtSource } from '../broker/jwt-credentials.ts';
import type { Identity } from '../broker/roles.ts';
import { Tokens } from '../broker/tokens.ts';
import type { Token } from '../broker/tokens.ts';
import { readUsers } from '../broker/users.ts';
import { isLoopback } from '../telemetry/loopback.ts';
import type { Logger } from './log.ts';
import { UsageError } from './options.ts';
import type { Settings } from './options.ts';

export type AccessSettings = Pick<
  Settings,
  'host' | 'credentials' | 'openHttp' | 'authUrl' | 'jwtKey' | 'jwtAlgorithm' | 'jwtAudience' | 'tlsCert'
>;

export interface Access {
  readonly credentials: Credentials;
  readonly accounts: Accounts;
  close(): void;
}

/** REST's roles are those of people; parts and devices have no business there. */
const ROLES: { readonly [role: string]: AccessRole } = { viewer: 'viewer', operator: 'operator', admin: 'admin' };

/** Undefined on loopback without credentials. make: secrets of the parts that have none yet. @throws UsageError */
export async function openAccess(settings: AccessSettings, log: Logger, make: boolean): Promise<Access | undefined> {
  const { credentials: folder, authUrl, jwtKey } = settings;
  if (folder === undefined) {
    if (authUrl !== undefined || jwtKey !== undefined) {
      throw new UsageError(
        '--auth-url and --jwt-key need --credentials FOLDER: the secrets of our own parts are there',
      );
    }
    return undefined;
  }
  const onBad = (error: Error): void => log.error(`credentials stay as they were: ${error.message}`);
  const jwt = await openJwt(settings, onBad);
  const http = authUrl === undefined ? undefined : new HttpSource({ url: authUrl, log });
  const further = [jwt, http].filter((source): source is NonNullable<typeof source> => source !== undefined);
  const credentials = await opened(folder, further, onBad, make);
  const tokens = await Tokens.open(folder, onBad);
  const people = await readUsers(folder);
  if (!people.some(({ role }) => role === 'operator' || role === 'admin')) {
    log.info(
      `nobody may operate the city by page or REST yet: citytwin credentials add NAME --role admin --credentials ${folder}`,
    );
  }
  return {
    credentials,
    accounts: new StoredAccounts(credentials, tokens, jwt),
    close: () => {
      credentials.close?.();
      tokens.close();
    },
  };
}

async function opened(
  folder: string,
  further: readonly CredentialSource[],
  onBad: (error: Error) => void,
  make: boolean,
): Promise<Credentials> {
  try {
    return await (make ? createCredentials : loadCredentials)(folder, { further, onBad });
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

async function openJwt(
  { jwtKey, jwtAlgorithm, jwtAudience }: AccessSettings,
  onBad: (error: Error) => void,
): Promise<JwtSource | undefined> {
  if (jwtKey === undefined) return undefined;
  const { JwtSource: Source } = await import('../broker/jwt-credentials.ts');
  try {
    return await Source.open({ keyFile: jwtKey, algorithm: jwtAlgorithm, audience: jwtAudience, onBad });
  } catch (error) {
    throw new UsageError(`--jwt-key: ${(error as Error).message}`);
  }
}

/** What the api is told. Without a login everyone who reaches it may do everything on loopback, and operate the city behind --open-http. */
export function apiAccess(settings: AccessSettings, access: Access | undefined): AccessOptions {
  if (access === undefined) return { everyone: isLoopback(settings.host) ? 'admin' : 'operator' };
  return { accounts: access.accounts, ...(settings.openHttp ? { everyone: 'operator' } : {}) };
}

/** @throws UsageError that says exactly how to make credentials, when others could come in without */
export function requireCredentials(settings: AccessSettings, command: string): void {
  const { host, credentials } = settings;
  if (isLoopback(host) || credentials !== undefined) return;
  throw new UsageError(
    [
      `--host ${host} is open to others and needs credentials. Make them, then name their folder with --credentials:`,
      '  citytwin credentials add admin --role admin --credentials ./credentials',
      `  citytwin ${command} --host ${host} --credentials ./credentials`,
    ].join('\n'),
  );
}

/** What is legal and should be known. */
export function warnOfClearText({ host, tlsCert, openHttp }: AccessSettings, log: Logger): void {
  if (isLoopback(host)) return;
  if (openHttp) log.warn(`--open-http: everyone who reaches ${host} sees page and REST, and operates the city`);
  if (tlsCert === undefined) {
    log.warn(`--host ${host} without --tls-cert and --tls-key: passwords and tokens travel in clear text`);
  }
}

class StoredAccounts implements Accounts {
  readonly #credentials: Credentials;
  readonly #tokens: Tokens;
  readonly #jwt: JwtSource | undefined;
  readonly #people = new WeakMap<Identity, Person>();
  readonly #proofs = new WeakMap<Person, { identity: Identity; token?: Token }>();

  constructor(credentials: Credentials, tokens: Tokens, jwt: JwtSource | undefined) {
    this.#credentials = credentials;
    this.#tokens = tokens;
    this.#jwt = jwt;
  }

  async login(name: string, password: string, address: string): Promise<Person | undefined> {
    const identity = await this.#credentials.verify(name, Buffer.from(password), { address });
    if (!identity) return undefined;
    const known = this.#people.get(identity);
    const person = known ?? this.#personOf(identity);
    if (person) this.#people.set(identity, person);
    return person;
  }

  async bearer(text: string): Promise<Person | undefined> {
    const token = this.#tokens.find(text);
    if (token) {
      const identity = this.#credentials.named?.(token.user);
      return identity && this.#personOf(identity, token);
    }
    const identity = await this.#jwt?.bearer(text);
    // A name of the folder is the folder's, whoever signs for it.
    return identity && !this.#credentials.named?.(identity.name) ? this.#personOf(identity) : undefined;
  }

  isCurrent(person: Person): boolean {
    const proof = this.#proofs.get(person);
    if (!proof || this.#credentials.isCurrent?.(proof.identity) !== true) return false;
    return proof.token === undefined || this.#tokens.isCurrent(proof.token);
  }

  onChange(listener: () => void): void {
    this.#credentials.onChange?.(listener);
    this.#tokens.onChange(listener);
  }

  #personOf(identity: Identity, token?: Token): Person | undefined {
    const role = identity.roles.map((name) => ROLES[name]).find((found) => found !== undefined);
    if (role === undefined) return undefined;
    const person = { name: identity.name, role };
    this.#proofs.set(person, token ? { identity, token } : { identity });
    return person;
  }
}
