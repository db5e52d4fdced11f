// Where people park and live: parking zones of land use and the place of the i-th home. Both follow the streets.
import type { District, LandUse, Link, ParkingZone, Point, StreetClass } from '../city.ts';
import type { Random } from '../random.ts';
import { DISTRICTS, HUBS, type LonLat } from './geography.ts';
import { between, distance } from './geometry.ts';
import type { Ground } from './ground.ts';
import type { Streets } from './lines.ts';
import { fromLonLat } from './projection.ts';

export function districts(): District[] {
  return DISTRICTS.map(({ en, zh, center, population, landUse }) => ({
    name: { en, zh },
    center: fromLonLat(center),
    population,
    landUse,
  }));
}

/** A parallel bay is about 6.0 × 2.5 m; lots use the same step. */
const BAY_M = 6;
const KERB_M = 5;
/** Kept free at a block's ends for the crossing. */
const CLEAR_M = 24;
const MAX_BAYS_A_SIDE = 22;
/** A block with room for 30 spots. */
const MIN_BLOCK_M = 2 * CLEAR_M + 15 * BAY_M;
const LOT = { rows: 6, columns: 7, setBackM: 28 } as const;
const ZONE_APART_M = 170;

interface ZoneArea {
  readonly landUse: LandUse;
  readonly zones: number;
  readonly lotShare: number;
  readonly around: readonly { readonly at: LonLat; readonly withinM: number }[];
}

/** 78 zones: shops in the old core, offices in the new town, works in the east, housing between. */
const ZONE_AREAS: readonly ZoneArea[] = [
  {
    landUse: 'retail',
    zones: 26,
    lotShare: 0.15,
    around: [
      { at: HUBS.sanyang.at, withinM: 1500 },
      { at: HUBS.dongting.at, withinM: 700 },
    ],
  },
  { landUse: 'office', zones: 18, lotShare: 0.5, around: [{ at: HUBS.civic.at, withinM: 2300 }] },
  {
    landUse: 'housing',
    zones: 22,
    lotShare: 0.35,
    around: [
      { at: [120.325, 31.6], withinM: 1900 },
      { at: [120.275, 31.55], withinM: 1900 },
      { at: HUBS.dongting.at, withinM: 2600 },
      { at: [120.285, 31.645], withinM: 2500 },
    ],
  },
  {
    landUse: 'industry',
    zones: 12,
    lotShare: 0.8,
    around: [
      { at: HUBS.xinwu.at, withinM: 2600 },
      { at: HUBS.airport.at, withinM: 1800 },
    ],
  },
];
const PICK = 1;
const LOT_PURPOSE = 2;

interface Block {
  readonly link: number;
  readonly middle: Point;
}

/** Zones of all land uses take turns, so that the first spots are spread over the city's life. */
export function planParking(streets: Streets, ground: Ground, random: Random): ParkingZone[] {
  const blocks = blocksOf(streets);
  const taken: Point[] = [];
  const queues = ZONE_AREAS.map((area) => zonesOf(area, blocks, streets, ground, random.fork(area.landUse), taken));
  const zones: ParkingZone[] = [];
  for (let turn = 0; queues.some((queue) => turn < queue.length); turn++) {
    for (const queue of queues) {
      const zone = queue[turn];
      if (zone !== undefined) zones.push({ ...zone, id: `zone-${String(zones.length + 1).padStart(2, '0')}` });
    }
  }
  return zones;
}

/** Blocks where one may stop: secondary and local streets, long enough for a zone. */
function blocksOf({ nodes, links }: Streets): Block[] {
  const blocks: Block[] = [];
  for (let link = 0; link < links.length; link += 2) {
    const { from, to, streetClass, lengthM } = links[link]!;
    if (lengthM < MIN_BLOCK_M || streetClass === 'expressway' || streetClass === 'arterial') continue;
    blocks.push({ link, middle: between(nodes[from]!, nodes[to]!, 0.5) });
  }
  return blocks;
}

function zonesOf(
  area: ZoneArea,
  blocks: readonly Block[],
  { nodes, links, streetNames }: Streets,
  ground: Ground,
  random: Random,
  taken: Point[],
): Omit<ParkingZone, 'id'>[] {
  const centers = area.around.map(({ at, withinM }) => ({ at: fromLonLat(at), withinM }));
  const candidates = blocks
    .filter(({ middle }) => centers.some(({ at, withinM }) => distance(at, middle) < withinM))
    .map((block) => ({ ...block, order: random.bits(block.link, PICK, 0) }))
    .sort((one, other) => one.order - other.order);
  const zones: Omit<ParkingZone, 'id'>[] = [];
  for (const { link, middle } of candidates) {
    if (zones.length === area.zones) break;
    if (taken.some((other) => distance(other, middle) < ZONE_APART_M)) continue;
    const { from, to, name } = links[link]!;
    const isLot = random.uniform(link, LOT_PURPOSE, 0) < area.lotShare;
    const spots = isLot ? lotSpots(nodes[from]!, nodes[to]!) : kerbSpots(nodes[from]!, nodes[to]!);
    if (!spots.every((spot) => ground.isLand(spot))) continue;
    taken.push(middle);
    const { en, zh } = streetNames[name]!;
    const label = isLot ? { en: `${en} Car Park`, zh: `${zh}停车场` } : { en: `${en} Kerb`, zh: `${zh}路边泊位` };
    zones.push({ name: label, landUse: area.landUse, spots });
  }
  return zones;
}

