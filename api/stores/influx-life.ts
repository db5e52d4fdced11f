// Tells one life of a server from the next by the start time among its own metrics, which InfluxDB 1.5 and later and 2.x give to everyone.
import { PING_TIMEOUT_MS } from './influx-connection.ts';

const STARTED = /^process_start_time_seconds (\S+)$/m;

/** → undefined when the server does not say, or not now */
export async function lifeOf(origin: string): Promise<string | undefined> {
  try {
    const response = await fetch(`${origin}/metrics`, { signal: AbortSignal.timeout(PING_TIMEOUT_MS) });
    return response.ok ? STARTED.exec(await response.text())?.[1] : undefined;
  } catch {
    return undefined;
  }
}
