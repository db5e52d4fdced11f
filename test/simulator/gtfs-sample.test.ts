// A feed that is not ours: the made-up town of `sample-gtfs-feed`, with trams, trains and buses, frequencies, blocks and transfers.
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { expect, it } from 'vitest';
import { busesNeeded } from '../../simulator/bus/duties.ts';
import { cityOfGtfs } from '../../simulator/gtfs/city.ts';
import { readFeed } from '../../simulator/gtfs/feed.ts';

const folder = dirname(createRequire(import.meta.url).resolve('sample-gtfs-feed/package.json'));

it.each(['gtfs.zip', 'gtfs'])(
  'of a public sample feed (%s) the buses run, and what is left out is said',
  async (name) => {
    const { city, leftOut } = cityOfGtfs(await readFeed(join(folder, name)));
    expect(city.lines.length).toBeGreaterThan(0);
    for (const { directions, trips } of city.lines) {
      expect(trips!.length).toBeGreaterThan(0);
      for (const { stops, lengthM } of directions) {
        expect(stops[0]!.atM).toBe(0);
        expect(stops.at(-1)!.atM).toBeCloseTo(lengthM, 3);
      }
    }
    expect(busesNeeded(city)).toBeGreaterThan(0);
    expect(leftOut.join('\n')).toMatch(/route/);
  },
);
