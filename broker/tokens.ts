// Tokens for scripts: random, kept as digests in a file beside the users, each standing for one of them until it ends or is taken away. What
// its user may do is not decided here.
import { randomBytes } from 'node:crypto';
import { mkdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { isObject } from '../telemetry/description.ts';
import { digestOf, newSecret, sameText } from './secrets.ts';
import { writeSecretly } from './users.ts';
import { WatchedFile } from './watched-file.ts';

export interface Token {
  readonly id: string;
  /** Name of a user. */
  readonly user: string;
  /** SHA-256 of the secret, base64url: 192 random bits need no slow hash. */
  readonly digest: string;
  /** Wall time [ms since 1970]. */
  readonly createdMs: number;
  /** Absent: until it is taken away. */
  readonly untilMs?: number;
}

const TOKENS_FILE = 'tokens.json';
/** Begins with a word that secret scanners can look for. */
const TEXT = /^citytwin_([0-9a-f]{12})_([\w-]{32})$/;
const ID_BYTES = 6;

/** None when there is no file yet. @throws naming what is wrong with the file */
export async function readTokens(folder: string): Promise<Token[]> {
  const path = join(folder, TOKENS_FILE);
  const text = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
    if (error.code !== 'ENOENT') throw error;
    return undefined;
  });
  return parseTokens(text, path);
}

/** @returns the token's text, which is kept nowhere */
export async function addToken(folder: string, user: string, nowMs: number, lifetimeMs?: number): Promise<string> {
  const id = randomBytes(ID_BYTES).toString('hex');
  const secret = newSecret();
  const until = lifetimeMs === undefined ? {} : { untilMs: nowMs + lifetimeMs };
  const token: Token = { id, user, digest: digestOf(secret), createdMs: nowMs, ...until };
  await writeTokens(folder, [...(await readTokens(folder)).filter((other) => !isOver(other, nowMs)), token]);
  return `citytwin_${id}_${secret}`;
}

/** Takes away one token, or all of a user. @returns how many there were */
export async function removeTokens(folder: string, idOrUser: string): Promise<number> {
  const tokens = await readTokens(folder);
  const left = tokens.filter(({ id, user }) => id !== idOrUser && user !== idOrUser);
  if (left.length < tokens.length) await writeTokens(folder, left);
  return tokens.length - left.length;
}

/** The tokens of a folder as they are now; changes take effect within a second. */
export class Tokens {
  readonly #file: WatchedFile<ReadonlyMap<string, Token>>;
  readonly #nowMs: () => number;

  private constructor(file: WatchedFile<ReadonlyMap<string, Token>>, nowMs: () => number) {
    this.#file = file;
    this.#nowMs = nowMs;
  }

  /** nowMs: wall time */
  static async open(folder: string, onBad: (error: Error) => void, nowMs = Date.now): Promise<Tokens> {
    const path = join(folder, TOKENS_FILE);
    const parse = (text: string | undefined): ReadonlyMap<string, Token> =>
      new Map(parseTokens(text, path).map((token) => [token.id, token]));
    return new Tokens(await WatchedFile.open(path, parse, onBad), nowMs);
  }

  /** The token behind its text; undefined when there is none, or none any more. */
  find(text: string): Token | undefined {
    const [, id, secret] = TEXT.exec(text) ?? [];
    const token = id === undefined ? undefined : this.#file.value.get(id);
    const right = token !== undefined && sameText(digestOf(secret!), token.digest);
    return right && !isOver(token, this.#nowMs()) ? token : undefined;
  }

  isCurrent({ id, digest }: Token): boolean {
    const token = this.#file.value.get(id);
    return token?.digest === digest && !isOver(token, this.#nowMs());
  }

  onChange(listener: () => void): void {
    this.#file.onChange(listener);
  }

  close(): void {
    this.#file.close();
  }
}

export function isOver({ untilMs }: Token, nowMs: number): boolean {
  return untilMs !== undefined && nowMs >= untilMs;
}

async function writeTokens(folder: string, tokens: readonly Token[]): Promise<void> {
  await mkdir(folder, { recursive: true, mode: 0o700 });
  await writeSecretly(join(folder, TOKENS_FILE), `${JSON.stringify({ tokens }, null, 2)}\n`);
}

function parseTokens(text: string | undefined, path: string): Token[] {
  if (text === undefined) return [];
  let content: unknown;
  try {
    content = JSON.parse(text);
  } catch {
    throw new Error(`${path} is no JSON`);
  }
  const tokens: unknown = isObject(content) ? content.tokens : undefined;
  if (!Array.isArray(tokens) || !tokens.every(isToken))
    throw new Error(`${path} must be {"tokens": [...]} as we write it`);
  return tokens;
}

function isToken(value: unknown): value is Token {
  if (!isObject(value)) return false;
  const { id, user, digest, createdMs, untilMs } = value;
  const texts = [id, user, digest].every((text) => typeof text === 'string');
  return texts && typeof createdMs === 'number' && (untilMs === undefined || typeof untilMs === 'number');
}
