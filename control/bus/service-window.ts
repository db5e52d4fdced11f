// How even the service was in the last half hour: the headways that buses reported at their departures.
import { Headways } from '../../telemetry/headways.ts';
import type { Bus } from './network.ts';
import { targetOf } from './target.ts';

const WINDOW_MS = 1_800_000;
/** Departures that are forgotten at once. */
const BATCH = 1_024;

export class ServiceWindow {
  #departures: { readonly atMs: number; readonly headwayS: number; readonly targetS: number }[] = [];

  /** The bus has just left a stop. */
  departed(bus: Bus, atMs: number): void {
    const targetS = targetOf(bus);
    if (!(bus.headwayS >= 0 && targetS > 0)) return;
    const oldest = this.#departures[BATCH];
    if (oldest !== undefined && oldest.atMs < atMs - WINDOW_MS) this.#departures.splice(0, BATCH);
    this.#departures.push({ atMs, headwayS: bus.headwayS, targetS });
  }

  headways(nowMs: number): Headways {
    const headways = new Headways();
    for (const { atMs, headwayS, targetS } of this.#departures) {
      if (atMs > nowMs - WINDOW_MS) headways.add(headwayS, targetS);
    }
    return headways;
  }
}