/** Both kerbs of a block, one side after the other, in driving order. */
function kerbSpots(a: Point, b: Point): Point[] {
  const lengthM = distance(a, b);
  const bays = Math.min(MAX_BAYS_A_SIDE, Math.floor((lengthM - 2 * CLEAR_M) / BAY_M) + 1);
  const first = (lengthM - (bays - 1) * BAY_M) / 2;
  return [1, -1].flatMap((side) =>
    Array.from({ length: bays }, (_, i) => beside(a, b, first + i * BAY_M, side * KERB_M)),
  );
}

function lotSpots(a: Point, b: Point): Point[] {
  const first = (distance(a, b) - (LOT.columns - 1) * BAY_M) / 2;
  return Array.from({ length: LOT.rows * LOT.columns }, (_, i) =>
    beside(a, b, first + (i % LOT.columns) * BAY_M, LOT.setBackM + Math.floor(i / LOT.columns) * BAY_M),
  );
}

/** alongM from a towards b, asideM to the right. */
function beside(a: Point, b: Point, alongM: number, asideM: number): Point {
  const lengthM = distance(a, b);
  const [dx, dy] = [(b.x - a.x) / lengthM, (b.y - a.y) / lengthM];
  return { x: a.x + dx * alongM + dy * asideM, y: a.y + dy * alongM - dx * asideM };
}

/** How likely a metre of street has homes behind it. */
const HOMES_PER_M: { readonly [key in StreetClass]: number } = {
  expressway: 0,
  arterial: 0.3,
  secondary: 0.8,
  local: 1,
};
/** Houses stand this far from the middle of the street; the safe place is tested for every street. */
const SET_BACK_M = { least: 16, most: 75, safe: 24 } as const;
const TRIES = 4;
const HOME_DISTRICT = 1;
const HOME_STREET = 2;
const HOME_ALONG = 3;
const HOME_ASIDE = 4;

interface Quarter {
  /** Share of the city's people in this and earlier districts. */
  readonly upTo: number;
  readonly links: Int32Array;
  readonly weightUpTo: Float64Array;
}

/** home(i): district by population, street by length and density, place along and beside it by chance. 4 draws and a search. */
export function planHomes({ nodes, links }: Streets, ground: Ground, random: Random): (index: number) => Point {
  const quarters = quartersOf(nodes, links, ground);
  return (index) => {
    const draw = (purpose: number, counter: number): number => random.uniform(index, purpose, counter);
    const share = draw(HOME_DISTRICT, 0);
    const quarter = quarters.find(({ upTo }) => share < upTo) ?? quarters.at(-1)!;
    const weights = quarter.weightUpTo;
    const { from, to, lengthM } = links[quarter.links[firstAbove(weights, draw(HOME_STREET, 0) * weights.at(-1)!)]!]!;
    const [a, b] = [nodes[from]!, nodes[to]!];
    for (let counter = 0; counter < TRIES; counter++) {
      const aside = 2 * draw(HOME_ASIDE, counter) - 1;
      const setBackM = SET_BACK_M.least + (SET_BACK_M.most - SET_BACK_M.least) * Math.abs(aside);
      const place = beside(a, b, draw(HOME_ALONG, counter) * lengthM, aside < 0 ? -setBackM : setBackM);
      if (ground.isLand(place)) return place;
    }
    return beside(a, b, lengthM / 2, SET_BACK_M.safe);
  };
}

function quartersOf(nodes: readonly Point[], links: readonly Link[], ground: Ground): Quarter[] {
  const middles = DISTRICTS.map(({ center, denseM }) => ({ at: fromLonLat(center), denseM }));
  const byDistrict = middles.map((): { links: number[]; weightUpTo: number[] } => ({ links: [], weightUpTo: [] }));
  for (let link = 0; link < links.length; link += 2) {
    const { from, to, streetClass, lengthM } = links[link]!;
    if (HOMES_PER_M[streetClass] === 0) continue;
    const safe = beside(nodes[from]!, nodes[to]!, lengthM / 2, SET_BACK_M.safe);
    if (!ground.isLand(safe)) continue;
    const near = middles.map(({ at, denseM }) => distance(at, safe) / denseM);
    const district = byDistrict[near.indexOf(Math.min(...near))]!;
    const weight = lengthM * HOMES_PER_M[streetClass] * (0.15 + ground.density(safe));
    district.weightUpTo.push((district.weightUpTo.at(-1) ?? 0) + weight);
    district.links.push(link);
  }
  const people = DISTRICTS.reduce((sum, { population }) => sum + population, 0);
  let upTo = 0;
  return byDistrict.map((district, i) => {
    upTo += DISTRICTS[i]!.population / people;
    return { upTo, links: Int32Array.from(district.links), weightUpTo: Float64Array.from(district.weightUpTo) };
  });
}

/** Index of the first entry above the value; entries ascend. */
function firstAbove(values: Float64Array, value: number): number {
  let [low, high] = [0, values.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if (values[middle]! > value) high = middle;
    else low = middle + 1;
  }
  return low;
}
