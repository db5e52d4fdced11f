// The generated city against what everything else relies on: one connected graph, lines that can be driven, spots and homes on land.
import { describe, expect, test } from 'vitest';
import type { City, Point } from '../../simulator/city.ts';
import { crossing } from '../../simulator/city/geometry.ts';
import { Ground } from '../../simulator/city/ground.ts';
import { buildCity, loadCity } from '../../simulator/city/load.ts';
import { fromLonLat, toLonLat } from '../../simulator/city/projection.ts';

const city = loadCity();
const ground = new Ground();

function reached(next: (node: number) => readonly number[]): number {
  const seen = new Uint8Array(city.nodes.length);
  const open = [0];
  seen[0] = 1;
  let count = 0;
  for (let node = open.pop(); node !== undefined; node = open.pop()) {
    count++;
    for (const other of next(node)) {
      if (seen[other] === 1) continue;
      seen[other] = 1;
      open.push(other);
    }
  }
  return count;
}

function fingerprint(city: City): string {
  const { nodes, links, stops, lines, parkingZones, map } = city;
  return JSON.stringify([nodes, links, stops, lines, parkingZones, map, city.home(0), city.home(9_999_999)]);
}

/** Even–odd by casting a ray over all edges: independent of the index that built the city. */
function insideRing({ x, y }: Point, ring: readonly Point[]): boolean {
  let inside = false;
  for (const [i, a] of ring.entries()) {
    const b = ring[(i + 1) % ring.length]!;
    if (a.y > y !== b.y > y && x < a.x + ((y - a.y) / (b.y - a.y)) * (b.x - a.x)) inside = !inside;
  }
  return inside;
}

describe('streets', () => {
  test('every node reaches every other and is reached from it', () => {
    const into = city.nodes.map((): number[] => []);
    for (const { from, to } of city.links) into[to]!.push(from);
    expect(reached((node) => city.linksFrom[node]!.map((link) => city.links[link]!.to))).toBe(city.nodes.length);
    expect(reached((node) => into[node]!)).toBe(city.nodes.length);
  });

  test('counts are those of a city that fits a laptop and a page', () => {
    expect(city.links.length).toBeGreaterThan(10_000);
    expect(city.links.length).toBeLessThan(20_000);
    const km = city.links.reduce((sum, { lengthM }) => sum + lengthM, 0) / 2000;
    expect(km).toBeGreaterThan(1500);
    expect(km).toBeLessThan(3000);
  });

  test('a link has the length between its ends, a name, lanes and a limit of its class', () => {
    const limitsKmh = { expressway: [80], arterial: [50, 60], secondary: [40, 50], local: [30] };
    for (const link of city.links) {
      const [a, b] = [city.nodes[link.from]!, city.nodes[link.to]!];
      expect(Math.abs(link.lengthM - Math.hypot(a.x - b.x, a.y - b.y))).toBeLessThan(1e-6);
      expect(link.lengthM).toBeGreaterThan(0);
      expect(limitsKmh[link.streetClass]).toContain(Math.round(link.speedLimitMps * 3.6));
      expect(link.lanes).toBeGreaterThanOrEqual(1);
      expect(city.streetNames[link.name]!.zh).not.toBe('');
    }
  });

  test('no node lies in a lake, and no street of the town crosses one', () => {
    const shores = ground.lakes.map((rings) => rings[0]!);
    const isles = ground.lakes.flatMap((rings) => rings.slice(1));
    const wet = city.nodes.filter(
      (node) => shores.some((ring) => insideRing(node, ring)) && !isles.some((ring) => insideRing(node, ring)),
    );
    expect(wet).toEqual([]);
    const middles = city.links.map(({ from, to }) => {
      const [a, b] = [city.nodes[from]!, city.nodes[to]!];
      return { x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 };
    });
    expect(middles.filter((middle) => shores.some((ring) => insideRing(middle, ring)))).toEqual([]);
  });

  test('the Grand Canal is crossed by few bridges, 700 m to 3 km apart in the city', () => {
    const canal = ground.waterways[0]!.line;
    const places: number[] = [];
    for (let link = 0; link < city.links.length; link += 2) {
      const { from, to, streetClass } = city.links[link]!;
      if (streetClass === 'expressway') continue;
      let walkedM = 0;
      for (let i = 1; i < canal.length; i++) {
        const [c, d] = [canal[i - 1]!, canal[i]!];
        const side = Math.hypot(d.x - c.x, d.y - c.y);
        const share = crossing(c, d, city.nodes[from]!, city.nodes[to]!);
        if (share !== undefined) places.push(walkedM + share * side);
        walkedM += side;
      }
    }
    places.sort((a, b) => a - b);
    const gaps = places.slice(1).map((at, i) => at - places[i]!);
    expect(places.length).toBeGreaterThan(12);
    expect(Math.min(...gaps)).toBeGreaterThan(700);
    expect(Math.max(...gaps)).toBeLessThan(3000);
  });
});

