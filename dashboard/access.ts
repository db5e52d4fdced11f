// Who is looking at the page, and logging in and out. After each of them the page begins anew: nothing of somebody else stays on screen.
import { signal } from '@preact/signals';

export interface AccessAnswer {
  /** `none`: nobody needs to; `possible`: who does may do more. */
  readonly login: 'none' | 'possible' | 'required' | 'done';
  readonly name?: string;
  readonly role?: 'viewer' | 'operator' | 'admin';
  /** Goes with every change of somebody who is logged in. */
  readonly csrf?: string;
}

const PATH = '/api/session';
const TIME_LIMIT_MS = 10_000;

export const access = signal<AccessAnswer>({ login: 'none' });
/** The reader asked for the form. */
export const wantsLogin = signal(false);

/** A server that does not answer is not the form's business: the page says so itself. */
export async function askAccess(): Promise<void> {
  try {
    const response = await fetch(PATH, { signal: AbortSignal.timeout(TIME_LIMIT_MS) });
    if (response.ok) access.value = (await response.json()) as AccessAnswer;
  } catch {
    // Tried again with the next connection.
  }
}

/** Somebody whose session has ended sees the form instead of a page that stands still. */
export async function askAgain(): Promise<void> {
  const before = access.value.login;
  if (before !== 'done') return;
  await askAccess();
  const { login }: AccessAnswer = access.value;
  if (login !== before) location.reload();
}

/** @throws with the server's own sentence */
export async function logIn(name: string, password: string): Promise<void> {
  const response = await fetch(PATH, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ name, password }),
    signal: AbortSignal.timeout(TIME_LIMIT_MS),
  });
  if (response.ok) return location.reload();
  const problem = (await response.json().catch(() => ({}))) as { detail?: string };
  throw new Error(problem.detail ?? `${PATH} answered ${response.status}`);
}

export async function logOut(): Promise<void> {
  await fetch(PATH, { method: 'DELETE', headers: changeHeaders(), signal: AbortSignal.timeout(TIME_LIMIT_MS) });
  location.reload();
}

export function changeHeaders(): { [name: string]: string } {
  const { csrf } = access.value;
  return csrf === undefined ? {} : { 'x-citytwin-csrf': csrf };
}
