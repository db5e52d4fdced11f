// When the buses of a line are expected at the stops ahead of them, as it is published; the score remembers it to judge it later.
import type { BusArrivals, LineArrivals } from '../../telemetry/timetable.ts';
import type { EtaScore } from './eta-score.ts';
import type { Forecast } from './forecast.ts';
import type { Bus, Line } from './network.ts';
import { SILENT_MS } from './positions.ts';

export function expectedOnLine(line: Line, nowMs: number, forecast: Forecast, score: EtaScore): LineArrivals {
  const buses: BusArrivals[] = [];
  for (const bus of line.buses) {
    if (nowMs - bus.lastMs > SILENT_MS || forecast.of(bus, nowMs) === 0) continue;
    score.note(bus, forecast, nowMs);
    buses.push(arrivalsOf(bus, forecast, score));
  }
  return { line: line.id, ts: nowMs, buses };
}

function arrivalsOf(bus: Bus, forecast: Forecast, score: EtaScore): BusArrivals {
  const { device, trip, side } = bus;
  const stops = Array.from({ length: forecast.count }, (_, at) => ({
    stop: forecast.stops[at]!.id,
    sequence: forecast.sequences[at]!,
    arrivalMs: Math.round(forecast.arrivalMs[at]!),
    uncertaintyS: Math.round(score.uncertaintyS(forecast.varianceS2[at]!)),
  }));
  return { bus: device, trip, direction: side.direction, stops };
}
