// A message between its device and the network.
import type { Readings } from '../sink.ts';

export interface Message {
  readonly device: number;
  /** True time; what the device's clock says is written when it leaves. */
  readonly ts: number;
  readonly seq: number;
  /** When the device handed it over: later than `ts` where hours are reported together. */
  readonly sentMs: number;
  readonly qos: 0 | 1;
  /** Absent: a record. */
  readonly event?: { readonly name: string; readonly state: 'raised' | 'cleared' | undefined };
  readonly readings: Readings;
}
