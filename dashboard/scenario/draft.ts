// The event that is being made: the draft of the form and of the map at once, and sending it.
import { computed, signal } from '@preact/signals';
import type { InjectableEvent } from '../../telemetry/messages.ts';
import type { CommandAnswer } from '../answers.ts';
import { postJson } from '../rest.ts';
import { show } from '../session.ts';
import { centerOf, newDraft, type Draft } from './injection.ts';

export interface InjectionResult {
  readonly state: 'sent' | 'failed' | CommandAnswer['state'];
  readonly reason?: string;
}

/** The event that is put on the map; null while none is. */
export const draft = signal<Draft | null>(null);
/** True while the list of events to choose from, or the form of one, is open. */
export const injecting = signal(false);
/** True while a click on the map sets the centre. */
export const takesPlace = computed(() => injecting.value && draft.value?.placeMode === 'circle');

export function openInjection(): void {
  show('scenario');
  injecting.value = true;
}

export function closeInjection(): void {
  injecting.value = false;
  draft.value = null;
}

/** The place stays when another event is chosen. */
export function chooseEvent(entry: InjectableEvent): void {
  const before = draft.value;
  const fresh = newDraft(entry);
  const { lat, lon, radiusM } = before ?? fresh;
  draft.value = { ...fresh, lat, lon, radiusM };
}

export function changeDraft(change: Partial<Draft>): void {
  if (draft.value !== null) draft.value = { ...draft.value, ...change };
}

/** 1e-5 degrees is a metre. */
export function setCenter(lat: number, lon: number): void {
  changeDraft({ lat: lat.toFixed(5), lon: lon.toFixed(5) });
}

/** What the map previews. */
export const previewCircle = computed(() => {
  const center = takesPlace.value && draft.value !== null ? centerOf(draft.value) : undefined;
  return center === undefined ? undefined : { ...center, radiusM: draft.value!.radiusM };
});
export const previewStreet = computed(() =>
  injecting.value && draft.value?.placeMode === 'street' ? draft.value.street.trim() : '',
);

export async function inject(args: object): Promise<InjectionResult> {
  try {
    const { state, reason } = await postJson<CommandAnswer>('/api/scenario', { name: 'event', args });
    return reason === undefined ? { state } : { state, reason };
  } catch (error) {
    return { state: 'failed', reason: (error as Error).message };
  }
}
