// The map's place on the page: loads it lazily, shows what is under the pointer, the legend, and what is wrong when there is no map.
import { useEffect, useRef } from 'preact/hooks';
import type { JSX } from 'preact';
import { useSignal } from '@preact/signals';
import { city, cityError, clock, fleetStep, kinds, language, theme } from '../session.ts';
import { css, daylightVeil } from '../map/colour.ts';
import { stopName } from '../buses/words.ts';
import { hover, mapHandle } from '../map/handle.ts';
import { defaultColourField } from '../map/looks.ts';
import { fleets } from '../live/fleet.ts';
import { formatCount, formatValue } from '../text/format.ts';
import { labelOf, t } from '../i18n/text.ts';
import { Legend } from './legend.tsx';

export function MapView(): JSX.Element {
  const box = useRef<HTMLDivElement>(null);
  const plain = useSignal(false);
  const failure = useSignal<string | null>(null);
  const map = city.value;

  useEffect(() => {
    if (map === null || box.current === null) return undefined;
    const container = box.current;
    let gone = false;
    const open = async (): Promise<void> => {
      const create = hasWebGl2()
        ? (await import('../map/city-map.ts')).createCityMap
        : (await import('../map/plain-map.ts')).createPlainMap;
      plain.value = !hasWebGl2();
      if (!gone) mapHandle.value = create(container, map);
    };
    open().catch((error: unknown) => (failure.value = (error as Error).message));
    const watcher = new ResizeObserver(() => mapHandle.peek()?.resize());
    watcher.observe(container);
    return () => {
      gone = true;
      watcher.disconnect();
      mapHandle.value?.remove();
      mapHandle.value = null;
    };
  }, [map]);

  const problem = cityError.value ?? failure.value;
  return (
    <section class="map" data-testid="map" role="region" aria-label={mapName()}>
      <div class="map-canvas" ref={box} />
      <Veil />
      {mapHandle.value === null && problem === null && <p class="map-note">{t('mapLoading')}</p>}
      {problem !== null && <p class="map-note map-problem">{t('mapFailed', { reason: problem })}</p>}
      {plain.value && <p class="map-note map-plain">{t('mapFallback')}</p>}
      <Hover />
      <Legend />
    </section>
  );
}

let webGl2: boolean | undefined;
function hasWebGl2(): boolean {
  webGl2 ??= document.createElement('canvas').getContext('webgl2') !== null;
  return webGl2;
}

function mapName(): string {
  void fleetStep.value;
  const count = (kind: string): string => formatCount(fleets.get(kind)?.placedCount ?? 0, language.value);
  const devices = formatCount(
    [...fleets.values()].reduce((sum, fleet) => sum + fleet.ids.length, 0),
    language.value,
  );
  const name = city.value?.name[language.value] ?? '';
  return t('mapName', { city: name, buses: count('bus'), vehicles: count('vehicle'), devices });
}

function Veil(): JSX.Element | null {
  const elevation = clock.value?.weather?.sunElevationDeg;
  if (elevation === undefined) return null;
  const { colour, alpha } = daylightVeil(elevation, theme.value);
  return <div class="map-veil" style={{ background: css(colour, alpha) }} />;
}

function Hover(): JSX.Element | null {
  const found = hover.value;
  if (found === null) return null;
  if (found.kind === 'stop')
    return (
      <div class="hover-card" style={{ left: `${found.x + 14}px`, top: `${found.y + 14}px` }}>
        <strong>{stopName(found.device)}</strong>
        <span class="quiet">{t('arrivals')}</span>
      </div>
    );
  const fleet = fleets.get(found.kind);
  const description = kinds.value?.find((kind) => kind.kind === found.kind);
  if (fleet === undefined || description === undefined) return null;
  const field = defaultColourField(description);
  const fields = fleet.fields[fleet.indexOf.get(found.device) ?? -1] ?? {};
  const described = field === undefined ? undefined : description.fields[field];
  const title = fields.line === undefined ? found.device : `${String(fields.line)} · ${found.device}`;
  return (
    <div class="hover-card" style={{ left: `${found.x + 14}px`, top: `${found.y + 14}px` }}>
      <strong>{title}</strong>
      {field !== undefined && described !== undefined && (
        <span>
          {labelOf(described)} {formatValue(fields[field], described.unit, language.value, described.resolution)}
        </span>
      )}
    </div>
  );
}
