// Purposes of the random draws of the line engine, in one list so that no two are the same. Poisson draws use purposes beyond a million too.
export const DRAW = {
  running: 1,
  incident: 2,
  incidentS: 3,
  day: 4,
  boarding: 5,
  boardingLate: 6,
  journey: 7,
  destination: 8,
  informed: 9,
  compliance: 10,
  obeys: 11,
  breakdown: 12,
  priority: 13,
} as const;
