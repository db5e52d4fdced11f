import { describe, expect, it } from 'vitest';
import { PROFILES } from '../../loadtest/plan.ts';
import { PRESETS, SHAPES, presetNamed, scaled } from '../../loadtest/presets.ts';

describe('the shapes', () => {
  it('exist for every profile, with somebody to do something', () => {
    expect(Object.keys(SHAPES)).toEqual([...PROFILES]);
    for (const { publishers, subscribers, idle, perS, profile } of Object.values(SHAPES)) {
      expect(publishers + subscribers + idle).toBeGreaterThan(0);
      expect(perS > 0).toBe(publishers > 0 && profile !== 'city');
    }
  });

  it('of p2p have as many subscribers as publishers', () => {
    for (const { profile, publishers, subscribers } of [...PRESETS, ...Object.values(SHAPES)]) {
      if (profile === 'p2p') expect(subscribers).toBe(publishers);
    }
  });
});

describe('the presets', () => {
  it('do what the numbers in their names say', () => {
    const figures = PRESETS.map((preset) => {
      const { name, profile, publishers, subscribers, idle, perS, connectPerS } = preset;
      const [first = 0, second = 0, , last = 0] = name
        .split('-')
        .map((word) => /^(\d+)([kM]?)$/i.exec(word))
        .filter((match) => match !== null)
        .map(([, digits, unit]) => Number(digits) * ({ k: 1e3, m: 1e6 }[unit!.toLowerCase()] ?? 1));
      if (profile === 'connect') return [name, idle === first, connectPerS === second];
      const deliveredPerS = profile === 'fan-out' ? perS * subscribers : perS;
      return [name, publishers === first, subscribers === second, deliveredPerS === last];
    });
    expect(figures.filter(([, ...same]) => same.includes(false))).toEqual([]);
    expect(figures.length).toBe(8);
  });

  it('are found whether their K are large or small', () => {
    expect(presetNamed('conn-tcp-10K-100')?.idle).toBe(10_000);
    expect(presetNamed('FANOUT-5-1000-5-250k')?.subscribers).toBe(1000);
    expect(presetNamed('fanout')).toBeUndefined();
  });

  it('scaled deliver as much more or less as the factor says', () => {
    expect(scaled(presetNamed('fanout-5-1000-5-250K')!, 0.1)).toMatchObject({
      publishers: 5,
      subscribers: 100,
      perS: 250,
    });
    expect(scaled(presetNamed('p2p-50K-50K-50K-50K')!, 0.01)).toMatchObject({
      publishers: 500,
      subscribers: 500,
      perS: 500,
    });
    expect(scaled(presetNamed('sharedsub-1K-5-1K-1K')!, 0.01)).toMatchObject({
      publishers: 10,
      subscribers: 1,
      perS: 10,
    });
    expect(scaled(presetNamed('conn-tcp-10k-100')!, 0.1)).toMatchObject({ idle: 1000, connectPerS: 10 });
  });
});
