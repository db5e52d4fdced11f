// Where events happen, on the map: an amber area with a ring and a name, or a street, for each that happens now, a dashed blue one for the event that is
// being placed or pointed at. The ring breathes slowly, unless the reader wants less motion.
import { effect } from '@preact/signals';
import type { GeoJSONSource, LayerSpecification, Map as LibreMap, SourceSpecification } from 'maplibre-gl';
import type { ScenarioEventState } from '../../telemetry/messages.ts';
import type { CityMap } from '../answers.ts';
import { wantsLessMotion } from '../live/sim-clock.ts';
import { previewCircle, previewStreet } from '../scenario/draft.ts';
import { pointedEvent } from '../scenario/pointed.ts';
import { eventTitle } from '../scenario/words.ts';
import { language, scenario } from '../session.ts';
import type { Theme } from './colour.ts';
import { ringOf, streetFeatures, type Circle } from './places.ts';

const COLOURS: { readonly [theme in Theme]: { readonly now: string; readonly preview: string } } = {
  dark: { now: '#f2b134', preview: '#7fb0ff' },
  light: { now: '#a86b00', preview: '#1f5bc4' },
};
const BREATH_MS = 1800;
/** A place without an extent is shown as large as this. */
const LEAST_RADIUS_M = 60;
/** A larger area would tint the whole view: it has a ring only, and its name in the middle. */
const MOST_FILLED_M = 4000;
const RING = 'happening-ring';

type Placed = ScenarioEventState & Circle;

/** Events that have a place, and happen now. */
export function placedNow(timeline: readonly ScenarioEventState[]): Placed[] {
  return timeline.filter(({ state }) => state === 'happening').flatMap(placed);
}

function placed(event: ScenarioEventState): Placed[] {
  const { lat, lon, radiusM = 0 } = event;
  return lat === undefined || lon === undefined
    ? []
    : [{ ...event, lat, lon, radiusM: Math.max(LEAST_RADIUS_M, radiusM) }];
}

export function areaSources(): { [id: string]: SourceSpecification } {
  // Simplified circles would have corners.
  const empty = { type: 'geojson' as const, data: collection([]), tolerance: 0 };
  return { happenings: empty, happeningNames: empty, preview: empty };
}

/** Below names and devices. */
export function areaLayers(theme: Theme): LayerSpecification[] {
  const { now, preview } = COLOURS[theme];
  const breath = { duration: BREATH_MS, delay: 0 };
  return [
    {
      id: 'happening-area',
      type: 'fill',
      source: 'happenings',
      filter: ['all', ['==', ['geometry-type'], 'Polygon'], ['==', ['get', 'filled'], true]],
      paint: { 'fill-color': now, 'fill-opacity': 0.13 },
    },
    {
      id: RING,
      type: 'line',
      source: 'happenings',
      paint: {
        'line-color': now,
        'line-width': 2.5,
        'line-opacity': 0.9,
        'line-width-transition': breath,
        'line-opacity-transition': breath,
      },
    },
    {
      id: 'preview-area',
      type: 'fill',
      source: 'preview',
      filter: ['all', ['==', ['geometry-type'], 'Polygon'], ['==', ['get', 'filled'], true]],
      paint: { 'fill-color': preview, 'fill-opacity': 0.16 },
    },
    {
      id: 'preview-ring',
      type: 'line',
      source: 'preview',
      paint: { 'line-color': preview, 'line-width': 2.5, 'line-dasharray': [2, 1.5] },
    },
  ];
}

/** Above everything, like other names. */
export function areaNames(theme: Theme, font: string[], halo: string): LayerSpecification[] {
  return [
    {
      id: 'happening-name',
      type: 'symbol',
      source: 'happeningNames',
      layout: {
        'text-field': ['get', 'name'],
        'text-font': font,
        'text-size': 13,
        'text-anchor': 'bottom',
        'text-offset': [0, -0.3],
        'text-allow-overlap': true,
      },
      paint: { 'text-color': COLOURS[theme].now, 'text-halo-color': halo, 'text-halo-width': 2 },
    },
  ];
}

export class EventAreas {
  readonly #map: LibreMap;
  readonly #city: CityMap;
  readonly #stops: (() => void)[];
  readonly #breath: ReturnType<typeof setInterval>;
  #styled = false;
  #shown = '';
  #wide = false;

  constructor(map: LibreMap, city: CityMap) {
    this.#map = map;
    this.#city = city;
    this.#stops = [
      effect(() => {
        void [scenario.value, language.value];
        this.#showNow();
      }),
      effect(() => {
        void [previewCircle.value, previewStreet.value, pointedEvent.value];
        this.#showPreview();
      }),
    ];
    this.#breath = setInterval(() => this.#breathe(), BREATH_MS);
  }

  /** A new style has empty sources. */
  onStyle(): void {
    this.#styled = true;
    this.#shown = '';
    this.#showNow();
    this.#showPreview();
  }

  offStyle(): void {
    this.#styled = false;
  }

  remove(): void {
    clearInterval(this.#breath);
    for (const stop of this.#stops) stop();
  }

  #showNow(): void {
    if (!this.#styled) return;
    const events = placedNow(scenario.peek()?.timeline ?? []);
    const named = events.map((event) => ({ event, name: eventTitle(event.event) }));
    const key = JSON.stringify(named);
    if (key === this.#shown) return;
    this.#shown = key;
    this.#fill(
      'happenings',
      events.flatMap((event) => this.#shapesOf(event)),
    );
    this.#fill(
      'happeningNames',
      named.map(({ event, name }) => point(nameAt(event), { name })),
    );
  }

  #showPreview(): void {
    if (!this.#styled) return;
    const circle = previewCircle.peek();
    const pointed = pointedEvent.peek();
    const shapes = pointed === null ? [] : placed(pointed).flatMap((event) => this.#shapesOf(event));
    const wanted = circle === undefined ? shapes : [polygon(circle)];
    this.#fill('preview', [...wanted, ...streetFeatures(this.#city, previewStreet.peek())]);
  }

  /** The street, where it is one that is drawn; else the circle. */
  #shapesOf(event: Placed): readonly object[] {
    const street = streetFeatures(this.#city, event.street ?? '');
    return street.length > 0 ? street : [polygon(event)];
  }

  #fill(source: string, features: readonly object[]): void {
    void this.#map.getSource<GeoJSONSource>(source)?.setData(collection(features));
  }

  /** MapLibre blends between the two by itself. */
  #breathe(): void {
    if (!this.#styled || wantsLessMotion() || this.#shown === '[]') return;
    this.#wide = !this.#wide;
    this.#map.setPaintProperty(RING, 'line-width', this.#wide ? 5 : 2.5);
    this.#map.setPaintProperty(RING, 'line-opacity', this.#wide ? 0.55 : 0.9);
  }
}

function collection(features: readonly object[]): { type: 'FeatureCollection'; features: never[] } {
  return { type: 'FeatureCollection', features: features as never[] };
}

function polygon(circle: Circle): object {
  const filled = circle.radiusM <= MOST_FILLED_M;
  return { type: 'Feature', properties: { filled }, geometry: { type: 'Polygon', coordinates: [ringOf(circle)] } };
}

function nameAt(event: Placed): readonly [number, number] {
  const inMiddle = event.street !== undefined || event.radiusM > MOST_FILLED_M;
  return inMiddle ? [event.lon, event.lat] : ringOf(event)[0]!;
}

function point(coordinates: readonly [number, number], properties: object): object {
  return { type: 'Feature', properties, geometry: { type: 'Point', coordinates } };
}
