// What the rest of the page may ask of a map, and what a map tells the page. Small, so that the map itself can load later.
import { signal } from '@preact/signals';
import type { Found } from './find.ts';
import type { MarkScale } from './marks.ts';
import type { Circle } from './places.ts';

export interface CityMapHandle {
  /** Page coordinates of a place, px. */
  project(lon: number, lat: number): { x: number; y: number };
  /** Middle of what is seen. */
  center(): { lat: number; lon: number };
  /** Goes where the circle fills the view. */
  showPlace(circle: Circle): void;
  /** This much at the bottom lies under something else, px: the middle moves up by half of it. */
  cover(bottomPx: number): void;
  resize(): void;
  /** Shows the whole city. */
  overview(): void;
  remove(): void;
}

/** The device under the pointer and where the pointer is within the map, px. */
export const hover = signal<(Found & { readonly x: number; readonly y: number }) | null>(null);
/** What colours mean now, by kind shown. */
export const markScales = signal<ReadonlyMap<string, MarkScale>>(new Map());
export const mapHandle = signal<CityMapHandle | null>(null);
