// Some time of the demo city for the tests of the fleet questions: buses and cars, records straight from the simulator.
import { createControllers } from '../../control/controllers.ts';
import { loadCity } from '../../simulator/city/load.ts';
import { describe, loadModels } from '../../simulator/kinds.ts';
import { Run } from '../../simulator/run.ts';
import type { Description } from '../../telemetry/description.ts';
import type { DeviceEvent, TelemetryRecord } from '../../telemetry/messages.ts';
import { Collected } from '../collected.ts';

/** Sunday, 2025-05-18, 22:00 in Wuxi. */
export const START_MS = Date.UTC(2025, 4, 18, 14);
export const UTC_OFFSET_MIN = 480;
const HOUR_MS = 3_600_000;

export interface Days {
  readonly descriptions: readonly Description[];
  readonly records: readonly TelemetryRecord[];
  readonly events: readonly DeviceEvent[];
}

/** On the way two buses break down, one of them twice. */
export async function liveDays(
  fleets: { readonly bus: number; readonly vehicle: number },
  hours: number,
  tickMs: number,
): Promise<Days> {
  const all = await loadModels();
  const models = new Map([...all].filter(([kind]) => Object.hasOwn(fleets, kind)));
  const collected = new Collected();
  const run = new Run({
    city: loadCity(),
    models,
    fleets,
    seed: 6,
    startMs: START_MS,
    utcOffsetMin: UTC_OFFSET_MIN,
    controllers: createControllers,
    quality: 'field',
    timeline: [
      [10, 'bus-0001'],
      [13, 'bus-0003'],
      [18, 'bus-0001'],
    ].map(([hour, device]) => ({
      id: `${String(device)}-at-${hour}`,
      atMs: Number(hour) * HOUR_MS,
      durationMs: HOUR_MS / 2,
      event: 'breakdown',
      target: { kind: 'bus', devices: [String(device)] },
      args: {},
    })),
    sink: collected.sink,
  });
  while (run.simTimeMs < START_MS + hours * HOUR_MS) run.tick(tickMs);
  const { records, events } = collected;
  return { descriptions: [...models.values()].map(describe), records, events };
}
