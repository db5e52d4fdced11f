// Purposes of the random draws of buses and their passengers, in one list so that no two are the same; receivers have their own.
export const DRAW = {
  stopWeight: 1,
  arrival: 2,
  destination: 3,
  onBoard: 4,
  warmDestination: 5,
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
