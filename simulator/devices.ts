// Names of simulated devices: ids come from the index in the fleet, so scale never renames one.

/** `bus-0007` for index 6. */
export function deviceId(kind: string, index: number): string {
  return `${kind}-${String(index + 1).padStart(4, '0')}`;
}

/** The index behind an id; undefined when it is not one of the kind's. */
export function deviceIndex(kind: string, id: string): number | undefined {
  if (!id.startsWith(`${kind}-`)) return undefined;
  const index = Number(id.slice(kind.length + 1)) - 1;
  return Number.isInteger(index) && index >= 0 && deviceId(kind, index) === id ? index : undefined;
}
