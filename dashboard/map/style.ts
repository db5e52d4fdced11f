// The map's ground: water, land, parks, streets by class and sparse labels in two themes, drawn from `GET /api/city` alone. No tiles, no
// glyph server: labels come from the reader's own fonts.
import type { LayerSpecification, StyleSpecification } from 'maplibre-gl';
import type { CityMap } from '../answers.ts';
import type { Language } from '../url-state.ts';
import type { Theme } from './colour.ts';
import { areaLayers, areaNames, areaSources } from './event-areas.ts';

/** From here the marks of few, still devices have room for a name beside their value. */
const NAMES_FROM_ZOOM = 12.5;
/** Stops of the chosen line, and the chosen stop: filters are set by the map. */
export const LINE_STOPS = 'line-stops';
export const CHOSEN_STOP = 'stop-chosen';
export const NONE: Filter = ['==', ['get', 'stop'], ''];

interface Ground {
  readonly ground: string;
  readonly water: string;
  readonly land: string;
  readonly park: string;
  readonly streets: readonly [minor: string, middle: string, major: string];
  readonly casing: string;
  readonly label: string;
  readonly quietLabel: string;
  readonly waterLabel: string;
  readonly halo: string;
}

const GROUND: { readonly [theme in Theme]: Ground } = {
  dark: {
    ground: '#0b1220',
    water: '#0f2a43',
    land: '#121a2b',
    park: '#14281f',
    streets: ['#2a3650', '#37476a', '#4a5d86'],
    casing: '#0d1526',
    label: '#d3dcec',
    quietLabel: '#93a1bd',
    waterLabel: '#7ba6cc',
    halo: '#0b1220',
  },
  light: {
    ground: '#f4f6fa',
    water: '#cfe3f5',
    land: '#f7f8fb',
    park: '#deeee0',
    streets: ['#dfe4ee', '#cdd5e4', '#b7c2d8'],
    casing: '#ffffff',
    label: '#2a3a58',
    quietLabel: '#5b6b88',
    waterLabel: '#3f74a3',
    halo: '#f7f8fb',
  },
};

const FONT = ['system-ui', 'PingFang SC', 'Microsoft YaHei', 'Noto Sans CJK SC', 'sans-serif'];

type Filter = NonNullable<Extract<LayerSpecification, { type: 'line' }>['filter']>;
const MAJOR: Filter = ['==', ['get', 'class'], 'expressway'];
const MIDDLE: Filter = ['==', ['get', 'class'], 'arterial'];
const SECONDARY: Filter = ['==', ['get', 'class'], 'secondary'];
const MINOR: Filter = ['==', ['get', 'class'], 'local'];

export function mapStyle(city: CityMap, theme: Theme, language: Language): StyleSpecification {
  const ground = GROUND[theme];
  const { layers } = city;
  const source = (data: object) => ({ type: 'geojson' as const, data: data as never });
  return {
    version: 8,
    sources: {
      land: source(layers.land),
      water: source(layers.water),
      parks: source(layers.parks),
      streets: source(layers.streets),
      busLines: source(layers.busLines),
      stops: source(layers.stops),
      labels: { ...source(layers.labels), attribution: city.note },
      trail: source({ type: 'FeatureCollection', features: [] }),
      marks: source({ type: 'FeatureCollection', features: [] }),
      ...areaSources(),
    },
    layers: [
      { id: 'ground', type: 'background', paint: { 'background-color': ground.ground } },
      { id: 'land', type: 'fill', source: 'land', paint: { 'fill-color': ground.land } },
      { id: 'parks', type: 'fill', source: 'parks', paint: { 'fill-color': ground.park } },
      {
        id: 'water',
        type: 'fill',
        source: 'water',
        filter: ['==', ['geometry-type'], 'Polygon'],
        paint: { 'fill-color': ground.water },
      },
      {
        id: 'canals',
        type: 'line',
        source: 'water',
        filter: ['==', ['geometry-type'], 'LineString'],
        layout: { 'line-cap': 'round', 'line-join': 'round' },
        paint: { 'line-color': ground.water, 'line-width': width(1.2, 4, 22) },
      },
      ...streetLayers(ground),
      ...busLayers(ground),
      ...areaLayers(theme),
      ...labelLayers(ground, language),
      ...areaNames(theme, FONT, ground.halo),
    ],
  };
}

type Expression = ['interpolate', ['exponential', number], ['zoom'], ...number[]];

/** Line width in px at zoom 10, 14 and 18. */
function width(far: number, middle: number, near: number): Expression {
  return ['interpolate', ['exponential', 1.5], ['zoom'], 10, far, 14, middle, 18, near];
}

function streetLayers(ground: Ground): LayerSpecification[] {
  const street = (id: string, filter: Filter, color: string, size: Expression, minzoom = 0): LayerSpecification => ({
    id,
    type: 'line',
    source: 'streets',
    filter,
    minzoom,
    layout: { 'line-cap': 'round', 'line-join': 'round' },
    paint: { 'line-color': color, 'line-width': size },
  });
  const [minor, middle, major] = ground.streets;
  return [
    street('street-local', MINOR, minor, width(0.3, 1.8, 10), 11.5),
    street('street-secondary', SECONDARY, minor, width(0.6, 3, 15), 9.5),
    street('street-arterial-casing', MIDDLE, ground.casing, width(1.4, 6, 24), 12),
    street('street-arterial', MIDDLE, middle, width(1, 4.4, 20)),
    street('street-express-casing', MAJOR, ground.casing, width(2.4, 8.5, 30)),
    street('street-express', MAJOR, major, width(1.5, 6, 25)),
  ];
}

