// The map itself: MapLibre with our ground and the device layer, and everything that keeps it in step with the session: theme, language,
// view, selection, hover, click, trail. Loaded after the first paint.
import 'maplibre-gl/dist/maplibre-gl.css';
import { effect } from '@preact/signals';
import {
  AttributionControl,
  Map as LibreMap,
  NavigationControl,
  ScaleControl,
  setWorkerUrl,
  type GeoJSONSource,
  type MapMouseEvent,
} from 'maplibre-gl';
import workerUrl from 'maplibre-gl/dist/maplibre-gl-worker.mjs?worker&url';
import type { CityMap, HistoryAnswer } from '../answers.ts';
import { chosenLine, shownLine } from '../buses/state.ts';
import { fleets, origin, type Fleet } from '../live/fleet.ts';
import { mercatorX, mercatorY } from '../live/motion.ts';
import { stopOnMap } from '../buses/words.ts';
import { drawTime, simClock, wantsLessMotion } from '../live/sim-clock.ts';
import { devicePath, getJson } from '../rest.ts';
import { setCenter, takesPlace } from '../scenario/draft.ts';
import {
  clock,
  colourField,
  connection,
  fleetStep,
  kinds,
  language,
  layerChoice,
  mapPosition,
  select,
  selection,
  theme,
  view,
} from '../session.ts';
import { parseHex } from './colour.ts';
import { DeviceLayer, type LayerFrame } from './device-layer.ts';
import { EventAreas } from './event-areas.ts';
import { nearestDevice, type Found } from './find.ts';
import { inRailOrder, shownByDefault, shownField, systemOf } from './looks.ts';
import { boundsOf, lineBounds, type Circle } from './places.ts';
import { MarkBuffer, metresPerPx, writeMarks, type MarkScale } from './marks.ts';
import { SHAPE } from './shaders.ts';
import { CHOSEN_STOP, LINE_STOPS, NONE, mapStyle } from './style.ts';
import { Pace } from './pace.ts';
import { formatValue } from '../text/format.ts';
import { hover, markScales, type CityMapHandle } from './handle.ts';

setWorkerUrl(workerUrl);

/** Fastest thing on the streets, m/s: decides how often a frame is worth drawing. */
const FASTEST_MPS = 20;
const SLOWEST_FRAME_MS = 66;
/** However slow the machine is. */
const LONGEST_FRAME_MS = 500;
/** Until a look whether the frame is there. */
const UNFINISHED_MS = 4;
const REACH_PX = 12;
const STOP_REACH_PX = 6;
const TRAIL_MINUTES = 10;
const TRAIL_POINTS = 400;
const SELECT_ZOOM = 14.5;
const STOP_ZOOM = 14;
const HALO = 'halo';
const PHONE_PX = 720;
/** The legend lies over the map's right edge. */
const LEGEND_PX = 240;
/** Times in buffers are float32 seconds from an epoch that is renewed this often, so that they stay exact to a millisecond. */
const EPOCH_MS = 900_000;

export function createCityMap(container: HTMLElement, city: CityMap): CityMapHandle {
  const start = mapPosition.peek();
  const map = new LibreMap({
    container,
    style: mapStyle(city, theme.peek(), language.peek()),
    ...(start === null
      ? { bounds: [...city.bounds] as [number, number, number, number], fitBoundsOptions: { padding: 24 } }
      : { center: [start.lon, start.lat] as [number, number], zoom: start.zoom }),
    minZoom: 7,
    maxZoom: 19.5,
    dragRotate: false,
    pitchWithRotate: false,
    touchPitch: false,
    attributionControl: false,
    fadeDuration: wantsLessMotion() ? 0 : 160,
    canvasContextAttributes: { antialias: false },
  });
  map.touchZoomRotate.disableRotation();
  map.keyboard.disableRotation();
  map.addControl(new AttributionControl({ compact: true }), 'bottom-left');
  map.addControl(new ScaleControl({ maxWidth: 90 }), 'bottom-left');
  map.addControl(new NavigationControl({ showCompass: false }), 'top-left');
  return new CityMapControl(map, city);
}

