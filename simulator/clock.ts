// Simulated time against wall time: how far the city should be by now, and how fast it really runs. The only file under simulator/ that
// reads the wall clock.

const DAY_MIN = 1440;
/** Further behind than this, the clock stops chasing and runs on from where it is. */
const MAX_LAG_MS = 1000;
/** Window over which the true speed is measured, wall ms. */
const SPEED_WINDOW_MS = 5000;
/** Simulated time of one tick, in a live city and in a run alike: the same run has the same ticks. */
export const TICK_MS = 1000;
export const MIN_SPEED = 0.1;
export const MAX_SPEED = 1000;

export type Speed = number | 'max';

export function wallNowMs(): number {
  return Date.now();
}

/** Paces simulated time. Never drops a tick: when the city cannot keep up, simulated time falls behind and `trueSpeed` says so. */
export class SimClock {
  readonly #now: () => number;
  #simTimeMs: number;
  #speed: Speed;
  #paused = false;
  #anchorWallMs: number;
  #anchorSimMs: number;
  readonly #marks: { wallMs: number; simMs: number }[] = [];

  /** startMs: simulated ms, a whole tick; speed: 0.1…1000 or 'max'; now: monotonic or wall ms */
  constructor(startMs: number, speed: Speed, now: () => number) {
    this.#simTimeMs = startMs;
    this.#speed = speed;
    this.#now = now;
    this.#anchorWallMs = now();
    this.#anchorSimMs = startMs;
  }

  get simTimeMs(): number {
    return this.#simTimeMs;
  }
  get paused(): boolean {
    return this.#paused;
  }
  /** Requested speed; 0 while paused. */
  get speed(): Speed {
    return this.#paused ? 0 : this.#speed;
  }

  /** Simulated ms per wall ms over the last seconds; 0 while paused. */
  get trueSpeed(): number {
    const first = this.#marks[0];
    const wallMs = this.#now();
    if (this.#paused || first === undefined || wallMs - first.wallMs < 200)
      return this.#paused || this.#speed === 'max' ? 0 : this.#speed;
    return (this.#simTimeMs - first.simMs) / (wallMs - first.wallMs);
  }

  /** Wall ms until a tick of `tickMs` may run: 0 = now, Infinity = paused. */
  waitMs(tickMs: number): number {
    if (this.#paused) return Infinity;
    if (this.#speed === 'max') return 0;
    const dueWallMs = this.#anchorWallMs + (this.#simTimeMs + tickMs - this.#anchorSimMs) / this.#speed;
    const lateMs = this.#now() - dueWallMs;
    if (lateMs > MAX_LAG_MS) this.#anchorWallMs += lateMs;
    return Math.max(0, -lateMs);
  }

  /** A tick has run. */
  advance(tickMs: number): void {
    this.#simTimeMs += tickMs;
    const wallMs = this.#now();
    this.#marks.push({ wallMs, simMs: this.#simTimeMs });
    while (this.#marks.length > 2 && wallMs - this.#marks[0]!.wallMs > SPEED_WINDOW_MS) this.#marks.shift();
  }

  pause(): void {
    this.#paused = true;
  }
  resume(): void {
    this.#paused = false;
    this.#restart();
  }
  setSpeed(speed: Speed): void {
    this.#speed = speed;
    this.#restart();
  }

  #restart(): void {
    this.#anchorWallMs = this.#now();
    this.#anchorSimMs = this.#simTimeMs;
    this.#marks.length = 0;
  }
}

/** Hours in which a demo would show a sleeping city. */
const ASLEEP_FROM_H = 21;
const ASLEEP_TO_H = 6;
const WAKE_H = 7;

/**
 * Civil offset in minutes for a start at `startMs`. start: 'demo' shifts by whole hours so that the city is never asleep, 'now' keeps the
 * city's own offset, 'HH:MM' makes that the civil time of the start.
 */
export function civilOffsetMin(start: string, startMs: number, cityOffsetMin: number): number {
  const utcMin = Math.floor(startMs / 60_000) % DAY_MIN;
  if (start === 'now') return cityOffsetMin;
  if (start === 'demo') {
    const hour = Math.floor(((utcMin + cityOffsetMin + DAY_MIN) % DAY_MIN) / 60);
    if (hour < ASLEEP_FROM_H && hour >= ASLEEP_TO_H) return cityOffsetMin;
    return cityOffsetMin + 60 * ((WAKE_H - hour + 24) % 24);
  }
  const match = /^([01]?\d|2[0-3]):([0-5]\d)$/.exec(start);
  if (match === null) throw new RangeError(`start must be demo, now or a time HH:MM, got ${start}`);
  const wantedMin = 60 * Number(match[1]) + Number(match[2]);
  const shift = (wantedMin - utcMin - cityOffsetMin + 4 * DAY_MIN) % DAY_MIN;
  return cityOffsetMin + (shift > DAY_MIN / 2 ? shift - DAY_MIN : shift);
}
