// Street names: real main roads of Wuxi in their true order, and made-up ones from the syllables local names are made of.
import type { Label } from '../city.ts';

/** Main roads across the old core: the grid line nearest the core bears the name at `core`, its neighbours follow in order. */
export interface RoadOrder {
  readonly core: number;
  readonly names: readonly (readonly [en: string, zh: string])[];
}

/** West to east. */
export const NORTH_SOUTH: RoadOrder = {
  core: 12,
  names: [
    ['Lu’ou Road', '陆藕路'],
    ['Hu’an Road', '胡安路'],
    ['Zhenhu Road', '振胡路'],
    ['Zhihu Road', '直湖路'],
    ['Furong Road', '芙蓉路'],
    ['Qianluo Road', '钱洛路'],
    ['Xiqian Road', '西钱路'],
    ['Qianrong Road', '钱荣路'],
    ['Huanhu Road', '环湖路'],
    ['Huihe Road', '惠河路'],
    ['Lixi Road', '蠡溪路'],
    ['Hubin Road', '湖滨路'],
    ['Zhongshan Road', '中山路'],
    ['Xingyuan Road', '兴源路'],
    ['Tangnan Road', '塘南路'],
    ['Nanhu Avenue', '南湖大道'],
    ['Jianghai Road', '江海路'],
    ['Huaxia Road', '华夏路'],
    ['Chunfeng Road', '春风路'],
    ['Youyi Road', '友谊路'],
    ['Changjiang Road', '长江路'],
    ['Xinhua Road', '新华路'],
    ['Xinguang Road', '新光路'],
    ['Meiyu Road', '梅育路'],
    ['Xidong Avenue', '锡东大道'],
    ['Zoumatang Road', '走马塘路'],
    ['Hongshan Road', '鸿山路'],
    ['Wangyu Road', '望虞路'],
  ],
};

/** South to north. */
export const WEST_EAST: RoadOrder = {
  core: 10,
  names: [
    ['Gonghu Avenue', '贡湖大道'],
    ['Zhenze Road', '震泽路'],
    ['Juqu Road', '具区路'],
    ['Hefeng Road', '和风路'],
    ['Qingshu Road', '清舒道'],
    ['Guanshan Road', '观山路'],
    ['Wudu Road', '吴都路'],
    ['Gaolang Road', '高浪路'],
    ['Taihu Avenue', '太湖大道'],
    ['Jincheng Road', '金城路'],
    ['Renmin Road', '人民路'],
    ['Guangrui Road', '广瑞路'],
    ['Jinghai Road', '泾海路'],
    ['Guangshi Road', '广石路'],
    ['Fengbin Road', '凤宾路'],
    ['Xihu Road', '锡沪路'],
    ['Beihuan Road', '北环路'],
    ['Tianyi Road', '天一路'],
    ['Zhenghe Avenue', '政和大道'],
    ['Huishan Avenue', '惠山大道'],
    ['Yanxin Road', '堰新路'],
    ['Qunxing Road', '群兴路'],
  ],
};

const FIRST = [
  ['Xi', '锡'],
  ['Hui', '惠'],
  ['Liang', '梁'],
  ['Li', '蠡'],
  ['Mei', '梅'],
  ['Wu', '吴'],
  ['Chun', '春'],
  ['Jin', '金'],
  ['Ming', '明'],
  ['Xin', '新'],
  ['Dong', '东'],
  ['Wen', '文'],
  ['Jiang', '江'],
  ['Qing', '清'],
  ['Yong', '永'],
  ['Tai', '泰'],
  ['Fu', '福'],
  ['Chang', '长'],
  ['Guang', '广'],
  ['He', '和'],
  ['Bei', '北'],
  ['Nan', '南'],
  ['Xue', '雪'],
  ['Yun', '云'],
  ['Hong', '鸿'],
  ['Rong', '荣'],
  ['Jing', '景'],
  ['Song', '松'],
  ['Zhu', '竹'],
  ['Lan', '兰'],
] as const;
const SECOND = [
  ['feng', '丰'],
  ['xing', '兴'],
  ['qiao', '桥'],
  ['yuan', '园'],
  ['xi', '溪'],
  ['tang', '塘'],
  ['hua', '华'],
  ['he', '河'],
  ['shan', '山'],
  ['ming', '明'],
  ['le', '乐'],
  ['kang', '康'],
  ['ting', '亭'],
  ['zhuang', '庄'],
  ['jing', '泾'],
  ['xiang', '祥'],
  ['lin', '林'],
  ['yang', '阳'],
  ['cheng', '城'],
  ['fu', '富'],
  ['hui', '汇'],
  ['shui', '水'],
  ['ze', '泽'],
  ['bin', '滨'],
] as const;
const SUFFIX = { road: ['Road', '路'], street: ['Street', '街'], lane: ['Lane', '巷'] } as const;

const ROUNDS = [
  ['', ''],
  ['2nd ', '二'],
  ['3rd ', '三'],
  ['4th ', '四'],
] as const;

export type Suffix = keyof typeof SUFFIX;

/** The i-th made-up name: different up to 720 per suffix, then counted as in real cities ("Xinfeng 2nd Road"). */
export function madeUpName(index: number, suffix: Suffix): Label {
  const all = FIRST.length * SECOND.length;
  // 427 shares no factor with 720: neighbouring indexes get unrelated names and none repeats early.
  const pick = (index * 427 + 91) % all;
  const [first, second] = [FIRST[pick % FIRST.length]!, SECOND[Math.floor(pick / FIRST.length)]!];
  const round = ROUNDS[Math.floor(index / all) % ROUNDS.length]!;
  const [en, zh] = SUFFIX[suffix];
  return { en: `${first[0]}${second[0]} ${round[0]}${en}`, zh: `${first[1]}${second[1]}${round[1]}${zh}` };
}

/** The name of the main road `offset` lines from the core; undefined where the list ends. */
export function mainRoad(order: RoadOrder, offset: number): Label | undefined {
  const name = order.names[order.core + offset];
  return name === undefined ? undefined : { en: name[0], zh: name[1] };
}
