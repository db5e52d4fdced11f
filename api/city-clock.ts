// The city's clock as it was last announced. What the simulator does with time is not decided here.
import { show } from '../telemetry/description.ts';
import { Rejection, parsePayload } from '../telemetry/json-codec.ts';
import type { ClockMessage } from '../telemetry/messages.ts';

/** China Standard Time, until a clock says otherwise. */
const DEFAULT_UTC_OFFSET_MIN = 480;
/** How long a clock message may have been on its way, and how long a silent clock is thought to run on, ms. */
const ANNOUNCE_SLACK_MS = 2000;
const MAX_SILENCE_MS = 5000;
const MAX_UTC_OFFSET_MIN = 24 * 60;

export class CityClock {
  #message: ClockMessage | undefined;
  #takenMs = 0;

  get message(): ClockMessage | undefined {
    return this.#message;
  }
  get utcOffsetMin(): number {
    return this.#message?.utcOffsetMin ?? DEFAULT_UTC_OFFSET_MIN;
  }

  /** The latest simulated time that the city may have reached by `wallMs`: it runs on between two announcements. */
  latestMs(wallMs: number): number | undefined {
    if (this.#message === undefined) return undefined;
    const { simTimeMs, speed, trueSpeed } = this.#message;
    const perMs = Math.max(trueSpeed, speed === 'max' ? 0 : speed);
    return simTimeMs + perMs * Math.min(MAX_SILENCE_MS, wallMs - this.#takenMs + ANNOUNCE_SLACK_MS);
  }

  /** @throws Rejection */
  take(payload: Uint8Array, wallMs: number): void {
    const value = parsePayload(payload);
    const problem = clockProblem(value);
    if (problem !== undefined) throw new Rejection('clock', problem);
    this.#message = value as unknown as ClockMessage;
    this.#takenMs = wallMs;
  }
}

function clockProblem(value: { [key: string]: unknown }): string | undefined {
  const { simTimeMs, utcOffsetMin, speed, trueSpeed, scenario, seed, backfillFromMs } = value;
  if (!Number.isSafeInteger(simTimeMs)) return `simTimeMs must be an integer, got ${show(simTimeMs)}`;
  if (!Number.isInteger(utcOffsetMin) || Math.abs(utcOffsetMin as number) > MAX_UTC_OFFSET_MIN)
    return `utcOffsetMin must be an integer in ±${MAX_UTC_OFFSET_MIN}, got ${show(utcOffsetMin)}`;
  if (speed !== 'max' && !(Number.isFinite(speed) && (speed as number) >= 0))
    return `speed must be a number from 0 on or "max", got ${show(speed)}`;
  if (!Number.isFinite(trueSpeed)) return `trueSpeed must be a number, got ${show(trueSpeed)}`;
  if (typeof scenario !== 'string') return `scenario must be a text, got ${show(scenario)}`;
  if (!Number.isFinite(seed)) return `seed must be a number, got ${show(seed)}`;
  if (backfillFromMs !== undefined && !Number.isSafeInteger(backfillFromMs))
    return `backfillFromMs must be an integer, got ${show(backfillFromMs)}`;
  return undefined;
}
