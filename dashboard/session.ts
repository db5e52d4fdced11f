// What the page knows right now, as signals: connection, clock, kinds, counters, alarms, and what the reader is looking at.
// Device states are not here: they live in live/fleet.ts, outside the component tree.
import { computed, signal } from '@preact/signals';
import type { ClockMessage, ScenarioState } from '../telemetry/messages.ts';
import type { Alarm, CityMap, Counters, EventItem, KindDescription } from './answers.ts';
import { parseUrlState, type MapPosition, type ThemeChoice } from './url-state.ts';

/** Events kept for panels and the time line. */
const EVENTS_KEPT = 300;
/** No message for this long: what is on screen is old. */
export const STALE_AFTER_MS = 30_000;

/** A record rejected or missing is news for this long. */
const RISE_IS_NEWS_MS = 60_000;

export type Connection = 'connecting' | 'live' | 'lost';
export interface Selection {
  readonly kind: string;
  readonly device: string;
}
export interface RatePoint {
  readonly ts: number;
  readonly perS: number;
}

export const initialUrl = parseUrlState(location.search, navigator.languages);

export const connection = signal<Connection>('connecting');
/** Wall time of the newest message, ms; 0 before the first. */
export const heardAtMs = signal(0);
/** Wall time, stepped once a second, for ages on screen. */
export const wallMs = signal(Date.now());
export const clock = signal<ClockMessage | null>(null);
/** What is scheduled, happens and is expected; null before the simulator has said so. */
export const scenario = signal<ScenarioState | null>(null);
export const city = signal<CityMap | null>(null);
export const cityError = signal<string | null>(null);
export const kinds = signal<readonly KindDescription[] | null>(null);
export const counters = signal<Counters | null>(null);
export const rates = signal<readonly RatePoint[]>([]);
/** Wall time of the newest rise of ingest's rejected and gaps, ms; 0 before the first. */
export const roseAtMs = signal({ rejected: 0, gaps: 0 });
export const alarms = signal<readonly Alarm[]>([]);
export const events = signal<readonly EventItem[]>([]);
/** Stepped at most twice a second when device states changed: panels that read fleets follow it. */
export const fleetStep = signal(0);

export const view = signal(initialUrl.view);
export const selection = signal<Selection | null>(initialUrl.selection);
export const mapPosition = signal<MapPosition | null>(initialUrl.position);
export const language = signal(initialUrl.language);
export const themeChoice = signal<ThemeChoice>(initialUrl.theme);
const darkQuery = matchMedia('(prefers-color-scheme: dark)');
const systemDark = signal(darkQuery.matches);
darkQuery.addEventListener('change', () => (systemDark.value = darkQuery.matches));
export const theme = computed<'dark' | 'light'>(() =>
  themeChoice.value === 'auto' ? (systemDark.value ? 'dark' : 'light') : themeChoice.value,
);
/** What the reader switched on or off against the view's own choice, by kind. */
export const layerChoice = signal<{ readonly [kind: string]: boolean }>({});
/** Field that colours a kind's marks, by kind. */
export const colourField = signal<{ readonly [kind: string]: string }>(
  initialUrl.colour === null ? {} : { bus: initialUrl.colour },
);

export const stale = computed(() => heardAtMs.value > 0 && wallMs.value - heardAtMs.value > STALE_AFTER_MS);
export const openAlarms = computed(() => alarms.value.filter((alarm) => alarm.clearedAt === undefined));

/** How each number of ingest that should stand still looks; `all` is the worst of them. */
export const ingestState = computed(() => {
  const lately = (ms: number): 'watch' | 'good' => (wallMs.value - ms < RISE_IS_NEWS_MS ? 'watch' : 'good');
  const rejected = lately(roseAtMs.value.rejected);
  const gaps = lately(roseAtMs.value.gaps);
  const dropped: 'bad' | 'good' = (counters.value?.ingest?.dropped ?? 0) > 0 ? 'bad' : 'good';
  const all: 'good' | 'watch' | 'bad' = dropped === 'bad' ? 'bad' : rejected === 'watch' ? 'watch' : gaps;
  return { rejected, gaps, dropped, all };
});

export function select(kind: string, device: string): void {
  selection.value = { kind, device };
}

export function show(nextView: string): void {
  view.value = nextView;
  selection.value = null;
}

/** Kinds whose events come in numbers that would push out all others: they go to one listener instead. */
export const eventListeners = new Map<string, (event: EventItem) => void>();

export function addEvent(event: EventItem): void {
  const listener = eventListeners.get(event.kind);
  if (listener !== undefined) return listener(event);
  events.value = [event, ...events.value].slice(0, EVENTS_KEPT);
}

export function putAlarm(alarm: Alarm): void {
  const others = alarms.value.filter((other) => other.id !== alarm.id);
  alarms.value = [alarm, ...others].sort((a, b) => timeOf(b.raisedAt) - timeOf(a.raisedAt));
}

/** ISO 8601 or ms → ms. */
export function timeOf(time: string | number): number {
  return typeof time === 'number' ? time : Date.parse(time);
}
