// Builds the city of a seed, once per process. The same seed gives the same city under the same
// Node version; another JavaScript engine may round sin and exp differently in the last digit.
import type { City, Label } from '../city.ts';
import { Random } from '../random.ts';
import { ANCHOR } from './geography.ts';
import { Ground } from './ground.ts';
import { planLines } from './lines.ts';
import { drawMap } from './map.ts';
import { buildNetwork, toLinks } from './network.ts';
import { districts, planHomes, planParking } from './places.ts';
import { fromLonLat, toLonLat } from './projection.ts';
import { type Street, planStreets } from './streets.ts';

const DEFAULT_SEED = 1;
const ID = 'wuxi';
const NAME = { en: 'Wuxi', zh: '无锡' };
/** China Standard Time. */
const UTC_OFFSET_MIN = 480;

const cities = new Map<number, City>();

/** seed: any safe integer ≥ 0. Two runs differ in the city only if they ask for it. */
export function loadCity(seed: number = DEFAULT_SEED): City {
  if (!Number.isSafeInteger(seed) || seed < 0)
    throw new RangeError(`city seed must be a safe integer ≥ 0, got ${seed}`);
  const known = cities.get(seed);
  if (known !== undefined) return known;
  const city = buildCity(seed);
  cities.set(seed, city);
  return city;
}

/** As loadCity, always anew. */
export function buildCity(seed: number): City {
  const random = new Random(seed).fork('city');
  const ground = new Ground();
  const planned = planStreets(ground, random.fork('streets'));
  const network = buildNetwork(planned, ground);
  const { streetNames, nameOf } = collectNames(planned);
  const links = toLinks(network, planned, nameOf);
  const linksFrom = network.nodes.map((): number[] => []);
  for (const [link, { from }] of links.entries()) linksFrom[from]!.push(link);
  const streets = { nodes: network.nodes, links, linksFrom, streetNames };
  const { lines, stops } = planLines(streets, random.fork('lines'));
  return {
    id: ID,
    name: NAME,
    anchor: ANCHOR,
    utcOffsetMin: UTC_OFFSET_MIN,
    ...streets,
    stops,
    lines,
    districts: districts(),
    parkingZones: planParking(streets, ground, random.fork('parking')),
    isLand: (point) => ground.isLand(point),
    home: planHomes(streets, ground, random.fork('homes')),
    toLonLat,
    fromLonLat: ({ lon, lat }) => fromLonLat([lon, lat]),
    map: drawMap({ id: ID, name: NAME, ground, streets: planned, network, lines, stops }),
  };
}

/** Streets of the same name share one entry. */
function collectNames(planned: readonly Street[]): { streetNames: Label[]; nameOf: number[] } {
  const index = new Map<string, number>();
  const streetNames: Label[] = [];
  const nameOf = planned.map(({ name }) => {
    let at = index.get(name.en);
    if (at === undefined) {
      at = streetNames.push(name) - 1;
      index.set(name.en, at);
    }
    return at;
  });
  return { streetNames, nameOf };
}
