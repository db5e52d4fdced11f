// How long a bus stands at a stop: doors, the slower of two door flows, getting back into traffic. Front door in, rear door out.
import { normalCdf } from './normal.ts';

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

/**
 * Mean dwell time [s] when Poisson numbers of passengers with these means ≥ 0 board and alight, without standees; exact to about a second.
 * Source: C. Clark, Operations Research 9 (1961), the greatest of normal variables, for the two doors.
 */
export function expectedDwellS(boarded: number, alighted: number): number {
  const [boardingS, alightingS] = [BOARDING_S * boarded, ALIGHTING_S * alighted];
  const spreadS = Math.sqrt(BOARDING_S * boardingS + ALIGHTING_S * alightingS);
  if (spreadS === 0) return EMPTY_STOP_S;
  const nobody = Math.exp(-boarded - alighted);
  const alpha = (boardingS - alightingS) / spreadS;
  const density = Math.exp((-alpha * alpha) / 2) / Math.sqrt(2 * Math.PI);
  const doorS = boardingS * normalCdf(alpha) + alightingS * normalCdf(-alpha) + spreadS * density;
  return nobody * EMPTY_STOP_S + (1 - nobody) * (DOORS_S + RE_ENTRY_S) + doorS;
}
