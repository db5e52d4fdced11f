// What the judge expects of a meter. The meters themselves are in `meters.ts` and `responses.ts`.
import type { Value } from '../../telemetry/description.ts';

export type Readings = { readonly [name: string]: Value | undefined };
export type EventState = 'raised' | 'cleared' | undefined;

export interface Meter {
  /** A record in the window. Absent: records do not matter. */
  record?(device: number, ts: number, readings: Readings): void;
  /** An event in the window. */
  event?(device: number, ts: number, name: string, state: EventState): void;
  /** An event of the whole run, for meters with a window of their own. */
  anyEvent?(device: number, ts: number, name: string, state: EventState): void;
  /** An entry of the timeline took effect. devices: computed when asked for. */
  befell?(entryId: string, devices: () => readonly number[]): void;
  /** Infinity: never; undefined: nothing to measure yet. */
  value(): number | undefined;
  /** Zero is an answer even when no record came. */
  readonly countsSilence?: boolean;
  /** Why there is no value, when it is not for want of records. */
  readonly lack?: string;
}
