// Which type of day it is in this run: the calendar's, the one a scenario wants for every day, or the one an event makes of it for a while.
import type { City } from '../city.ts';
import type { Calendar, DayType, WorldEvent } from '../world.ts';
import { calendarOf, weekdayCalendarOf } from './calendar.ts';
import { remember } from './remember.ts';

const DAY_MS = 86_400_000;

export class Days {
  readonly #wanted: DayType | undefined;
  readonly #calendarOf: typeof calendarOf;
  readonly #known = new Map<string, Map<number, Calendar>>();
  #events: readonly WorldEvent[] = [];

  constructor(wanted: DayType | undefined, calendar?: City['calendar']) {
    this.#wanted = wanted;
    this.#calendarOf = calendar === 'weekdays' ? weekdayCalendarOf : calendarOf;
  }

  /** The day of a civil time. nowMs: the simulated time of the same moment. */
  at(civilMs: number, nowMs: number): Calendar {
    return this.of(Math.floor(civilMs / DAY_MS), nowMs);
  }

  /** A day as it is seen at a moment: an event changes what all days are as long as it lasts. day: civil days since 1970. */
  of(day: number, nowMs: number): Calendar {
    const dayType = this.#imposedAt(nowMs) ?? this.#wanted;
    const known = remember(this.#known, 4, dayType ?? '', () => new Map<number, Calendar>());
    return remember(known, 32, day, () => this.#calendarOf(day, dayType));
  }

  /** events: all of the kind, by their beginning; of two that overlap the later one counts. */
  impose(events: readonly WorldEvent[]): void {
    this.#events = events;
  }

  #imposedAt(nowMs: number): DayType | undefined {
    const event = this.#events.findLast(({ fromMs, untilMs }) => fromMs <= nowMs && nowMs < untilMs);
    return event?.args.dayType as DayType | undefined;
  }
}
