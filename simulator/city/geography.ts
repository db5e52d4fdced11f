// Where water, hills, expressways and districts of Wuxi are, as [lon, lat] in WGS-84. An approximate drawing made by hand from
// general knowledge of the place: right in shape and position to a few hundred metres, not a navigation map. Streets are generated.
import type { Label, LandUse } from '../city.ts';

export type LonLat = readonly [lon: number, lat: number];

/** Just south of the old town's middle; all metres are counted from here. */
export const ANCHOR = { lon: 120.3, lat: 31.57 } as const;

/** What the first view of the map shows: west, south, east, north. */
export const BOUNDS = [120.09, 31.41, 120.5, 31.71] as const;

export interface Lake extends Label {
  readonly shore: readonly LonLat[];
  readonly islands: readonly (readonly LonLat[])[];
}

/** Taihu from Meiliang Bay counter-clockwise: Mashan, Zhushan Bay, the far south, Gonghu Bay, Turtle Head Isle. */
const TAIHU: readonly LonLat[] = [
  [120.212, 31.54],
  [120.203, 31.546],
  [120.19, 31.547],
  [120.176, 31.541],
  [120.162, 31.543],
  [120.148, 31.537],
  [120.134, 31.532],
  [120.122, 31.519],
  [120.114, 31.501],
  [120.103, 31.487],
  [120.112, 31.471],
  [120.126, 31.459],
  [120.138, 31.441],
  [120.136, 31.423],
  [120.12, 31.405],
  [120.096, 31.393],
  [120.073, 31.399],
  [120.061, 31.418],
  [120.064, 31.44],
  [120.06, 31.461],
  [120.046, 31.474],
  [120.033, 31.464],
  [120.03, 31.442],
  [120.026, 31.415],
  [120.006, 31.382],
  [119.982, 31.348],
  [119.948, 31.308],
  [119.927, 31.262],
  [119.9, 31.21],
  [119.892, 31.16],
  [119.908, 31.112],
  [119.94, 31.056],
  [119.985, 31.008],
  [120.05, 30.96],
  [120.14, 30.932],
  [120.24, 30.936],
  [120.34, 30.956],
  [120.43, 30.946],
  [120.5, 30.965],
  [120.53, 31.0],
  [120.5, 31.03],
  [120.43, 31.035],
  [120.37, 31.065],
  [120.39, 31.1],
  [120.45, 31.13],
  [120.46, 31.18],
  [120.42, 31.216],
  [120.378, 31.25],
  [120.358, 31.3],
  [120.362, 31.333],
  [120.395, 31.352],
  [120.424, 31.372],
  [120.43, 31.39],
  [120.413, 31.406],
  [120.388, 31.417],
  [120.367, 31.428],
  [120.343, 31.433],
  [120.318, 31.443],
  [120.292, 31.44],
  [120.27, 31.434],
  [120.252, 31.424],
  [120.236, 31.411],
  [120.223, 31.411],
  [120.213, 31.425],
  [120.214, 31.445],
  [120.221, 31.462],
  [120.227, 31.48],
  [120.222, 31.496],
  [120.21, 31.504],
  [120.201, 31.512],
  [120.203, 31.521],
  [120.213, 31.53],
];

const LI_LAKE: readonly LonLat[] = [
  [120.221, 31.532],
  [120.229, 31.541],
  [120.24, 31.5415],
  [120.25, 31.536],
  [120.26, 31.53],
  [120.272, 31.527],
  [120.283, 31.52],
  [120.286, 31.513],
  [120.278, 31.509],
  [120.267, 31.512],
  [120.256, 31.515],
  [120.247, 31.512],
  [120.241, 31.506],
  [120.234, 31.507],
  [120.231, 31.515],
  [120.223, 31.523],
];

/** Taihu first, Li Lake second: each has its own shore road. */
export const LAKES: readonly Lake[] = [
  {
    en: 'Lake Taihu',
    zh: '太湖',
    shore: TAIHU,
    islands: [
      [
        [120.183, 31.512],
        [120.19, 31.5135],
        [120.192, 31.509],
        [120.186, 31.506],
      ],
      [
        [120.2, 31.1],
        [120.23, 31.15],
        [120.28, 31.165],
        [120.32, 31.14],
        [120.31, 31.09],
        [120.25, 31.07],
      ],
    ],
  },
  {
    en: 'Li Lake',
    zh: '蠡湖',
    shore: LI_LAKE,
    islands: [
      [
        [120.243, 31.526],
        [120.247, 31.528],
        [120.25, 31.525],
        [120.246, 31.5232],
      ],
    ],
  },
];

