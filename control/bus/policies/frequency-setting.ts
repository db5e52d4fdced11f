// Frequency setting: counts who boards and how full buses are, tells how many buses each line needs now by the rule of `frequency.ts`, and
// sends a resting bus from a line that can spare one to a line that lacks one.
import { frequencyPerH } from '../frequency.ts';
import type { FrequencyRule } from '../frequency.ts';
import type { Bus, Line, Side } from '../network.ts';
import type { Action, Policy } from '../policy.ts';

export interface FrequencySetting extends FrequencyRule {
  /** Neither line gives or gets another bus within this, s. */
  readonly restS: number;
}

export interface Need {
  /** What the line has: driving, halting, resting. */
  readonly buses: number;
  readonly needed: number;
  readonly headwayS: number;
  readonly ridersPerH: number;
}

export function frequencySetting(parameters: FrequencySetting): Policy {
  const changedMs = new WeakMap<Line, number>();
  const isFree = (line: Line, nowMs: number) => nowMs - (changedMs.get(line) ?? -Infinity) >= 1000 * parameters.restS;
  return {
    name: 'frequency-setting',
    reviewed(line, nowMs, lines) {
      const own = needOf(line, parameters);
      if (own === undefined || own.buses <= own.needed || !isFree(line, nowMs)) return undefined;
      const poorest = mostLacking(lines, (other) => isFree(other, nowMs), parameters);
      const bus = [...line.buses].find(({ state }) => state === 'resting');
      if (poorest === undefined || bus === undefined) return undefined;
      changedMs.set(line, nowMs).set(poorest.line, nowMs);
      return reassignment(bus, own, poorest.line, poorest.need);
    },
  };
}

/** What a line needs now, and the headway that this gives; undefined while nobody has counted its riders or measured its headway. */
export function needOf(line: Line, rule: FrequencyRule): Need | undefined {
  const { headwayS } = line;
  const buses = [...line.buses].filter((bus) => bus.inService || bus.state === 'resting').length;
  const ridersPerH = 3600 * (perS(line.out) + perS(line.back));
  if (!(headwayS > 0) || buses === 0 || ridersPerH === 0) return undefined;
  const cycleH = (buses * headwayS) / 3600;
  const fullest = Math.max(fullestLoad(line.out), fullestLoad(line.back));
  const capacity = Math.max(...[...line.buses].map((bus) => bus.capacity));
  const perH = frequencyPerH(rule, ridersPerH, (fullest * 3600) / headwayS, capacity, cycleH);
  return { buses, needed: Math.ceil(perH * cycleH), headwayS: 3600 / perH, ridersPerH };
}

function mostLacking(lines: ReadonlyMap<string, Line>, mayChange: (line: Line) => boolean, rule: FrequencyRule) {
  let poorest: { line: Line; need: Need } | undefined;
  let most = 0;
  for (const line of lines.values()) {
    const need = mayChange(line) ? needOf(line, rule) : undefined;
    if (need === undefined || need.needed - need.buses <= most) continue;
    most = need.needed - need.buses;
    poorest = { line, need };
  }
  return poorest;
}

function reassignment(bus: Bus, own: Need, to: Line, need: Need): Action {
  const wanted = `${to.id} needs ${need.needed} buses for ${Math.round(need.ridersPerH)} riders/h and has ${need.buses}`;
  const spare = `${bus.line.id} needs ${own.needed} of ${own.buses}`;
  const targetS = need.headwayS;
  const why = `goes to line ${to.id}: ${wanted} (every ${Math.round(targetS)} s is right), ${spare}`;
  return { bus, name: 'reassign', args: { line: to.id }, why, stop: bus.stop.id, targetS };
}

function perS({ stops }: Side): number {
  return stops.reduce((sum, stop) => sum + (stop?.boardedPerS || 0), 0);
}

function fullestLoad({ stops }: Side): number {
  return stops.reduce((most, stop) => Math.max(most, stop?.leavingLoad || 0), 0);
}
