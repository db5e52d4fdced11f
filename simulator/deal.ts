// Which worker a fleet lives in: fleets are dealt by what they cost, and those that one controller must see stay together.
import type { Model } from './fleet.ts';

/** What a device costs a tick, relative to a vehicle (measured: benchmarks/tick.ts). Sleeping ones cost what their reports cost. */
const MOVING = 1;
const SLEEPING = 0.005;

/** @returns kinds by worker; fewer lists than workers when there are fewer groups. together: kinds that must not be separated. */
export function dealFleets(
  fleets: { readonly [kind: string]: number },
  models: ReadonlyMap<string, Model>,
  workers: number,
  together: readonly (readonly string[])[],
): string[][] {
  let groups: string[][] = [];
  for (const kind of Object.keys(fleets)) {
    const partners = together.filter((kinds) => kinds.includes(kind)).flat();
    const isPartner = (kinds: readonly string[]) => kinds.some((other) => partners.includes(other));
    // A kind that two controllers see brings their kinds together.
    groups = [...groups.filter((kinds) => !isPartner(kinds)), [...groups.filter(isPartner).flat(), kind]];
  }
  const costOf = (kinds: readonly string[]) =>
    kinds.reduce((sum, kind) => sum + fleets[kind]! * (models.get(kind)?.interacts === true ? MOVING : SLEEPING), 0);
  const dealt: string[][] = Array.from({ length: Math.min(workers, groups.length) }, () => []);
  for (const group of groups.sort((a, b) => costOf(b) - costOf(a))) {
    const lightest = dealt.reduce((best, kinds) => (costOf(kinds) < costOf(best) ? kinds : best));
    lightest.push(...group);
  }
  return dealt;
}