describe('bus lines', () => {
  test('there are twelve, each 12–21 km long with 25–33 stops a direction', () => {
    expect(city.lines.length).toBe(12);
    expect(new Set(city.lines.map(({ id }) => id)).size).toBe(12);
    for (const { directions } of city.lines) {
      expect(directions.length).toBe(2);
      for (const { lengthM, stops } of directions) {
        expect(lengthM).toBeGreaterThan(12_000);
        expect(lengthM).toBeLessThan(21_000);
        expect(stops.length).toBeGreaterThanOrEqual(25);
        expect(stops.length).toBeLessThanOrEqual(33);
      }
    }
  });

  test('a direction is a chain of links that visits no node twice, and the way back is the same streets', () => {
    for (const { directions } of city.lines) {
      const [out, back] = directions.map(({ links }) => links.map((link) => city.links[link]!));
      for (const chain of [out!, back!]) {
        for (const [i, link] of chain.slice(1).entries()) expect(link.from).toBe(chain[i]!.to);
        expect(new Set(chain.map(({ to }) => to)).size).toBe(chain.length);
      }
      expect(back!.map(({ from, to }) => [to, from]).toReversed()).toEqual(out!.map(({ from, to }) => [from, to]));
    }
  });

  test('stops ascend from 0 to the end, 450–800 m apart, and stand beside the path', () => {
    for (const { directions } of city.lines) {
      for (const { links, stops, lengthM } of directions) {
        expect(stops[0]!.atM).toBe(0);
        expect(stops.at(-1)!.atM).toBe(lengthM);
        expect(lengthM).toBeCloseTo(
          links.reduce((sum, link) => sum + city.links[link]!.lengthM, 0),
          6,
        );
        for (const [i, { atM }] of stops.slice(1).entries()) {
          expect(atM - stops[i]!.atM).toBeGreaterThanOrEqual(450);
          expect(atM - stops[i]!.atM).toBeLessThanOrEqual(800);
        }
        for (const { stop, atM } of stops) expect(offPath(links, atM, city.stops[stop]!)).toBeLessThan(15);
      }
    }
  });

  test('the way from a stop place to the path is measured along the links', () => {
    const { links, lengthM } = city.lines[0]!.directions[0]!;
    expect(offPath(links, lengthM / 2, city.nodes[city.links[links[0]!]!.from]!)).toBeGreaterThan(1000);
  });
});

function offPath(links: readonly number[], atM: number, place: Point): number {
  let left = atM;
  for (const [i, index] of links.entries()) {
    const { from, to, lengthM } = city.links[index]!;
    if (left > lengthM && i < links.length - 1) {
      left -= lengthM;
      continue;
    }
    const [a, b] = [city.nodes[from]!, city.nodes[to]!];
    const share = left / lengthM;
    return Math.hypot(a.x + (b.x - a.x) * share - place.x, a.y + (b.y - a.y) * share - place.y);
  }
  return Number.NaN;
}

describe('places', () => {
  test('60–100 parking zones hold at least 2,600 spots, on land and 5–7 m apart', () => {
    expect(city.parkingZones.length).toBeGreaterThanOrEqual(60);
    expect(city.parkingZones.length).toBeLessThanOrEqual(100);
    const spots = city.parkingZones.flatMap((zone) => zone.spots);
    expect(spots.length).toBeGreaterThanOrEqual(2600);
    expect(spots.filter((spot) => !city.isLand(spot))).toEqual([]);
    expect(new Set(city.parkingZones.map(({ landUse }) => landUse)).size).toBe(4);
    for (const { spots } of city.parkingZones) {
      const step = Math.hypot(spots[1]!.x - spots[0]!.x, spots[1]!.y - spots[0]!.y);
      expect(step).toBeCloseTo(6, 6);
    }
  });

  test('homes stand on land, wherever in ten million one asks', () => {
    const homes = Array.from({ length: 20_000 }, (_, i) => city.home(i * 499));
    expect(homes.filter((home) => !city.isLand(home))).toEqual([]);
    expect(new Set(homes.map(({ x, y }) => `${x},${y}`)).size).toBe(homes.length);
    expect(city.home(1234)).toEqual(city.home(1234));
  });

  test('homes follow the people: the share near a district centre is nearer its population than an even spread', () => {
    const total = city.districts.reduce((sum, { population }) => sum + population, 0);
    const core = city.districts[0]!;
    const near = Array.from({ length: 5000 }, (_, i) => city.home(i)).filter(
      ({ x, y }) => Math.hypot(x - core.center.x, y - core.center.y) < 5600,
    ).length;
    const share = near / 5000;
    expect(share).toBeGreaterThan((core.population / total) * 0.8);
    expect(share).toBeLessThan((core.population / total) * 2);
  });

  test('water, hills and open country are not land to build on', () => {
    expect(city.isLand(fromLonLat([120.165, 31.49]))).toBe(false);
    expect(city.isLand(fromLonLat([120.255, 31.523]))).toBe(false);
    expect(city.isLand(fromLonLat([120.235, 31.585]))).toBe(false);
    expect(city.isLand(fromLonLat([120.6, 31.7]))).toBe(false);
    expect(city.isLand(fromLonLat([120.2985, 31.5715]))).toBe(true);
  });
});

