// Asks the server over REST. Problems (RFC 9457) become Errors that carry the server's own sentence.
import { askAgain, changeHeaders } from './access.ts';

const TIME_LIMIT_MS = 10_000;
const UNAUTHORISED = 401;

export async function getJson<T>(path: string): Promise<T> {
  return answerOf<T>(await fetch(path, { signal: AbortSignal.timeout(TIME_LIMIT_MS) }), path);
}

export async function postJson<T>(path: string, body: unknown): Promise<T> {
  const request = {
    method: 'POST',
    headers: { 'content-type': 'application/json', ...changeHeaders() },
    body: JSON.stringify(body),
    signal: AbortSignal.timeout(TIME_LIMIT_MS),
  };
  return answerOf<T>(await fetch(path, request), path);
}

async function answerOf<T>(response: Response, path: string): Promise<T> {
  const text = await response.text();
  if (response.ok) return JSON.parse(text) as T;
  if (response.status === UNAUTHORISED) void askAgain();
  throw new Error(problemOf(text) ?? `${path} answered ${response.status}`);
}

function problemOf(text: string): string | undefined {
  try {
    const problem = JSON.parse(text) as { detail?: string; title?: string; message?: string };
    return problem.detail ?? problem.title ?? problem.message;
  } catch {
    return undefined;
  }
}

export function devicePath(kind: string, device: string): string {
  return `/api/devices/${encodeURIComponent(kind)}/${encodeURIComponent(device)}`;
}

/** 16 random bytes as hex. randomUUID would need a secure context, which a page on the local network is not. */
export function randomId(): string {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('');
}
