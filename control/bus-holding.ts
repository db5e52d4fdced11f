// Holds buses that run too close behind their leader: forward headway control after Daganzo. Sees telemetry, sends commands, knows
// neither lines nor timetables: it learns each line's headway from what passes. Source: C. Daganzo, "A headway-based approach to
// eliminate bus bunching", Transportation Research B 43 (2009).
import type { TelemetryRecord } from '../telemetry/messages.ts';

/** Share of the missing headway that a hold restores. */
const GAIN = 0.5;
/** Hold of a bus exactly on its headway, s: slack that lets early and late buses differ. */
const SLACK_S = 8;
const MAX_HOLD_S = 60;
/** Shorter holds are not worth a message. */
const MIN_HOLD_S = 10;
/** Every n-th stop is a control point. */
const CONTROL_EVERY = 5;
/** Weight of a new headway in a line's mean. */
const HEADWAY_WEIGHT = 0.05;
/** Departures of a line before its mean is trusted. */
const MIN_SAMPLES = 20;
/** A leader that left longer ago than this is none. */
const STALE_MS = 3_600_000;

export interface Hold {
  readonly device: string;
  readonly durationS: number;
  /** For people. */
  readonly why: string;
}

interface LineState {
  meanHeadwayS: number;
  samples: number;
  /** When the last bus left each stop, by `direction/stop`. */
  readonly lastDeparture: Map<string, { readonly device: string; readonly ts: number }>;
}

export class BusHolding {
  readonly #lines = new Map<string, LineState>();
  readonly #at = new Map<string, string>();

  /** A bus reported. @returns a hold to send, if one is due. Records must come in time order per bus. */
  observe({ device, ts, fields }: TelemetryRecord): Hold | undefined {
    const { line, direction, nextStop, stopSequence, status } = fields;
    if (typeof line !== 'string' || typeof stopSequence !== 'number' || typeof nextStop !== 'string') return undefined;
    const here = `${String(direction)}/${nextStop}`;
    const before = this.#at.get(device);
    if (status === 'stoppedAt') {
      if (before === here) return undefined;
      this.#at.set(device, here);
      return stopSequence > 0 && stopSequence % CONTROL_EVERY === 0 ? this.#decide(device, ts, line, here, nextStop) : undefined;
    }
    if (before !== undefined && status === 'inTransitTo') {
      this.#at.delete(device);
      this.#departed(device, ts, line, before);
    }
    return undefined;
  }

  #departed(device: string, ts: number, line: string, stop: string): void {
    const state = this.#line(line);
    const leader = state.lastDeparture.get(stop);
    state.lastDeparture.set(stop, { device, ts });
    if (leader === undefined || ts <= leader.ts || ts - leader.ts > STALE_MS) return;
    const headwayS = (ts - leader.ts) / 1000;
    state.samples++;
    state.meanHeadwayS += (headwayS - state.meanHeadwayS) * Math.max(HEADWAY_WEIGHT, 1 / state.samples);
  }

  #decide(device: string, ts: number, line: string, stop: string, stopId: string): Hold | undefined {
    const state = this.#line(line);
    const leader = state.lastDeparture.get(stop);
    if (state.samples < MIN_SAMPLES || leader === undefined || leader.device === device || ts - leader.ts > STALE_MS) return undefined;
    const behindS = (ts - leader.ts) / 1000;
    const durationS = Math.min(MAX_HOLD_S, Math.round(SLACK_S + GAIN * (state.meanHeadwayS - behindS)));
    if (durationS < MIN_HOLD_S) return undefined;
    const why = `${device} (line ${line}) at stop ${stopId}: ${Math.round(behindS)} s behind ${leader.device}, usual headway ${Math.round(state.meanHeadwayS)} s`;
    return { device, durationS, why };
  }

  #line(line: string): LineState {
    let state = this.#lines.get(line);
    if (state === undefined) {
      state = { meanHeadwayS: 0, samples: 0, lastDeparture: new Map() };
      this.#lines.set(line, state);
    }
    return state;
  }
}
