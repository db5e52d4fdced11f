// A real InfluxDB 1.x for rows that need a store which can be away, slow or unwilling.
import { startInfluxd } from '../influxd.ts';
import type { Influxd } from '../influxd.ts';

/** @throws Error where it is not installed: such rows name `influxd` among their needs */
export async function withInflux<T>(body: (influxd: Influxd) => Promise<T>): Promise<T> {
  const influxd = await startInfluxd();
  if (influxd === undefined) throw new Error('influxd (InfluxDB 1.x) is not installed');
  try {
    return await body(influxd);
  } finally {
    await influxd.stop();
  }
}
