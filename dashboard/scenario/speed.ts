// Speeds of the city: the steps people choose from, a logarithmic slider, and how a speed is written. Pure.
import type { ClockMessage } from '../../telemetry/messages.ts';
import type { Language } from '../url-state.ts';

export type Speed = ClockMessage['speed'];

export const SLOWEST = 0.1;
export const FASTEST = 1000;
/** Offered as buttons and taken by the keys. */
export const SPEED_STEPS: readonly Speed[] = [SLOWEST, 0.5, 1, 2, 5, 10, 30, 60, 120, 300, 600, FASTEST, 'max'];
/** A true speed below this share of the requested one is worth a word. */
const KEEPS_UP = 0.9;
const SLIDER_END = 100;

/** The next step above or below; the outermost stay. */
export function stepSpeed(speed: Speed, direction: 1 | -1): Speed {
  const size = (of: Speed): number => (of === 'max' ? Infinity : of);
  const found =
    direction === 1
      ? SPEED_STEPS.find((step) => size(step) > size(speed))
      : SPEED_STEPS.findLast((step) => size(step) < size(speed));
  return found ?? speed;
}

/** place: 0…100 → 0.1…1000 with two significant digits. */
export function speedAtSlider(place: number): number {
  const share = Math.min(1, Math.max(0, place / SLIDER_END));
  return Number((SLOWEST * (FASTEST / SLOWEST) ** share).toPrecision(2));
}

export function sliderOf(speed: Speed): number {
  if (speed === 'max') return SLIDER_END;
  const share = Math.log(Math.max(SLOWEST, speed) / SLOWEST) / Math.log(FASTEST / SLOWEST);
  return Math.min(SLIDER_END, Math.round(SLIDER_END * share));
}

/** `0.5×`, `12.3×`, `600×`; 0.999 is `1×`. */
export function formatSpeed(speed: number, language: Language): string {
  const maximumFractionDigits = speed >= 100 ? 0 : speed >= 10 ? 1 : 2;
  const locale = language === 'zh' ? 'zh-CN' : 'en-GB';
  return `${new Intl.NumberFormat(locale, { maximumFractionDigits }).format(speed)}×`;
}

/** True when the city is slower than it was asked to be. */
export function fallsBehind({ speed, trueSpeed }: Pick<ClockMessage, 'speed' | 'trueSpeed'>): boolean {
  return speed !== 'max' && speed > 0 && trueSpeed < KEEPS_UP * speed;
}
