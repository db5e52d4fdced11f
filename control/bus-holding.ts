// Holds buses that run too close behind their leader: forward headway control after Daganzo. Sees telemetry, sends commands, knows
// neither lines nor timetables: it learns each line's usual gap from what passes. Source: C. Daganzo, "A headway-based approach to
// eliminate bus bunching", Transportation Research B 43 (2009).
import type { Controller, Decision } from '../telemetry/controller.ts';
import type { TelemetryRecord } from '../telemetry/messages.ts';

/** Share of the missing headway that a hold restores. */
const GAIN = 0.5;
/** Hold of a bus exactly on its headway, s: slack that lets early and late buses differ. */
const SLACK_S = 8;
const MAX_HOLD_S = 60;
/** Shorter holds are not worth a message. */
const MIN_HOLD_S = 10;
/** A bus this much closer than usual is left alone: gaps vary by themselves. */
const CLOSE_SHARE = 0.85;
/** Every n-th stop is a control point. */
const CONTROL_EVERY = 5;
/** Weight of a new gap in a line's mean. */
const GAP_WEIGHT = 0.05;
/** Arrivals on a line before its mean is trusted. */
const MIN_SAMPLES = 20;
/** A leader that left longer ago than this is none. */
const STALE_MS = 3_600_000;

/** Simulated time after which a hold that has not reached its bus makes no sense any more. */
const HOLD_EXPIRES_MS = 60_000;

/** The gap of a bus: time from its leader's departure to its own arrival at the same stop. */
interface LineState {
  meanGapS: number;
  samples: number;
  /** When the last bus left each stop, by `direction/stop`. */
  readonly lastDeparture: Map<string, { readonly device: string; readonly ts: number }>;
}

export class BusHolding implements Controller {
  readonly name = 'bus-holding';
  readonly reads = ['bus'];
  readonly #lines = new Map<string, LineState>();
  /** The stop at which a bus stands. */
  readonly #standing = new Map<string, string>();
  #decisions: Decision[] = [];

  observe({ device, ts, fields }: TelemetryRecord): void {
    const { line, direction, nextStop, stopSequence, status } = fields;
    if (typeof line !== 'string' || typeof stopSequence !== 'number' || typeof nextStop !== 'string') return;
    const here = `${String(direction)}/${nextStop}`;
    const before = this.#standing.get(device);
    if (status === 'stoppedAt' && before !== here) {
      this.#standing.set(device, here);
      this.#arrived(device, ts, this.#line(line), { line, here, nextStop, stopSequence });
    } else if (before !== undefined && status === 'inTransitTo') {
      this.#standing.delete(device);
      this.#line(line).lastDeparture.set(before, { device, ts });
    }
  }

  decide(): Decision[] {
    if (this.#decisions.length === 0) return this.#decisions;
    const decisions = this.#decisions;
    this.#decisions = [];
    return decisions;
  }

  #arrived(
    device: string,
    ts: number,
    state: LineState,
    at: { line: string; here: string; nextStop: string; stopSequence: number },
  ): void {
    const leader = state.lastDeparture.get(at.here);
    if (leader === undefined || leader.device === device || ts <= leader.ts || ts - leader.ts > STALE_MS) return;
    const gapS = (ts - leader.ts) / 1000;
    const durationS = Math.min(MAX_HOLD_S, Math.round(SLACK_S + GAIN * (state.meanGapS - gapS)));
    const trusted = state.samples >= MIN_SAMPLES;
    const usualS = Math.round(state.meanGapS);
    state.samples++;
    state.meanGapS += (gapS - state.meanGapS) * Math.max(GAP_WEIGHT, 1 / state.samples);
    const controlPoint = at.stopSequence > 0 && at.stopSequence % CONTROL_EVERY === 0;
    const close = gapS < CLOSE_SHARE * usualS;
    if (!trusted || !controlPoint || !close || durationS < MIN_HOLD_S) return;
    this.#decisions.push({
      kind: 'bus',
      device,
      command: { name: 'hold', args: { durationS }, expiresMs: HOLD_EXPIRES_MS },
      why: `${device} (line ${at.line}) at stop ${at.nextStop} held ${durationS} s: ${Math.round(gapS)} s behind ${leader.device}, usually ${usualS} s`,
    });
  }

  #line(line: string): LineState {
    let state = this.#lines.get(line);
    if (state === undefined) {
      state = { meanGapS: 0, samples: 0, lastDeparture: new Map() };
      this.#lines.set(line, state);
    }
    return state;
  }
}
