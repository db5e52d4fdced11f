// The dispatch centre of the buses: sees their telemetry, keeps a picture of the service, lets each line's policy ask for holds and more,
// and tells when buses are expected. Knows neither the simulator, nor timetables, nor the wire.
import type { Controller, Decision } from '../telemetry/controller.ts';
import type { TelemetryRecord } from '../telemetry/messages.ts';
import type { Bus, Line } from './bus/network.ts';
import { createPolicy } from './bus/policies.ts';
import type { PolicyParameters } from './bus/policies.ts';
import type { Action, Policy, PolicyName } from './bus/policy.ts';
import { Tracker } from './bus/tracker.ts';

export interface BusDispatchOptions {
  /** Of every line, until told otherwise; default `forward-headway`. */
  readonly policy?: PolicyName;
  /** Default: the laws as published. */
  readonly parameters?: PolicyParameters;
  /** H of every line, s; default: what buses report at their departures. */
  readonly targetHeadwayS?: number;
}

/** Simulated time after which a command that has not reached its bus makes no sense any more. */
const EXPIRES_MS = 60_000;
const REVIEW_MS = 60_000;
const NONE: Decision[] = [];

export class BusDispatch implements Controller {
  readonly name = 'bus-dispatch';
  readonly reads = ['bus'];
  readonly #options: BusDispatchOptions;
  readonly #tracker = new Tracker();
  readonly #policies = new Map<PolicyName, Policy>();
  #policy: PolicyName;
  #actions: Action[] = [];
  #reviewedMs = -Infinity;

  constructor(options: BusDispatchOptions = {}) {
    this.#options = options;
    this.#policy = options.policy ?? 'forward-headway';
  }

  observe(record: TelemetryRecord): void {
    const bus = this.#tracker.take(record);
    if (bus === undefined) return;
    if (this.#options.targetHeadwayS !== undefined) bus.targetHeadwayS = this.#options.targetHeadwayS;
    const action = this.#ask(bus, record.ts);
    if (action !== undefined) this.#actions.push(action);
  }

  decide(nowMs: number): Decision[] {
    if (nowMs - this.#reviewedMs >= REVIEW_MS) this.#review(nowMs);
    if (this.#actions.length === 0) return NONE;
    const decisions = this.#actions.map((action) => this.#decision(action, nowMs));
    this.#actions = [];
    return decisions;
  }

  #ask(bus: Bus, nowMs: number): Action | undefined {
    const policy = this.#policyOf(bus.line);
    if (bus.news === 'arrived') return policy.arrived?.(bus, nowMs);
    if (bus.news === 'departed') return policy.departed?.(bus, nowMs);
    return bus.news === 'moved' ? policy.moved?.(bus, nowMs) : undefined;
  }

  #review(nowMs: number): void {
    this.#reviewedMs = nowMs;
    this.#tracker.forget(nowMs);
    for (const line of this.#tracker.lines.values()) {
      const action = this.#policyOf(line).reviewed?.(line, nowMs, this.#tracker.lines);
      if (action !== undefined) this.#actions.push(action);
    }
  }

  #policyOf(_line: Line): Policy {
    let policy = this.#policies.get(this.#policy);
    if (policy === undefined)
      this.#policies.set(this.#policy, (policy = createPolicy(this.#policy, this.#options.parameters ?? {})));
    return policy;
  }

  #decision({ bus, name, args, why }: Action, nowMs: number): Decision {
    bus.lastActionMs = nowMs;
    if (name === 'hold') bus.holdS = args.durationS as number;
    return {
      kind: 'bus',
      device: bus.device,
      command: { name, args, expiresMs: EXPIRES_MS },
      why: `${bus.device} (line ${bus.line.id}) at stop ${bus.stop.id} ${why}`,
    };
  }
}
