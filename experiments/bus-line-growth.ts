// How a small delay grows from stop to stop when nothing else varies, beside the equation for it. Source: G. Newell & R. Potts (1964):
// departures t(n,s) = t(n,s−1) + r + β (t(n,s) − t(n−1,s)), so a delay grows by 1 / (1 − β) at each stop.
import type { LineBus } from '../simulator/bus-line/bus.ts';
import { runLine } from '../simulator/bus-line/run.ts';
import type { LineSpec } from '../simulator/bus-line/spec.ts';
import type { ExperimentSettings } from './experiment.ts';
import { lineSpec, value } from './line-settings.ts';

/** Trip of the late bus, and how late it starts, s: little, so that nobody catches up with anybody. */
const LATE = 3;
const DELAY_S = 5;

/** @returns delay at the last stop but one over that at the first, by the engine and by the law */
export function delayGrowth(settings: ExperimentSettings): { growth: number; law: number } {
  const spec = stillLine(lineSpec(settings, 'timetable'));
  const onTimeS = departuresOf(spec, settings, 0);
  const lateS = departuresOf(spec, settings, DELAY_S);
  const last = onTimeS.length - 1;
  const delayS = (stop: number) => lateS[stop]! - onTimeS[stop]!;
  const beta = value(settings, 'peoplePerS') * value(settings, 'demand') * value(settings, 'boardingS');
  return { growth: delayS(last) / delayS(0), law: 1 / Math.exp(last * Math.log(1 - beta)) };
}

/** When the bus leaves each stop, its terminal included, that starts so much later than planned. */
function departuresOf(spec: LineSpec, settings: ExperimentSettings, delayS: number): number[] {
  const headwayS = value(settings, 'headwayS');
  const departuresS = Array.from({ length: LATE + 1 }, (_, trip) => trip * headwayS + (trip === LATE ? delayS : 0));
  const leftS: number[] = [];
  const departed = (bus: LineBus, _headwayS: number, nowS: number) => {
    if (bus.way === 0 && bus.trip === LATE && bus.stop < spec.ways[0]!.segmentsM.length) leftS[bus.stop] = nowS;
  };
  runLine({ ...spec, timetable: { kind: 'listed', departuresS: [departuresS, []] } }, 1, { observers: [{ departed }] });
  return leftS;
}

/** The mean comes true everywhere; people board while the bus stands, as the equation has it; nobody gets off. */
function stillLine(spec: LineSpec): LineSpec {
  if (spec.demand.kind !== 'rate') return spec;
  return {
    ...spec,
    running: { ...spec.running, cv: 0, incidentProbability: 0 },
    demand: { ...spec.demand, draw: 'fluid', alightShare: 0 },
    capacity: Infinity,
    dwell: { ...spec.dwell, emptyS: spec.dwell.fixedS, boardsWhileStanding: true },
  };
}
