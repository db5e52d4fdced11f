// One way of a bus line as a bus drives it: links in order, stops along them, where lights and turns are. Fixed for a run; no timetable.
import type { BusLine, City, LineDirection, Point } from '../city.ts';
import type { LinkTable } from '../traffic/link-table.ts';
import { BETWEEN_LIGHTS } from '../traffic/signals.ts';
import type { Signals } from '../traffic/signals.ts';
import type { Streets } from '../world.ts';

/** Urban bus limit, m/s: 50 km/h. */
export const BUS_TOP_MPS = 50 / 3.6;
/**
 * A bus drives this share of the street's speed; like a car it waits at lights one by one and is faster between them. With 0.82 it has the
 * commercial speed of the peak that Kunming's transport report of 2019 has: 17…18 km/h.
 */
const BUS_SHARE = 0.82;
/** Speed through a right-angle turn, m/s (EE). */
export const BUS_TURN_MPS = 5;

/** Nobody boards on a side of this index: it is driven empty only. */
export const NO_SIDE = -1;

export interface SidePlace {
  /** Among all sides of the fleet, or NO_SIDE. */
  readonly index: number;
  readonly lineIndex: number;
  /** Index into the line's `directions`. */
  readonly way: number;
  /** The bus drives the links backwards, from the last stop to the first and without a stop between: an empty run home on a one-way line. */
  readonly flipped?: boolean;
}

export class Side {
  readonly index: number;
  readonly lineIndex: number;
  readonly way: number;
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
  readonly #flipped: boolean;
  /** What a bus drives on each link when the street flows at its limit. */
  readonly #busLimitMps: Float64Array;

  constructor(city: City, table: LinkTable, signals: Signals, place: SidePlace) {
    const { index, lineIndex, way, flipped = false } = place;
    const line = city.lines[lineIndex]!;
    const path = flipped ? flippedPath(line.directions[way]!) : line.directions[way]!;
    this.index = index;
    this.lineIndex = lineIndex;
    this.way = way;
    this.line = line;
    this.direction = path.direction;
    this.links = path.links;
    this.linkStartM = new Float64Array(path.links.length + 1);
    path.links.forEach((link, i) => (this.linkStartM[i + 1] = this.linkStartM[i]! + table.lengthM(link)));
    this.stopAtM = Float64Array.from(path.stops, (stop) => stop.atM);
    this.stopIds = path.stops.map(({ stop }) => city.stops[stop]!.id);
    this.stopPlaces = path.stops.map(({ stop }) => city.stops[stop]!);
    this.turnAfter = path.links.map((link, i) => i + 1 < path.links.length && table.isTurn(link, path.links[i + 1]!));
    this.lit = path.links.map((link) => signals.has(link));
    this.#table = table;
    this.#flipped = flipped;
    this.#busLimitMps = Float64Array.from(
      path.links,
      (link) => BUS_SHARE * BETWEEN_LIGHTS[city.links[link]!.streetClass] * table.limitMps(link),
    );
  }

  get lastStop(): number {
    return this.stopAtM.length - 1;
  }

  get lengthM(): number {
    return this.stopAtM[this.lastStop]!;
  }

  /** Index into `links` of the link under atM, from a hint at or before it. */
  linkAt(atM: number, hint: number): number {
    let index = hint;
    while (index + 1 < this.links.length && atM >= this.linkStartM[index + 1]!) index++;
    return index;
  }

  /** What a bus drives on the link now, m/s: min(0.82 of the street's speed between lights, 50 km/h). linkIndex: into `links`. */
  busMps(linkIndex: number, streets: Streets): number {
    return Math.min(BUS_TOP_MPS, this.#busLimitMps[linkIndex]! * streets.speedFactor(this.links[linkIndex]!));
  }

  /** The same on a dry day without incidents. traffic 0…1 */
  usualMps(linkIndex: number, streets: Streets, traffic: number): number {
    return Math.min(BUS_TOP_MPS, this.#busLimitMps[linkIndex]! * streets.usualFactor(this.links[linkIndex]!, traffic));
  }

  placeAt(atM: number, linkIndex: number): Point {
    const link = this.links[linkIndex]!;
    const lengthM = this.#table.lengthM(link);
    const onLinkM = Math.min(lengthM, atM - this.linkStartM[linkIndex]!);
    return this.#table.pointAt(link, this.#flipped ? lengthM - onLinkM : onLinkM);
  }

  /** The street's limit. linkIndex: into `links` */
  limitMps(linkIndex: number): number {
    return this.#table.limitMps(this.links[linkIndex]!);
  }

  /** Compass direction of a link, 0…360. */
  headingDeg(linkIndex: number): number {
    const headingDeg = this.#table.headingDeg(this.links[linkIndex]!);
    return this.#flipped ? (headingDeg + 180) % 360 : headingDeg;
  }
}

function flippedPath({ direction, links, stops, lengthM }: LineDirection): LineDirection {
  return {
    direction: direction === 'out' ? 'back' : 'out',
    links: links.toReversed(),
    stops: [
      { stop: stops.at(-1)!.stop, atM: 0 },
      { stop: stops[0]!.stop, atM: lengthM },
    ],
    lengthM,
  };
}