export interface Waterway extends Label {
  readonly type: 'canal' | 'river';
  readonly widthM: number;
  readonly course: readonly LonLat[];
  readonly closed?: boolean;
  /** Streets other than expressways cross only this far apart. */
  readonly bridgesApartM: number;
}

/** The canal comes first and the moat second: their banks carry roads. Widths are estimates; the canal is 60–90 m wide in the city. */
export const WATERWAYS: readonly Waterway[] = [
  {
    en: 'Grand Canal',
    zh: '京杭大运河',
    type: 'canal',
    widthM: 80,
    bridgesApartM: 800,
    course: [
      [120.03, 31.742],
      [120.075, 31.716],
      [120.12, 31.694],
      [120.165, 31.668],
      [120.2, 31.648],
      [120.232, 31.626],
      [120.255, 31.608],
      [120.27, 31.596],
      [120.279, 31.583],
      [120.2825, 31.57],
      [120.288, 31.558],
      [120.3, 31.547],
      [120.32, 31.536],
      [120.342, 31.524],
      [120.365, 31.507],
      [120.39, 31.487],
      [120.415, 31.466],
      [120.44, 31.444],
      [120.47, 31.41],
      [120.51, 31.37],
    ],
  },
  {
    en: 'City Moat',
    zh: '环城古运河',
    type: 'canal',
    widthM: 35,
    bridgesApartM: 800,
    closed: true,
    course: [
      [120.2985, 31.5865],
      [120.3055, 31.5845],
      [120.3105, 31.5795],
      [120.312, 31.573],
      [120.3085, 31.5665],
      [120.3025, 31.5625],
      [120.2955, 31.5632],
      [120.2895, 31.5675],
      [120.2872, 31.5735],
      [120.2885, 31.58],
      [120.2925, 31.585],
    ],
  },
  {
    en: 'Ancient Canal',
    zh: '古运河',
    type: 'canal',
    widthM: 30,
    bridgesApartM: 800,
    course: [
      [120.272, 31.5945],
      [120.281, 31.592],
      [120.2925, 31.585],
    ],
  },
  {
    en: 'Ancient Canal',
    zh: '古运河',
    type: 'canal',
    widthM: 30,
    bridgesApartM: 800,
    course: [
      [120.3065, 31.5645],
      [120.3125, 31.556],
      [120.3195, 31.547],
      [120.326, 31.533],
    ],
  },
  {
    en: 'Liangxi River',
    zh: '梁溪河',
    type: 'river',
    widthM: 50,
    bridgesApartM: 700,
    course: [
      [120.236, 31.54],
      [120.243, 31.549],
      [120.257, 31.552],
      [120.268, 31.559],
      [120.2835, 31.566],
    ],
  },
  {
    en: 'Bodu Creek',
    zh: '伯渎港',
    type: 'river',
    widthM: 40,
    bridgesApartM: 700,
    course: [
      [120.316, 31.5515],
      [120.338, 31.556],
      [120.365, 31.5535],
      [120.395, 31.558],
      [120.43, 31.552],
      [120.465, 31.549],
      [120.52, 31.535],
    ],
  },
  {
    en: 'Jiuli River',
    zh: '九里河',
    type: 'river',
    widthM: 35,
    bridgesApartM: 700,
    course: [
      [120.3105, 31.5795],
      [120.325, 31.5825],
      [120.35, 31.591],
      [120.385, 31.587],
      [120.42, 31.596],
      [120.46, 31.594],
      [120.52, 31.606],
    ],
  },
  {
    en: 'Xibei Canal',
    zh: '锡北运河',
    type: 'river',
    widthM: 50,
    bridgesApartM: 900,
    course: [
      [120.244, 31.6165],
      [120.27, 31.628],
      [120.3, 31.631],
      [120.335, 31.642],
      [120.37, 31.638],
      [120.41, 31.655],
      [120.46, 31.662],
      [120.53, 31.69],
    ],
  },
  {
    en: 'Xicheng Canal',
    zh: '锡澄运河',
    type: 'river',
    widthM: 60,
    bridgesApartM: 1000,
    course: [
      [120.228, 31.629],
      [120.236, 31.65],
      [120.233, 31.68],
      [120.245, 31.72],
      [120.25, 31.78],
    ],
  },
  {
    en: 'Zhihu Creek',
    zh: '直湖港',
    type: 'river',
    widthM: 50,
    bridgesApartM: 1000,
    course: [
      [120.145, 31.68],
      [120.15, 31.645],
      [120.139, 31.61],
      [120.144, 31.575],
      [120.14, 31.535],
    ],
  },
  {
    en: 'Changguang Creek',
    zh: '长广溪',
    type: 'river',
    widthM: 60,
    bridgesApartM: 1000,
    course: [
      [120.269, 31.512],
      [120.264, 31.495],
      [120.268, 31.475],
      [120.259, 31.455],
      [120.262, 31.43],
    ],
  },
  {
    en: 'Caowangjing Creek',
    zh: '曹王泾',
    type: 'river',
    widthM: 30,
    bridgesApartM: 700,
    course: [
      [120.285, 31.515],
      [120.305, 31.52],
      [120.33, 31.53],
    ],
  },
  {
    en: 'Daxi Creek',
    zh: '大溪港',
    type: 'river',
    widthM: 40,
    bridgesApartM: 900,
    course: [
      [120.358, 31.512],
      [120.349, 31.487],
      [120.357, 31.46],
      [120.354, 31.43],
    ],
  },
  {
    en: 'Wangyu River',
    zh: '望虞河',
    type: 'river',
    widthM: 90,
    bridgesApartM: 1200,
    course: [
      [120.428, 31.39],
      [120.452, 31.428],
      [120.492, 31.47],
      [120.52, 31.53],
      [120.56, 31.59],
    ],
  },
  {
    en: 'Liyuan Gate',
    zh: '梅梁湖口',
    type: 'river',
    widthM: 60,
    bridgesApartM: 900,
    course: [
      [120.209, 31.5365],
      [120.217, 31.5345],
      [120.226, 31.535],
    ],
  },
];

