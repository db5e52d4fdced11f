import { describe, expect, it } from 'vitest';
import { dealFleets } from '../../simulator/deal.ts';
import { loadModels } from '../../simulator/kinds.ts';

const FLEETS = { bus: 120, vehicle: 1000, 'parking-spot': 2000, 'water-meter': 20_000 };
const models = await loadModels();

describe('dealing fleets to workers', () => {
  it('gives every kind to one worker, and the heavy ones to different workers', () => {
    const dealt = dealFleets(FLEETS, models, 2, []);
    expect(dealt.flat().sort()).toEqual(Object.keys(FLEETS).sort());
    expect(dealt.findIndex((kinds) => kinds.includes('bus'))).not.toBe(
      dealt.findIndex((kinds) => kinds.includes('vehicle')),
    );
  });

  it('never separates what a controller must see together', () => {
    for (const workers of [1, 2, 3, 4]) {
      const dealt = dealFleets(FLEETS, models, workers, [['bus', 'parking-spot']]);
      expect(dealt.some((kinds) => kinds.includes('bus') && kinds.includes('parking-spot'))).toBe(true);
      expect(dealt.every((kinds) => kinds.length > 0)).toBe(true);
    }
  });

  it('keeps all together that controllers with a kind in common see', () => {
    const dealt = dealFleets(FLEETS, models, 4, [
      ['bus', 'water-meter'],
      ['vehicle', 'water-meter'],
    ]);
    const sorted = dealt.map((kinds) => kinds.toSorted()).toSorted((a, b) => a.length - b.length);
    expect(sorted).toEqual([['parking-spot'], ['bus', 'vehicle', 'water-meter']]);
  });

  it('leaves workers out when there are fewer kinds', () => {
    expect(dealFleets({ bus: 5 }, models, 4, [])).toEqual([['bus']]);
  });
});
