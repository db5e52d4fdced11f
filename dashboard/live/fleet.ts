// All devices of one kind as the page knows them: newest fields and motion. Plain arrays outside the component tree, because thousands
// of devices change several times a second.
import type { FieldDescription, Value } from '../../telemetry/description.ts';
import type { KindDescription } from '../answers.ts';
import {
  HEADING,
  MOTION_STRIDE,
  drawnPosition,
  latOf,
  lonOf,
  mercatorX,
  mercatorY,
  observe,
  type DrawTime,
} from './motion.ts';

export type Fields = { [name: string]: Value };
type Origin = { x: number; y: number };

/** Told of every record that comes, by kind: for views that need more than the newest state. */
export const recordListeners = new Map<string, (device: string, ts: number, fields: Fields) => void>();

export class Fleet {
  description: KindDescription;
  readonly ids: string[] = [];
  readonly indexOf = new Map<string, number>();
  readonly fields: Fields[] = [];
  /** Device time of the newest record, ms. */
  readonly ts: number[] = [];
  /** Wall time (performance.now) of its arrival, ms. */
  readonly heardMs: number[] = [];
  motion = new Float64Array(64 * MOTION_STRIDE);
  /** 1 where a position is known. */
  placed = new Uint8Array(64);
  placedCount = 0;
  /** Counts every change, so that drawers know when to look again. */
  version = 0;

  readonly origin: Origin;

  constructor(description: KindDescription, origin: Origin) {
    this.description = description;
    this.origin = origin;
  }

  /** True when its devices report a speed and a heading: they are drawn ahead of their reports. */
  get moving(): boolean {
    return this.description.fields.speedMps !== undefined && this.description.fields.headingDeg !== undefined;
  }

  take(id: string, ts: number, fields: Fields, time: DrawTime, heardMs: number): void {
    recordListeners.get(this.description.kind)?.(id, ts, fields);
    const known = this.indexOf.get(id);
    const index = known ?? this.add(id);
    if (known !== undefined && ts < this.ts[index]!) return;
    // The newest record counts as it came; only the place stays until there is a new one.
    const { lat, lon } = this.fields[index]!;
    this.fields[index] = { ...(lat === undefined ? {} : { lat }), ...(lon === undefined ? {} : { lon }), ...fields };
    this.ts[index] = ts;
    this.heardMs[index] = heardMs;
    this.place(index, ts, time);
    this.version++;
  }

  private add(id: string): number {
    const index = this.ids.push(id) - 1;
    this.indexOf.set(id, index);
    this.fields.push({});
    this.ts.push(-Infinity);
    this.heardMs.push(0);
    if (index >= this.placed.length) this.grow();
    return index;
  }

  private grow(): void {
    const motion = new Float64Array(this.motion.length * 2);
    motion.set(this.motion);
    this.motion = motion;
    const placed = new Uint8Array(this.placed.length * 2);
    placed.set(this.placed);
    this.placed = placed;
  }

  private place(index: number, ts: number, time: DrawTime): void {
    const { lat, lon, speedMps, headingDeg } = this.fields[index]!;
    if (typeof lat !== 'number' || typeof lon !== 'number') return;
    const first = this.placed[index] === 0;
    const sighting = {
      lat,
      lon,
      ts,
      ...(typeof speedMps === 'number' ? { speedMps } : {}),
      ...(typeof headingDeg === 'number' ? { headingDeg } : {}),
    };
    observe(this.motion, index, this.origin, sighting, time, first);
    if (!first) return;
    this.placed[index] = 1;
    this.placedCount++;
  }

  heading(index: number): number {
    return this.motion[index * MOTION_STRIDE + HEADING]!;
  }

  /** Currently drawn position, degrees; undefined for a device without one. */
  drawnAt(index: number, time: DrawTime): { lat: number; lon: number } | undefined {
    if (this.placed[index] !== 1) return undefined;
    const point = { x: 0, y: 0 };
    drawnPosition(this.motion, index, time, point);
    return { lat: latOf(point.y + this.origin.y), lon: lonOf(point.x + this.origin.x) };
  }
}

/** By kind. Filled by live/connection.ts. */
export const fleets = new Map<string, Fleet>();
/** All motion is relative to this, so that float32 is exact to centimetres in the shader. Set once, before the first fleet. */
export const origin: Origin = { x: mercatorX(120.3), y: mercatorY(31.57) };

export function fleetOf(description: KindDescription): Fleet {
  const known = fleets.get(description.kind);
  if (known !== undefined) {
    known.description = description;
    return known;
  }
  const fleet = new Fleet(description, origin);
  fleets.set(description.kind, fleet);
  return fleet;
}

export function numericFields(description: KindDescription): [string, FieldDescription][] {
  return Object.entries(description.fields).filter(
    ([name, field]) => (field.type ?? 'number') === 'number' && name !== 'lat' && name !== 'lon',
  );
}
