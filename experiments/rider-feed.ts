// What riders' phones know: the arrivals that the dispatch centre publishes, some time ago. It listens to the buses of one line as the centre
// does; what the centre decides goes on to the buses.
import { ARRIVALS_MS } from '../control/bus-dispatch.ts';
import type { BusDispatch } from '../control/bus-dispatch.ts';
import { countOnTrip } from '../control/bus/expected.ts';
import type { Forecast } from '../control/bus/forecast.ts';
import type { Bus } from '../control/bus/network.ts';
import type { Controller, Decision } from '../telemetry/controller.ts';
import type { TelemetryRecord } from '../telemetry/messages.ts';

export interface ExpectedBus {
  readonly trip: string;
  /** Since the start of the run. */
  readonly atS: number;
}

/** What is expected of a bus at the stops ahead of it, in their order. */
interface Outlook {
  readonly trip: string;
  readonly direction: string;
  readonly firstStop: number;
  readonly arrivalsS: readonly number[];
}

interface Issue {
  readonly tsS: number;
  readonly buses: Outlook[];
}

export class RiderFeed implements Controller {
  readonly name = 'rider-feed';
  readonly reads = ['bus'];
  readonly #dispatch: BusDispatch;
  /** The oldest first. */
  readonly #issues: Issue[] = [];
  #issuedMs = -Infinity;

  constructor(dispatch: BusDispatch) {
    this.#dispatch = dispatch;
  }

  observe(record: TelemetryRecord): void {
    this.#dispatch.observe(record);
    if (record.ts - this.#issuedMs >= ARRIVALS_MS) this.#issue(record.ts);
  }

  decide(nowMs: number): Decision[] {
    return this.#dispatch.decide(nowMs);
  }

  /** What was known at atS, s since the start of the run, of a stop, counted from 0: in no order. atS may not go back. */
  expected(direction: string, stop: number, atS: number): ExpectedBus[] {
    while (this.#issues[1] !== undefined && this.#issues[1].tsS <= atS) this.#issues.shift();
    const issue = this.#issues[0];
    const found: ExpectedBus[] = [];
    if (issue === undefined || issue.tsS > atS) return found;
    for (const { trip, direction: own, firstStop, arrivalsS } of issue.buses) {
      const arrivalS = own === direction ? arrivalsS[stop - firstStop] : undefined;
      if (arrivalS !== undefined) found.push({ trip, atS: arrivalS });
    }
    return found;
  }

  #issue(tsMs: number): void {
    this.#issuedMs = tsMs;
    const buses: Outlook[] = [];
    this.#dispatch.forecastAll(tsMs, (bus, forecast) => buses.push(outlookOf(bus, forecast)));
    // As long as nobody is under way, nothing new is said.
    if (buses.length > 0) this.#issues.push({ tsS: tsMs / 1000, buses });
  }
}

function outlookOf(bus: Bus, forecast: Forecast): Outlook {
  const arrivalsS: number[] = [];
  const count = countOnTrip(bus, forecast);
  for (let at = 0; at < count; at++) arrivalsS.push(Math.round(forecast.arrivalMs[at]!) / 1000);
  return { trip: bus.trip, direction: bus.side.direction, firstStop: forecast.sequences[0]!, arrivalsS };
}
