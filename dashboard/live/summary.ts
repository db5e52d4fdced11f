// Numbers over all devices of a fleet, from their newest values. Devices without the field do not count.
import type { Fleet } from './fleet.ts';

type Source = Pick<Fleet, 'fields'>;

export function valuesOf(fleet: Source, field: string): number[] {
  const values: number[] = [];
  for (const fields of fleet.fields) {
    const value = fields[field];
    if (typeof value === 'number' && Number.isFinite(value)) values.push(value);
  }
  return values;
}

export function meanOf(fleet: Source, field: string): number | undefined {
  const values = valuesOf(fleet, field);
  return values.length === 0 ? undefined : values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** A bus in one of these states runs a trip; in any other its delay means nothing. */
const BUS_UNDER_WAY: readonly unknown[] = ['inTransitTo', 'stoppedAt', 'holding', 'broken'];

export function busesUnderWay(fleet: Source): Source {
  return { fields: fleet.fields.filter(({ status }) => BUS_UNDER_WAY.includes(status)) };
}

/** Share of devices whose boolean field is true, 0…1. */
export function shareOf(fleet: Source, field: string): number | undefined {
  const values = fleet.fields.map((fields) => fields[field]).filter((value) => typeof value === 'boolean');
  return values.length === 0 ? undefined : values.filter(Boolean).length / values.length;
}

/** Counts of equal slices between low and high; values outside fall into the end slices. */
export function histogram(values: readonly number[], low: number, high: number, slices: number): number[] {
  const counts = Array.from({ length: slices }, () => 0);
  for (const value of values) {
    const slice = Math.min(slices - 1, Math.max(0, Math.floor(((value - low) / (high - low)) * slices)));
    counts[slice]!++;
  }
  return counts;
}
