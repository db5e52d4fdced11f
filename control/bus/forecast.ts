// When a bus will be at the stops ahead of it: the rest of its way from here, then usual running times and dwells, stop by stop. One
// instance serves all buses; what it says is overwritten by the next question.
import type { Bus, Side, Stop } from './network.ts';
import { busBehind, legS } from './positions.ts';
import type { RunningTime } from './running-times.ts';
import { targetOf } from './target.ts';

/** A bus that is about to leave, or to arrive, has at least this long to go, ms. */
const SOON_MS = 1_000;
/** Where no dwell was seen yet, s. */
const USUAL_DWELL_S = 15;
/** Standard deviation of what was not measured, as a share of it. */
const UNSURE = 0.3;
/** Of a dwell: it is mostly people. */
const DWELL_UNSURE = 0.5;
const MAX_STOPS = 512;

export class Forecast {
  count = 0;
  readonly stops: Stop[] = [];
  readonly sequences = new Int32Array(MAX_STOPS);
  readonly arrivalMs = new Float64Array(MAX_STOPS);
  /** Of each arrival, s²: sums of independent parts, so it is too small where delays run through a line. */
  readonly varianceS2 = new Float64Array(MAX_STOPS);
  #atMs = 0;
  #variance = 0;

  /** Fills in the stops ahead of a bus in service, without the one where it stands. until: no need to look further. @returns how many */
  of(bus: Bus, nowMs: number, until?: Stop): number {
    this.count = 0;
    if (!bus.inService) return 0;
    this.#variance = 0;
    const { side } = bus;
    let { stop, sequence } = bus;
    if (bus.atStop || bus.left === bus.stop) {
      this.#atMs = bus.atStop ? leavesMs(bus, nowMs) : bus.leftMs;
    } else {
      this.#reach(bus, nowMs);
      if (stop === until) return this.count;
      this.#halt(stop);
    }
    for (let ahead = side.next(stop, sequence); ahead !== undefined; ahead = side.next(stop, sequence)) {
      if (ahead === bus.stop || this.count > side.lastSequence) break;
      sequence = sequence >= side.lastSequence ? 0 : sequence + 1;
      this.#drive(side, stop, ahead);
      this.#add(ahead, sequence, nowMs);
      stop = ahead;
      if (stop === until) break;
      this.#halt(stop);
    }
    return this.count;
  }

  /** h_b: time from now until the bus behind comes to the stop where this one stands, s; NaN when nobody can tell. */
  gapBehindS(bus: Bus, nowMs: number): number {
    const behind = busBehind(bus, nowMs);
    if (behind === undefined) return this.#fromTerminalS(bus, nowMs);
    const count = this.of(behind, nowMs, bus.stop);
    if (count === 0 || this.stops[count - 1] !== bus.stop) return Number.NaN;
    return (this.arrivalMs[count - 1]! - nowMs) / 1000;
  }

  /** The next bus has yet to leave the terminal: a headway after the last one. */
  #fromTerminalS({ side, stop: goal, line, targetHeadwayS }: Bus, nowMs: number): number {
    const leaves = side.lastStartMs + 1000 * targetOf({ line, targetHeadwayS });
    let stop = side.stops[0];
    if (side.isLoop || stop === undefined || !Number.isFinite(leaves)) return Number.NaN;
    this.#atMs = Math.max(nowMs, leaves);
    for (let sequence = 0; sequence <= side.lastSequence; sequence++) {
      const ahead = side.next(stop, sequence);
      if (ahead === undefined) return Number.NaN;
      this.#drive(side, stop, ahead);
      if (ahead === goal) return (this.#atMs - nowMs) / 1000;
      this.#halt(ahead);
      stop = ahead;
    }
    return Number.NaN;
  }

  /** The rest of the way to the next stop. */
  #reach(bus: Bus, nowMs: number): void {
    const from = bus.left ?? bus.side.stops[bus.sequence - 1];
    this.#atMs = Number.isNaN(bus.leftMs) || bus.left === undefined ? bus.lastMs : bus.leftMs;
    const beganMs = this.#atMs;
    this.#drive(bus.side, from, bus.stop);
    const runMs = this.#atMs - beganMs;
    const share = bus.legShare;
    // Where it is says more than how long it has been under way.
    if (!Number.isNaN(share)) this.#atMs = bus.lastMs + runMs * Math.min(1, Math.max(0, 1 - share));
    this.#atMs = Math.max(this.#atMs, nowMs + SOON_MS);
    this.#add(bus.stop, bus.sequence, nowMs);
  }

  #drive(side: Side, from: Stop | undefined, to: Stop): void {
    const time = from === undefined ? undefined : timeTo(from, to);
    const runS = time === undefined ? guessedS(side, from, to) : time.expectedS(this.#atMs);
    this.#atMs += 1000 * runS;
    this.#variance += time === undefined || time.varianceS2 === 0 ? (UNSURE * runS) ** 2 : time.varianceS2;
  }

  #halt({ dwellS, holdS }: Stop): void {
    const seconds = (Number.isNaN(dwellS) ? USUAL_DWELL_S : dwellS) + holdS;
    this.#atMs += 1000 * seconds;
    this.#variance += (DWELL_UNSURE * seconds) ** 2;
  }

  #add(stop: Stop, sequence: number, nowMs: number): void {
    if (this.count >= MAX_STOPS) return;
    this.#atMs = Math.max(this.#atMs, nowMs + SOON_MS);
    this.stops[this.count] = stop;
    this.sequences[this.count] = sequence;
    this.arrivalMs[this.count] = this.#atMs;
    this.varianceS2[this.count] = this.#variance;
    this.count++;
  }
}

/** Of a way that no bus was seen to drive. A usual leg has its halt in it. */
function guessedS(side: Side, from: Stop | undefined, to: Stop): number {
  return Math.max(USUAL_DWELL_S, legS(side, to.alongM - (from?.alongM ?? Number.NaN)) - USUAL_DWELL_S);
}

function timeTo({ ahead }: Stop, to: Stop): RunningTime | undefined {
  for (const segment of ahead) if (segment.to === to) return segment.time;
  return undefined;
}

/** When a bus at a stop is expected to go. */
function leavesMs({ stop, arrivedMs, holdS, lastMs }: Bus, nowMs: number): number {
  const dwellS = (Number.isNaN(stop.dwellS) ? USUAL_DWELL_S : stop.dwellS) + holdS;
  return Math.max(nowMs + SOON_MS, (Number.isNaN(arrivedMs) ? lastMs : arrivedMs) + 1000 * dwellS);
}
