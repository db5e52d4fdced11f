// The scenario as the simulator announced it last: what is scheduled, happening and over, what is expected, what may be injected. Kept as
// it came, newest only. Whether an event may happen is the simulator's business.
import { isObject, show } from '../telemetry/description.ts';
import { Rejection, parsePayload } from '../telemetry/json-codec.ts';
import type { ScenarioState } from '../telemetry/messages.ts';

/** A state larger than this is refused. */
export const MAX_STATE_BYTES = 262_144;
const EVENT_STATES = ['scheduled', 'happening', 'over'];
const EXPECTATION_STATES = ['waiting', 'holding', 'failing', 'met', 'failed'];
const PLACES = ['none', 'optional', 'required'];

export class ScenarioBoard {
  #state: ScenarioState | undefined;
  #version = 0;
  #text = '{"type":"scenario","state":null}';

  get state(): ScenarioState | undefined {
    return this.#state;
  }

  /** The live stream's message, and a number that grows with every change; 0 before the first. */
  get message(): { readonly version: number; readonly text: string } {
    return { version: this.#version, text: this.#text };
  }

  /** An empty payload takes a retained state back. @throws Rejection */
  take(payload: Uint8Array): void {
    const value = payload.length === 0 ? undefined : parsePayload(payload, MAX_STATE_BYTES);
    const problem = value && stateProblem(value);
    if (problem !== undefined) throw new Rejection('wrong-type', problem);
    this.#state = value as ScenarioState | undefined;
    this.#text = JSON.stringify({ type: 'scenario', state: value ?? null });
    this.#version++;
  }
}

type Check = readonly [path: string, isGood: boolean, expected: string, value: unknown];

/** Only what readers cannot do without. */
function stateProblem({ scenario, startMs, endMs, timeline, expectations, catalog }: { [key: string]: unknown }) {
  return (
    firstProblem([
      ['scenario', typeof scenario === 'string', 'a text', scenario],
      ['startMs', Number.isFinite(startMs), 'a number of ms', startMs],
      ['endMs', isAbsentOrNumber(endMs), 'absent or a number of ms', endMs],
    ]) ??
    listProblem('timeline', timeline, ({ id, event, fromMs, untilMs, state }) => [
      ['id', typeof id === 'string', 'a text', id],
      ['event', typeof event === 'string', 'a text', event],
      ['fromMs', Number.isFinite(fromMs), 'a number of ms', fromMs],
      ['untilMs', isAbsentOrNumber(untilMs), 'absent or a number of ms', untilMs],
      ['state', EVENT_STATES.includes(state as string), `one of ${EVENT_STATES.join(', ')}`, state],
    ]) ??
    listProblem('expectations', expectations, ({ name, state, value, limit }) => [
      ['name', typeof name === 'string', 'a text', name],
      ['value', isAbsentOrNumber(value), 'absent or a number', value],
      ['limit', typeof limit === 'string', 'a text', limit],
      ['state', EXPECTATION_STATES.includes(state as string), `one of ${EXPECTATION_STATES.join(', ')}`, state],
    ]) ??
    listProblem('catalog', catalog, ({ event, label, where, args }) => [
      ['event', typeof event === 'string', 'a text', event],
      ['label', typeof label === 'string', 'a text', label],
      ['where', PLACES.includes(where as string), `one of ${PLACES.join(', ')}`, where],
      ['args', isObject(args), 'a JSON Schema', args],
    ])
  );
}

/** JSON has no Infinity and no NaN: what is for good, or not measured, is absent. */
function isAbsentOrNumber(value: unknown): boolean {
  return value === undefined || Number.isFinite(value);
}

function listProblem(name: string, list: unknown, checksOf: (entry: { [key: string]: unknown }) => Check[]) {
  if (!Array.isArray(list)) return `${name} must be an array, got ${show(list)}`;
  for (const [index, entry] of (list as unknown[]).entries()) {
    const path = `${name}[${index}]`;
    if (!isObject(entry)) return `${path} must be an object, got ${show(entry)}`;
    const problem = firstProblem(checksOf(entry));
    if (problem !== undefined) return `${path}.${problem}`;
  }
  return undefined;
}

function firstProblem(checks: readonly Check[]): string | undefined {
  const wrong = checks.find(([, isGood]) => !isGood);
  return wrong && `${wrong[0]} must be ${wrong[2]}, got ${show(wrong[3])}`;
}
