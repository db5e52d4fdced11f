// What the dispatch centre may ask of a bus of the line engine, and what a driver makes of it. An order takes effect at once; whether it is
// obeyed is the driver's habit. Asked for in vain is counted, not answered.
import type { Decision } from '../../telemetry/controller.ts';
import type { Random } from '../random.ts';
import type { LineBus } from './bus.ts';
import { DRAW } from './draws.ts';
import type { Records } from './records.ts';
import type { RunningTimes } from './running-times.ts';
import type { LineSpec } from './spec.ts';
import { stopsOf } from './spec.ts';

export class Orders {
  readonly #spec: LineSpec;
  readonly #records: Records;
  readonly #running: RunningTimes;
  readonly #random: Random;

  constructor(spec: LineSpec, records: Records, running: RunningTimes, random: Random) {
    this.#spec = spec;
    this.#records = records;
    this.#running = running;
    this.#random = random;
  }

  /** @returns false: the driver did not, or the bus cannot */
  obey(bus: LineBus, { command: { name, args } }: Decision, nowS: number): boolean {
    const complies = this.#complies(bus);
    bus.orders++;
    if (!complies) return false;
    switch (name) {
      case 'hold':
        return this.#hold(bus, Number(args['durationS']), nowS);
      case 'departNow':
        return departNow(bus, nowS);
      case 'shortTurn':
        return this.#shortTurn(bus, String(args['atStop']));
      case 'skip':
        return this.#skip(bus, String(args['stops']).split(','));
      case 'deadhead':
        return this.#deadhead(bus, String(args['toStop']));
      case 'requestPriority':
        return this.#requestPriority(bus, nowS);
      case 'engineOffAdvice':
        bus.engineOffAdvised = true;
        return true;
      default:
        return false;
    }
  }

  #complies({ index, orders }: LineBus): boolean {
    const { drivers } = this.#spec;
    if (drivers === undefined) return true;
    const { compliance, complianceSd = 0 } = drivers;
    const own = compliance + complianceSd * this.#random.normal(index, DRAW.compliance, 0);
    return this.#random.uniform(index, DRAW.obeys, orders) < own;
  }

  /** At this stop when it stands, else at the next one: on top of the time that people need. */
  #hold(bus: LineBus, durationS: number, nowS: number): boolean {
    const stands = bus.phase === 'atStop';
    if (!(durationS > 0) || (!stands && bus.phase !== 'running') || this.isLast(bus)) return false;
    bus.holdS = durationS + (stands ? Math.max(0, nowS - bus.readyS) : 0);
    return true;
  }

  #shortTurn(bus: LineBus, id: string): boolean {
    const stop = this.#records.stopOf(bus.way, id);
    const inService = bus.phase === 'atStop' || bus.phase === 'running';
    const isAhead = stop > bus.stop || (stop === bus.stop && bus.phase === 'running');
    if (!inService || !isAhead || this.#spec.shape === 'loop' || stop >= stopsOf(this.#spec, bus.way) - 1) return false;
    bus.turnsAt = stop;
    return true;
  }

  #skip(bus: LineBus, ids: readonly string[]): boolean {
    const stops = ids.map((id) => this.#records.stopOf(bus.way, id));
    // The ends of a way are never skipped.
    const possible = stops.every((stop) => stop > 0 && stop < stopsOf(this.#spec, bus.way) - 1);
    if (!possible || this.#spec.shape === 'loop') return false;
    bus.skips = stops;
    return true;
  }

  #deadhead(bus: LineBus, id: string): boolean {
    const stop = this.#records.stopOf(bus.way, id);
    const rests = bus.phase === 'layover' || bus.phase === 'due';
    if (!rests || stop <= 0 || stop >= stopsOf(this.#spec, bus.way) - 1) return false;
    bus.emptyTo = stop;
    return true;
  }

  /** Once on a segment. */
  #requestPriority(bus: LineBus, nowS: number): boolean {
    if (bus.phase !== 'running' || bus.hasPriority || !Number.isNaN(bus.breaksS)) return false;
    const segments = this.#spec.ways[bus.way]!.segmentsM.length;
    const segment = (bus.stop + segments - 1) % segments;
    bus.hasPriority = true;
    bus.nextS = Math.max(nowS, bus.nextS - this.#running.prioritySavesS(bus.way, segment, bus.trip));
    return true;
  }

  /** Where a run ends and nobody is held. */
  isLast({ way, stop, turnsAt }: LineBus): boolean {
    return this.#spec.shape !== 'loop' && (stop === stopsOf(this.#spec, way) - 1 || stop === turnsAt);
  }
}

/** A hold that has begun, or is to begin, ends. */
function departNow(bus: LineBus, nowS: number): boolean {
  if (bus.holdS === 0) return false;
  bus.holdS = bus.phase === 'atStop' ? Math.max(0, Math.min(bus.holdS, nowS - bus.readyS)) : 0;
  return true;
}
