// What the page shows of a scenario: its timeline with places, its expectations, and what may be injected. Says something only when it
// has changed.
import type { ExpectationState, ScenarioEventState, ScenarioState } from '../telemetry/messages.ts';
import type { City } from './city.ts';
import type { Model } from './fleet.ts';
import { circleOf } from './place.ts';
import type { Scenario } from './scenario.ts';
import { injectableEvents } from './scenario/catalog.ts';
import type { Occurrence, Timeline } from './timeline.ts';

/** At most this often, wall ms. */
const EVERY_MS = 500;
/** A long timeline is shown in part: what is nearest to now. */
const MAX_EVENTS = 200;

export interface BoardOptions {
  readonly city: City;
  readonly models: ReadonlyMap<string, Model>;
  readonly scenario: Scenario;
  readonly startMs: number;
  readonly endMs: number | undefined;
}

export class StateBoard {
  readonly #options: BoardOptions;
  readonly #fixed: Pick<ScenarioState, 'scenario' | 'title' | 'startMs' | 'endMs' | 'catalog'>;
  readonly #circles = new Map<string, { lat: number; lon: number; radiusM: number } | undefined>();
  #last = '';
  #lastWallMs = -Infinity;

  constructor(options: BoardOptions) {
    const { models, scenario, startMs, endMs } = options;
    this.#options = options;
    this.#fixed = {
      scenario: scenario.name,
      ...(scenario.title === undefined ? {} : { title: scenario.title }),
      startMs,
      ...(endMs === undefined || !Number.isFinite(endMs) ? {} : { endMs }),
      catalog: injectableEvents(models),
    };
  }

  /** It may be forgotten where it was sent to: the next one is new whatever it says. */
  repeat(): void {
    this.#last = '';
  }

  /** The state, when it differs from the one given last; a change too soon after it is given with the next call. */
  changed(
    timeline: ReturnType<Timeline['states']>,
    expectations: readonly ExpectationState[],
    backfill: ScenarioState['backfill'],
    wallMs: number,
  ): ScenarioState | undefined {
    if (wallMs - this.#lastWallMs < EVERY_MS) return undefined;
    const state: ScenarioState = {
      ...this.#fixed,
      timeline: timeline.slice(-MAX_EVENTS).map(({ occurrence, state: phase }) => this.#show(occurrence, phase)),
      expectations,
      ...(backfill === undefined ? {} : { backfill }),
    };
    const text = JSON.stringify(state);
    if (text === this.#last) return undefined;
    this.#last = text;
    this.#lastWallMs = wallMs;
    return state;
  }

  #show(occurrence: Occurrence, state: ScenarioEventState['state']): ScenarioEventState {
    const { id, event, fromMs, untilMs } = occurrence;
    const until = Number.isFinite(untilMs) ? { untilMs } : {};
    const { where } = occurrence;
    const street = where !== undefined && 'street' in where ? { street: where.street } : {};
    return { id, event, fromMs, ...until, state, detail: detailOf(occurrence), ...street, ...this.#circle(occurrence) };
  }

  #circle({ id, where }: Occurrence) {
    if (!this.#circles.has(id)) {
      if (this.#circles.size > MAX_EVENTS) this.#circles.clear();
      const circle = circleOf(this.#options.city, where);
      const place = circle && { ...this.#options.city.toLonLat(circle.center), radiusM: Math.round(circle.radiusM) };
      this.#circles.set(id, place);
    }
    return this.#circles.get(id);
  }
}

/** `rainMmPerH 20, Liangxi`: arguments, devices, place. */
function detailOf({ args, target, where }: Occurrence): string {
  const given = Object.entries(args).map(
    ([name, value]) => `${name} ${typeof value === 'string' ? value : JSON.stringify(value)}`,
  );
  return [...given, ...targetText(target), ...placeText(where)].join(', ').slice(0, 200);
}

function targetText(target: Occurrence['target']): string[] {
  if (target === undefined) return [];
  const { kind, devices, share, count } = target;
  if (devices !== undefined) return [devices.length > 3 ? `${devices.length} of ${kind}` : devices.join(' ')];
  if (share !== undefined) return [`${Math.round(share * 100)} % of ${kind}`];
  return [count === undefined ? kind : `${count} of ${kind}`];
}

function placeText(where: Occurrence['where']): string[] {
  if (where === undefined) return [];
  if ('district' in where) return [where.district];
  return 'street' in where ? [where.street] : [`within ${where.radiusM} m`];
}
