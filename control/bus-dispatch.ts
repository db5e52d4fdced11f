// The dispatch centre of the buses: sees their telemetry, keeps a picture of the service, lets each line's policy ask for holds and more,
// and tells when buses are expected. Knows neither the simulator, nor timetables, nor the wire.
import type { Controller, ControllerReport, Decision } from '../telemetry/controller.ts';
import type { Command, TelemetryRecord } from '../telemetry/messages.ts';
import { Assignments } from './bus/assignments.ts';
import { DISPATCH_DESCRIPTION } from './bus/description.ts';
import { EtaScore } from './bus/eta-score.ts';
import { expectedOnLine, forecastLine } from './bus/expected.ts';
import { Forecast } from './bus/forecast.ts';
import type { Bus, Line } from './bus/network.ts';
import { createPolicy } from './bus/policies.ts';
import type { PolicyParameters } from './bus/policies.ts';
import type { Action, Policy, PolicyName } from './bus/policy.ts';
import { SILENT_MS } from './bus/positions.ts';
import { ServiceWindow } from './bus/service-window.ts';
import { Tracker } from './bus/tracker.ts';

export interface BusDispatchOptions {
  /** Of every line, until told otherwise; default `forward-headway`. */
  readonly policy?: PolicyName;
  /** Default: the laws as published. */
  readonly parameters?: PolicyParameters;
  /** H of every line, s; default: what buses report at their departures. */
  readonly targetHeadwayS?: number;
}

/** Simulated time after which a command that has not reached its bus, or was not even sent, makes no sense any more. */
const EXPIRES_MS = 60_000;
/** Actions that nobody fetched are dropped beyond this many, the oldest first. */
const MAX_WAITING = 1_000;
const REVIEW_MS = 60_000;
const REPORT_MS = 10_000;
/** Arrivals are published this often. */
export const ARRIVALS_MS = 20_000;
/** Longer texts are refused on the wire. */
const MAX_WHY = 256;

export class BusDispatch implements Controller {
  readonly name = 'bus-dispatch';
  readonly reads = ['bus'];
  readonly description = DISPATCH_DESCRIPTION;
  readonly #options: BusDispatchOptions;
  readonly #tracker = new Tracker();
  readonly #forecast = new Forecast();
  readonly #score = new EtaScore();
  readonly #service = new ServiceWindow();
  readonly #assignments: Assignments;
  readonly #policies = new Map<PolicyName, Policy>();
  #waiting: { readonly action: Action; readonly policy: PolicyName; readonly atMs: number }[] = [];
  #decisions = 0;
  #reviewedMs = -Infinity;
  #reportedMs = -Infinity;
  #arrivalsMs = -Infinity;

  constructor(options: BusDispatchOptions = {}) {
    this.#options = options;
    this.#assignments = new Assignments(options.policy ?? 'forward-headway');
  }

