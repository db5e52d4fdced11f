// One direction of a bus line as a bus drives it: links in order, stops along them, where lights and turns are. Fixed for a run.
import type { BusLine, City, LineDirection, Point } from '../city.ts';
import type { LinkTable } from '../traffic/link-table.ts';
import { MEAN_SIGNAL_WAIT_S } from '../traffic/signals.ts';
import type { Signals } from '../traffic/signals.ts';
import type { Streets, World } from '../world.ts';

/** Urban bus limit, m/s: 50 km/h. */
export const BUS_TOP_MPS = 50 / 3.6;
/** A bus drives this share of the street's speed. */
const BUS_SHARE = 0.85;
/** Speed through a right-angle turn, m/s (EE). */
export const BUS_TURN_MPS = 5;
/** What a plan adds for a stop: braking, doors, speeding up, and boarding by the hour's share of the day's boardings; and for a light (EE). */
const PLANNED_STOP_S = 4;
const PLANNED_BOARDING_S = 150;
const PLANNED_LIGHT_S = MEAN_SIGNAL_WAIT_S + 1;

export class Side {
  readonly index: number;
  readonly lineIndex: number;
  readonly line: BusLine;
  readonly direction: 'out' | 'back';
  readonly links: readonly number[];
  /** Where each link starts, metres from the path's start; the last value is the path's end. */
  readonly linkStartM: Float64Array;
  readonly stopAtM: Float64Array;
  readonly stopIds: readonly string[];
  readonly stopPlaces: readonly Point[];
  /** The bus turns sharply at the end of this link. */
  readonly turnAfter: readonly boolean[];
  readonly lit: readonly boolean[];
  readonly #table: LinkTable;
  /** What a bus drives on each link when the street flows at its limit. */
  readonly #busLimitMps: Float64Array;

  constructor(city: City, table: LinkTable, signals: Signals, lineIndex: number, back: 0 | 1) {
    const line = city.lines[lineIndex]!;
    const path: LineDirection = line.directions[back]!;
    this.index = lineIndex * 2 + back;
    this.lineIndex = lineIndex;
    this.line = line;
    this.direction = back === 0 ? 'out' : 'back';
    this.links = path.links;
    this.linkStartM = new Float64Array(path.links.length + 1);
    path.links.forEach((link, i) => (this.linkStartM[i + 1] = this.linkStartM[i]! + table.lengthM(link)));
    this.stopAtM = Float64Array.from(path.stops, (stop) => stop.atM);
    this.stopIds = path.stops.map(({ stop }) => city.stops[stop]!.id);
    this.stopPlaces = path.stops.map(({ stop }) => city.stops[stop]!);
    this.turnAfter = path.links.map((link, i) => i + 1 < path.links.length && table.isTurn(link, path.links[i + 1]!));
    this.lit = path.links.map((link) => signals.has(link));
    this.#table = table;
    this.#busLimitMps = Float64Array.from(path.links, (link) => BUS_SHARE * table.limitMps(link));
  }

  get lastStop(): number {
    return this.stopAtM.length - 1;
  }

  /** Index into `links` of the link under atM, from a hint at or before it. */
  linkAt(atM: number, hint: number): number {
    let index = hint;
    while (index + 1 < this.links.length && atM >= this.linkStartM[index + 1]!) index++;
    return index;
  }

  /** What a bus drives on the link now, m/s: min(0.85 of the street's speed, 50 km/h). linkIndex: into `links`. */
  busMps(linkIndex: number, streets: Streets): number {
    return Math.min(BUS_TOP_MPS, this.#busLimitMps[linkIndex]! * streets.speedFactor(this.links[linkIndex]!));
  }

  placeAt(atM: number, linkIndex: number): Point {
    const link = this.links[linkIndex]!;
    return this.#table.pointAt(link, Math.min(this.#table.lengthM(link), atM - this.linkStartM[linkIndex]!));
  }

  /** Compass direction of a link, 0…360. */
  headingDeg(linkIndex: number): number {
    return this.#table.headingDeg(this.links[linkIndex]!);
  }

  /**
   * Seconds from the first stop to each stop, as planned from how the streets run and people ride now. No plan knows of a closed street:
   * there it expects what the open ones do, and the line gets late.
   */
  plan({ streets, people }: World): Float64Array {
    const stopS = PLANNED_STOP_S + PLANNED_BOARDING_S * people.boardingShare;
    const planned = new Float64Array(this.stopAtM.length);
    const openFactor = this.#meanOpenFactor(streets);
    let seconds = 0;
    let stop = 1;
    for (const [i, link] of this.links.entries()) {
      const startM = this.linkStartM[i]!;
      const endM = this.linkStartM[i + 1]!;
      const mps = streets.isClosed(link)
        ? Math.min(BUS_TOP_MPS, this.#busLimitMps[i]! * openFactor)
        : this.busMps(i, streets);
      const beforeM = i + 1 === this.links.length ? Infinity : endM;
      for (; stop <= this.lastStop && this.stopAtM[stop]! < beforeM; stop++) {
        planned[stop] = seconds + (this.stopAtM[stop]! - startM) / mps + stop * stopS;
      }
      seconds += (endM - startM) / mps + (this.lit[i] ? PLANNED_LIGHT_S : 0);
    }
    return planned;
  }

  /** Mean speed factor of the links that are open; 1 when none is. */
  #meanOpenFactor(streets: Streets): number {
    let sum = 0;
    let open = 0;
    for (const link of this.links) {
      if (streets.isClosed(link)) continue;
      sum += streets.speedFactor(link);
      open++;
    }
    return open === 0 ? 1 : sum / open;
  }
}
