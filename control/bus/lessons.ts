// What passing buses teach about their line: running times, dwells, where stops are, how many people come. Small running means; a
// restarted centre knows enough again after a few buses.
import type { TelemetryRecord } from '../../telemetry/messages.ts';
import type { Bus, Stop } from './network.ts';
import { RunningTime } from './running-times.ts';

/** Weight of a new dwell, load or flow. */
const WEIGHT = 0.2;
/** And of a headway in the mean of a whole line. */
const LINE_WEIGHT = 0.02;
/** Longer is no way from stop to stop, s. */
const MAX_RUN_S = 1_800;
/** More people than this left behind make a run overfull. */
export const OVERFULL = 5;

/** The way from the stop that it left to the one where it arrives at ts, if it is the next one. */
export function learnRun(bus: Bus, ts: number): void {
  const { left, leftSequence, sequence, side, stop } = bus;
  const isNext = sequence === leftSequence + 1 || (sequence === 0 && leftSequence === side.lastSequence);
  if (left === undefined || !isNext) return;
  const runS = (ts - bus.leftMs) / 1000;
  if (runS <= 0 || runS > MAX_RUN_S) return;
  let segment = left.ahead.find(({ to }) => to === stop);
  if (sequence === 0) side.isLoop = true;
  if (segment === undefined) left.ahead.push((segment = { to: stop, time: new RunningTime() }));
  segment.time.add(runS, bus.leftMs);
}

/** Where its stop is. */
export function learnPlace({ stop, alongM, lat, lon }: Bus): void {
  stop.alongM = mixed(stop.alongM, alongM);
  stop.lat = mixed(stop.lat, lat);
  stop.lon = mixed(stop.lon, lon);
}

/** What a bus that leaves its stop at ts tells. */
export function learnDeparture(bus: Bus, ts: number, fields: TelemetryRecord['fields']): void {
  const { stop, side, line } = bus;
  const { targetHeadwayS, headwayS, holdS, boarded, denied } = fields;
  bus.headwayS = typeof headwayS === 'number' ? headwayS : Number.NaN;
  line.headwayS = mixed(line.headwayS, bus.headwayS, LINE_WEIGHT);
  if (typeof targetHeadwayS === 'number' && targetHeadwayS > 0)
    bus.targetHeadwayS = line.targetHeadwayS = targetHeadwayS;
  if (!Number.isNaN(bus.arrivedMs)) {
    const heldS = typeof holdS === 'number' ? holdS : 0;
    stop.dwellS = mixed(stop.dwellS, Math.max(0, (ts - bus.arrivedMs) / 1000 - heldS));
    stop.holdS = mixed(stop.holdS, heldS);
  }
  if (bus.left !== undefined && ts > bus.leftMs)
    side.speedMps = mixed(side.speedMps, ((stop.alongM - bus.left.alongM) / (ts - bus.leftMs)) * 1000, LINE_WEIGHT);
  stop.leavingLoad = mixed(stop.leavingLoad, bus.load);
  if (typeof boarded === 'number' && typeof headwayS === 'number' && headwayS > 0)
    stop.boardedPerS = mixed(stop.boardedPerS, (boarded + leftBehind(denied)) / headwayS);
  countDenied(stop, leftBehind(denied));
}

function countDenied(stop: Stop, denied: number): void {
  stop.denied = denied;
  stop.overfullRuns = denied > OVERFULL ? stop.overfullRuns + 1 : 0;
}

function leftBehind(denied: unknown): number {
  return typeof denied === 'number' ? denied : 0;
}

/** A mean that moves towards a sample; a sample that is NaN changes nothing. */
function mixed(mean: number, sample: number, weight = WEIGHT): number {
  if (Number.isNaN(sample)) return mean;
  return Number.isNaN(mean) ? sample : mean + weight * (sample - mean);
}