class CityMapControl implements CityMapHandle {
  private readonly map: LibreMap;
  private readonly city: CityMap;
  private readonly pace = new Pace();
  private readonly layer = new DeviceLayer(() => this.frame(), this.pace);
  private readonly areas: EventAreas;
  private readonly marks = new MarkBuffer();
  private readonly drawn = new Map<string, string>();
  private readonly scales = new Map<string, MarkScale>();
  private readonly stops: (() => void)[] = [];
  private simEpochMs = 0;
  private wallEpochMs = 0;
  private trail: [number, number][] = [];
  private trailTs = 0;
  private marksKey = '';
  private timer: ReturnType<typeof setTimeout> | undefined;
  private styled = false;
  /** Undefined before the Buses view was open. */
  private lineSeen: string | null | undefined;
  private fitted: CityMap['bounds'] | undefined;
  /** The chosen device has no position yet: go there when it has. */
  private flyPending = false;

  constructor(map: LibreMap, city: CityMap) {
    this.map = map;
    this.city = city;
    this.areas = new EventAreas(map, city);
    map.on('style.load', () => this.onStyle());
    // The note starts folded; the reader opens it at the "i".
    map.once('load', () => {
      const note = map.getContainer().querySelector('.maplibregl-ctrl-attrib');
      note?.classList.remove('maplibregl-compact-show');
      note?.removeAttribute('open');
    });
    map.on('moveend', () => this.onMove());
    map.on('movestart', (event) => {
      if (event.originalEvent !== undefined) this.fitted = undefined;
    });
    map.on('mousemove', (event: MapMouseEvent) => this.onHover(event));
    map.on('mouseout', () => (hover.value = null));
    map.on('click', (event: MapMouseEvent) => this.onClick(event));
    this.stops.push(
      effect(() => {
        const style = mapStyle(city, theme.value, language.value);
        if (this.styled) {
          this.styled = false;
          this.areas.offStyle();
          map.setStyle(style, { diff: false });
        }
      }),
      effect(() => {
        void [view.value, selection.value, layerChoice.value, colourField.value, kinds.value, shownLine.value];
        this.drawn.clear();
        this.showGround();
      }),
      effect(() => {
        if (view.value === 'bus') this.showLine(chosenLine.value);
      }),
      effect(() => {
        const chosen = selection.value;
        void this.loadTrail(chosen?.kind, chosen?.device);
      }),
      effect(() => {
        void fleetStep.value;
        const chosen = selection.peek();
        if (this.flyPending && chosen !== null) this.flyTo(chosen.kind, chosen.device);
        this.followTrail();
        this.labelMarks();
      }),
    );
    this.loop();
  }

  private onStyle(): void {
    this.styled = true;
    if (this.map.getLayer(this.layer.id) === undefined) this.map.addLayer(this.layer, 'label-place');
    this.drawn.clear();
    this.marksKey = '';
    this.showGround();
    this.showTrail();
    this.labelMarks();
    this.areas.onStyle();
  }

  private showGround(): void {
    if (!this.styled) return;
    const chosen = selection.value;
    const buses = view.value === 'bus' || chosen?.kind === 'bus' || chosen?.kind === 'stop';
    for (const layer of ['bus-lines', 'stops', 'label-stop', LINE_STOPS, CHOSEN_STOP]) {
      this.map.setLayoutProperty(layer, 'visibility', buses ? 'visible' : 'none');
    }
    const line = this.focusLine();
    const opacity = line === null ? 0.6 : (['match', ['get', 'line'], line, 1, 0.12] as const);
    this.map.setPaintProperty('bus-lines', 'line-opacity', opacity as never);
    this.map.setFilter(LINE_STOPS, line === null ? NONE : ['in', line, ['get', 'lines']]);
    this.map.setFilter(CHOSEN_STOP, chosen?.kind === 'stop' ? ['==', ['get', 'stop'], chosen.device] : NONE);
  }

  /** The line that the view is about; null: all of them. */
  private focusLine(): string | null {
    return view.value === 'bus' && chosenLine.value !== null ? shownLine.value : null;
  }

  /** Goes where the chosen line is, or back to the whole city. A page that is opened stays where its address says. */
  private showLine(line: string | null): void {
    const before = this.lineSeen;
    this.lineSeen = line;
    if (before === line || (before === undefined && (line === null || mapPosition.peek() !== null))) return;
    if (line === null) this.overview();
    else this.fit(lineBounds(this.city, line) ?? this.city.bounds, before !== undefined);
  }