export interface Park extends Label {
  readonly type: 'hill' | 'park' | 'wetland';
  readonly outline: readonly LonLat[];
}

export const PARKS: readonly Park[] = [
  {
    en: 'Huishan Hill',
    zh: '惠山',
    type: 'hill',
    outline: [
      [120.207, 31.588],
      [120.217, 31.596],
      [120.232, 31.597],
      [120.246, 31.592],
      [120.26, 31.589],
      [120.267, 31.582],
      [120.259, 31.575],
      [120.246, 31.574],
      [120.232, 31.579],
      [120.218, 31.58],
    ],
  },
  {
    en: 'Xihui Park',
    zh: '锡惠公园',
    type: 'park',
    outline: [
      [120.267, 31.5835],
      [120.274, 31.585],
      [120.278, 31.58],
      [120.277, 31.574],
      [120.27, 31.573],
      [120.266, 31.577],
    ],
  },
  {
    en: 'Shunke Hill',
    zh: '舜柯山',
    type: 'hill',
    outline: [
      [120.152, 31.59],
      [120.165, 31.599],
      [120.181, 31.6],
      [120.195, 31.592],
      [120.2, 31.581],
      [120.188, 31.574],
      [120.171, 31.579],
    ],
  },
  {
    en: 'Plum Garden',
    zh: '梅园',
    type: 'park',
    outline: [
      [120.205, 31.566],
      [120.213, 31.568],
      [120.222, 31.565],
      [120.221, 31.56],
      [120.21, 31.559],
    ],
  },
  {
    en: 'Turtle Head Isle',
    zh: '鼋头渚',
    type: 'hill',
    outline: [
      [120.199, 31.512],
      [120.203, 31.524],
      [120.214, 31.531],
      [120.22, 31.528],
      [120.227, 31.519],
      [120.229, 31.509],
      [120.237, 31.504],
      [120.238, 31.495],
      [120.226, 31.488],
      [120.212, 31.503],
    ],
  },
  {
    en: 'Junzhang Hills',
    zh: '军嶂山',
    type: 'hill',
    outline: [
      [120.219, 31.487],
      [120.236, 31.494],
      [120.251, 31.486],
      [120.255, 31.471],
      [120.246, 31.456],
      [120.24, 31.438],
      [120.226, 31.432],
      [120.214, 31.445],
      [120.22, 31.464],
    ],
  },
  {
    en: 'Mashan Hills',
    zh: '马山',
    type: 'hill',
    outline: [
      [120.078, 31.412],
      [120.088, 31.434],
      [120.104, 31.446],
      [120.118, 31.44],
      [120.12, 31.422],
      [120.1, 31.403],
    ],
  },
  {
    en: 'Hou Hill',
    zh: '吼山',
    type: 'hill',
    outline: [
      [120.424, 31.622],
      [120.437, 31.628],
      [120.448, 31.623],
      [120.443, 31.616],
      [120.43, 31.615],
    ],
  },
  {
    en: 'Dou Hill',
    zh: '斗山',
    type: 'hill',
    outline: [
      [120.385, 31.684],
      [120.4, 31.692],
      [120.417, 31.688],
      [120.41, 31.678],
      [120.394, 31.676],
    ],
  },
  {
    en: 'Hong Hill',
    zh: '鸿山',
    type: 'hill',
    outline: [
      [120.478, 31.53],
      [120.489, 31.537],
      [120.502, 31.533],
      [120.498, 31.524],
      [120.484, 31.523],
    ],
  },
  {
    en: 'Li Lake Central Park',
    zh: '蠡湖中央公园',
    type: 'park',
    outline: [
      [120.242, 31.5415],
      [120.248, 31.5435],
      [120.254, 31.5395],
      [120.252, 31.535],
    ],
  },
  {
    en: 'Li Lake Park',
    zh: '蠡湖公园',
    type: 'park',
    outline: [
      [120.259, 31.5305],
      [120.263, 31.5345],
      [120.271, 31.5315],
      [120.271, 31.5275],
    ],
  },
  {
    en: 'South Li Lake Park',
    zh: '蠡湖南岸公园',
    type: 'park',
    outline: [
      [120.247, 31.512],
      [120.256, 31.5155],
      [120.266, 31.5125],
      [120.263, 31.5085],
      [120.252, 31.508],
    ],
  },
  {
    en: 'City Park',
    zh: '城中公园',
    type: 'park',
    outline: [
      [120.2992, 31.5795],
      [120.3025, 31.5798],
      [120.3028, 31.5772],
      [120.2995, 31.577],
    ],
  },
  {
    en: 'Jinkui Park',
    zh: '金匮公园',
    type: 'park',
    outline: [
      [120.303, 31.488],
      [120.311, 31.489],
      [120.312, 31.482],
      [120.304, 31.481],
    ],
  },
  {
    en: 'Shangxian River Wetland',
    zh: '尚贤河湿地',
    type: 'wetland',
    outline: [
      [120.297, 31.505],
      [120.3015, 31.504],
      [120.3005, 31.485],
      [120.302, 31.466],
      [120.2975, 31.465],
      [120.2955, 31.484],
    ],
  },
  {
    en: 'Gonghu Bay Wetland',
    zh: '贡湖湾湿地',
    type: 'wetland',
    outline: [
      [120.272, 31.437],
      [120.292, 31.45],
      [120.32, 31.4515],
      [120.345, 31.443],
      [120.367, 31.4375],
      [120.387, 31.424],
      [120.38, 31.419],
      [120.343, 31.43],
      [120.318, 31.438],
      [120.292, 31.436],
    ],
  },
  {
    en: 'Changguang Creek Wetland',
    zh: '长广溪湿地',
    type: 'wetland',
    outline: [
      [120.262, 31.507],
      [120.269, 31.505],
      [120.27, 31.49],
      [120.273, 31.474],
      [120.267, 31.462],
      [120.261, 31.462],
      [120.264, 31.475],
      [120.26, 31.49],
    ],
  },
  {
    en: 'Bodu Park',
    zh: '伯渎公园',
    type: 'park',
    outline: [
      [120.372, 31.552],
      [120.378, 31.5545],
      [120.386, 31.553],
      [120.385, 31.549],
      [120.374, 31.5485],
    ],
  },
  {
    en: 'Xidong Park',
    zh: '映月湖公园',
    type: 'park',
    outline: [
      [120.452, 31.607],
      [120.46, 31.609],
      [120.464, 31.604],
      [120.457, 31.601],
    ],
  },
  {
    en: 'Huishan New Town Park',
    zh: '惠山新城公园',
    type: 'park',
    outline: [
      [120.283, 31.668],
      [120.289, 31.671],
      [120.294, 31.667],
      [120.288, 31.662],
    ],
  },
];

