// Who drives ahead of whom, by where the buses are now. Overtaking needs no care: the order is taken anew each time.
import type { Bus, Side } from './network.ts';

/** A bus that has been silent for this long stands nowhere, leads nobody and follows nobody, ms. */
export const SILENT_MS = 300_000;
/** Where no speed was seen yet, m/s: city buses make 17…18 km/h at the peak (Kunming transport report 2019). */
const USUAL_SPEED_MPS = 4.8;
/** Usual distance of stops where no place is known, m. */
const USUAL_SPACING_M = 600;

/** The nearest one ahead on the same side. */
export function busAhead(bus: Bus, nowMs: number): Bus | undefined {
  return nearest(bus, nowMs, 1);
}

/** The nearest one behind on the same side; undefined when the next one has not left the terminal. */
export function busBehind(bus: Bus, nowMs: number): Bus | undefined {
  return nearest(bus, nowMs, -1);
}

/** Time that `behind` would take to where `ahead` is now at the line's usual speed, s ≥ 0. */
export function timeBetweenS(behind: Bus, ahead: Bus): number {
  const { side } = behind;
  const metres = ahead.alongM - behind.alongM;
  if (metres >= 0) return metres / usualSpeedMps(side);
  const stops = ahead.progress - behind.progress;
  return Math.max(0, stops + (side.isLoop && stops < 0 ? side.lastSequence + 1 : 0)) * legS(side, Number.NaN);
}

/** Usual time from one stop to the next, halts included, where no bus was seen to drive it. lengthM: NaN while unknown */
export function legS(side: Side, lengthM: number): number {
  return (lengthM > 0 ? lengthM : USUAL_SPACING_M) / usualSpeedMps(side);
}

/** With all halts. */
function usualSpeedMps({ speedMps }: Side): number {
  return speedMps > 1 ? speedMps : USUAL_SPEED_MPS;
}

/** sign: 1 ahead, -1 behind */
function nearest(bus: Bus, nowMs: number, sign: 1 | -1): Bus | undefined {
  const here = bus.progress;
  const roundStops = bus.side.isLoop ? bus.side.lastSequence + 1 : Infinity;
  let found: Bus | undefined;
  let fewest = Infinity;
  for (const other of bus.line.buses) {
    if (other === bus || other.side !== bus.side || !other.inService || nowMs - other.lastMs > SILENT_MS) continue;
    const apart = sign * (other.progress - here);
    const stops = apart >= 0 ? apart : apart + roundStops;
    // Side by side, the one that came to the stop first is ahead.
    if (apart === 0 && sign * (bus.arrivedMs - other.arrivedMs) < 0) continue;
    if (stops < fewest) [found, fewest] = [other, stops];
  }
  return fewest === Infinity ? undefined : found;
}
