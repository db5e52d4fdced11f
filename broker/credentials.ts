// Who is who: names, roles and scrypt hashes in one file, a generated secret per service beside it. What a role may do is in roles.ts.
import { createHmac, randomBytes, scrypt, timingSafeEqual } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { DEVICE_PATTERN, isKind, isObject, show } from '../telemetry/description.ts';
import { ROLES } from './roles.ts';
import type { Identity, Role } from './roles.ts';

export interface Credentials {
  /** True: those who send no name and no password are let in (loopback demo). */
  readonly anonymous: boolean;
  /** The identity behind a name and its password; undefined for a wrong one. Takes the same time for an unknown name. @throws Busy */
  verify(name: string, password: Uint8Array): Promise<Identity | undefined>;
}

/** Too many passwords wait to be checked; the client should come back later. */
export class Busy extends Error {}

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

interface User {
  readonly name: string;
  readonly role: Role;
  readonly kinds?: readonly string[];
  /** `scrypt:<salt>:<hash>`, base64url */
  readonly hash: string;
}

const SECRET_BYTES = 24; // 192 bits
const SALT_BYTES = 16;
const HASH_BYTES = 32;
const SCRYPT = { N: 16_384, r: 8, p: 1 }; // 16 MB and about 50 ms; OWASP Password Storage Cheat Sheet's smallest is of this order
/** What two scrypts at once check within the time that a CONNECT may take. */
const MAX_WAITING = 200;
/** Node does them in the pool of threads that the database and files need too, of four threads. */
const AT_ONCE = 2;
const MAX_REMEMBERED = 20_000;
const USERS_FILE = 'users.json';

/** Secrets that live as long as the process, for the parts of a demo on loopback; everyone else comes in without a password. */
export function ephemeralCredentials(): { credentials: Credentials; secretOf: (name: ServiceName) => string } {
  const secrets = new Map(Object.keys(SERVICES).map((name) => [name, newSecret()]));
  const credentials: Credentials = {
    anonymous: true,
    verify(name, password) {
      const expected = secrets.get(name) ?? newSecret();
      const ok = sameBytes(digest(Buffer.from(expected)), digest(password)) && secrets.has(name);
      return Promise.resolve(ok ? { name, roles: [SERVICES[name as ServiceName]] } : undefined);
    },
  };
  return { credentials, secretOf: (name) => secrets.get(name)! };
}

/** Loads the folder's credentials; at the first start makes a secret for each service (`NAME.password`, readable by the owner only). */
export async function createCredentials(folder: string): Promise<Credentials> {
  const existing = await readFile(join(folder, USERS_FILE)).catch(ignoreMissing);
  if (existing === undefined) {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    const users: User[] = [];
    for (const [name, role] of Object.entries(SERVICES)) {
      const secret = newSecret();
      await writeFile(join(folder, `${name}.password`), `${secret}\n`, { mode: 0o600 });
      users.push({ name, role, hash: await hashOf(secret) });
    }
    await writeUsers(folder, users);
  }
  return loadCredentials(folder);
}

/** @throws naming every problem of the file */
export async function loadCredentials(folder: string): Promise<Credentials> {
  const users = await readUsers(folder);
  return new StoredCredentials(users);
}

/** The generated secret of a service. */
export async function readSecret(folder: string, name: ServiceName): Promise<string> {
  return (await readFile(join(folder, `${name}.password`), 'utf8')).trim();
}

/** Adds or replaces a user. A device's name is `{kind}/{device}`. @returns the password, a new random one unless given */
export async function addUser(
  folder: string,
  user: { readonly name: string; readonly role: Role; readonly kinds?: readonly string[] },
  password = newSecret(),
): Promise<string> {
  const added: User = { ...user, hash: await hashOf(password) };
  const others = (await readUsers(folder)).filter(({ name }) => name !== user.name);
  const problems = userProblems(added);
  if (problems.length > 0) throw new Error(problems.join('; '));
  await writeUsers(folder, [...others, added]);
  return password;
}

class StoredCredentials implements Credentials {
  readonly anonymous = false;
  readonly #users: ReadonlyMap<string, { identity: Identity; hash: string }>;
  readonly #decoy = `scrypt:${randomBytes(SALT_BYTES).toString('base64url')}:${randomBytes(HASH_BYTES).toString('base64url')}`;
  /** Keyed digests of passwords that were right before: a thousand reconnects must not cost a thousand scrypts. */
  readonly #right = new Map<string, Buffer>();
  #waiting = 0;

  constructor(users: readonly User[]) {
    this.#users = new Map(users.map((user) => [user.name, { identity: identityOf(user), hash: user.hash }]));
  }

