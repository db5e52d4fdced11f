// Three small kinds for tests of scenarios: what they offer matters, nobody lives.
import type { Description } from '../../telemetry/description.ts';
import { loadCity } from '../../simulator/city/load.ts';
import type { Model } from '../../simulator/fleet.ts';

function kind(description: Description, demoCount: number, happenings: Model['happenings'] = {}): [string, Model] {
  const model: Model = {
    description,
    qos: 1,
    demoCount,
    sources: [],
    happenings,
    createFleet: () => {
      throw new Error('nobody lives here');
    },
  };
  return [description.kind, model];
}

const LEAK = {
  label: 'Leak',
  args: {
    type: 'object',
    properties: { flowLph: { type: 'number', minimum: 1 } },
    additionalProperties: false,
  },
};

export const models: ReadonlyMap<string, Model> = new Map([
  kind(
    {
      kind: 'bus',
      label: 'Bus',
      fields: {
        speedMps: { label: 'Speed', unit: 'm/s', min: 0, max: 30, resolution: 0.1 },
        load: { label: 'On board', unit: '', min: 0, resolution: 1 },
        status: { label: 'Status', unit: '', type: 'string', enum: ['inTransitTo', 'holding', 'layover'] },
        line: { label: 'Line', unit: '', type: 'string' },
        doorOpen: { label: 'Door', unit: '', type: 'boolean' },
      },
      events: { breakdown: { label: 'Breakdown', severity: 'critical' } },
      commands: {
        hold: {
          label: 'Hold',
          args: {
            type: 'object',
            properties: { durationS: { type: 'integer', minimum: 1, maximum: 900 } },
            required: ['durationS'],
            additionalProperties: false,
          },
        },
        departNow: { label: 'Leave', args: { type: 'object', properties: {}, additionalProperties: false } },
      },
    },
    120,
    { breakdown: { label: 'Breakdown', args: { type: 'object', properties: {}, additionalProperties: false } } },
  ),
  kind(
    {
      kind: 'water-meter',
      label: 'Water meter',
      fields: {
        flowLph: { label: 'Flow', unit: 'L/h', min: 0, resolution: 0.1 },
        tempC: { label: 'Temperature', unit: 'Cel', min: -5, max: 60, resolution: 0.1 },
      },
      events: { leak: { label: 'Leak', severity: 'warning' } },
    },
    20_000,
    { leak: LEAK },
  ),
  kind(
    {
      kind: 'gas-meter',
      label: 'Gas meter',
      fields: { flowM3PerH: { label: 'Flow', unit: 'm3/h', min: 0, resolution: 0.001 } },
      events: { microLeak: { label: 'Leak', severity: 'critical' } },
    },
    2000,
    { leak: LEAK },
  ),
]);

export const context = { city: loadCity(), models };
