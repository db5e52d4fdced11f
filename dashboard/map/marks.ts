// Fleet → rows of the instance buffer: which shape, size and colour each device has now. Many still devices are gathered into a grid:
// parking into gauges of occupancy, meters into tiles of the mean. No WebGL here.
import type { Fields, Fleet } from '../live/fleet.ts';
import { CX, CY, MOTION_STRIDE, T0, TC, VX, VY, X, Y, unitsPerMetre } from '../live/motion.ts';
import { UNKNOWN, type Theme } from './colour.ts';
import { markColour, shownField, systemColour, systemOf, valueRange, type System } from './looks.ts';
import { SHAPE } from './shaders.ts';

/** 4-byte words of one instance; the last holds the colour. */
export const MARK_WORDS = 16;
/** More still marks than this in a fleet are gathered while zoomed out. */
const GATHER_ABOVE = 1_500;
/** From this zoom every slot and meter is drawn by itself. */
const SINGLE_FROM_ZOOM: { readonly [system in System]: number } = {
  bus: 0,
  vehicle: 0,
  parking: 15,
  meter: 14,
  other: 13,
};
const DART_FROM_ZOOM = 13.6;
/** Side of a grid cell on screen, px. */
const CELL_PX: { readonly [system in System]: number } = { bus: 28, vehicle: 28, parking: 46, meter: 14, other: 24 };
/** A moving device silent for this long is grey, wall ms. */
export const SILENT_MS = 30_000;
/** Opacity of what the view is not about. */
const ASIDE = 0.22;

export interface MarkOptions {
  readonly theme: Theme;
  readonly zoom: number;
  readonly lat: number;
  readonly field: string | undefined;
  readonly opacity: number;
  /** Devices that are not what the view is about. */
  readonly isAside?: (fields: Readonly<Fields>) => boolean;
  /** performance.now, and whether devices should have reported (not paused, connected). */
  readonly wallMs: number;
  readonly expectNews: boolean;
  /** Zero of the times in the buffer, ms. */
  readonly simEpochMs: number;
  readonly wallEpochMs: number;
}

/** What the legend says about a fleet's colours. */
export interface MarkScale {
  readonly field: string | undefined;
  readonly range: readonly [number, number] | undefined;
  readonly gathered: boolean;
  readonly shown: number;
}

export class MarkBuffer {
  floats = new Float32Array(256 * MARK_WORDS);
  bytes = new Uint8Array(this.floats.buffer);
  count = 0;

  clear(): void {
    this.count = 0;
  }

  /** Next free row's first word; grows when full. */
  next(): number {
    if ((this.count + 1) * MARK_WORDS > this.floats.length) {
      const larger = new Float32Array(this.floats.length * 2);
      larger.set(this.floats);
      this.floats = larger;
      this.bytes = new Uint8Array(larger.buffer);
    }
    return this.count++ * MARK_WORDS;
  }

  look(
    at: number,
    headingDeg: number,
    shape: number,
    share: number,
    opacity: number,
    halfLengthM: number,
    leastPx: number,
    aspect: number,
    colour: readonly [number, number, number],
  ): void {
    const { floats, bytes } = this;
    floats[at + 8] = Number.isNaN(headingDeg) ? 0 : (headingDeg * Math.PI) / 180;
    floats[at + 9] = shape;
    floats[at + 10] = share;
    floats[at + 11] = opacity;
    floats[at + 12] = halfLengthM;
    floats[at + 13] = leastPx;
    floats[at + 14] = aspect;
    bytes.set(colour, (at + 15) * 4);
    bytes[(at + 15) * 4 + 3] = 255;
  }

  motion(at: number, motion: Float64Array, index: number, simEpochMs: number, wallEpochMs: number): void {
    const from = index * MOTION_STRIDE;
    const { floats } = this;
    floats[at] = motion[from + X]!;
    floats[at + 1] = motion[from + Y]!;
    floats[at + 2] = motion[from + VX]!;
    floats[at + 3] = motion[from + VY]!;
    floats[at + 4] = motion[from + CX]!;
    floats[at + 5] = motion[from + CY]!;
    floats[at + 6] = (motion[from + T0]! - simEpochMs) / 1000;
    floats[at + 7] = (motion[from + TC]! - wallEpochMs) / 1000;
  }

  still(at: number, x: number, y: number): void {
    this.floats.fill(0, at, at + 8);
    this.floats[at] = x;
    this.floats[at + 1] = y;
  }
}

/** Side of a screen pixel in metres at 512-px tiles. */
export function metresPerPx(zoom: number, lat: number): number {
  return (40_075_016.686 * Math.cos((lat * Math.PI) / 180)) / 512 / 2 ** zoom;
}

/** Writes the fleet's marks; answers what its colours mean. */
export function writeMarks(buffer: MarkBuffer, fleet: Fleet, options: MarkOptions): MarkScale {
  buffer.clear();
  const system = systemOf(fleet.description.kind);
  const field = shownField(fleet, options.field);
  const range = rangeOf(fleet, field);
  const gathered = !fleet.moving && fleet.placedCount > GATHER_ABOVE && options.zoom < SINGLE_FROM_ZOOM[system];
  if (gathered) writeGrid(buffer, fleet, system, field, range, options);
  else
    for (let index = 0; index < fleet.ids.length; index++)
      writeOne(buffer, fleet, index, system, field, range, options);
  return { field, range, gathered, shown: buffer.count };
}

