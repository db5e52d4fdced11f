// The ways that vehicles drive: shapes.txt, those of them that the chosen trips use.
import { GrowingInt32 } from './growing.ts';
import type { Problems } from './problems.ts';
import type { FeedFiles } from './source.ts';
import { numberIn, readTable, wholeNumber } from './table.ts';
import type { Trip } from './trips.ts';

/** Points in order. */
export type Shape = readonly { readonly lat: number; readonly lon: number }[];

/** 1e-7 degrees is a centimetre. */
const STEPS_PER_DEGREE = 1e7;

/** Shapes by id; none when the feed has no shapes.txt. A shape of fewer than two points is as good as none. */
export async function readShapes(
  files: FeedFiles,
  trips: readonly Trip[],
  problems: Problems,
): Promise<Map<string, Shape>> {
  const shapes = new Map<string, Shape>();
  if (!files.has('shapes.txt')) return shapes;
  const numbers = new Map<string, number>();
  for (const { shape } of trips) if (shape !== '' && !numbers.has(shape)) numbers.set(shape, numbers.size);
  const [number, sequence, lat, lon] = [new GrowingInt32(), new GrowingInt32(), new GrowingInt32(), new GrowingInt32()];
  const required = ['shape_id', 'shape_pt_lat', 'shape_pt_lon', 'shape_pt_sequence'];
  await readTable(files, 'shapes.txt', required, problems, (row) => {
    const shape = numbers.get(row.get('shape_id'));
    if (shape === undefined) return;
    const latDeg = numberIn(row, 'shape_pt_lat', -90, 90, problems);
    const lonDeg = numberIn(row, 'shape_pt_lon', -180, 180, problems);
    const place = wholeNumber(row, 'shape_pt_sequence', problems);
    if (latDeg === undefined || lonDeg === undefined || place === undefined) return;
    number.push(shape);
    sequence.push(place);
    lat.push(Math.round(latDeg * STEPS_PER_DEGREE));
    lon.push(Math.round(lonDeg * STEPS_PER_DEGREE));
  });
  const rows: number[][] = Array.from({ length: numbers.size }, () => []);
  number.values.forEach((shape, row) => rows[shape]!.push(row));
  const [places, lats, lons] = [sequence.values, lat.values, lon.values];
  for (const [id, shape] of numbers) {
    const own = rows[shape]!.sort((a, b) => places[a]! - places[b]!);
    shapes.set(
      id,
      own.map((row) => ({ lat: lats[row]! / STEPS_PER_DEGREE, lon: lons[row]! / STEPS_PER_DEGREE })),
    );
  }
  for (const { shape, line } of trips) {
    if (shape === '' || shapes.get(shape)!.length > 0) continue;
    const expected = 'an id that stands in shapes.txt';
    problems.add({ file: 'trips.txt', line, field: 'shape_id', value: shape, expected });
  }
  return shapes;
}
