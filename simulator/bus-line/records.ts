// What buses of the line engine say to controllers: the records that the city's buses send, with the same names, at arrivals, at departures
// and, where asked for, on the way. Perfect sensors, no lost messages. The line lies straight on the equator, the way back beside the way out.
import type { TelemetryRecord } from '../../telemetry/messages.ts';
import type { LineBus } from './bus.ts';
import type { LineSpec } from './spec.ts';
import { stopsOf } from './spec.ts';

const METRES_PER_DEGREE = 111_195;
/** Of a record, while it is made. */
type Fields = { [name: string]: number | string | boolean };

const DIRECTIONS = ['out', 'back'] as const;

export class Records {
  readonly #spec: LineSpec;
  /** Metres to each stop, by way. */
  readonly #alongM: readonly (readonly number[])[];
  readonly #stopIds: readonly (readonly string[])[];

  constructor(spec: LineSpec) {
    this.#spec = spec;
    this.#alongM = spec.ways.map(({ segmentsM }) => {
      let atM = 0;
      return [0, ...segmentsM.map((metres) => (atM += metres))];
    });
    this.#stopIds = spec.ways.map(
      ({ stops }, way) =>
        stops ??
        Array.from({ length: stopsOf(spec, way) }, (_, stop) => `${DIRECTIONS[way]!}-${String(stop).padStart(2, '0')}`),
    );
  }

  stopId(way: number, stop: number): string {
    return this.#stopIds[way]![stop]!;
  }

  /** The stop of this name on a way; -1: there is none. */
  stopOf(way: number, id: string): number {
    return this.#stopIds[way]!.indexOf(id);
  }

  /** delayS: NaN at rest. */
  at(bus: LineBus, nowS: number, status: string, delayS: number): TelemetryRecord {
    return this.#record(bus, nowS, this.#fields(bus, status, delayS, this.#alongM[bus.way]![bus.stop]!));
  }

  departure(bus: LineBus, nowS: number, isLast: boolean): TelemetryRecord {
    const alongM = this.#alongM[bus.way]![bus.stop]!;
    const fields = this.#fields(bus, isLast ? 'stoppedAt' : 'inTransitTo', bus.delayS, alongM);
    const { boarded, alighted, denied, headwayS, dwellS, holdS } = bus;
    const targetHeadwayS = bus.slot.headwayS;
    fields['boarded'] = boarded;
    fields['alighted'] = alighted;
    fields['denied'] = denied;
    fields['targetHeadwayS'] = targetHeadwayS;
    fields['dwellS'] = dwellS;
    fields['holdS'] = holdS;
    if (!Number.isNaN(headwayS)) {
      fields['headwayS'] = headwayS;
      fields['headwayRatio'] = headwayS / targetHeadwayS;
    }
    return this.#record(bus, nowS, fields);
  }

  /** Between two stops, or broken down there. */
  underWay(bus: LineBus, nowS: number, status: string): TelemetryRecord {
    const along = this.#alongM[bus.way]!;
    const before = bus.stop === 0 ? along.length - 2 : bus.stop - 1;
    const share = Math.min(1, Math.max(0, (nowS - bus.leftS) / (bus.nextS - bus.leftS)));
    const fromM = along[before]!;
    const segmentM = along[before + 1]! - fromM;
    const fields = this.#fields(bus, status, bus.delayS, fromM + share * segmentM);
    if (status === 'inTransitTo') fields['speedMps'] = segmentM / (bus.nextS - bus.leftS);
    return this.#record(bus, nowS, fields);
  }

  #record(bus: LineBus, nowS: number, fields: Fields): TelemetryRecord {
    const ts = Math.round(((this.#spec.startDayS ?? 0) + nowS) * 1000);
    return { kind: 'bus', device: bus.device, ts, seq: ++bus.seq, fields };
  }

  /** delayS: NaN at rest. */
  #fields(bus: LineBus, status: string, delayS: number, alongM: number): Fields {
    const { line, capacity } = this.#spec;
    const direction = DIRECTIONS[bus.way]!;
    const lengthM = this.#alongM[bus.way]!.at(-1)!;
    const fields: Fields = {
      lat: 0,
      lon: (bus.way === 0 ? alongM : lengthM - alongM) / METRES_PER_DEGREE,
      line,
      direction,
      nextStop: this.stopId(bus.way, bus.stop),
      stopSequence: bus.stop,
      status,
      speedMps: 0,
      load: bus.load,
      occupancyRatio: bus.load / capacity,
      odometerM: bus.odometerM,
      doorOpen: status === 'stoppedAt',
      idleS: bus.idleS,
    };
    if (!Number.isNaN(delayS)) fields['delayS'] = delayS;
    if (bus.phase !== 'layover' && bus.phase !== 'due' && bus.phase !== 'depot') {
      fields['trip'] = `${line}-${direction}-${bus.trip}`;
      fields['alongM'] = alongM;
    }
    return fields;
  }
}
