// Where water, hills, expressways and districts of Wuxi are, as [lon, lat] in WGS-84. An approximate drawing made by hand from
// general knowledge of the place: right in shape and position to a few hundred metres, not a navigation map. Streets are generated.
import type { Label, LandUse } from '../city.ts';
import drawing from './wuxi.json' with { type: 'json' };

export type LonLat = readonly [lon: number, lat: number];

/** Just south of the old town's middle; all metres are counted from here. */
export const ANCHOR = { lon: 120.3, lat: 31.57 } as const;

/** What the first view of the map shows: west, south, east, north. */
export const BOUNDS = [120.09, 31.41, 120.5, 31.71] as const;

export interface Lake extends Label {
  readonly shore: readonly LonLat[];
  readonly islands: readonly (readonly LonLat[])[];
}

export interface Waterway extends Label {
  readonly type: 'canal' | 'river';
  readonly widthM: number;
  readonly course: readonly LonLat[];
  readonly closed?: boolean;
  /** Streets other than expressways cross only this far apart. */
  readonly bridgesApartM: number;
}

export interface Park extends Label {
  readonly type: 'hill' | 'park' | 'wetland';
  readonly outline: readonly LonLat[];
}

export interface Expressway extends Label {
  readonly course: readonly LonLat[];
  readonly closed?: boolean;
}

/** The shapes of wuxi.json, one a line. */
interface Drawing {
  readonly lakes: readonly Lake[];
  readonly waterways: readonly Waterway[];
  readonly parks: readonly Park[];
  readonly builtUp: readonly LonLat[];
  readonly expressways: readonly Expressway[];
}
// A JSON module knows number arrays, not pairs.
const shapes = drawing as unknown as Drawing;

/** Taihu first (from Meiliang Bay counter-clockwise), Li Lake second: each has its own shore road. */
export const LAKES = shapes.lakes;
/** The canal comes first and the moat second: their banks carry roads. Widths are estimates; the canal is 60–90 m wide in the city. */
export const WATERWAYS = shapes.waterways;
export const PARKS = shapes.parks;
/** The built-up area, clockwise from Luoshe in the north-west. */
export const BUILT_UP = shapes.builtUp;
/** "Two rings, twelve radials": the inner ring whole, the outer one where there is land. */
export const EXPRESSWAYS = shapes.expressways;

export interface DistrictFacts extends Label {
  readonly center: LonLat;
  readonly population: number;
  readonly landUse: LandUse;
  readonly label: LonLat;
  /** Radius within which the district is built densely. */
  readonly denseM: number;
}

/** Residents about 2023, rounded from published figures; the zone's share, apart from Binhu, is an estimate. */
export const DISTRICTS: readonly DistrictFacts[] = [
  {
    en: 'Liangxi District',
    zh: '梁溪区',
    center: [120.302, 31.573],
    label: [120.322, 31.603],
    population: 990_000,
    landUse: 'retail',
    denseM: 5600,
  },
  {
    en: 'Binhu District',
    zh: '滨湖区',
    center: [120.249, 31.55],
    label: [120.232, 31.567],
    population: 600_000,
    landUse: 'housing',
    denseM: 3000,
  },
  {
    en: 'Huishan District',
    zh: '惠山区',
    center: [120.283, 31.663],
    label: [120.264, 31.655],
    population: 900_000,
    landUse: 'housing',
    denseM: 3000,
  },
  {
    en: 'Xishan District',
    zh: '锡山区',
    center: [120.368, 31.59],
    label: [120.385, 31.618],
    population: 890_000,
    landUse: 'housing',
    denseM: 3400,
  },
  {
    en: 'Xinwu District',
    zh: '新吴区',
    center: [120.377, 31.53],
    label: [120.395, 31.535],
    population: 730_000,
    landUse: 'industry',
    denseM: 2700,
  },
  {
    en: 'Economic Development Zone',
    zh: '经开区',
    center: [120.307, 31.492],
    label: [120.317, 31.474],
    population: 300_000,
    landUse: 'office',
    denseM: 3200,
  },
];

