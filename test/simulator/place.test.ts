import { describe, expect, it } from 'vitest';
import { deviceIndex } from '../../simulator/devices.ts';
import { loadCity } from '../../simulator/city/load.ts';
import { chooseDevices, circleOf, linksOn, placePredicate, placeProblem } from '../../simulator/place.ts';
import { Random } from '../../simulator/random.ts';
import type { Target } from '../../simulator/scenario.ts';
import type { Place } from '../../simulator/world.ts';

const city = loadCity();

function choose(target: Omit<Target, 'kind'>, where: Place | undefined, count: number, seed = 1): number[] {
  return chooseDevices({
    city,
    target: { kind: 'water-meter', ...target },
    where,
    count,
    placeOf: (device) => city.home(device),
    indexOf: (id) => deviceIndex('water-meter', id),
    random: new Random(seed),
    purpose: 0,
  });
}

describe('a place', () => {
  it('is a district: each home lies in exactly one', () => {
    const inside = city.districts.map(({ name }) => placePredicate(city, { district: name.en }));
    for (let i = 0; i < 200; i++) expect(inside.filter((holds) => holds(city.home(i)))).toHaveLength(1);
  });

  it('is a circle in metres around a position', () => {
    const { lat, lon } = city.anchor;
    const holds = placePredicate(city, { lat, lon, radiusM: 500 });
    const { x, y } = city.fromLonLat({ lat, lon });
    expect([holds({ x: x + 499, y }), holds({ x: x + 501, y }), holds({ x, y: y - 499 })]).toEqual([true, false, true]);
  });

  it('is a street with all its links and what lies beside them', () => {
    const street = city.streetNames[city.links[0]!.name]!.en;
    const links = linksOn(city, { street });
    expect(links).toContain(0);
    expect(links.every((link) => city.streetNames[city.links[link]!.name]!.en === street)).toBe(true);
    const { from } = city.links[0]!;
    expect(placePredicate(city, { street })(city.nodes[from]!)).toBe(true);
  });

  it('is named wrongly with a hint', () => {
    const known = city.districts[0]!.name.en;
    expect(placeProblem(city, { district: `${known}x` })).toContain(`did you mean ${known}`);
    expect(placeProblem(city, { lat: 31, lon: 120, radiusM: 0 })).toContain('got 0');
    expect(placeProblem(city, { district: known })).toBeUndefined();
  });

  it('has a circle for the map that holds all of it', () => {
    for (const { name } of city.districts) {
      const { center, radiusM } = circleOf(city, { district: name.en })!;
      const inside = placePredicate(city, { district: name.en });
      const outside = city.nodes
        .filter(inside)
        .filter(({ x, y }) => Math.hypot(x - center.x, y - center.y) > radiusM + 1);
      expect(outside).toEqual([]);
    }
    expect(circleOf(city, undefined)).toBeUndefined();
  });
});

describe('the lot', () => {
  it('draws a share, and the same devices however many there are', () => {
    const few = choose({ share: 0.1 }, undefined, 2000);
    expect(few.length).toBeGreaterThan(150);
    expect(few.length).toBeLessThan(250);
    expect(choose({ share: 0.1 }, undefined, 4000).filter((device) => device < 2000)).toEqual(few);
    expect(choose({ share: 0.1 }, undefined, 2000, 2)).not.toEqual(few);
  });

  it('draws a number among those at the place', () => {
    const where = { district: city.districts[0]!.name.en };
    const inside = placePredicate(city, where);
    const drawn = choose({ count: 5 }, where, 2000);
    expect(drawn).toHaveLength(5);
    expect(drawn.every((device) => inside(city.home(device)))).toBe(true);
  });

  it('takes named devices, as far as there are any', () => {
    expect(
      choose({ devices: ['water-meter-0003', 'water-meter-0001', 'water-meter-9999', 'bus-0001'] }, undefined, 10),
    ).toEqual([0, 2]);
  });
});
