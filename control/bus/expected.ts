// When the buses of a line are expected at the stops ahead of them, as it is published; the score remembers it to judge it later.
import { DEVICE_PATTERN } from '../../telemetry/description.ts';
import type { BusArrivals, ExpectedArrival, LineArrivals } from '../../telemetry/timetable.ts';
import type { EtaScore } from './eta-score.ts';
import type { Forecast } from './forecast.ts';
import type { Bus, Line } from './network.ts';
import { SILENT_MS } from './positions.ts';

export function expectedOnLine(line: Line, nowMs: number, forecast: Forecast, score: EtaScore): LineArrivals {
  const buses: BusArrivals[] = [];
  for (const bus of line.buses) {
    if (nowMs - bus.lastMs > SILENT_MS || forecast.of(bus, nowMs) === 0) continue;
    score.note(bus, forecast, nowMs);
    // Without a trip nobody could tell what the arrivals belong to.
    if (DEVICE_PATTERN.test(bus.trip)) buses.push(arrivalsOf(bus, nowMs, forecast, score));
  }
  return { line: line.id, ts: nowMs, buses };
}

/** Of this trip: a loop's next round is another one. */
function arrivalsOf(bus: Bus, nowMs: number, forecast: Forecast, score: EtaScore): BusArrivals {
  const { device, trip, side } = bus;
  const stops: ExpectedArrival[] = [];
  for (let at = 0; at < forecast.count; at++) {
    const sequence = forecast.sequences[at]!;
    if (at > 0 ? sequence < forecast.sequences[at - 1]! : sequence < bus.sequence) break;
    const arrivalMs = Math.round(forecast.arrivalMs[at]!);
    stops.push({
      stop: forecast.stops[at]!.id,
      sequence,
      arrivalMs,
      uncertaintyS: Math.round(score.uncertaintyS(forecast.varianceS2[at]!, (arrivalMs - nowMs) / 1000)),
    });
  }
  return { bus: device, trip, direction: side.direction, stops };
}
