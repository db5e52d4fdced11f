// Names of lines, stops, buses and policies as the reader knows them.
import { labelOf, t, type TextKey } from '../i18n/text.ts';
import { en } from '../i18n/en.ts';
import { city, language } from '../session.ts';
import type { LineSummary } from './answers.ts';
import { lineAnswers } from './state.ts';

/** `schedule` → "Hold to the timetable"; a policy without words keeps its name. */
export function policyName(policy: string): string {
  const key = `policy_${policy}`;
  return key in en ? t(key as TextKey) : policy;
}

/** One sentence about a policy; empty for one without words. */
export function policyAbout(policy: string): string {
  const key = `about_${policy}`;
  return key in en ? t(key as TextKey) : '';
}

/** `bus-0007` → `0007` where every bus of the city begins alike. */
export function shortBus(bus: string): string {
  return bus.replace(/^bus-/, '');
}

interface StopFeature {
  readonly properties: {
    readonly stop: string;
    readonly name?: string;
    readonly nameZh?: string;
    readonly lines?: readonly string[];
  };
  readonly geometry: { readonly coordinates: readonly [lon: number, lat: number] };
}

let mapStops: { readonly of: object; readonly byId: ReadonlyMap<string, StopFeature> } | undefined;

/** A stop of the city's map. */
export function stopOnMap(stop: string): StopFeature | undefined {
  const layer = city.value?.layers.stops;
  if (layer === undefined) return undefined;
  if (mapStops?.of !== layer) {
    const { features } = layer as { readonly features?: readonly StopFeature[] };
    mapStops = { of: layer, byId: new Map((features ?? []).map((of) => [of.properties.stop, of])) };
  }
  return mapStops.byId.get(stop);
}

/** What riders call it; its id when nobody has named it. */
export function stopName(stop: string): string {
  const known = stopOnMap(stop)?.properties;
  const name = language.value === 'zh' ? (known?.nameZh ?? known?.name) : known?.name;
  if (name !== undefined) return name;
  for (const { stops } of Object.values(lineAnswers.value)) {
    const own = stops.find(({ id }) => id === stop);
    if (own !== undefined) return labelOf(own);
  }
  return stop;
}

/** Where a bus goes, in the reader's language: a headsign has one, the last stop of its way has both. */
export function headsignName(line: string, headsign: string): string {
  const answer = lineAnswers.value[line];
  const last = answer?.patterns.find((pattern) => pattern.headsign === headsign)?.stops.at(-1);
  const stop = last === undefined ? undefined : answer?.stops[last.stop];
  return stop === undefined ? headsign : stopName(stop.id);
}

/** `608 · Railway Station – University` */
export function lineTitle(line: LineSummary): string {
  const label = labelOf(line);
  return label === line.line || label === '' ? line.line : `${line.line} · ${label}`;
}
