// The target's address as one types it, without what should stay secret: no user, no password, no query, which often holds a token.
import type { Target } from './plan.ts';

const SCHEMES = { tcp: 'mqtt', tls: 'mqtts', ws: 'ws', wss: 'wss' } as const;

export function addressOf({ transport, host, port, path }: Omit<Target, 'password'>): string {
  const web = transport === 'ws' || transport === 'wss';
  return `${SCHEMES[transport]}://${host.includes(':') ? `[${host}]` : host}:${port}${web ? shownPath(path) : ''}`;
}

/** That there is a query is no secret: without it nobody could repeat the run. */
export function shownPath(path: string): string {
  return path.replace(/\?.*$/s, '?…');
}

/** A URL as it was typed, with the same left out; whatever else is in the text stays. */
export function shownUrl(text: string): string {
  if (!URL.canParse(text)) return text.replace(/\/\/.*@/s, '//');
  const url = new URL(text);
  if (url.password === '' && url.search === '' && url.hash === '') return text;
  const query = url.search === '' ? '' : '?…';
  Object.assign(url, { password: '', search: '', hash: '' });
  return `${url.href}${query}`;
}
