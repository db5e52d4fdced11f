// Which city a command is about: the generated one, or the one that `--gtfs` builds from a feed. The same settings give the same city in
// every thread; a process builds it once.
import type { City } from '../simulator/city.ts';
import { loadCity } from '../simulator/city/load.ts';
import { cityOfGtfs } from '../simulator/gtfs/city.ts';
import { dateText } from '../simulator/gtfs/city.ts';
import { readFeed } from '../simulator/gtfs/feed.ts';
import type { Feed } from '../simulator/gtfs/feed.ts';
import { GtfsError } from '../simulator/gtfs/problems.ts';
import type { Logger } from './log.ts';
import { UsageError } from './options.ts';

/** The settings that say which city; plain data, so that threads can be told. */
export interface CitySource {
  /** A zip archive or a folder. */
  readonly gtfs?: string;
  /** What the city is called in topics; absent: wuxi, or what the feed's agency is called. */
  readonly city?: string;
}

const built = new Map<string, Promise<City>>();

/** log: told what of a feed was repaired and left out. @throws UsageError with all that is wrong with the feed */
export function cityOf({ gtfs, city: id }: CitySource, log?: Logger): Promise<City> {
  const key = JSON.stringify([gtfs, id]);
  const known = built.get(key);
  if (known !== undefined) return known;
  const city = gtfs === undefined ? generated(id) : imported(gtfs, id, log);
  built.set(key, city);
  return city;
}

/** Whether it was built from a feed. */
export function isImported(city: City): boolean {
  return city.lines.some(({ trips }) => trips !== undefined);
}

async function generated(id: string | undefined): Promise<City> {
  const city = loadCity();
  return id === undefined || id === city.id ? city : { ...city, id, map: { ...city.map, id } };
}

async function imported(path: string, id: string | undefined, log: Logger | undefined): Promise<City> {
  try {
    const startedMs = performance.now();
    const feed = await readFeed(path);
    const { city, repairs, leftOut } = cityOfGtfs(feed, id);
    log?.info(`${path}: ${summary(feed, city)}, in ${((performance.now() - startedMs) / 1000).toFixed(1)} s`);
    if (leftOut.length > 0) log?.info(`left out: ${leftOut.join('; ')}`);
    for (const repair of repairs) log?.warn(repair);
    return city;
  } catch (error) {
    throw error instanceof GtfsError ? new UsageError(error.message) : error;
  }
}

function summary({ days }: Feed, { id, name, lines, stops }: City): string {
  const of = days.all.map(
    ({ sort, day, trips }) => `${trips} trips on ${sort === 'workday' ? 'workdays' : `${sort}s`} (${dateText(day)})`,
  );
  return `${name.en} (city ${id}): ${lines.length} lines, ${stops.length} stops, ${of.join(', ')}`;
}