describe('the city', () => {
  test('is the same from the same seed and another from another', () => {
    expect(loadCity(7)).toBe(loadCity(7));
    expect(fingerprint(buildCity(7))).toBe(fingerprint(loadCity(7)));
    expect(fingerprint(loadCity(7))).not.toBe(fingerprint(city));
  });

  test('refuses a seed that is no safe integer', () => {
    expect(() => loadCity(-1)).toThrow('city seed must be a safe integer ≥ 0, got -1');
    expect(() => loadCity(0.5)).toThrow('got 0.5');
  });

  test('projects to within 0.1 % of the ellipsoid 30 km away and back to a centimetre', () => {
    expect(Math.abs(fromLonLat([120.3, 31.84]).y / meridianArcM(31.57, 31.84) - 1)).toBeLessThan(0.001);
    expect(Math.abs(fromLonLat([120.6, 31.57]).x / parallelArcM(31.57, 0.3) - 1)).toBeLessThan(0.001);
    for (const point of [
      { x: 12_345.6, y: -9876.5 },
      { x: -20_000, y: 21_000 },
    ]) {
      const { lon, lat } = toLonLat(point);
      const back = fromLonLat([lon, lat]);
      expect(Math.hypot(back.x - point.x, back.y - point.y)).toBeLessThan(0.02);
    }
  });
});

/** Along a parallel the ellipsoid is a circle: N cos(lat), with N from the reduced latitude rather than the formula under test. */
function parallelArcM(latDeg: number, lonDeg: number): number {
  const reduced = Math.atan((1 - 1 / 298.257_223_563) * Math.tan((latDeg * Math.PI) / 180));
  return ((6_378_137 * Math.cos(reduced) * Math.PI) / 180) * lonDeg;
}

/** The radius of curvature, integrated. */
function meridianArcM(fromDeg: number, toDeg: number): number {
  const e2 = 0.006_694_379_990_14;
  const steps = 1000;
  let sum = 0;
  for (let i = 0; i < steps; i++) {
    const sin = Math.sin(((fromDeg + ((i + 0.5) / steps) * (toDeg - fromDeg)) * Math.PI) / 180);
    sum += (6_378_137 * (1 - e2)) / (1 - e2 * sin * sin) / Math.sqrt(1 - e2 * sin * sin);
  }
  return (sum * (((toDeg - fromDeg) * Math.PI) / 180)) / steps;
}

describe('the map', () => {
  test('is under 1 MB and every layer has features with names', () => {
    expect(Buffer.byteLength(JSON.stringify(city.map))).toBeLessThan(1_000_000);
    for (const layer of Object.values(city.map.layers)) {
      const { features } = layer as { features: { geometry: { coordinates: unknown[] } }[] };
      expect(features.length).toBeGreaterThan(0);
      for (const { geometry } of features) expect(geometry.coordinates.length).toBeGreaterThan(0);
    }
  });

  test('draws each bus line twice and every stop with the lines that serve it', () => {
    const { busLines, stops } = city.map.layers as unknown as {
      busLines: { features: unknown[] };
      stops: { features: { properties: { stop: string; lines: string[] } }[] };
    };
    expect(busLines.features.length).toBe(24);
    expect(stops.features.map(({ properties }) => properties.stop)).toEqual(city.stops.map(({ id }) => id));
    expect(stops.features.filter(({ properties }) => properties.lines.length === 0)).toEqual([]);
  });
});