/** Towns with a dense middle of their own. */
export const TOWNS: readonly { readonly center: LonLat; readonly denseM: number }[] = [
  { center: [120.187, 31.652], denseM: 1600 },
  { center: [120.222, 31.615], denseM: 1300 },
  { center: [120.335, 31.645], denseM: 1500 },
  { center: [120.455, 31.603], denseM: 1800 },
  { center: [120.425, 31.548], denseM: 1500 },
  { center: [120.43, 31.505], denseM: 1300 },
  { center: [120.387, 31.478], denseM: 1500 },
  { center: [120.346, 31.47], denseM: 1500 },
  { center: [120.27, 31.465], denseM: 1100 },
  { center: [120.145, 31.572], denseM: 1500 },
];

export interface PlaceFacts extends Label {
  readonly at: LonLat;
}

/** Hubs of the bus network; their names win over crossing names. */
export const HUBS = {
  station: { en: 'Railway Station', zh: '无锡火车站', at: [120.302, 31.5895] },
  sanyang: { en: 'Sanyang Plaza', zh: '三阳广场', at: [120.2985, 31.5735] },
  nanchan: { en: 'Nanchan Temple', zh: '南禅寺', at: [120.3035, 31.5605] },
  huishanNewTown: { en: 'Huishan New Town', zh: '惠山新城', at: [120.286, 31.675] },
  luoshe: { en: 'Luoshe', zh: '洛社', at: [120.21, 31.637] },
  qianqiao: { en: 'Qianqiao', zh: '钱桥', at: [120.222, 31.612] },
  meiyuan: { en: 'Plum Garden', zh: '梅园', at: [120.216, 31.556] },
  lihu: { en: 'Li Lake Bridge', zh: '蠡湖大桥', at: [120.256, 31.5395] },
  xuelang: { en: 'Xuelang', zh: '雪浪', at: [120.279, 31.478] },
  civic: { en: 'Civic Centre', zh: '市民中心', at: [120.3145, 31.489] },
  huazhuang: { en: 'Huazhuang', zh: '华庄', at: [120.346, 31.472] },
  airport: { en: 'Shuofang Airport', zh: '硕放机场', at: [120.415, 31.507] },
  xinan: { en: "Xin'an", zh: '新安', at: [120.385, 31.482] },
  xinwu: { en: 'Xinwu Centre', zh: '新吴中心', at: [120.378, 31.527] },
  meicun: { en: 'Meicun', zh: '梅村', at: [120.417, 31.549] },
  dongting: { en: 'Dongting', zh: '东亭', at: [120.372, 31.592] },
  xidong: { en: 'Xidong New Town', zh: '锡东新城', at: [120.424, 31.6] },
  dongbeitang: { en: 'Dongbeitang', zh: '东北塘', at: [120.335, 31.645] },
} as const satisfies { [key: string]: PlaceFacts };

export type Hub = keyof typeof HUBS;

/** Places that are only a name on the map. */
export const PLACE_LABELS: readonly PlaceFacts[] = [
  { en: 'Railway Station', zh: '无锡火车站', at: [120.302, 31.5895] },
  { en: 'Sanyang Plaza', zh: '三阳广场', at: [120.2985, 31.5735] },
  { en: 'East Railway Station', zh: '无锡东站', at: [120.455, 31.6] },
  { en: 'Shuofang Airport', zh: '硕放机场', at: [120.431, 31.498] },
  { en: 'Taihu New Town', zh: '太湖新城', at: [120.3, 31.494] },
  { en: 'Luoshe', zh: '洛社', at: [120.187, 31.655] },
  { en: 'Meicun', zh: '梅村', at: [120.425, 31.548] },
  { en: 'Hudai', zh: '胡埭', at: [120.145, 31.573] },
  { en: "Xin'an", zh: '新安', at: [120.387, 31.476] },
  { en: 'Nanchang Street', zh: '南长街', at: [120.314, 31.555] },
];

export const LAKE_LABELS: readonly PlaceFacts[] = [
  { en: 'Lake Taihu', zh: '太湖', at: [120.17, 31.405] },
  { en: 'Meiliang Bay', zh: '梅梁湾', at: [120.165, 31.49] },
  { en: 'Gonghu Bay', zh: '贡湖湾', at: [120.33, 31.402] },
  { en: 'Zhushan Bay', zh: '竺山湾', at: [120.045, 31.43] },
  { en: 'Li Lake', zh: '蠡湖', at: [120.255, 31.523] },
];
