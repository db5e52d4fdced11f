// How long a bus stands at a stop: doors, the slower of two door flows, getting back into traffic. Front door in, rear door out.

/** Doors open and close, s. Source: Transit Capacity and Quality of Service Manual, 2…5 s. */
const DOORS_S = 3.5;
/** Back into the traffic from the bus bay, s. */
const RE_ENTRY_S = 4.5;
/** Card or QR code. Source: Shockley, Salinas & Taylor, smart cards and dwell time, Los Angeles. */
export const BOARDING_S = 2;
/** Source: Transit Capacity and Quality of Service Manual, rear door, 1.2…1.8 s. */
const ALIGHTING_S = 1.2;
/** Standees in the aisle slow boarding by this share. */
const STANDEE_SHARE = 0.25;
/** Nobody moves: the driver stops, looks and goes on, s. */
const EMPTY_STOP_S = 2;

/** Dwell time [s]: 8 + max(2.0 B (1.25 with standees), 1.2 A); 2 s when nobody boards or alights. boarded, alighted: counts ≥ 0. */
export function dwellS(boarded: number, alighted: number, standees: boolean): number {
  if (boarded + alighted === 0) return EMPTY_STOP_S;
  const boarding = BOARDING_S * boarded * (standees ? 1 + STANDEE_SHARE : 1);
  return DOORS_S + Math.max(boarding, ALIGHTING_S * alighted) + RE_ENTRY_S;
}
