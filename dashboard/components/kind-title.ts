// What a kind is called in the rail and in titles: the systems of every city by their own word, others as they describe themselves.
import type { KindDescription } from '../answers.ts';
import { labelOf, t, type TextKey } from '../i18n/text.ts';

const WORDS: { readonly [kind: string]: TextKey } = {
  bus: 'bus',
  vehicle: 'vehicle',
  parking: 'parking',
  'parking-spot': 'parking',
  'water-meter': 'meter',
  'electricity-meter': 'electricity',
  'gas-meter': 'gas',
  'weather-station': 'weatherStations',
};

export function kindTitle(kind: KindDescription): string {
  const word = WORDS[kind.kind];
  return word === undefined ? labelOf(kind) : t(word);
}
