// Judges what a scenario expects of the platform, by the figures that a pipeline run has measured.
import type { Expectation } from '../simulator/scenario.ts';
import { judged } from '../simulator/scenario/judge.ts';
import type { ExpectationResult } from '../simulator/scenario/judge.ts';
import { platformMeasure } from '../simulator/scenario/measure.ts';

export type Figures = { readonly [figure: string]: unknown };

/** All expectations in the scenario's order: the city's as they were judged, the platform's by the figures. */
export function judgeFigures(
  expectations: readonly Expectation[],
  ofCity: readonly ExpectationResult[],
  figures: Figures,
): ExpectationResult[] {
  return expectations.flatMap((expectation) => {
    const path = platformMeasure(expectation.of);
    if (path === undefined) return ofCity.filter(({ name }) => name === expectation.name);
    const value = figureAt(figures, path);
    return [judged(expectation, value === undefined ? { reason: 'not known of this platform' } : { value })];
  });
}

/** `storedLatencyMs.p99` in nested figures. */
function figureAt(figures: Figures, path: string): number | undefined {
  let value: unknown = figures;
  for (const name of path.split('.')) value = (value as Figures | undefined)?.[name];
  return typeof value === 'number' ? value : undefined;
}
