// Distances on the ground between places of one city: flat, good to a few per mille over its size.

export type LatLon = readonly [lat: number, lon: number];

/** Mean earth radius, IUGG. */
const M_PER_DEG = (6_371_008.8 * Math.PI) / 180;

export function distanceM(a: LatLon, b: LatLon): number {
  const [x, y] = offsetM(a, b);
  return Math.hypot(x, y);
}

/** From a place to the nearest point of a chain of straight lines; Infinity when that is empty. */
export function distanceToLineM(place: LatLon, line: readonly LatLon[]): number {
  let nearest = Infinity;
  for (let at = 0; at < line.length; at++) {
    const [ax, ay] = offsetM(place, line[Math.max(0, at - 1)]!);
    const [bx, by] = offsetM(place, line[at]!);
    const [dx, dy] = [bx - ax, by - ay];
    const squared = dx * dx + dy * dy;
    const share = squared === 0 ? 0 : Math.min(1, Math.max(0, -(ax * dx + ay * dy) / squared));
    nearest = Math.min(nearest, Math.hypot(ax + share * dx, ay + share * dy));
  }
  return nearest;
}

/** Metres along a chain of places up to each of them. */
export function alongM(line: readonly LatLon[]): number[] {
  let total = 0;
  return line.map((place, at) => (total += at === 0 ? 0 : distanceM(line[at - 1]!, place)));
}

/** East and north, m. */
function offsetM(from: LatLon, to: LatLon): [number, number] {
  const middle = (((from[0] + to[0]) / 2) * Math.PI) / 180;
  return [(to[1] - from[1]) * M_PER_DEG * Math.cos(middle), (to[0] - from[0]) * M_PER_DEG];
}
