// The page's address ↔ what is on screen: ?view=&kind=&device=&line=&dock=&colour=&z=&lat=&lon=&lang=&theme=. Pure; main.tsx writes the address bar.

export type Language = 'en' | 'zh';
export type ThemeChoice = 'auto' | 'dark' | 'light';
/** What the wide area of the Buses view shows. */
export const DOCK_TABS = ['headways', 'loads', 'table'] as const;
export type DockTab = (typeof DOCK_TABS)[number];
export interface MapPosition {
  readonly zoom: number;
  readonly lat: number;
  readonly lon: number;
}
export interface UrlState {
  readonly view: string;
  readonly selection: { readonly kind: string; readonly device: string } | null;
  /** Line of the Buses view; null: the whole city. */
  readonly line: string | null;
  readonly dock: DockTab;
  /** Field that colours the buses; null: the usual one. */
  readonly colour: string | null;
  readonly position: MapPosition | null;
  readonly language: Language;
  readonly theme: ThemeChoice;
}

const VIEW_PATTERN = /^[a-z0-9-]{1,64}$/;
const DEVICE_PATTERN = /^[A-Za-z0-9_.:-]{1,64}$/;
const FIELD_PATTERN = /^[A-Za-z][A-Za-z0-9_]{0,63}$/;

/** Anything that is missing or makes no sense falls back to the default; languages: the browser's, most wanted first. */
export function parseUrlState(search: string, languages: readonly string[]): UrlState {
  const params = new URLSearchParams(search);
  const kind = params.get('kind') ?? '';
  const device = params.get('device') ?? '';
  const selected = VIEW_PATTERN.test(kind) && DEVICE_PATTERN.test(device);
  const view = params.get('view') ?? '';
  const lang = params.get('lang');
  const theme = params.get('theme');
  return {
    view: VIEW_PATTERN.test(view) ? view : 'overview',
    selection: selected ? { kind, device } : null,
    line: matching(params.get('line'), DEVICE_PATTERN),
    dock: DOCK_TABS.find((tab) => tab === params.get('dock')) ?? 'headways',
    colour: matching(params.get('colour'), FIELD_PATTERN),
    position: parsePosition(params),
    language: lang === 'en' || lang === 'zh' ? lang : languages[0]?.startsWith('zh') === true ? 'zh' : 'en',
    theme: theme === 'dark' || theme === 'light' ? theme : 'auto',
  };
}

function matching(text: string | null, pattern: RegExp): string | null {
  return text !== null && pattern.test(text) ? text : null;
}

function parsePosition(params: URLSearchParams): MapPosition | null {
  const [zoom, lat, lon] = ['z', 'lat', 'lon'].map((name) => Number.parseFloat(params.get(name) ?? ''));
  const inside = zoom! >= 0 && zoom! <= 24 && Math.abs(lat!) <= 85 && Math.abs(lon!) <= 180;
  return inside ? { zoom: zoom!, lat: lat!, lon: lon! } : null;
}

export function formatUrlState(state: UrlState): string {
  const params = new URLSearchParams();
  params.set('view', state.view);
  if (state.selection !== null) {
    params.set('kind', state.selection.kind);
    params.set('device', state.selection.device);
  }
  if (state.line !== null) params.set('line', state.line);
  if (state.dock !== 'headways') params.set('dock', state.dock);
  if (state.colour !== null) params.set('colour', state.colour);
  if (state.position !== null) {
    params.set('z', state.position.zoom.toFixed(2));
    params.set('lat', state.position.lat.toFixed(5));
    params.set('lon', state.position.lon.toFixed(5));
  }
  params.set('lang', state.language);
  if (state.theme !== 'auto') params.set('theme', state.theme);
  return `?${params.toString()}`;
}
