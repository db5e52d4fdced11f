// Purposes of the random draws of buses, in one list so that no two are the same; passengers and receivers have their own.
export const DRAW = {
  phase: 21,
  spread: 22,
  breakdown: 23,
  segment: 24,
  incident: 25,
  incidentS: 26,
  reaction: 27,
  day: 28,
  odometer: 29,
} as const;
