// Parts of the city by name or circle: which points and links lie in them, and which devices a scenario means.
import { nearestChoice } from '../telemetry/names.ts';
import type { City, Point } from './city.ts';
import type { Random } from './random.ts';
import type { Target } from './scenario.ts';
import type { Place } from './world.ts';

/** A street's points count as on it within this distance of a link's line, m. */
const STREET_WIDTH_M = 40;
const CHOSEN = 1;

/** Why a place is none, or undefined when it is one. */
export function placeProblem(city: City, place: Place): string | undefined {
  if ('district' in place)
    return unknownName(
      'district',
      place.district,
      city.districts.map(({ name }) => name.en),
    );
  if ('street' in place)
    return unknownName(
      'street',
      place.street,
      city.streetNames.map((name) => name.en),
    );
  if (!(place.radiusM > 0)) return `radiusM must be above 0, got ${place.radiusM}`;
  return undefined;
}

/** Whether a point lies in the place. @throws Error for a place that is none */
export function placePredicate(city: City, place: Place | undefined): (point: Point) => boolean {
  if (place === undefined) return () => true;
  const problem = placeProblem(city, place);
  if (problem !== undefined) throw new Error(problem);
  if ('district' in place) {
    const wanted = city.districts.findIndex(({ name }) => name.en === place.district);
    return (point) => districtOf(city, point) === wanted;
  }
  if ('street' in place) {
    const segments = linksOn(city, place).map((link) => segmentOf(city, link));
    return (point) => segments.some(([a, b]) => distanceToSegmentM(point, a, b) <= STREET_WIDTH_M);
  }
  const center = city.fromLonLat(place);
  const { radiusM } = place;
  return ({ x, y }) => (x - center.x) * (x - center.x) + (y - center.y) * (y - center.y) <= radiusM * radiusM;
}

/** Links in the place: of a street all its links, of an area those whose middle lies in it. */
export function linksOn(city: City, place: Place | undefined): number[] {
  const all = city.links.map((_, link) => link);
  if (place === undefined) return all;
  if ('street' in place) {
    return all.filter((link) => city.streetNames[city.links[link]!.name]?.en === place.street);
  }
  const inside = placePredicate(city, place);
  return all.filter((link) => {
    const [a, b] = segmentOf(city, link);
    return inside({ x: (a.x + b.x) / 2, y: (a.y + b.y) / 2 });
  });
}

/** A circle around the place, for the map: centre and radius in m. Undefined for the whole city. */
export function circleOf(city: City, place: Place | undefined): { center: Point; radiusM: number } | undefined {
  if (place === undefined) return undefined;
  if ('radiusM' in place) return { center: city.fromLonLat(place), radiusM: place.radiusM };
  const points =
    'street' in place
      ? linksOn(city, place).flatMap((link) => segmentOf(city, link))
      : city.nodes.filter(placePredicate(city, place));
  if (points.length === 0) return undefined;
  const center = {
    x: points.reduce((sum, { x }) => sum + x, 0) / points.length,
    y: points.reduce((sum, { y }) => sum + y, 0) / points.length,
  };
  return { center, radiusM: Math.max(50, ...points.map(({ x, y }) => Math.hypot(x - center.x, y - center.y))) };
}

/**
 * The devices an entry means, ascending: those named, or those at the place, of which a share or a number is drawn by lot. The lot of a
 * device depends on nothing but the seed and `purpose`, so more devices do not change who is drawn by share.
 */
export function chooseDevices(options: {
  readonly city: City;
  readonly target: Target;
  readonly where: Place | undefined;
  readonly count: number;
  readonly placeOf: (device: number) => Point;
  readonly indexOf: (deviceId: string) => number | undefined;
  readonly random: Random;
  readonly purpose: number;
}): number[] {
  const { target, count, random, purpose } = options;
  const inside = placePredicate(options.city, options.where);
  const isThere = (device: number) => options.where === undefined || inside(options.placeOf(device));
  if (target.devices !== undefined) {
    const indices = target.devices.map((id) => options.indexOf(id)).filter((index) => index !== undefined);
    return indices.filter((index) => index < count && isThere(index)).sort((a, b) => a - b);
  }
  const there: number[] = [];
  for (let device = 0; device < count; device++) {
    if (target.share !== undefined && random.uniform(device, CHOSEN, purpose) >= target.share) continue;
    if (isThere(device)) there.push(device);
  }
  if (target.count === undefined || there.length <= target.count) return there;
  const lot = (device: number) => random.bits(device, CHOSEN + 1, purpose);
  return there
    .sort((a, b) => lot(a) - lot(b) || a - b)
    .slice(0, target.count)
    .sort((a, b) => a - b);
}

function districtOf(city: City, { x, y }: Point): number {
  let best = -1;
  let bestM = Infinity;
  city.districts.forEach(({ center }, index) => {
    const distanceM = Math.hypot(x - center.x, y - center.y);
    if (distanceM < bestM) [best, bestM] = [index, distanceM];
  });
  return best;
}

function segmentOf(city: City, link: number): [Point, Point] {
  const { from, to } = city.links[link]!;
  return [city.nodes[from]!, city.nodes[to]!];
}

function distanceToSegmentM(p: Point, a: Point, b: Point): number {
  const [dx, dy] = [b.x - a.x, b.y - a.y];
  const along = ((p.x - a.x) * dx + (p.y - a.y) * dy) / Math.max(1e-9, dx * dx + dy * dy);
  const t = Math.max(0, Math.min(1, along));
  return Math.hypot(p.x - a.x - t * dx, p.y - a.y - t * dy);
}

function unknownName(what: string, name: string, known: readonly string[]): string | undefined {
  if (known.includes(name)) return undefined;
  const close = nearestChoice(name, known);
  const hint =
    close === undefined ? `expected one of ${[...new Set(known)].slice(0, 20).join(', ')}` : `did you mean ${close}?`;
  return `unknown ${what} ${JSON.stringify(name)}, ${hint}`;
}