function rangeOf(fleet: Fleet, field: string | undefined): readonly [number, number] | undefined {
  if (field === undefined) return undefined;
  const values: number[] = [];
  for (const fields of fleet.fields) {
    const value = fields[field];
    if (typeof value === 'number') values.push(value);
  }
  return valueRange(fleet.description.fields[field], values);
}

function writeOne(
  buffer: MarkBuffer,
  fleet: Fleet,
  index: number,
  system: System,
  field: string | undefined,
  range: readonly [number, number] | undefined,
  options: MarkOptions,
): void {
  if (fleet.placed[index] !== 1) return;
  const at = buffer.next();
  const silent = fleet.moving && options.expectNews && options.wallMs - fleet.heardMs[index]! > SILENT_MS;
  const value = field === undefined ? undefined : fleet.fields[index]![field];
  const colour = silent ? UNKNOWN : markColour(system, field, value, range, options.theme);
  const aside = options.isAside?.(fleet.fields[index]!) === true;
  const opacity = options.opacity * (silent ? 0.5 : 1) * (aside ? ASIDE : 1);
  const heading = fleet.heading(index);
  buffer.motion(at, fleet.motion, index, options.simEpochMs, options.wallEpochMs);
  if (system === 'bus')
    buffer.look(
      at,
      heading,
      SHAPE.capsule,
      0,
      opacity,
      6,
      options.zoom < 12 ? 6 : options.zoom < 14 ? 8 : 11,
      0.44,
      colour,
    );
  else if (system === 'vehicle' && options.zoom >= DART_FROM_ZOOM && !Number.isNaN(heading))
    buffer.look(at, heading, SHAPE.dart, 0, opacity, 2.6, 8, 0.72, colour);
  else if (system === 'vehicle') buffer.look(at, 0, SHAPE.disc, 0, opacity, 0, options.zoom < 12 ? 2 : 2.6, 1, colour);
  else if (system === 'parking') buffer.look(at, 0, SHAPE.slot, value === true ? 1 : 0, opacity, 2.5, 3, 0.62, colour);
  else if (system === 'meter') buffer.look(at, 0, SHAPE.disc, 0, opacity, 0, options.zoom < 15 ? 3 : 4.5, 1, colour);
  else buffer.look(at, 0, SHAPE.mark, 0, opacity, 0, 8, 1, colour);
}

interface Cell {
  x: number;
  y: number;
  count: number;
  sum: number;
  valued: number;
}

function writeGrid(
  buffer: MarkBuffer,
  fleet: Fleet,
  system: System,
  field: string | undefined,
  range: readonly [number, number] | undefined,
  options: MarkOptions,
): void {
  // Cells follow half zoom steps, so that they do not crawl while zooming.
  const step = Math.round(options.zoom * 2) / 2;
  const cellUnits = CELL_PX[system] * metresPerPx(step, options.lat) * unitsPerMetre(options.lat);
  const cells = new Map<number, Cell>();
  for (let index = 0; index < fleet.ids.length; index++) {
    if (fleet.placed[index] === 1) addToCell(cells, fleet, index, field, cellUnits);
  }
  const most = Math.max(1, ...[...cells.values()].map((cell) => cell.count));
  for (const cell of cells.values()) {
    const at = buffer.next();
    const mean = cell.valued === 0 ? undefined : cell.sum / cell.valued;
    const weight = Math.sqrt(cell.count / most);
    if (system === 'parking') {
      buffer.still(at, cell.x / cell.count, cell.y / cell.count);
      const colour = systemColour(system, options.theme);
      buffer.look(at, 0, SHAPE.gauge, mean ?? 0, options.opacity, 0, 7 + 12 * weight, 1, colour);
    } else {
      buffer.still(
        at,
        (Math.floor(cell.x / cell.count / cellUnits) + 0.5) * cellUnits,
        (Math.floor(cell.y / cell.count / cellUnits) + 0.5) * cellUnits,
      );
      const colour = markColour(system, field, mean, range, options.theme);
      buffer.look(at, 0, SHAPE.tile, 0, options.opacity * (0.35 + 0.65 * weight), 0, CELL_PX[system] / 2, 1, colour);
    }
  }
}

function addToCell(
  cells: Map<number, Cell>,
  fleet: Fleet,
  index: number,
  field: string | undefined,
  cellUnits: number,
): void {
  const x = fleet.motion[index * MOTION_STRIDE + X]!;
  const y = fleet.motion[index * MOTION_STRIDE + Y]!;
  const key = Math.floor(x / cellUnits) * 1_000_003 + Math.floor(y / cellUnits);
  let cell = cells.get(key);
  if (cell === undefined) cells.set(key, (cell = { x: 0, y: 0, count: 0, sum: 0, valued: 0 }));
  const value = field === undefined ? undefined : fleet.fields[index]![field];
  cell.x += x;
  cell.y += y;
  cell.count++;
  if (typeof value === 'number' || typeof value === 'boolean') {
    cell.sum += Number(value);
    cell.valued++;
  }
}
