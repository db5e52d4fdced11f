// Puts the city's shared surroundings together and moves them through time. All but the streets' memory of observed speeds is a pure
// function of the seed and the time.
import type { City } from '../city.ts';
import type { Random } from '../random.ts';
import type { World } from '../world.ts';
import { peopleAt } from './people.ts';
import { skyAt } from './sky.ts';
import { CityStreets } from './streets.ts';
import { Weather } from './weather.ts';

const MIN_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;

export interface MutableWorld extends World {
  readonly streets: CityStreets;
  /** Moves the world to a time not before its own. What was observed since the last call takes effect. */
  advance(simTimeMs: number): void;
}

type Moving = { -readonly [part in keyof MutableWorld]: MutableWorld[part] };

/** utcOffsetMin: civil time minus UTC in this run; weather, people and sun all follow civil time. */
export function createWorld(city: City, random: Random, startMs: number, utcOffsetMin: number): MutableWorld {
  const weather = new Weather(random.fork('weather'));
  const peopleRandom = random.fork('people');
  const streets = new CityStreets(city, random.fork('streets'));
  const { lat, lon } = city.anchor;

  const surroundingsAt = (simTimeMs: number) => {
    const civilMs = simTimeMs + utcOffsetMin * MIN_MS;
    const day = Math.floor(civilMs / DAY_MS);
    return {
      simTimeMs,
      civilHour: (civilMs - day * DAY_MS) / HOUR_MS,
      civilWeekday: (((day + 4) % 7) + 7) % 7, // 1970-01-01 was a Thursday
      sky: skyAt(weather, civilMs, civilMs - city.utcOffsetMin * MIN_MS, lat, lon),
      people: peopleAt(peopleRandom, civilMs),
    };
  };

  const world: Moving = {
    ...surroundingsAt(startMs),
    streets,
    advance(simTimeMs) {
      const dtMs = simTimeMs - world.simTimeMs;
      if (!(dtMs >= 0))
        throw new RangeError(`the world moves forward only: it is ${world.simTimeMs}, got ${simTimeMs}`);
      Object.assign(world, surroundingsAt(simTimeMs));
      streets.advance(dtMs, world.people.traffic, world.sky.rainMmPerH);
    },
  };
  world.advance(startMs);
  return world;
}