  observe(record: TelemetryRecord): void {
    const bus = this.#tracker.take(record);
    if (bus === undefined || bus.news === 'none') return;
    const { ts } = record;
    if (this.#options.targetHeadwayS !== undefined) bus.targetHeadwayS = this.#options.targetHeadwayS;
    const policy = this.#policyOf(bus.line);
    switch (bus.news) {
      case 'arrived':
        this.#score.arrived(bus, ts);
        return this.#keep(policy, policy.arrived?.(bus, ts), ts);
      case 'departed':
        this.#service.departed(bus, ts);
        return this.#keep(policy, policy.departed?.(bus, ts), ts);
      case 'moved':
        return this.#keep(policy, policy.moved?.(bus, ts), ts);
      case 'withdrawn':
        return this.#score.dropped(bus);
    }
  }

  decide(nowMs: number): Decision[] {
    this.#review(nowMs);
    if (this.#waiting.length === 0) return [];
    const fresh = this.#waiting.filter(({ atMs }) => nowMs - atMs <= EXPIRES_MS);
    this.#waiting = [];
    this.#decisions += fresh.length;
    return fresh.map(({ action, policy }) => decisionOf(action, policy, nowMs));
  }

  report(nowMs: number): ControllerReport {
    this.#review(nowMs);
    const report: { fields?: TelemetryRecord['fields']; arrivals?: ControllerReport['arrivals'] } = {};
    if (nowMs - this.#arrivalsMs >= ARRIVALS_MS) {
      this.#arrivalsMs = nowMs;
      const lines = [...this.#tracker.lines.values()];
      report.arrivals = lines
        .map((line) => expectedOnLine(line, nowMs, this.#forecast, this.#score))
        .filter(({ buses }) => buses.length > 0);
    }
    if (nowMs - this.#reportedMs >= REPORT_MS) {
      this.#reportedMs = nowMs;
      report.fields = this.#fields(nowMs);
    }
    return report;
  }

  /** Shows each bus while `forecast` is about it: the arrivals of `report`, but neither scored nor written down. */
  forecastAll(nowMs: number, show: (bus: Bus, forecast: Forecast) => void): void {
    for (const line of this.#tracker.lines.values())
      forecastLine(line, nowMs, this.#forecast, (bus) => show(bus, this.#forecast));
  }

  obey(command: Command): string | undefined {
    return this.#assignments.obey(command, [...this.#tracker.lines.keys()]);
  }

  /** Mean absolute error of the predictions of the last half hour, s, by horizon as in `HORIZONS_S`; NaN without any. */
  etaErrorS(horizon: number, nowMs: number): number {
    return this.#score.meanErrorS(horizon, nowMs);
  }

  #keep({ name }: Policy, action: Action | undefined, atMs: number): void {
    if (action === undefined) return;
    if (this.#waiting.length >= MAX_WAITING) this.#waiting.splice(0, MAX_WAITING / 2);
    this.#waiting.push({ action, policy: name, atMs });
  }

  #review(nowMs: number): void {
    if (nowMs - this.#reviewedMs < REVIEW_MS) return;
    this.#reviewedMs = nowMs;
    this.#tracker.forget(nowMs);
    for (const line of this.#tracker.lines.values()) {
      const policy = this.#policyOf(line);
      this.#keep(policy, policy.reviewed?.(line, nowMs, this.#tracker.lines), nowMs);
    }
  }

  #policyOf({ id }: Line): Policy {
    const name = this.#assignments.of(id);
    let policy = this.#policies.get(name);
    if (policy === undefined)
      this.#policies.set(name, (policy = createPolicy(name, this.#options.parameters ?? {}, this.#forecast)));
    return policy;
  }

  #fields(nowMs: number): TelemetryRecord['fields'] {
    const { cv: headwayCv, excessWaitS, bunchedShare } = this.#service.headways(nowMs);
    const measured = { headwayCv, excessWaitS, bunchedShare, etaErrorS: this.#score.meanErrorS(TEN_MINUTES, nowMs) };
    return {
      policy: this.#assignments.common(this.#tracker.lines.keys()) ?? 'mixed',
      heldBuses: heldBuses(this.#tracker.buses.values(), nowMs),
      decisions: this.#decisions,
      ...Object.fromEntries(Object.entries(measured).filter(([, value]) => !Number.isNaN(value))),
    };
  }
}

/** Index into `HORIZONS_S`. */
const TEN_MINUTES = 1;

function decisionOf(action: Action, policy: PolicyName, nowMs: number): Decision {
  const { bus, name, args, stop, durationS, gapS, targetS, leader } = action;
  bus.lastActionMs = nowMs;
  if (durationS !== undefined) bus.holdS = durationS;
  const why = `${bus.device} (line ${bus.line.id}) at stop ${bus.stop.id} ${action.why}`.slice(0, MAX_WHY);
  const about = { bus: bus.device, action: name, line: bus.line.id, stop, policy, why };
  return {
    kind: 'bus',
    device: bus.device,
    command: { name, args, expiresMs: EXPIRES_MS },
    why,
    about: {
      ...about,
      ...(durationS === undefined ? {} : { durationS }),
      ...(gapS === undefined ? {} : { gapS }),
      ...(targetS === undefined ? {} : { targetS }),
      ...(leader === undefined ? {} : { leader }),
    },
  };
}

function heldBuses(buses: Iterable<Bus>, nowMs: number): number {
  let held = 0;
  for (const { state, lastMs } of buses) if (state === 'holding' && nowMs - lastMs < SILENT_MS) held++;
  return held;
}
