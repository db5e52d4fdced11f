// Lives every arm of an experiment with some seeds on this thread, as its runner would.
import type { Experiment } from '../../experiments/experiment.ts';
import { readSettings } from '../../experiments/settings.ts';
import { outcomeOf } from '../../experiments/statistics.ts';
import type { CountedOutcome } from '../../experiments/statistics.ts';

/** assignments: as `--set` takes them. */
export function liveAll(experiment: Experiment, seeds: number, ...assignments: string[]): CountedOutcome {
  const settings = readSettings(experiment, assignments);
  const samples = experiment.arms(settings).map(({ name }) => {
    const lives = Array.from({ length: seeds }, (_, index) => experiment.live(name, index + 1, settings));
    const byKpi = experiment.kpis.map((kpi) => [kpi.name, Float64Array.from(lives, (life) => life[kpi.name]!)]);
    return [name, Object.fromEntries(byKpi)];
  });
  return outcomeOf({ settings, seeds }, experiment.kpis, Object.fromEntries(samples));
}
