// When the buses of a line are expected at the stops ahead of them, as it is published; the score remembers it to judge it later.
import { DEVICE_PATTERN } from '../../telemetry/description.ts';
import type { BusArrivals, ExpectedArrival, LineArrivals } from '../../telemetry/timetable.ts';
import type { EtaScore } from './eta-score.ts';
import type { Forecast } from './forecast.ts';
import type { Bus, Line } from './network.ts';
import { SILENT_MS } from './positions.ts';

export function expectedOnLine(line: Line, nowMs: number, forecast: Forecast, score: EtaScore): LineArrivals {
  const buses: BusArrivals[] = [];
  forecastLine(line, nowMs, forecast, (bus) => {
    score.note(bus, forecast, nowMs);
    // Without a trip nobody could tell what the arrivals belong to.
    if (DEVICE_PATTERN.test(bus.trip)) buses.push(arrivalsOf(bus, nowMs, forecast, score));
  });
  return { line: line.id, ts: nowMs, buses };
}

/** Shows each bus that is expected somewhere while `forecast` is about it. */
export function forecastLine(line: Line, nowMs: number, forecast: Forecast, show: (bus: Bus) => void): void {
  for (const bus of line.buses) {
    if (nowMs - bus.lastMs <= SILENT_MS && forecast.of(bus, nowMs) > 0) show(bus);
  }
}

/** How many of the forecast's arrivals are of this trip: a loop's next round is another one. */
export function countOnTrip(bus: Bus, { count, sequences }: Forecast): number {
  for (let at = 0; at < count; at++) {
    if (sequences[at]! < (at > 0 ? sequences[at - 1]! : bus.sequence)) return at;
  }
  return count;
}

function arrivalsOf(bus: Bus, nowMs: number, forecast: Forecast, score: EtaScore): BusArrivals {
  const { device, trip, side } = bus;
  const stops: ExpectedArrival[] = [];
  const count = countOnTrip(bus, forecast);
  for (let at = 0; at < count; at++) {
    const arrivalMs = Math.round(forecast.arrivalMs[at]!);
    stops.push({
      stop: forecast.stops[at]!.id,
      sequence: forecast.sequences[at]!,
      arrivalMs,
      uncertaintyS: Math.round(score.uncertaintyS(forecast.varianceS2[at]!, (arrivalMs - nowMs) / 1000)),
    });
  }
  return { bus: device, trip, direction: side.direction, stops };
}
