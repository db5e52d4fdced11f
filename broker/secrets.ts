// Passwords and generated secrets: how they are made, hashed and compared. It knows no users; a plain password is never kept.
import { createHash, createHmac, randomBytes, scrypt, timingSafeEqual } from 'node:crypto';

const SECRET_BYTES = 24; // 192 bits
const SALT_BYTES = 16;
const HASH_BYTES = 32;
const SCRYPT = { N: 16_384, r: 8, p: 1 }; // 16 MB and about 50 ms; OWASP Password Storage Cheat Sheet's smallest is of this order
/** Of the four threads that Node has for this; files of the whole process are written and synced by the same ones. */
const MAX_AT_ONCE = 2;
export const HASH_PATTERN = /^scrypt:[\w-]{22}:[\w-]{43}$/;

export function newSecret(): string {
  return randomBytes(SECRET_BYTES).toString('base64url');
}

/** → `scrypt:<salt>:<hash>`, base64url */
export async function hashOf(password: string): Promise<string> {
  const salt = randomBytes(SALT_BYTES);
  const hash = await derive(Buffer.from(password), salt);
  return `scrypt:${salt.toString('base64url')}:${hash.toString('base64url')}`;
}

export async function matches(stored: string, password: Uint8Array): Promise<boolean> {
  const [, salt, hash] = stored.split(':');
  return sameBytes(await derive(password, Buffer.from(salt!, 'base64url')), Buffer.from(hash!, 'base64url'));
}

/** A hash that no password has: checking against it takes the usual time. */
export function decoyHash(): string {
  return `scrypt:${randomBytes(SALT_BYTES).toString('base64url')}:${randomBytes(HASH_BYTES).toString('base64url')}`;
}

/** For secrets that were drawn at random, which need no slow hash. → 43 letters, base64url */
export function digestOf(secret: string): string {
  return createHash('sha256').update(secret).digest('base64url');
}

/** Takes the same time wherever the texts differ. */
export function sameText(a: string, b: string): boolean {
  return timingSafeEqual(keyed(a), keyed(b));
}

const processKey = randomBytes(32);

/** A key for a map of this process that tells nothing about what it stands for. */
export function keyOf(...parts: readonly (string | Uint8Array)[]): string {
  const hmac = createHmac('sha256', processKey);
  for (const part of parts) hmac.update(`${part.length}:`).update(part);
  return hmac.digest('base64');
}

function keyed(text: string): Buffer {
  return createHmac('sha256', processKey).update(text).digest();
}

function sameBytes(a: Buffer, b: Buffer): boolean {
  return a.length === b.length && timingSafeEqual(a, b);
}

let running = 0;
const waiting: (() => void)[] = [];

async function derive(password: Uint8Array, salt: Buffer): Promise<Buffer> {
  if (running < MAX_AT_ONCE) running++;
  else await new Promise<void>((resolve) => waiting.push(resolve)); // gets the place of the one who ends
  try {
    return await new Promise<Buffer>((resolve, reject) => {
      scrypt(password, salt, HASH_BYTES, SCRYPT, (error, key) => (error ? reject(error) : resolve(key)));
    });
  } finally {
    const next = waiting.shift();
    if (next) next();
    else running--;
  }
}
