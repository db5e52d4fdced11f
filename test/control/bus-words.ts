// Says bus records to a controller, for tests: arrivals, departures and positions of one line, 500 m from stop to stop.
import type { Controller, Decision } from '../../telemetry/controller.ts';
import type { TelemetryRecord } from '../../telemetry/messages.ts';

export const SPACING_M = 500;
type Fields = TelemetryRecord['fields'];

export class BusWords {
  readonly #controller: Controller;
  readonly #line: Fields;
  #seq = 0;

  constructor(controller: Controller, line: Fields = {}) {
    this.#controller = controller;
    this.#line = { line: '608', direction: 'out', ...line };
  }

  /** @returns what is decided on the record */
  say(device: string, atS: number, fields: Fields): Decision[] {
    this.#controller.observe({
      kind: 'bus',
      device,
      ts: 1000 * atS,
      seq: ++this.#seq,
      fields: { ...this.#line, trip: `${device}-trip`, ...fields },
    });
    return this.#controller.decide(1000 * atS);
  }

  at(stop: number): Fields {
    const { direction } = this.#line;
    return { nextStop: `${String(direction)}-${stop}`, stopSequence: stop };
  }

  arrives(device: string, stop: number, atS: number, fields: Fields = {}): Decision[] {
    return this.say(device, atS, { ...this.at(stop), status: 'stoppedAt', alongM: stop * SPACING_M, ...fields });
  }

  leaves(device: string, stop: number, atS: number, fields: Fields = {}): Decision[] {
    const counts = { boarded: 3, alighted: 3, denied: 0, headwayS: 300, targetHeadwayS: 300 };
    const place = { ...this.at(stop), alongM: stop * SPACING_M };
    return this.say(device, atS, { ...place, status: 'inTransitTo', ...counts, ...fields });
  }

  /** On its way to `stop`. */
  drives(device: string, stop: number, atS: number, alongM: number, fields: Fields = {}): Decision[] {
    return this.say(device, atS, { ...this.at(stop), status: 'inTransitTo', alongM, speedMps: 8, ...fields });
  }

  /** Leaves stop `from` at atS and serves every stop up to `to`. */
  run(device: string, from: number, to: number, atS: number, legS = 100, dwellS = 20, fields: Fields = {}): Decision[] {
    const decisions = this.leaves(device, from, atS, fields);
    for (let stop = from + 1; stop <= to; stop++) {
      const arrivesS = atS + (stop - from) * legS + (stop - from - 1) * dwellS;
      decisions.push(...this.arrives(device, stop, arrivesS, fields));
      decisions.push(...this.leaves(device, stop, arrivesS + dwellS, fields));
    }
    return decisions;
  }
}