  /** Shows it again when the room for the map changes, until the reader moves the map. */
  private fit(bounds: CityMap['bounds'], animate: boolean): void {
    this.fitted = bounds;
    const [west, south, east, north] = bounds;
    const wide = this.map.getContainer().clientWidth > PHONE_PX;
    const padding = { top: 40, bottom: 24, left: wide ? 64 : 24, right: wide ? LEGEND_PX : 24 };
    this.map.fitBounds([west, south, east, north], { padding, animate: animate && !wantsLessMotion() });
  }

  /**
   * Draws as often as it can be seen: near, fast things sixty times a second, the whole city fifteen times; and never more than half of the
   * time.
   */
  private loop(): void {
    const { frameMs } = this.pace;
    if (frameMs === undefined) {
      this.timer = setTimeout(() => this.loop(), UNFINISHED_MS);
      return;
    }
    this.refresh();
    if (this.styled && document.visibilityState === 'visible') this.map.triggerRepaint();
    const pxPerS = (FASTEST_MPS * Math.max(1, simClock.running)) / this.metresPerPx();
    const seenMs = wantsLessMotion() ? 1000 : Math.min(SLOWEST_FRAME_MS, Math.max(16, 400 / pxPerS));
    const everyMs = Math.max(seenMs, Math.min(2 * frameMs, LONGEST_FRAME_MS));
    this.timer = setTimeout(() => requestAnimationFrame(() => this.loop()), everyMs - 8);
  }

  private metresPerPx(): number {
    return metresPerPx(this.map.getZoom(), this.map.getCenter().lat);
  }

  private order(): string[] {
    return inRailOrder([...fleets.values()].map((fleet) => fleet.description))
      .map((description) => description.kind)
      .toReversed();
  }

  isShown(kind: string): boolean {
    return layerChoice.value[kind] ?? (shownByDefault(kind, view.value) || selection.value?.kind === kind);
  }

  /** Uploads the fleets that changed since they were drawn last. */
  private refresh(): void {
    if (!this.layer.ready) return;
    const wallMs = performance.now();
    const time = drawTime();
    if (Math.abs(time.simMs - this.simEpochMs) > EPOCH_MS || wallMs - this.wallEpochMs > EPOCH_MS) {
      this.simEpochMs = time.simMs;
      this.wallEpochMs = wallMs;
      this.drawn.clear();
    }
    let scalesChanged = false;
    for (const [kind, fleet] of fleets) {
      // Shapes and grids depend on the zoom, silence on the wall time: both in steps.
      const key = `${fleet.version} ${Math.round(this.map.getZoom() * 4)} ${Math.floor(wallMs / 5000)}`;
      if (this.drawn.get(kind) === key) continue;
      this.drawn.set(kind, key);
      scalesChanged = this.write(kind, fleet, wallMs) || scalesChanged;
    }
    this.writeHalo();
    if (scalesChanged) markScales.value = new Map(this.scales);
  }

  private write(kind: string, fleet: Fleet, wallMs: number): boolean {
    if (!this.isShown(kind)) {
      this.layer.hide(kind);
      return this.scales.delete(kind);
    }
    const inView = view.value === kind || !kinds.value?.some((other) => other.kind === view.value);
    const line = kind === 'bus' ? this.focusLine() : null;
    const scale = writeMarks(this.marks, fleet, {
      ...(line === null ? {} : { isAside: (fields) => fields.line !== line }),
      theme: theme.value,
      zoom: this.map.getZoom(),
      lat: this.map.getCenter().lat,
      field: colourField.value[kind],
      opacity: inView ? 1 : 0.45,
      wallMs,
      expectNews: connection.value === 'live' && clock.value?.speed !== 0,
      simEpochMs: this.simEpochMs,
      wallEpochMs: this.wallEpochMs,
    });
    this.layer.upload(kind, this.marks);
    const before = this.scales.get(kind);
    this.scales.set(kind, scale);
    return JSON.stringify(before) !== JSON.stringify(scale);
  }

  private writeHalo(): void {
    const chosen = selection.value;
    const fleet = chosen === null ? undefined : fleets.get(chosen.kind);
    const index = fleet?.indexOf.get(chosen!.device);
    this.marks.clear();
    if (fleet !== undefined && index !== undefined && fleet.placed[index] === 1) {
      const at = this.marks.next();
      this.marks.motion(at, fleet.motion, index, this.simEpochMs, this.wallEpochMs);
      this.marks.look(at, 0, SHAPE.halo, 0, 1, 7, 17, 1, parseHex('#3b82f6'));
    }
    this.layer.upload(HALO, this.marks);
  }

