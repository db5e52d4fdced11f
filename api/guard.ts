// Which pages may talk to the HTTP server at all. Where nobody has to log in, requests must also name a host of ours: a page elsewhere could
// reach a server on loopback through DNS rebinding. Says what browsers may do with our page. Knows no users.
import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import { isLoopback } from '../telemetry/loopback.ts';

const LOOPBACK = ['localhost', '127.0.0.1', '[::1]'];

export const SECURITY_HEADERS: { readonly [name: string]: string } = {
  'content-security-policy': [
    "default-src 'self'",
    "script-src 'self'",
    // MapLibre draws from workers made of blobs and sets styles on its own elements.
    "worker-src 'self' blob:",
    "style-src 'self' 'unsafe-inline'",
    "img-src 'self' data: blob:",
    "font-src 'self' data:",
    "connect-src 'self'",
    "object-src 'none'",
    "base-uri 'self'",
    "form-action 'self'",
    "frame-ancestors 'none'",
  ].join('; '),
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cross-origin-opener-policy': 'same-origin',
  'cross-origin-resource-policy': 'same-origin',
  'x-frame-options': 'DENY',
  'permissions-policy': 'camera=(), geolocation=(), microphone=()',
};

/** Probes ask by other names. */
const PROBES = ['/healthz', '/readyz'];
/** Scrapers too, where they are on another machine. */
const METRICS = '/metrics';

export class Guard {
  readonly #openPaths: ReadonlySet<string>;
  readonly #hosts: ReadonlySet<string>;
  readonly #isOpen: boolean;

  /**
   * allowedHosts: names without port, beside loopback and the host that we listen on. isOpen: nobody has to log in; a login's cookie is
   * bound to the host that it was given by, so that the name of the host says nothing more.
   */
  constructor(host: string, allowedHosts: readonly string[], isOpen: boolean) {
    this.#isOpen = isOpen;
    this.#openPaths = new Set(isLoopback(host) ? PROBES : [...PROBES, METRICS]);
    this.#hosts = new Set([...LOOPBACK, host, ...allowedHosts].map((name) => name.toLowerCase()));
  }

  /** @returns why not, undefined when welcome */
  refusal(path: string, { host, origin }: IncomingHttpHeaders): string | undefined {
    if (this.#openPaths.has(path)) return undefined;
    if (this.#isOpen && !this.#knows(host))
      return `host ${JSON.stringify(host ?? '')} is not served here, expected ${this.#expected()}`;
    if (origin === undefined) return undefined;
    const from = URL.parse(origin)?.host;
    if (from !== undefined && from === host) return undefined;
    if (!this.#isOpen || !this.#knows(from))
      return `origin ${JSON.stringify(origin)} may not use this server, expected ${this.#expected()}`;
    return undefined;
  }

  #knows(host: string | undefined): boolean {
    return host !== undefined && this.#hosts.has(host.toLowerCase().replace(/:\d+$/, ''));
  }

  #expected(): string {
    return this.#isOpen ? [...this.#hosts].join(', ') : 'the same host';
  }
}

export function pathOf({ url = '/' }: IncomingMessage): string {
  return url.split('?', 1)[0]!;
}
