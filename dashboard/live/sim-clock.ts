// Simulated time between two clock messages, for drawing. It never runs backwards by less than a jump and never far ahead of the news.
import type { ClockMessage } from '../../telemetry/messages.ts';
import type { DrawTime } from './motion.ts';

/** Without news the drawn time runs on for this long, wall ms. */
const RUN_ON_MS = 2_000;
/** Larger differences are jumps (another run, a new start) and are followed at once, simulated ms. */
const JUMP_MS = 10_000;

export class SimClock {
  private simTimeMs = 0;
  private heardMs = 0;
  private speed = 0;
  private lastMs = 0;

  hear(message: Pick<ClockMessage, 'simTimeMs' | 'speed' | 'trueSpeed'>, wallMs: number): void {
    this.simTimeMs = message.simTimeMs;
    this.heardMs = wallMs;
    this.speed = message.speed === 0 ? 0 : message.trueSpeed;
  }

  /** 0 while paused or before the first message. */
  get running(): number {
    return this.speed;
  }

  now(wallMs: number): number {
    const sinceMs = Math.min(RUN_ON_MS, Math.max(0, wallMs - this.heardMs));
    const estimate = this.simTimeMs + sinceMs * this.speed;
    const backwards = this.lastMs - estimate;
    if (backwards <= 0 || backwards > JUMP_MS * Math.max(1, this.speed)) this.lastMs = estimate;
    return this.lastMs;
  }
}

export const simClock = new SimClock();
const reducedMotion = matchMediaIfAny('(prefers-reduced-motion: reduce)');

function matchMediaIfAny(query: string): { readonly matches: boolean } {
  return typeof matchMedia === 'function' ? matchMedia(query) : { matches: false };
}

export function wantsLessMotion(): boolean {
  return reducedMotion.matches;
}

/** The time to draw at. With reduced motion both times step once a second: a report within a step shows at the next one. */
export function drawTime(): DrawTime {
  const wallMs = performance.now();
  if (!reducedMotion.matches) return { simMs: simClock.now(wallMs), wallMs };
  const stepped = Math.floor(wallMs / 1000) * 1000;
  if (stepped !== step.wallMs) step = { simMs: simClock.now(wallMs), wallMs: stepped };
  return step;
}

let step: DrawTime = { simMs: 0, wallMs: -1 };