  private frame(): LayerFrame {
    return {
      time: drawTime(),
      simEpochMs: this.simEpochMs,
      wallEpochMs: this.wallEpochMs,
      origin,
      pxPerM: 1 / this.metresPerPx(),
      outline: parseHex(theme.peek() === 'dark' ? '#0b1220' : '#ffffff'),
      order: [HALO, ...this.order()],
    };
  }

  private onMove(): void {
    const { lng, lat } = this.map.getCenter();
    mapPosition.value = { zoom: this.map.getZoom(), lat, lon: lng };
  }

  private find(event: MapMouseEvent): Found | undefined {
    const units = this.unitsPerPx();
    const x = mercatorX(event.lngLat.lng) - origin.x;
    const y = mercatorY(event.lngLat.lat) - origin.y;
    const shown = [...fleets.values()].filter((fleet) => {
      const kind = fleet.description.kind;
      return this.isShown(kind) && this.scales.get(kind)?.gathered !== true;
    });
    return nearestDevice(shown, x, y, REACH_PX * units, drawTime());
  }

  /** A stop that is drawn under the pointer. */
  private findStop({ point: { x, y } }: MapMouseEvent): Found | undefined {
    if (!this.styled) return undefined;
    const box: [[number, number], [number, number]] = [
      [x - STOP_REACH_PX, y - STOP_REACH_PX],
      [x + STOP_REACH_PX, y + STOP_REACH_PX],
    ];
    const [feature] = this.map.queryRenderedFeatures(box, { layers: [LINE_STOPS, 'stops'] });
    const stop: unknown = feature?.properties.stop;
    return typeof stop === 'string' ? { kind: 'stop', device: stop } : undefined;
  }

  private unitsPerPx(): number {
    return 1 / 512 / 2 ** this.map.getZoom();
  }

  private onHover(event: MapMouseEvent): void {
    const found = takesPlace.peek() ? undefined : (this.find(event) ?? this.findStop(event));
    this.map.getCanvas().style.cursor = takesPlace.peek() ? 'crosshair' : found === undefined ? '' : 'pointer';
    hover.value = found === undefined ? null : { ...found, x: event.point.x, y: event.point.y };
  }

  private onClick(event: MapMouseEvent): void {
    if (takesPlace.peek()) {
      setCenter(event.lngLat.lat, event.lngLat.lng);
      return;
    }
    const found = this.find(event) ?? this.findStop(event);
    if (found !== undefined) select(found.kind, found.device);
  }

  private async loadTrail(kind: string | undefined, device: string | undefined): Promise<void> {
    this.trail = [];
    this.trailTs = 0;
    this.showTrail();
    if (kind === undefined || device === undefined) return;
    if (kind === 'stop') return this.flyToStop(device);
    this.flyTo(kind, device);
    if (systemOf(kind) !== 'bus' && fleets.get(kind)?.moving !== true) return;
    const to = Math.round(clock.peek()?.simTimeMs ?? Date.now());
    const query = `field=lat,lon&from=${to - TRAIL_MINUTES * 60_000}&to=${to}`;
    try {
      const past = await getJson<HistoryAnswer>(`${devicePath(kind, device)}/history?${query}`);
      const chosen = selection.peek();
      if (chosen?.kind !== kind || chosen.device !== device) return;
      const points = past.ts.map((_, index) => [past.lon?.[index], past.lat?.[index]]);
      const known = points.filter((point): point is [number, number] =>
        point.every((value) => typeof value === 'number'),
      );
      this.trail = [...known, ...this.trail];
      this.showTrail();
    } catch {
      // No past: the trail grows from now on. The device panel says what is wrong with history.
    }
  }

  private followTrail(): void {
    const chosen = selection.peek();
    const fleet = chosen === null ? undefined : fleets.get(chosen.kind);
    const index = fleet?.indexOf.get(chosen!.device);
    if (fleet === undefined || index === undefined || !fleet.moving || fleet.ts[index]! <= this.trailTs) return;
    const { lat, lon } = fleet.fields[index]!;
    if (typeof lat !== 'number' || typeof lon !== 'number') return;
    this.trailTs = fleet.ts[index]!;
    this.trail = [...this.trail, [lon, lat] as [number, number]].slice(-TRAIL_POINTS);
    this.showTrail();
  }