/** The built-up area, clockwise from Luoshe in the north-west. */
export const BUILT_UP: readonly LonLat[] = [
  [120.163, 31.662],
  [120.186, 31.674],
  [120.213, 31.661],
  [120.24, 31.667],
  [120.258, 31.69],
  [120.29, 31.702],
  [120.318, 31.694],
  [120.335, 31.67],
  [120.36, 31.66],
  [120.385, 31.643],
  [120.412, 31.632],
  [120.44, 31.637],
  [120.468, 31.63],
  [120.482, 31.606],
  [120.468, 31.584],
  [120.45, 31.572],
  [120.457, 31.553],
  [120.468, 31.53],
  [120.462, 31.5],
  [120.438, 31.482],
  [120.42, 31.455],
  [120.395, 31.44],
  [120.368, 31.436],
  [120.343, 31.445],
  [120.313, 31.452],
  [120.285, 31.448],
  [120.262, 31.45],
  [120.258, 31.472],
  [120.252, 31.493],
  [120.247, 31.51],
  [120.24, 31.53],
  [120.222, 31.54],
  [120.205, 31.551],
  [120.178, 31.551],
  [120.152, 31.549],
  [120.127, 31.559],
  [120.122, 31.585],
  [120.135, 31.603],
  [120.168, 31.606],
  [120.193, 31.604],
  [120.2, 31.618],
  [120.178, 31.63],
  [120.158, 31.644],
];

