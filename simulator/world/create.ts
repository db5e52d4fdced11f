// Puts the city's shared surroundings together and moves them through time. All but the streets' memory of observed speeds is a pure
// function of the seed, the time and what is imposed, whatever the ticks.
import type { City } from '../city.ts';
import { homeLoadKw } from '../physics/home-load.ts';
import { circleOf } from '../place.ts';
import type { Random } from '../random.ts';
import type { Calendar, CityHour, Crowd, DayType, People, Sky, World, WorldEvent } from '../world.ts';
import { Days } from './days.ts';
import { CityGrid } from './grid.ts';
import { Hours } from './hours.ts';
import { Imposed } from './imposed.ts';
import { imposeWeather } from './imposed-weather.ts';
import type { Observations } from './observations.ts';
import { peopleAt } from './people.ts';
import { CityRadio } from './radio.ts';
import { skyOf } from './sky.ts';
import { CityStreets } from './streets.ts';
import { Weather } from './weather.ts';

const MIN_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 86_400_000;

export interface WorldOptions {
  readonly city: City;
  readonly random: Random;
  readonly startMs: number;
  /** Civil time minus UTC in this run; weather, people and sun all follow civil time. */
  readonly utcOffsetMin: number;
  /** What every day is, whatever its date. */
  readonly dayType?: DayType;
  /** Where vehicles' speeds meet, also those of other workers. Absent: this world's own. */
  readonly observations?: Observations;
}

export interface MutableWorld extends World {
  readonly streets: CityStreets;
  /** Moves the world to a time not before its own. What was observed since the last call takes effect. */
  advance(simTimeMs: number): void;
  /** Lets an event happen from its first to its last ms, from now on known to all who ask. @throws Error saying why it cannot */
  impose(event: WorldEvent): void;
  /** Events that are on at a time, by their beginning. */
  happening(nowMs: number): readonly WorldEvent[];
}

export function createWorld(options: WorldOptions): MutableWorld {
  return new CityWorld(options);
}

class CityWorld implements MutableWorld {
  simTimeMs: number;
  civilHour!: number;
  civilWeekday!: number;
  calendar!: Calendar;
  sky!: Sky;
  people!: People;
  readonly streets: CityStreets;
  readonly grid: CityGrid;
  readonly radio: CityRadio;
  centreReachable = true;
  readonly #city: City;
  readonly #offsetMs: number;
  readonly #weather: Weather;
  readonly #peopleRandom: Random;
  readonly #hours: Hours;
  readonly #days: Days;
  readonly #imposed: Imposed;
  #weatherEvents: readonly WorldEvent[] = [];
  #crowds: readonly Crowd[] = [];
  /** When an event begins or ends next. */
  #nextTurnMs = -Infinity;

  constructor({ city, random, startMs, utcOffsetMin, dayType, observations }: WorldOptions) {
    this.#city = city;
    this.#offsetMs = utcOffsetMin * MIN_MS;
    this.#weather = new Weather(random.fork('weather'));
    this.#peopleRandom = random.fork('people');
    this.#days = new Days(dayType, city.calendar);
    this.#imposed = new Imposed(city);
    this.#hours = new Hours({
      weather: this.#weather,
      skyAt: (civilMs) => this.#skyAt(civilMs),
      calendarAt: (civilMs) => this.#days.at(civilMs, civilMs - this.#offsetMs),
    });
    this.streets = new CityStreets(city, random.fork('streets'), observations);
    this.grid = new CityGrid(city, random.fork('grid'));
    this.radio = new CityRadio(city);
    this.simTimeMs = startMs;
    this.#moveTo(startMs);
  }

  hour(civilHourIndex: number): CityHour {
    return this.#hours.at(civilHourIndex, this.simTimeMs + this.#offsetMs);
  }

  advance(simTimeMs: number): void {
    if (!(simTimeMs >= this.simTimeMs))
      throw new RangeError(`the world moves forward only: it is ${this.simTimeMs}, got ${simTimeMs}`);
    this.#moveTo(simTimeMs);
  }

  impose(event: WorldEvent): void {
    this.#imposed.add(event);
    if (event.fromMs <= this.simTimeMs) this.#hours.forget();
    this.#nextTurnMs = -Infinity;
    this.#moveTo(this.simTimeMs);
  }

  happening(nowMs: number): readonly WorldEvent[] {
    return this.#imposed.at(nowMs);
  }

  #moveTo(simTimeMs: number): void {
    const dtMs = simTimeMs - this.simTimeMs;
    const civilMs = simTimeMs + this.#offsetMs;
    if (dtMs > 0) this.streets.learn(dtMs);
    if (simTimeMs >= this.#nextTurnMs) this.#turn(simTimeMs);
    const day = Math.floor(civilMs / DAY_MS);
    this.simTimeMs = simTimeMs;
    this.civilHour = (civilMs - day * DAY_MS) / HOUR_MS;
    this.civilWeekday = (((day + 4) % 7) + 7) % 7; // 1970-01-01 was a Thursday
    this.calendar = this.#days.at(civilMs, simTimeMs);
    this.sky = this.#skyAt(civilMs);
    this.people = peopleAt({
      random: this.#peopleRandom,
      civilMs,
      sky: this.sky,
      crowds: this.#crowds,
      calendarOf: (which) => this.#days.of(which, simTimeMs),
    });
    this.streets.flow(this.people.traffic, this.sky.rainMmPerH);
    this.grid.advance(simTimeMs, () => this.#homeLoadKw());
  }

  /** Some event begins or ends, or has come to be known. */
  #turn(nowMs: number): void {
    if (this.#imposed.forget(nowMs)) this.#hours.forget();
    const happening = this.#imposed.at(nowMs);
    this.#weatherEvents = this.#imposed.of('weather');
    this.#days.impose(this.#imposed.of('day-type'));
    this.#crowds = happening.filter(({ event }) => event === 'crowd').map((event) => crowdOf(this.#city, event));
    this.streets.restrict(happening, this.#imposed.roadTurns(nowMs));
    this.grid.restrict(happening);
    this.radio.restrict(happening);
    this.centreReachable = !happening.some(({ event }) => event === 'control-outage');
    this.#nextTurnMs = this.#imposed.nextTurnMs(nowMs);
  }

  #skyAt(civilMs: number): Sky {
    const air = imposeWeather(this.#weather.at(civilMs), this.#weatherEvents, civilMs - this.#offsetMs, civilMs);
    const { anchor, utcOffsetMin } = this.#city;
    // The sun follows the city's clock, also when a demo has moved that clock to the morning.
    return skyOf(air, civilMs - utcOffsetMin * MIN_MS, anchor.lat, anchor.lon);
  }

  #homeLoadKw(): number {
    return homeLoadKw({
      hour: this.civilHour,
      tempC: this.sky.tempC,
      dayMeanTempC: this.#hours.lastDayTempC(this.simTimeMs + this.#offsetMs),
      dayType: this.calendar.dayType,
    });
  }
}

function crowdOf(city: City, { where, args }: WorldEvent): Crowd {
  const { center, radiusM } = circleOf(city, where)!;
  return { center, radiusM, people: args.people as number };
}
