// A load test whose target is a running citytwin says there, every second, how it goes, so that the page can show it. Any other broker hears of
// it only that one more client connects, asks for a city's clock and leaves. It never disturbs a run: what fails here is nobody's error.
import { randomBytes } from 'node:crypto';
import type { Target } from '../loadtest/plan.ts';
import type { Result, Second } from '../loadtest/result.ts';
import { Client } from '../mqtt/client.ts';
import { countersTopic, parseTopic } from '../telemetry/topics.ts';

/** A city's clock is retained and told every second. */
const PATIENCE_MS = 1500;
const CLOCKS = 'city/+/clock';

export interface LoadShare {
  second(second: Second): void;
  /** Says how it ended, once. */
  end(result: Result | undefined): Promise<void>;
}

const NOBODY: LoadShare = { second: () => undefined, end: async () => undefined };

/** Looks for a city behind the target while the run begins. */
export function shareWith(target: Target): LoadShare {
  const { host, port, transport, username, password, ca, cert, key, insecure } = target;
  // The client speaks TCP and TLS, as one user.
  if (transport === 'ws' || transport === 'wss' || /%[ic]/.test(username ?? '')) return NOBODY;
  let city: string | undefined;
  const client = new Client({
    host,
    port,
    clientId: `load-share-${randomBytes(3).toString('hex')}`,
    ...(username !== undefined && { username }),
    ...(password !== undefined && { password }),
    ...(transport === 'tls' && {
      tls: {
        rejectUnauthorized: !insecure,
        ...(ca !== undefined && { ca }),
        ...(cert !== undefined && { cert }),
        ...(key !== undefined && { key }),
      },
    }),
    onMessage: (topic) => {
      const parsed = parseTopic(topic);
      if (parsed?.type === 'clock') city = parsed.city;
    },
  });
  const leave = () => client.stop().catch(() => undefined);
  client
    .start()
    .then(() => client.subscribe([{ filter: CLOCKS, qos: 0 }]))
    .catch(leave);
  const patience = setTimeout(() => {
    if (city === undefined) void leave();
  }, PATIENCE_MS);
  const say = (share: { readonly [counter: string]: number }) => {
    if (city === undefined || !client.connected) return;
    const payload = new TextEncoder().encode(JSON.stringify({ atMs: Date.now(), ...share }));
    client.publish(countersTopic(city, 'load'), payload, 0, true);
  };
  let newest = { sentPerS: 0, receivedPerS: 0, p99Ms: 0, lagMsP99: 0 };
  return {
    second: ({ sent, received, p99Ms, lagP99Ms }) => {
      newest = { sentPerS: sent, receivedPerS: received, p99Ms, lagMsP99: lagP99Ms };
      say({ running: 1, ...newest, valid: 1 });
    },
    end: async (result) => {
      clearTimeout(patience);
      const figures = result === undefined ? newest : figuresOf(result);
      say({ running: 0, ...figures, valid: result === undefined || result.generator.saturated ? 0 : 1 });
      await leave();
    },
  };
}

function figuresOf({ sentPerS, receivedPerS, latencyMs, ackMs, generator }: Result) {
  const { p99 } = latencyMs.count > 0 ? latencyMs : ackMs;
  return { sentPerS, receivedPerS, p99Ms: p99, lagMsP99: generator.lagMsP99 };
}
