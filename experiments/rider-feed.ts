// What riders' phones know: the arrivals that the dispatch centre publishes, some time ago. It listens to the buses of one line as the centre
// does; what the centre decides goes on to the buses.
import type { BusDispatch } from '../control/bus-dispatch.ts';
import type { Controller, Decision } from '../telemetry/controller.ts';
import type { TelemetryRecord } from '../telemetry/messages.ts';
import type { LineArrivals } from '../telemetry/timetable.ts';

export interface ExpectedBus {
  readonly trip: string;
  /** Since the start of the run. */
  readonly atS: number;
}

interface Issue {
  readonly tsS: number;
  readonly byStop: ReadonlyMap<string, ExpectedBus[]>;
}

export class RiderFeed implements Controller {
  readonly name = 'rider-feed';
  readonly reads = ['bus'];
  readonly #dispatch: BusDispatch;
  /** The oldest first. */
  readonly #issues: Issue[] = [];

  constructor(dispatch: BusDispatch) {
    this.#dispatch = dispatch;
  }

  observe(record: TelemetryRecord): void {
    this.#dispatch.observe(record);
    for (const arrivals of this.#dispatch.report(record.ts).arrivals ?? []) this.#issues.push(issueOf(arrivals));
  }

  decide(nowMs: number): Decision[] {
    return this.#dispatch.decide(nowMs);
  }

  /** What was known at atS, s since the start of the run, of a stop: in no order. atS may not go back. */
  expected(stop: string, atS: number): readonly ExpectedBus[] {
    while (this.#issues[1] !== undefined && this.#issues[1].tsS <= atS) this.#issues.shift();
    const issue = this.#issues[0];
    return issue === undefined || issue.tsS > atS ? [] : (issue.byStop.get(stop) ?? []);
  }
}

function issueOf({ ts, buses }: LineArrivals): Issue {
  const byStop = new Map<string, ExpectedBus[]>();
  for (const { trip, stops } of buses) {
    for (const { stop, arrivalMs } of stops) {
      const known = byStop.get(stop);
      const bus = { trip, atS: arrivalMs / 1000 };
      if (known === undefined) byStop.set(stop, [bus]);
      else known.push(bus);
    }
  }
  return { tsS: ts / 1000, byStop };
}
