// What events and states of a scenario are called and which icon stands for them. An event without an entry in the catalog shows its name.
import { computed } from '@preact/signals';
import type { InjectableEvent, ScenarioEventState } from '../../telemetry/messages.ts';
import type { IconName } from '../components/icons.tsx';
import { kindTitle } from '../components/kind-title.ts';
import { labelOf } from '../i18n/text.ts';
import { kindSign } from '../map/looks.ts';
import { namesOf } from '../map/places.ts';
import { city, kinds, language, scenario } from '../session.ts';
import { detailText } from './detail.ts';

const ICONS: { readonly [event: string]: IconName } = {
  weather: 'rain',
  'road-closed': 'closed',
  'power-cut': 'power',
  'network-outage': 'network',
  'control-outage': 'network',
  crowd: 'people',
  'day-type': 'calendar',
  'sensor-fault': 'fault',
  command: 'command',
};

export function entryOf(event: string): InjectableEvent | undefined {
  return scenario.value?.catalog.find((entry) => entry.event === event);
}

export function eventTitle(event: string): string {
  const entry = entryOf(event);
  if (entry !== undefined) return labelOf(entry);
  const words = event.replaceAll('-', ' ');
  return words.charAt(0).toUpperCase() + words.slice(1);
}

export function eventIcon(event: string): IconName {
  const kind = entryOf(event)?.kind;
  return ICONS[event] ?? (kind === undefined ? 'event' : kindSign(kind));
}

const places = computed(() =>
  city.value === null ? [] : [...namesOf(city.value, 'district'), ...namesOf(city.value, 'street')],
);

export function eventDetail({ event, detail }: Pick<ScenarioEventState, 'event' | 'detail'>): string {
  return detailText(detail, {
    entry: entryOf(event),
    places: places.value,
    kindTitle: titleOfKind,
    language: language.value,
  });
}

export function titleOfKind(kind: string): string {
  const description = kinds.value?.find((other) => other.kind === kind);
  return description === undefined ? kind : kindTitle(description);
}
