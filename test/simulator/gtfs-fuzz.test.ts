// Whatever a feed is like, it is taken, or refused with a reason; it never breaks the reader.
import fc from 'fast-check';
import { strToU8, zipSync } from 'fflate';
import { describe, expect, it } from 'vitest';
import { cityOfGtfs } from '../../simulator/gtfs/city.ts';
import { readFeed } from '../../simulator/gtfs/feed.ts';
import { GtfsError } from '../../simulator/gtfs/problems.ts';
import { archiveOf, fileOf, town, townWith } from './gtfs-town.ts';

const RUNS = 60;
const LONG = process.env.CITYTWIN_LONG === '1';

/** Taken: a city whose lines can be driven. Refused: a GtfsError that names a file. */
async function check(path: string): Promise<'taken' | 'refused'> {
  try {
    const { city } = cityOfGtfs(await readFeed(path));
    for (const { directions, trips } of city.lines) {
      for (const { stops, links, lengthM } of directions) {
        expect(lengthM).toBeGreaterThan(0);
        expect(links.length).toBeGreaterThan(0);
        stops.slice(1).forEach(({ atM }, i) => expect(atM).toBeGreaterThan(stops[i]!.atM));
      }
      for (const { way, planS } of trips!) {
        expect(planS).toHaveLength(directions[way]!.stops.length);
        planS.slice(1).forEach((atS, i) => expect(atS).toBeGreaterThanOrEqual(planS[i]!));
      }
    }
    for (const { lengthM, speedLimitMps } of city.links) expect(lengthM * speedLimitMps).toBeGreaterThan(0);
    return 'taken';
  } catch (error) {
    if (!(error instanceof GtfsError)) throw error;
    expect(error.defects.length).toBeGreaterThan(0);
    return 'refused';
  }
}

/** The town with a tenth of its stop times: quick to read. */
const small = (() => {
  const kept = town['trips.txt']!.split('\n').filter((line, i) => i === 0 || i % 12 === 1 || line.includes('night'));
  const ids = new Set(kept.map((line) => line.split(',')[2]));
  const times = town['stop_times.txt']!.split('\n').filter((line, i) => i === 0 || ids.has(line.split(',')[0]));
  return townWith({ 'trips.txt': kept.join('\n'), 'stop_times.txt': times.join('\n') });
})();
const files = Object.keys(small);

const oddValue = fc.oneof(
  fc.constantFrom(
    '',
    '0',
    '-1',
    '1e308',
    'NaN',
    'Infinity',
    '99:99:99',
    '24:00:00',
    '71:59:59',
    '90',
    '-180',
    '"',
    '""',
    '\r',
    ',',
    '2',
    '20260107',
    'hbf',
    '1',
    '3',
  ),
  fc.string({ maxLength: 12, unit: 'grapheme' }),
  fc.double({ min: -200, max: 200 }).map(String),
);

/** One value of one row of one file becomes another. */
const valueChange = fc.record({ file: fc.constantFrom(...files), row: fc.nat(), column: fc.nat(), value: oddValue });
const rowChange = fc.record({
  file: fc.constantFrom(...files),
  row: fc.nat(),
  how: fc.constantFrom('drop', 'double', 'swap', 'cut', 'garble'),
});

function changeValue(text: string, { row, column, value }: { row: number; column: number; value: string }): string {
  const lines = text.split('\n');
  const at = row % lines.length;
  const cells = lines[at]!.split(',');
  cells[column % cells.length] = value;
  lines[at] = cells.join(',');
  return lines.join('\n');
}

function changeRow(text: string, { row, how }: { row: number; how: string }): string {
  const lines = text.split('\n');
  const at = row % lines.length;
  if (how === 'drop') lines.splice(at, 1);
  else if (how === 'double') lines.splice(at, 0, lines[at]!);
  else if (how === 'swap') lines.push(...lines.splice(at, 1));
  else if (how === 'cut') lines[at] = lines[at]!.slice(0, row % (lines[at]!.length + 1));
  else lines[at] = lines[at]!.split('').toReversed().join('');
  return lines.join('\n');
}

describe('a feed that is changed at random', () => {
  it('is taken or refused when values change', async () => {
    const seen = { taken: 0, refused: 0 };
    await fc.assert(
      fc.asyncProperty(fc.array(valueChange, { minLength: 1, maxLength: 3 }), async (changes) => {
        const feed: { [file: string]: string } = { ...small };
        for (const change of changes) feed[change.file] = changeValue(feed[change.file]!, change);
        seen[await check(archiveOf(feed))]++;
      }),
      { numRuns: LONG ? 20 * RUNS : RUNS, seed: LONG ? undefined : 7 },
    );
    // Both happen: the changes are neither harmless nor all fatal.
    expect(seen.taken).toBeGreaterThan(RUNS / 20);
    expect(seen.refused).toBeGreaterThan(RUNS / 20);
  });

  it('is taken or refused when rows are lost, doubled, moved, cut or garbled', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(rowChange, { minLength: 1, maxLength: 4 }), async (changes) => {
        const feed: { [file: string]: string } = { ...small };
        for (const change of changes) feed[change.file] = changeRow(feed[change.file]!, change);
        await check(archiveOf(feed));
      }),
      { numRuns: LONG ? 20 * RUNS : RUNS, seed: LONG ? undefined : 8 },
    );
  });

  it('is taken or refused when bytes of the archive change or its end is lost', async () => {
    const whole = zipSync(Object.fromEntries(Object.entries(small).map(([file, text]) => [file, strToU8(text)])));
    const damage = fc.array(fc.tuple(fc.nat(whole.length - 1), fc.nat(255)), { minLength: 1, maxLength: 8 });
    await fc.assert(
      fc.asyncProperty(damage, fc.option(fc.nat(whole.length), { freq: 4, nil: whole.length }), async (bytes, end) => {
        const archive = whole.slice(0, end);
        for (const [at, value] of bytes) if (at < archive.length) archive[at] = value;
        await check(fileOf(archive));
      }),
      { numRuns: LONG ? 20 * RUNS : RUNS, seed: LONG ? undefined : 9 },
    );
  });
});
