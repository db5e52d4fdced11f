// From a scenario as written to a scenario as run: YAML text, or plain data from a TypeScript file. Every mistake is found in one go and
// said at its place; nothing is guessed. Files are found by `load.ts`.
import { isObject } from '../../telemetry/description.ts';
import type { Scenario, TimelineEntry } from '../scenario.ts';
import { ScenarioBuilder, demoFleets } from './build.ts';
import type { ReadContext } from './build.ts';
import { parseText } from './document.ts';
import { entryContent, entryProblems } from './entry.ts';
import type { EntryContext } from './entry.ts';
import { plainCopy } from './plain.ts';
import { ScenarioError, pathText } from './problems.ts';
import type { Path, ScenarioProblem } from './problems.ts';
import { shapeOf } from './shape.ts';
import type { EntrySource } from './source.ts';

/** text: YAML, at most 256 KB, from anybody. file: its name, for messages. @throws ScenarioError with all problems, by line */
export function readScenario(text: string, file: string, context: ReadContext): Scenario {
  const parsed = parseText(text, file);
  const problems = [...parsed.problems];
  // What cannot be read is no second mistake.
  const unreadable = new Set(problems.map(({ line }) => line));
  const scenario = new ScenarioBuilder(context, ({ path, message, at, offset }) => {
    const problem = parsed.problemAt(path, message, at, offset);
    if (!unreadable.has(problem.line)) problems.push(problem);
  }).build(parsed.value, problems.length);
  return finished(scenario, problems);
}

/** value: the shape of a scenario as plain data. @throws ScenarioError with all problems, by path */
export function readSource(value: unknown, file: string, context: ReadContext): Scenario {
  const problems: ScenarioProblem[] = [];
  const add = (path: Path, message: string) =>
    problems.push({ file, message: path.length === 0 ? message : `${pathText(path)}: ${message}` });
  const copy = plainCopy(value, add);
  const scenario = new ScenarioBuilder(context, ({ path, message }) => add(path, message)).build(copy, problems.length);
  return finished(scenario, problems);
}

function finished(scenario: Scenario | undefined, problems: readonly ScenarioProblem[]): Scenario {
  const byPlace = problems.toSorted((a, b) => (a.line ?? 0) - (b.line ?? 0) || (a.column ?? 0) - (b.column ?? 0));
  if (byPlace.length > 0 || scenario === undefined) throw new ScenarioError(byPlace);
  return scenario;
}

/** An event from outside the scenario. Without `id` it is called like its event. fleets: the demo city's when absent. */
export function readEntry(
  value: unknown,
  context: ReadContext & Partial<EntryContext>,
): { readonly entry: Omit<TimelineEntry, 'atMs'> } | { readonly problems: readonly string[] } {
  const problems: string[] = [];
  // What is not nested says its name itself.
  const add = (path: Path, message: string) =>
    problems.push(path.length <= 1 ? message : `${pathText(path)}: ${message}`);
  const copy = plainCopy(value, add);
  if (isObject(copy) && 'at' in copy) add([], 'an event from outside happens at once: leave at out');
  if (problems.length > 0) return { problems };
  for (const { path, message } of shapeOf(context.city, context.models).entry(copy)) add(path, message);
  if (problems.length > 0) return { problems };
  const source = copy as EntrySource;
  const { fleets = demoFleets(context.models) } = context;
  for (const { path, message } of entryProblems(source, { ...context, fleets })) add(path, message);
  if (problems.length > 0) return { problems };
  return { entry: { id: source.id ?? source.event, ...entryContent(source, context) } };
}