export interface Expressway extends Label {
  readonly course: readonly LonLat[];
  readonly closed?: boolean;
}

/** "Two rings, twelve radials": the inner ring whole, the outer one where there is land. */
export const EXPRESSWAYS: readonly Expressway[] = [
  {
    en: 'Inner Ring Expressway',
    zh: '内环快速路',
    closed: true,
    course: [
      [120.3, 31.6145],
      [120.325, 31.61],
      [120.343, 31.597],
      [120.35, 31.574],
      [120.344, 31.549],
      [120.323, 31.532],
      [120.297, 31.5285],
      [120.272, 31.536],
      [120.255, 31.551],
      [120.249, 31.572],
      [120.254, 31.597],
      [120.274, 31.612],
    ],
  },
  {
    en: 'Outer Ring Expressway',
    zh: '外环高速',
    course: [
      [120.155, 31.553],
      [120.157, 31.58],
      [120.161, 31.61],
      [120.185, 31.642],
      [120.225, 31.665],
      [120.275, 31.682],
      [120.325, 31.677],
      [120.373, 31.653],
      [120.413, 31.62],
      [120.433, 31.58],
      [120.431, 31.54],
      [120.41, 31.498],
      [120.375, 31.467],
      [120.33, 31.458],
      [120.282, 31.462],
    ],
  },
  {
    en: 'Xicheng Expressway',
    zh: '锡澄快速路',
    course: [
      [120.3, 31.6135],
      [120.304, 31.64],
      [120.296, 31.68],
      [120.3, 31.76],
      [120.27, 31.9],
    ],
  },
  {
    en: 'Fengxiang Expressway',
    zh: '凤翔快速路',
    course: [
      [120.275, 31.6105],
      [120.26, 31.64],
      [120.254, 31.673],
      [120.225, 31.76],
      [120.15, 31.87],
    ],
  },
  {
    en: 'Xiyi Expressway',
    zh: '锡宜快速路',
    course: [
      [120.254, 31.592],
      [120.236, 31.602],
      [120.213, 31.611],
      [120.163, 31.618],
      [120.06, 31.65],
      [119.8, 31.7],
    ],
  },
  {
    en: 'Qianhu Expressway',
    zh: '钱胡快速路',
    course: [
      [120.2525, 31.558],
      [120.235, 31.5565],
      [120.2, 31.555],
      [120.157, 31.562],
      [120.06, 31.565],
      [119.85, 31.52],
    ],
  },
  {
    en: 'Lihu Expressway',
    zh: '蠡湖大道快速路',
    course: [
      [120.288, 31.5325],
      [120.2935, 31.512],
      [120.291, 31.487],
      [120.285, 31.459],
    ],
  },
  {
    en: 'Nanhu Expressway',
    zh: '南湖大道快速路',
    course: [
      [120.32, 31.533],
      [120.331, 31.511],
      [120.331, 31.484],
      [120.338, 31.456],
    ],
  },
  {
    en: 'Airport Expressway',
    zh: '机场快速路',
    course: [
      [120.342, 31.551],
      [120.372, 31.532],
      [120.4, 31.51],
      [120.44, 31.48],
      [120.5, 31.432],
      [120.62, 31.3],
    ],
  },
  {
    en: 'Jinghui Expressway',
    zh: '泾惠快速路',
    course: [
      [120.348, 31.568],
      [120.39, 31.563],
      [120.432, 31.562],
      [120.53, 31.556],
      [120.8, 31.53],
    ],
  },
  {
    en: 'Xishan Expressway',
    zh: '锡山快速路',
    course: [
      [120.345, 31.59],
      [120.385, 31.6],
      [120.424, 31.606],
      [120.53, 31.621],
      [120.8, 31.66],
    ],
  },
  {
    en: 'Xisha Expressway',
    zh: '锡沙快速路',
    course: [
      [120.334, 31.604],
      [120.357, 31.63],
      [120.39, 31.652],
      [120.46, 31.71],
      [120.6, 31.85],
    ],
  },
  {
    en: 'Gaolang Expressway',
    zh: '高浪路快速路',
    course: [
      [120.2935, 31.513],
      [120.331, 31.511],
      [120.37, 31.5],
      [120.408, 31.496],
    ],
  },
];

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
