// What a kind is called in the rail and in titles: the systems of every city by their own word, others as they describe themselves.
import type { KindDescription } from '../answers.ts';
import { labelOf, t } from '../i18n/text.ts';

export function kindTitle(kind: KindDescription): string {
  if (kind.kind === 'bus' || kind.kind === 'vehicle') return t(kind.kind);
  if (kind.kind === 'parking-spot' || kind.kind === 'parking') return t('parking');
  return kind.kind === 'water-meter' ? t('meter') : labelOf(kind);
}
