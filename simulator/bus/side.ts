// One direction of a bus line as a bus drives it: links in order, stops along them, where lights and turns are. Fixed for a run.
import type { BusLine, City, LineDirection, Point } from '../city.ts';
import { MEAN_SIGNAL_WAIT_S } from '../traffic/signals.ts';
import type { Signals } from '../traffic/signals.ts';
import type { Streets, World } from '../world.ts';

/** Urban bus limit, m/s: 50 km/h. */
export const BUS_TOP_MPS = 50 / 3.6;
/** A bus drives this share of the street's speed. */
const BUS_SHARE = 0.85;
/** Speed through a right-angle turn, m/s (EE). */
export const BUS_TURN_MPS = 5;
const TURN_COSINE = 0.766;
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
  /** The bus turns sharply at the end of this link. */
  readonly turnAfter: readonly boolean[];
  readonly lit: readonly boolean[];
  readonly #city: City;

  constructor(city: City, signals: Signals, lineIndex: number, back: 0 | 1) {
    const line = city.lines[lineIndex]!;
    const path: LineDirection = line.directions[back]!;
    this.index = lineIndex * 2 + back;
    this.lineIndex = lineIndex;
    this.line = line;
    this.direction = back === 0 ? 'out' : 'back';
    this.links = path.links;
    this.linkStartM = new Float64Array(path.links.length + 1);
    path.links.forEach((link, i) => (this.linkStartM[i + 1] = this.linkStartM[i]! + city.links[link]!.lengthM));
    this.stopAtM = Float64Array.from(path.stops, (stop) => stop.atM);
    this.stopIds = path.stops.map(({ stop }) => city.stops[stop]!.id);
    this.turnAfter = path.links.map((link, i) => i + 1 < path.links.length && isTurn(city, link, path.links[i + 1]!));
    this.lit = path.links.map((link) => signals.has(link));
    this.#city = city;
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
    const link = this.links[linkIndex]!;
    return Math.min(BUS_TOP_MPS, BUS_SHARE * this.#city.links[link]!.speedLimitMps * streets.speedFactor(link));
  }

  placeAt(atM: number, linkIndex: number): Point {
    const { from, to, lengthM } = this.#city.links[this.links[linkIndex]!]!;
    const [a, b] = [this.#city.nodes[from]!, this.#city.nodes[to]!];
    const share = Math.min(1, (atM - this.linkStartM[linkIndex]!) / lengthM);
    return { x: a.x + share * (b.x - a.x), y: a.y + share * (b.y - a.y) };
  }

  /** Compass direction of a link, 0…360. */
  headingDeg(linkIndex: number): number {
    const { from, to } = this.#city.links[this.links[linkIndex]!]!;
    const [a, b] = [this.#city.nodes[from]!, this.#city.nodes[to]!];
    return ((Math.atan2(b.x - a.x, b.y - a.y) * 180) / Math.PI + 360) % 360;
  }

  /** Seconds from the first stop to each stop, as planned from how the streets run and people ride now. */
  plan({ streets, people }: World): Float64Array {
    const stopS = PLANNED_STOP_S + PLANNED_BOARDING_S * people.boardingShare;
    const planned = new Float64Array(this.stopAtM.length);
    let seconds = 0;
    let stop = 1;
    for (let i = 0; i < this.links.length; i++) {
      const startM = this.linkStartM[i]!;
      const endM = this.linkStartM[i + 1]!;
      const mps = this.busMps(i, streets);
      const beforeM = i + 1 === this.links.length ? Infinity : endM;
      for (; stop <= this.lastStop && this.stopAtM[stop]! < beforeM; stop++) {
        planned[stop] = seconds + (this.stopAtM[stop]! - startM) / mps + stop * stopS;
      }
      seconds += (endM - startM) / mps + (this.lit[i] ? PLANNED_LIGHT_S : 0);
    }
    return planned;
  }
}

function isTurn(city: City, first: number, second: number): boolean {
  const direction = (index: number) => {
    const link = city.links[index]!;
    const [a, b] = [city.nodes[link.from]!, city.nodes[link.to]!];
    const lengthM = Math.max(1e-6, Math.hypot(b.x - a.x, b.y - a.y));
    return { x: (b.x - a.x) / lengthM, y: (b.y - a.y) / lengthM };
  };
  const [a, b] = [direction(first), direction(second)];
  return a.x * b.x + a.y * b.y < TURN_COSINE;
}