function busLayers(ground: Ground): LayerSpecification[] {
  return [
    {
      id: 'bus-lines',
      type: 'line',
      source: 'busLines',
      layout: { 'line-cap': 'round', 'line-join': 'round', visibility: 'none' },
      paint: { 'line-color': ['get', 'color'], 'line-width': width(1, 2.2, 5), 'line-opacity': 0.6 },
    },
    {
      id: 'trail',
      type: 'line',
      source: 'trail',
      layout: { 'line-cap': 'round', 'line-join': 'round' },
      paint: { 'line-color': '#3b82f6', 'line-width': width(2, 3.5, 6), 'line-opacity': 0.85 },
    },
    {
      id: 'stops',
      type: 'circle',
      source: 'stops',
      minzoom: 12.5,
      layout: { visibility: 'none' },
      paint: {
        'circle-radius': ['interpolate', ['linear'], ['zoom'], 12.5, 1.6, 17, 5],
        'circle-color': ground.land,
        'circle-stroke-color': ground.quietLabel,
        'circle-stroke-width': 1.2,
      },
    },
    {
      id: LINE_STOPS,
      type: 'circle',
      source: 'stops',
      filter: NONE,
      paint: {
        'circle-radius': ['interpolate', ['linear'], ['zoom'], 10, 1.8, 13, 3, 17, 6],
        'circle-color': ground.land,
        'circle-stroke-color': ground.label,
        'circle-stroke-width': 1.4,
      },
    },
    {
      id: CHOSEN_STOP,
      type: 'circle',
      source: 'stops',
      filter: NONE,
      paint: {
        'circle-radius': ['interpolate', ['linear'], ['zoom'], 10, 5, 17, 10],
        'circle-color': '#3b82f6',
        'circle-opacity': 0.35,
        'circle-stroke-color': '#3b82f6',
        'circle-stroke-width': 2.5,
      },
    },
  ];
}

function labelLayers(ground: Ground, language: Language): LayerSpecification[] {
  const first = language === 'zh' ? 'nameZh' : 'name';
  const second = language === 'zh' ? 'name' : 'nameZh';
  const text = ['coalesce', ['get', first], ['get', second], ''] as const;
  const both = ['format', text, {}, '\n', {}, ['coalesce', ['get', second], ''], { 'font-scale': 0.78 }] as never;
  const font = FONT;
  return [
    {
      id: 'label-street',
      type: 'symbol',
      source: 'streets',
      minzoom: 13,
      filter: ['in', ['get', 'class'], ['literal', ['expressway', 'arterial', 'secondary']]],
      layout: {
        'symbol-placement': 'line',
        'symbol-spacing': 420,
        'text-field': text as never,
        'text-font': font,
        'text-size': 11,
      },
      paint: { 'text-color': ground.quietLabel, 'text-halo-color': ground.halo, 'text-halo-width': 1.4 },
    },
    {
      id: 'label-stop',
      type: 'symbol',
      source: 'stops',
      minzoom: 14.5,
      layout: {
        visibility: 'none',
        'text-field': text as never,
        'text-font': font,
        'text-size': 10.5,
        'text-anchor': 'left',
        'text-offset': [0.7, 0],
        'text-optional': true,
      },
      paint: { 'text-color': ground.quietLabel, 'text-halo-color': ground.halo, 'text-halo-width': 1.4 },
    },
    {
      id: 'label-place',
      type: 'symbol',
      source: 'labels',
      filter: ['!=', ['get', 'type'], 'lake'],
      layout: {
        'text-field': both,
        'text-font': font,
        'text-size': ['match', ['get', 'rank'], 1, 14, 2, 12.5, 11.5],
        'text-padding': 12,
        'symbol-sort-key': ['get', 'rank'],
      },
      paint: { 'text-color': ground.label, 'text-halo-color': ground.halo, 'text-halo-width': 1.6 },
    },
    {
      id: 'label-lake',
      type: 'symbol',
      source: 'labels',
      filter: ['==', ['get', 'type'], 'lake'],
      layout: { 'text-field': both, 'text-font': font, 'text-size': 14, 'text-letter-spacing': 0.14 },
      paint: { 'text-color': ground.waterLabel, 'text-halo-color': ground.water, 'text-halo-width': 1 },
    },
    {
      id: 'label-marks',
      type: 'symbol',
      source: 'marks',
      layout: {
        'text-field': [
          'step',
          ['zoom'],
          ['case', ['==', ['get', 'value'], ''], ['get', 'device'], ['get', 'value']],
          NAMES_FROM_ZOOM,
          ['format', ['get', 'device'], {}, '\n', {}, ['get', 'value'], {}],
        ],
        'text-font': font,
        'text-size': 11,
        'text-offset': [0, 1.1],
        'text-anchor': 'top',
        'text-optional': true,
      },
      paint: { 'text-color': ground.label, 'text-halo-color': ground.halo, 'text-halo-width': 1.5 },
    },
  ];
}
