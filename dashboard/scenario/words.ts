// What events and states of a scenario are called and which icon stands for them. An event without an entry in the catalog shows its name.
import type { InjectableEvent } from '../../telemetry/messages.ts';
import type { IconName } from '../components/icons.tsx';
import { labelOf } from '../i18n/text.ts';
import { systemOf } from '../map/looks.ts';
import { scenario } from '../session.ts';

const ICONS: { readonly [event: string]: IconName } = {
  weather: 'rain',
  'road-closed': 'closed',
  'power-cut': 'power',
  'network-outage': 'network',
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
  return ICONS[event] ?? (kind === undefined ? 'event' : systemOf(kind));
}