  async verify(name: string, password: Uint8Array): Promise<Identity | undefined> {
    const user = this.#users.get(name);
    const presented = digest(password);
    const known = this.#right.get(name);
    if (user && known && sameBytes(known, presented)) return user.identity;
    if (this.#waiting >= MAX_WAITING) throw new Busy(`${MAX_WAITING} passwords are being checked`);
    this.#waiting++;
    try {
      const right = await matches(user?.hash ?? this.#decoy, password);
      if (!user || !right) return undefined;
      if (this.#right.size < MAX_REMEMBERED) this.#right.set(name, presented);
      return user.identity;
    } finally {
      this.#waiting--;
    }
  }
}

function identityOf({ name, role, kinds }: User): Identity {
  if (role === 'device') {
    const [kind, device] = name.split('/') as [string, string];
    return { name, roles: [role], device: { kind, device } };
  }
  return kinds ? { name, roles: [role], kinds } : { name, roles: [role] };
}

async function readUsers(folder: string): Promise<User[]> {
  const path = join(folder, USERS_FILE);
  let content: unknown;
  try {
    content = JSON.parse(await readFile(path, 'utf8'));
  } catch (error) {
    throw new Error(`cannot read credentials ${path}: ${(error as Error).message}`, { cause: error });
  }
  const users: unknown = isObject(content) ? content.users : undefined;
  if (!Array.isArray(users)) throw new Error(`${path} must be {"users": [...]}, got ${show(content)}`);
  const problems = users.flatMap(userProblems);
  const names = users.map((user: User) => user?.name);
  for (const name of names.filter((name, at) => names.indexOf(name) !== at))
    problems.push(`two users named ${show(name)}`);
  if (problems.length > 0) throw new Error(`${path}: ${problems.join('; ')}`);
  return users as User[];
}

function userProblems(user: unknown): string[] {
  if (!isObject(user)) return [`a user is an object, got ${show(user)}`];
  const { name, role, kinds, hash } = user;
  const problems: string[] = [];
  if (typeof name !== 'string' || name === '' || name.length > 130) {
    problems.push(`name must be a text of 1 to 130 characters, got ${show(name)}`);
  } else if (role === 'device' && !isDeviceName(name)) {
    problems.push(`a device is named {kind}/{device}, got ${show(name)}`);
  }
  if (!ROLES.includes(role as Role))
    problems.push(`role of ${show(name)} must be one of ${ROLES.join(', ')}, got ${show(role)}`);
  if (
    kinds !== undefined &&
    !(Array.isArray(kinds) && kinds.every((kind) => typeof kind === 'string' && isKind(kind)))
  ) {
    problems.push(`kinds of ${show(name)} must be an array of kinds, got ${show(kinds)}`);
  }
  if (typeof hash !== 'string' || !/^scrypt:[\w-]{22}:[\w-]{43}$/.test(hash)) {
    problems.push(`hash of ${show(name)} must be scrypt:<salt>:<hash>`);
  }
  return problems;
}

function isDeviceName(name: string): boolean {
  const [kind = '', device = '', ...rest] = name.split('/');
  return isKind(kind) && DEVICE_PATTERN.test(device) && rest.length === 0;
}

/** Replaces the file in one step: a crash leaves the old one. */
async function writeUsers(folder: string, users: readonly User[]): Promise<void> {
  const path = join(folder, USERS_FILE);
  await writeFile(`${path}.new`, `${JSON.stringify({ users }, null, 2)}\n`, { mode: 0o600 });
  await rename(`${path}.new`, path);
}

function newSecret(): string {
  return randomBytes(SECRET_BYTES).toString('base64url');
}

async function hashOf(password: string): Promise<string> {
  const salt = randomBytes(SALT_BYTES);
  const hash = await derive(Buffer.from(password), salt);
  return `scrypt:${salt.toString('base64url')}:${hash.toString('base64url')}`;
}

async function matches(stored: string, password: Uint8Array): Promise<boolean> {
  const [, salt, hash] = stored.split(':');
  return sameBytes(await derive(password, Buffer.from(salt!, 'base64url')), Buffer.from(hash!, 'base64url'));
}

function derive(password: Uint8Array, salt: Buffer): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    waiting.push(() => {
      scrypt(password, salt, HASH_BYTES, SCRYPT, (error, key) => {
        running--;
        deriveNext();
        if (error) reject(error);
        else resolve(key);
      });
    });
    deriveNext();
  });
}

const waiting: (() => void)[] = [];
let running = 0;
function deriveNext(): void {
  if (running >= AT_ONCE) return;
  const next = waiting.shift();
  if (!next) return;
  running++;
  next();
}

const processKey = randomBytes(32);
function digest(password: Uint8Array): Buffer {
  return createHmac('sha256', processKey).update(password).digest();
}

function sameBytes(a: Buffer, b: Buffer): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}

function ignoreMissing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
  return undefined;
}
