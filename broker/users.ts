// The file of users: names, roles, hashes of passwords. It is read whole, judged whole, and replaced in one step. Who presents what is
// decided in credentials.ts.
import { chmod, mkdir, open, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { DEVICE_PATTERN, isKind, isObject, show } from '../telemetry/description.ts';
import { ROLES } from './roles.ts';
import type { Identity, Role } from './roles.ts';
import { HASH_PATTERN, hashOf, newSecret } from './secrets.ts';

export interface User {
  /** A device's is `{kind}/{device}`. */
  readonly name: string;
  readonly role: Role;
  /** Of a gateway or integrator; absent = all. */
  readonly kinds?: readonly string[];
  /** `scrypt:<salt>:<hash>`, base64url; absent: known by a client certificate only */
  readonly hash?: string;
}

export type NewUser = Omit<User, 'hash'>;

export const USERS_FILE = 'users.json';
const MAX_NAME_LENGTH = 130;
const OWNER_ONLY = 0o600;
const OWNER_ONLY_FOLDER = 0o700;

/** Those of the folder; none when there is no file yet. @throws naming every problem of the file */
export async function readUsers(folder: string): Promise<User[]> {
  const path = join(folder, USERS_FILE);
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw unreadable(path, error as Error);
  }
  return parseUsers(text, path);
}

/** path: for messages. @throws naming every problem of the text; no message carries a hash */
export function parseUsers(text: string, path: string): User[] {
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch {
    throw new Error(`cannot read credentials ${path}: it is no JSON`); // the parser's own message quotes what it read
  }
  const users: unknown = isObject(content) ? content.users : undefined;
  if (!Array.isArray(users)) throw new Error(`${path} must be {"users": [...]}`);
  const problems = users.flatMap(userProblems);
  const names = users.map((user: User) => user?.name);
  const twice = new Set(names.filter((name, at) => names.indexOf(name) !== at));
  for (const name of twice) problems.push(`two users named ${show(name)}`);
  if (problems.length > 0) throw new Error(`${path}: ${problems.join('; ')}`);
  return users as User[];
}

/** Adds or replaces a user. password: undefined = a new random one, null = none, a client certificate only. @returns the password */
export async function addUser(folder: string, user: NewUser, password?: string | null): Promise<string | undefined> {
  const secret = password === undefined ? newSecret() : (password ?? undefined);
  const added: User = { ...user, ...(secret === undefined ? {} : { hash: await hashOf(secret) }) };
  const problems = userProblems(added);
  if (problems.length > 0) throw new Error(problems.join('; '));
  const others = (await readUsers(folder)).filter(({ name }) => name !== user.name);
  await writeUsers(folder, [...others, added]);
  return secret;
}

/** @returns whether there was one */
export async function removeUser(folder: string, name: string): Promise<boolean> {
  const users = await readUsers(folder);
  const left = users.filter((user) => user.name !== name);
  if (left.length === users.length) return false;
  await writeUsers(folder, left);
  return true;
}

/** What a user may be called and be; for a device the name says which one it is. */
export function identityOf({ name, role, kinds }: NewUser): Identity {
  if (role === 'device') {
    const [kind, device] = name.split('/') as [string, string];
    return { name, roles: [role], device: { kind, device } };
  }
  return kinds ? { name, roles: [role], kinds } : { name, roles: [role] };
}

/** What is wrong with a user's name, role and kinds, wherever they come from. */
export function identityProblems(user: { readonly [key: string]: unknown }): string[] {
  const { name, role, kinds } = user;
  const problems: string[] = [];
  if (typeof name !== 'string' || name === '' || name.length > MAX_NAME_LENGTH) {
    problems.push(`name must be a text of 1 to ${MAX_NAME_LENGTH} characters, got ${show(name)}`);
  } else if (role === 'device' && !isDeviceName(name)) {
    problems.push(`a device is named {kind}/{device}, got ${show(name)}`);
  }
  if (!ROLES.includes(role as Role)) {
    problems.push(`role of ${show(name)} must be one of ${ROLES.join(', ')}, got ${show(role)}`);
  }
  if (
    kinds !== undefined &&
    !(Array.isArray(kinds) && kinds.every((kind) => typeof kind === 'string' && isKind(kind)))
  ) {
    problems.push(`kinds of ${show(name)} must be an array of kinds, got ${show(kinds)}`);
  }
  return problems;
}

function userProblems(user: unknown): string[] {
  if (!isObject(user)) return [`a user is an object, got ${show(user)}`];
  const problems = identityProblems(user);
  if (user.hash !== undefined && !(typeof user.hash === 'string' && HASH_PATTERN.test(user.hash))) {
    problems.push(`hash of ${show(user.name)} must be scrypt:<salt>:<hash>`);
  }
  return problems;
}

export function isDeviceName(name: string): boolean {
  const [kind = '', device = '', ...rest] = name.split('/');
  return isKind(kind) && DEVICE_PATTERN.test(device) && rest.length === 0;
}

async function writeUsers(folder: string, users: readonly User[]): Promise<void> {
  await mkdir(folder, { recursive: true, mode: OWNER_ONLY_FOLDER });
  await writeSecretly(join(folder, USERS_FILE), `${JSON.stringify({ users }, null, 2)}\n`);
}

/** Readable by the owner only, from its first byte; replaces the file in one step: a crash leaves the old one. */
export async function writeSecretly(path: string, text: string): Promise<void> {
  const fresh = `${path}.${process.pid}.new`;
  await rm(fresh, { force: true });
  const file = await open(fresh, 'wx', OWNER_ONLY);
  try {
    await file.writeFile(text);
    await file.sync();
  } finally {
    await file.close();
  }
  await chmod(fresh, OWNER_ONLY);
  await rename(fresh, path);
}

function unreadable(path: string, error: Error): Error {
  return new Error(`cannot read credentials ${path}: ${error.message}`, { cause: error });
}
