// Who is who by the file of users, and a generated secret per service beside it. What a role may do is in roles.ts, how the file looks in
// users.ts, how many wrong passwords somebody may try in careful-credentials.ts.
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { CarefulCredentials } from './careful-credentials.ts';
import type { CredentialSource, Credentials } from './credential-source.ts';
import type { Identity, Role } from './roles.ts';
import { decoyHash, keyOf, matches, newSecret, sameText } from './secrets.ts';
import { USERS_FILE, addUser, identityOf, parseUsers, readUsers, writeSecretly } from './users.ts';
import type { User } from './users.ts';
import { WatchedFile } from './watched-file.ts';

/** The services and what they are. */
export const SERVICES = {
  simulator: 'gateway',
  control: 'controller',
  api: 'api',
  viewer: 'viewer',
} as const satisfies {
  [name: string]: Role;
};
export type ServiceName = keyof typeof SERVICES;

const MAX_REMEMBERED = 20_000;

/** Secrets that live as long as the process, for the parts of a demo on loopback; everyone else comes in without a password. */
export function ephemeralCredentials(): { credentials: Credentials; secretOf: (name: ServiceName) => string } {
  const secrets = new Map(Object.keys(SERVICES).map((name) => [name, newSecret()]));
  const credentials: Credentials = {
    anonymous: true,
    verify(name, password) {
      const expected = secrets.get(name) ?? newSecret();
      const ok = sameText(expected, Buffer.from(password).toString()) && secrets.has(name);
      return Promise.resolve(ok ? { name, roles: [SERVICES[name as ServiceName]] } : undefined);
    },
  };
  return { credentials, secretOf: (name) => secrets.get(name)! };
}

/** Makes a secret for every service that has none (`NAME.password`, readable by the owner only), then loads the folder's credentials. */
export async function createCredentials(folder: string, options: LoadOptions = {}): Promise<Credentials> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  const known = new Set((await readUsers(folder)).map(({ name }) => name));
  for (const [name, role] of Object.entries(SERVICES)) {
    // The parts must be able to come in; a viewer is a convenience of the first start.
    if (known.has(name) || (role === 'viewer' && known.size > 0)) continue;
    const secret = newSecret();
    await writeSecretly(join(folder, `${name}.password`), `${secret}\n`);
    await addUser(folder, { name, role }, secret);
  }
  return loadCredentials(folder, options);
}

export interface LoadOptions {
  /** Asked about names that the file does not have, in this order. */
  readonly further?: readonly CredentialSource[];
  /** A changed file cannot be used: the one before stays. */
  readonly onBad?: (error: Error) => void;
}

/** Changes of the file take effect within a second. @throws naming every problem of the file, or that there is none */
export async function loadCredentials(
  folder: string,
  { further = [], onBad = () => undefined }: LoadOptions = {},
): Promise<Credentials> {
  return new CarefulCredentials([await openUsersFile(folder, onBad), ...further]);
}

/** The generated secret of a service. */
export async function readSecret(folder: string, name: ServiceName): Promise<string> {
  return (await readFile(join(folder, `${name}.password`), 'utf8')).trim();
}

async function openUsersFile(folder: string, onBad: (error: Error) => void): Promise<FileSource> {
  const path = join(folder, USERS_FILE);
  const parse = (text: string | undefined): User[] => {
    if (text !== undefined) return parseUsers(text, path);
    throw new Error(`there are no credentials in ${folder}: make some with citytwin credentials add NAME`);
  };
  return new FileSource(await WatchedFile.open(path, parse, onBad));
}

class FileSource implements CredentialSource {
  readonly #file: WatchedFile<User[]>;
  readonly #listeners: (() => void)[] = [];
  readonly #decoy = decoyHash();
  /** Passwords that were right before: a thousand reconnects must not cost a thousand hashes. */
  readonly #right = new Map<string, Identity>();
  #users: ReadonlyMap<string, { user: User; identity: Identity }>;

  constructor(file: WatchedFile<User[]>) {
    this.#file = file;
    this.#users = indexed(file.value, new Map());
    file.onChange((users) => {
      this.#users = indexed(users, this.#users);
      for (const [key, identity] of this.#right) if (!this.isCurrent(identity)) this.#right.delete(key);
      for (const listener of this.#listeners) listener();
    });
  }

  decides(name: string): boolean {
    return this.#users.has(name);
  }

  recall(name: string, password: Uint8Array): Identity | undefined {
    return this.#right.get(keyOf(name, password));
  }

  async verify(name: string, password: Uint8Array): Promise<Identity | undefined> {
    const known = this.#users.get(name);
    const right = await matches(known?.user.hash ?? this.#decoy, password);
    // The file may have changed meanwhile.
    if (!right || known?.user.hash === undefined || this.#users.get(name) !== known) return undefined;
    if (this.#right.size < MAX_REMEMBERED) this.#right.set(keyOf(name, password), known.identity);
    return known.identity;
  }

  named(name: string): Identity | undefined {
    return this.#users.get(name)?.identity;
  }

  isCurrent(identity: Identity): boolean {
    return this.#users.get(identity.name)?.identity === identity;
  }

  onChange(listener: () => void): void {
    this.#listeners.push(listener);
  }

  close(): void {
    this.#file.close();
  }
}

/** Who has not changed keeps their identity, and with it their connections. */
function indexed(
  users: readonly User[],
  before: ReadonlyMap<string, { user: User; identity: Identity }>,
): Map<string, { user: User; identity: Identity }> {
  return new Map(
    users.map((user) => {
      const known = before.get(user.name);
      const same = known && JSON.stringify(known.user) === JSON.stringify(user);
      return [user.name, same ? known : { user, identity: identityOf(user) }];
    }),
  );
}
