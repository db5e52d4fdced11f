// The event that the reader points at in a list or on the timeline: the map outlines its place.
import { signal } from '@preact/signals';
import type { ScenarioEventState } from '../../telemetry/messages.ts';

export const pointedEvent = signal<ScenarioEventState | null>(null);