  private showTrail(): void {
    if (!this.styled) return;
    const line = { type: 'LineString' as const, coordinates: this.trail };
    const features = this.trail.length < 2 ? [] : [{ type: 'Feature' as const, properties: {}, geometry: line }];
    void this.map.getSource<GeoJSONSource>('trail')?.setData({ type: 'FeatureCollection', features });
  }

  /** Under the marks of kinds without a shape of their own, which are few and still: the value that colours them, near by also the name. */
  private labelMarks(): void {
    if (!this.styled) return;
    const features = [];
    const time = drawTime();
    for (const fleet of fleets.values()) {
      if (systemOf(fleet.description.kind) !== 'other' || fleet.moving || fleet.placedCount > 500) continue;
      if (!this.isShown(fleet.description.kind)) continue;
      const field = shownField(fleet, colourField.value[fleet.description.kind]);
      for (const [device, index] of fleet.indexOf) {
        const place = fleet.drawnAt(index, time);
        if (place === undefined) continue;
        const geometry = { type: 'Point' as const, coordinates: [place.lon, place.lat] };
        features.push({
          type: 'Feature' as const,
          properties: { device, value: valueText(fleet, index, field) },
          geometry,
        });
      }
    }
    const key = JSON.stringify(features);
    if (key === this.marksKey) return;
    this.marksKey = key;
    void this.map.getSource<GeoJSONSource>('marks')?.setData({ type: 'FeatureCollection', features });
  }

  private flyTo(kind: string, device: string): void {
    const fleet = fleets.get(kind);
    const index = fleet?.indexOf.get(device);
    const place = index === undefined ? undefined : fleet!.drawnAt(index, drawTime());
    this.flyPending = place === undefined;
    if (place === undefined) return;
    // On a phone the sheet covers a part of what lies within the bounds.
    const phone = this.map.getContainer().clientWidth <= PHONE_PX;
    const inside = !phone && this.map.getBounds().contains([place.lon, place.lat]);
    const zoom = Math.max(this.map.getZoom(), SELECT_ZOOM);
    if (inside && this.map.getZoom() >= 12.5) return;
    this.fitted = undefined;
    const target = { center: [place.lon, place.lat] as [number, number], zoom };
    this.map.easeTo({ ...target, duration: wantsLessMotion() ? 0 : 700 });
  }

  private flyToStop(stop: string): void {
    const place = stopOnMap(stop)?.geometry.coordinates;
    this.flyPending = false;
    if (place === undefined) return;
    this.fitted = undefined;
    const zoom = Math.max(this.map.getZoom(), STOP_ZOOM);
    this.map.easeTo({ center: [...place] as [number, number], zoom, duration: wantsLessMotion() ? 0 : 700 });
  }

  project(lon: number, lat: number): { x: number; y: number } {
    const { x, y } = this.map.project([lon, lat]);
    const box = this.map.getCanvas().getBoundingClientRect();
    return { x: x + box.left, y: y + box.top };
  }

  center(): { lat: number; lon: number } {
    const { lat, lng } = this.map.getCenter();
    return { lat, lon: lng };
  }

  showPlace(circle: Circle): void {
    this.map.fitBounds(boundsOf(circle), { padding: 24, maxZoom: SELECT_ZOOM, animate: !wantsLessMotion() });
  }

  cover(bottomPx: number): void {
    if (this.fitted !== undefined) {
      this.map.setPadding({ top: 0, left: 0, right: 0, bottom: bottomPx });
      return this.fit(this.fitted, false);
    }
    this.map.easeTo({
      padding: { top: 0, left: 0, right: 0, bottom: bottomPx },
      duration: wantsLessMotion() ? 0 : 160,
    });
  }

  resize(): void {
    this.map.resize();
  }

  overview(): void {
    this.fitted = undefined;
    this.map.fitBounds([...this.city.bounds] as [number, number, number, number], {
      padding: 24,
      animate: !wantsLessMotion(),
    });
  }

  remove(): void {
    clearTimeout(this.timer);
    for (const stop of this.stops) stop();
    this.areas.remove();
    this.map.remove();
  }
}

/** Nothing for a kind that measures nothing. */
function valueText(fleet: Fleet, index: number, field: string | undefined): string {
  const value = field === undefined ? undefined : fleet.fields[index]![field];
  const described = field === undefined ? undefined : fleet.description.fields[field];
  return value === undefined || described === undefined
    ? ''
    : formatValue(value, described.unit, language.value, described.resolution);
}
