// A small grid city for model tests: two-way streets every `blockM` metres, every third one an arterial, one bus line along a row.
import type { BusLine, City, Link, LineDirection, Point, Stop } from '../../simulator/city.ts';

const COLUMNS = 13;
const ROWS = 6;
const ANCHOR = { lon: 120.3, lat: 31.57 };
const M_PER_DEG_LAT = 110_880;
const M_PER_DEG_LON = 94_970;

export function fakeCity(blockM = 600): City {
  const nodes: Point[] = [];
  for (let row = 0; row < ROWS; row++)
    for (let column = 0; column < COLUMNS; column++) nodes.push({ x: column * blockM, y: row * blockM });
  const links: Link[] = [];
  const connect = (from: number, to: number, arterial: boolean) => {
    links.push({
      from,
      to,
      lengthM: blockM,
      speedLimitMps: arterial ? 50 / 3.6 : 40 / 3.6,
      lanes: arterial ? 2 : 1,
      streetClass: arterial ? 'arterial' : 'secondary',
      name: 0,
    });
  };
  for (let row = 0; row < ROWS; row++) {
    for (let column = 0; column < COLUMNS; column++) {
      const node = row * COLUMNS + column;
      if (column + 1 < COLUMNS)
        for (const [a, b] of [
          [node, node + 1],
          [node + 1, node],
        ] as const)
          connect(a, b, row % 3 === 0);
      if (row + 1 < ROWS)
        for (const [a, b] of [
          [node, node + COLUMNS],
          [node + COLUMNS, node],
        ] as const)
          connect(a, b, column % 3 === 0);
    }
  }
  const linkBetween = (from: number, to: number) => links.findIndex((link) => link.from === from && link.to === to);
  const stops: Stop[] = Array.from({ length: COLUMNS }, (_, i) => ({
    id: `stop-${i}`,
    name: { en: `Stop ${i}`, zh: `${i}站` },
    x: i * blockM,
    y: 0,
  }));
  const columns = Array.from({ length: COLUMNS }, (_, i) => i);
  const direction = (way: 'out' | 'back', order: readonly number[]): LineDirection => ({
    direction: way,
    links: order.slice(1).map((node, i) => linkBetween(order[i]!, node)),
    stops: order.map((stop, i) => ({ stop, atM: i * blockM })),
    lengthM: (COLUMNS - 1) * blockM,
  });
  const line: BusLine = {
    id: '1',
    name: { en: 'Line 1', zh: '1路' },
    color: '#d33',
    directions: [direction('out', columns), direction('back', columns.toReversed())],
  };
  const center = { x: (COLUMNS / 2) * blockM, y: (ROWS / 2) * blockM };
  const district = (x: number, population: number) => ({
    name: { en: 'District', zh: '区' },
    center: { x, y: center.y },
    population,
    landUse: 'housing' as const,
  });
  return {
    id: 'fake',
    name: { en: 'Fake', zh: '假' },
    anchor: ANCHOR,
    utcOffsetMin: 480,
    nodes,
    links,
    linksFrom: nodes.map((_, node) => links.flatMap((link, index) => (link.from === node ? [index] : []))),
    streetNames: [{ en: 'Test Road', zh: '测试路' }],
    stops,
    lines: [line],
    districts: [district(0, 2), district(center.x * 2, 1)],
    parkingZones: [],
    isLand: () => true,
    home: () => center,
    fromLonLat: ({ lon, lat }) => ({ x: (lon - ANCHOR.lon) * M_PER_DEG_LON, y: (lat - ANCHOR.lat) * M_PER_DEG_LAT }),
    toLonLat: ({ x, y }) => ({ lon: ANCHOR.lon + x / M_PER_DEG_LON, lat: ANCHOR.lat + y / M_PER_DEG_LAT }),
    map: {} as City['map'],
  };
}
