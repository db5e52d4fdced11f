// `citytwin credentials add|list|remove|token`: who may come in. A password or token is shown once, when it is made; no command takes one as
// a word, which others on the machine could read.
import { readFileSync } from 'node:fs';
import { ROLES } from '../broker/roles.ts';
import type { Role } from '../broker/roles.ts';
import { addToken, isOver, readTokens, removeTokens } from '../broker/tokens.ts';
import { addUser, readUsers, removeUser } from '../broker/users.ts';
import { durationMs } from '../simulator/duration.ts';
import { nearestChoice } from '../telemetry/names.ts';
import { UsageError } from './options.ts';
import type { Settings } from './options.ts';

const ACTIONS = ['add', 'list', 'remove', 'token'] as const;
type Action = (typeof ACTIONS)[number];
type CredentialSettings = Pick<
  Settings,
  'credentials' | 'role' | 'kinds' | 'newPasswordFile' | 'certificateOnly' | 'expires' | 'json'
>;

const STDIN = 0;
const MIN_PASSWORD_LENGTH = 12;
/** Those who may ask REST, which is what tokens are for. */
const PEOPLE: readonly Role[] = ['viewer', 'operator', 'admin'];

/** @throws UsageError */
export async function credentials(settings: CredentialSettings, action: string, name?: string): Promise<void> {
  if (!ACTIONS.includes(action as Action)) {
    const nearest = nearestChoice(action, ACTIONS);
    const hint = nearest === undefined ? '' : `, did you mean ${nearest}?`;
    throw new UsageError(`unknown action ${action}${hint} Expected one of ${ACTIONS.join(', ')}`);
  }
  if (action === 'list') return list(settings);
  if (name === undefined) throw new UsageError(`credentials ${action} needs a name`);
  const run = { add, remove, token }[action as Exclude<Action, 'list'>];
  await run(settings, name);
}

async function add(settings: CredentialSettings, name: string): Promise<void> {
  const { role, kinds, certificateOnly, json } = settings;
  if (role === undefined) throw new UsageError(`say what ${name} may do with --role, one of ${ROLES.join(', ')}`);
  const given = certificateOnly ? null : passwordIn(settings.newPasswordFile);
  const listed = kinds === undefined ? {} : { kinds: kinds.split(',').map((kind) => kind.trim()) };
  const password = await asked(() => addUser(folderOf(settings), { name, role: role as Role, ...listed }, given));
  // A password that was given is known already.
  const fresh = given === undefined ? { password: password! } : {};
  if (json) say({ name, role, ...fresh });
  else if (given === undefined) process.stdout.write(`${name} (${role}), password, shown only now: ${password}\n`);
  else process.stdout.write(`${name} (${role}) ${certificateOnly ? 'comes in by certificate' : 'has that password'}\n`);
}

async function list(settings: CredentialSettings): Promise<void> {
  const folder = folderOf(settings);
  const [users, tokens] = await asked(() => Promise.all([readUsers(folder), readTokens(folder)]));
  const shown = users.map(({ name, role, kinds, hash }) => ({
    name,
    role,
    ...(kinds && { kinds }),
    by: hash === undefined ? 'certificate' : 'password',
    tokens: tokens
      .filter(({ user }) => user === name)
      .map((token) => ({
        id: token.id,
        created: new Date(token.createdMs).toISOString(),
        ends: token.untilMs === undefined ? null : new Date(token.untilMs).toISOString(),
        over: isOver(token, Date.now()),
      })),
  }));
  if (settings.json) return say({ users: shown });
  if (shown.length === 0) process.stdout.write(`nobody yet in ${folder}\n`);
  for (const { name, role, kinds, by, tokens: own } of shown) {
    process.stdout.write(`${name}  ${role}${kinds ? ` of ${kinds.join(', ')}` : ''}, by ${by}\n`);
    for (const { id, ends, over } of own) {
      process.stdout.write(`  token ${id}${ends === null ? '' : over ? `, over since ${ends}` : `, until ${ends}`}\n`);
    }
  }
}

async function remove(settings: CredentialSettings, name: string): Promise<void> {
  const folder = folderOf(settings);
  const found = await asked(() => removeUser(folder, name));
  const tokens = await asked(() => removeTokens(folder, name));
  if (!found && tokens === 0) {
    const names = (await readUsers(folder)).map((known) => known.name);
    const nearest = nearestChoice(name, names);
    throw new UsageError(
      `no user or token ${name} in ${folder}${nearest === undefined ? '' : `, did you mean ${nearest}?`}`,
    );
  }
  if (settings.json) say({ removed: name, tokens });
  else process.stdout.write(`${name} is out within a second, wherever it is connected\n`);
}

async function token(settings: CredentialSettings, name: string): Promise<void> {
  const folder = folderOf(settings);
  const user = (await asked(() => readUsers(folder))).find((known) => known.name === name);
  if (!user) throw new UsageError(`no user ${name} in ${folder}: add one with citytwin credentials add ${name}`);
  if (!PEOPLE.includes(user.role)) {
    throw new UsageError(`tokens are for REST and the live stream, where ${name} (${user.role}) has no business`);
  }
  const { expires } = settings;
  const text = await addToken(folder, name, Date.now(), expires === undefined ? undefined : durationMs(expires));
  if (settings.json) say({ name, role: user.role, token: text });
  else process.stdout.write(`${text}\n`);
}

function folderOf({ credentials: folder }: CredentialSettings): string {
  return folder!; // has a default here
}

/** `-` is stdin. Undefined: a new random one. */
function passwordIn(file: string | undefined): string | undefined {
  if (file === undefined) return undefined;
  let password: string;
  try {
    password = readFileSync(file === '-' ? STDIN : file, 'utf8').replace(/\r?\n$/, '');
  } catch (error) {
    throw new UsageError(`cannot read the password: ${(error as Error).message}`);
  }
  if (password.length < MIN_PASSWORD_LENGTH) {
    throw new UsageError(`a password has ${MIN_PASSWORD_LENGTH} characters or more, got ${password.length}`);
  }
  return password;
}

async function asked<T>(ask: () => Promise<T>): Promise<T> {
  try {
    return await ask();
  } catch (error) {
    throw new UsageError((error as Error).message);
  }
}

function say(answer: object): void {
  process.stdout.write(`${JSON.stringify(answer)}\n`);
}
