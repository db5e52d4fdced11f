// Starts the page: asks who is looking, then for the city, opens the live stream, keeps address bar, language and theme in step.
// `window.citytwin` is for tests and the curious: where things are drawn now, how long the chart is, choosing a device, map to page.
import './css/theme.css';
import './css/layout.css';
import './css/parts.css';
import './css/scenario.css';
import './css/buses.css';
import './css/login.css';
import { effect } from '@preact/signals';
import { render } from 'preact';
import type { JSX } from 'preact';
import type { ScenarioState } from '../telemetry/messages.ts';
import { access, askAccess, wantsLogin } from './access.ts';
import type { Alarm, CityMap, Counters, KindDescription } from './answers.ts';
import { chosenLine, dockTab } from './buses/state.ts';
import { chartPoints } from './chart/device-chart.tsx';
import { App } from './components/app.tsx';
import { Login } from './components/login.tsx';
import { listenToKeys } from './keyboard.ts';
import { startLive } from './live/connection.ts';
import { fleets } from './live/fleet.ts';
import { drawTime } from './live/sim-clock.ts';
import { mapHandle } from './map/handle.ts';
import { placedNow } from './map/event-areas.ts';
import { getJson } from './rest.ts';
import {
  alarms,
  city,
  cityError,
  colourField,
  counters,
  kinds,
  language,
  mapPosition,
  scenario,
  select,
  selection,
  theme,
  themeChoice,
  view,
  wallMs,
} from './session.ts';
import { formatUrlState, parseUrlState } from './url-state.ts';

const CITY_RETRY_MS = 3_000;

async function loadCity(): Promise<void> {
  try {
    city.value = await getJson<CityMap>('/api/city');
    cityError.value = null;
  } catch (error) {
    cityError.value = (error as Error).message;
    setTimeout(() => void loadCity(), CITY_RETRY_MS);
  }
}

/** What the live stream will tell anyway, a little earlier. A failure here is no news: the stream's state is on screen. */
function loadFirst(): void {
  getJson<{ items: Alarm[] }>('/api/alarms').then(
    ({ items }) => (alarms.value = items),
    () => undefined,
  );
  getJson<KindDescription[]>('/api/kinds').then(
    (list) => (kinds.value ??= list),
    () => undefined,
  );
  getJson<{ state: ScenarioState | null }>('/api/scenario').then(
    ({ state }) => (scenario.value ??= state),
    () => undefined,
  );
  getJson<Counters>('/api/counters').then(
    (now) => (counters.value ??= now),
    () => undefined,
  );
}

effect(() => {
  const state = {
    view: view.value,
    selection: selection.value,
    line: view.value === 'bus' ? chosenLine.value : null,
    dock: view.value === 'bus' ? dockTab.value : 'headways',
    colour: colourField.value.bus ?? null,
    position: mapPosition.value,
    language: language.value,
    theme: themeChoice.value,
  };
  history.replaceState(null, '', formatUrlState(state));
});
effect(() => {
  document.documentElement.dataset.theme = theme.value;
  document.documentElement.lang = language.value === 'zh' ? 'zh-CN' : 'en';
  document.title = `${city.value?.name[language.value] ?? ''} · citytwin`.replace(/^ · /, '');
});
addEventListener('popstate', () => {
  const state = parseUrlState(location.search, navigator.languages);
  view.value = state.view;
  selection.value = state.selection;
  chosenLine.value = state.line;
  dockTab.value = state.dock;
});
setInterval(() => (wallMs.value = Date.now()), 1000);

/** The form covers the page when it is asked for; where a login is required there is nothing behind it. */
function Page(): JSX.Element {
  return access.value.login === 'required' || wantsLogin.value ? <Login /> : <App />;
}

await askAccess();
if (access.value.login !== 'required') {
  listenToKeys();
  void loadCity();
  loadFirst();
  startLive();
}
render(<Page />, document.getElementById('page')!);

Object.assign(window, {
  citytwin: {
    /** Positions as drawn at this moment, extrapolated and blended. */
    positions(kind: string): { id: string; lat: number; lon: number }[] {
      const fleet = fleets.get(kind);
      if (fleet === undefined) return [];
      const time = drawTime();
      return fleet.ids.flatMap((id, index) => {
        const place = fleet.drawnAt(index, time);
        return place === undefined ? [] : [{ id, ...place }];
      });
    },
    /** Ids of the events that the map shows now. */
    areas: () => placedNow(scenario.value?.timeline ?? []).map(({ id }) => id),
    /** Points of the device chart on screen. */
    chartPoints,
    select,
    /** Page coordinates of a place, px; undefined until the map is there. */
    project: (lon: number, lat: number) => mapHandle.value?.project(lon, lat),
  },
});
