// Which route needs which role: the one table. What is not in it needs the highest.
import type { AccessRole } from './accounts.ts';

/** `nobody`: answers those who have not said who they are. */
export type Needed = AccessRole | 'nobody';

interface Row {
  readonly methods: readonly string[];
  /** Route as it is registered; with `*` at its end all below. */
  readonly route: string;
  readonly needs: Needed;
}

const READ = ['GET', 'HEAD'];

/** The first row that fits counts. */
const TABLE: readonly Row[] = [
  { methods: READ, route: '/healthz', needs: 'nobody' },
  { methods: READ, route: '/readyz', needs: 'nobody' },
  { methods: ['GET', 'HEAD', 'POST', 'DELETE'], route: '/api/session', needs: 'nobody' },

  { methods: ['POST'], route: '/api/devices/:kind/:device/commands', needs: 'operator' },
  { methods: ['POST'], route: '/api/alarms/:id/ack', needs: 'operator' },
  { methods: ['POST'], route: '/api/scenario', needs: 'operator' },

  // What was refused may hold anything, secrets that were sent to the wrong topic included: who is no admin sees neither payloads nor what quotes them.
  { methods: READ, route: '/api/rejected', needs: 'viewer' },
  { methods: [...READ, 'POST'], route: '/api/rejected/*', needs: 'admin' },

  { methods: READ, route: '/api/*', needs: 'viewer' },
  { methods: READ, route: '/gtfs*', needs: 'viewer' },
  { methods: READ, route: '/metrics', needs: 'viewer' },
  { methods: READ, route: '/openapi.json', needs: 'viewer' },
  { methods: READ, route: '/docs*', needs: 'viewer' },
  { methods: READ, route: '/live', needs: 'viewer' },
  // MQTT asks for its own name and password within.
  { methods: READ, route: '/mqtt', needs: 'nobody' },

  // The page itself holds no data, and is where people log in.
  { methods: READ, route: '/*', needs: 'nobody' },
];

/** route: as registered, or a path where there is none. */
export function neededFor(method: string, route: string): Needed {
  const row = TABLE.find((candidate) => candidate.methods.includes(method) && fits(candidate.route, route));
  return row?.needs ?? 'admin';
}

function fits(pattern: string, route: string): boolean {
  return pattern.endsWith('*') ? route.startsWith(pattern.slice(0, -1)) : route === pattern;
}
