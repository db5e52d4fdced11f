import { describe, expect, it } from 'vitest';
import { durationMs, durationText } from '../../simulator/duration.ts';
import type { TimelineEntry } from '../../simulator/scenario.ts';
import { Timeline } from '../../simulator/timeline.ts';

const entry = (id: string, atMs: number, durationMs: number): TimelineEntry => ({
  id,
  atMs,
  durationMs,
  event: 'weather',
  args: {},
});

function walk(entries: TimelineEntry[], times: number[]) {
  const timeline = new Timeline(entries, 1000);
  const said: string[] = [];
  for (const nowMs of times) {
    timeline.advance(
      nowMs,
      ({ id }) => said.push(`${nowMs} ${id} begins`),
      ({ id }) => said.push(`${nowMs} ${id} ends`),
    );
  }
  return { said, states: timeline.states().map(({ occurrence, state }) => `${occurrence.id} ${state}`) };
}

describe('a timeline', () => {
  it('begins and ends entries in order of time, however they were written', () => {
    const { said, states } = walk(
      [entry('b', 3000, 2000), entry('a', 1000, 5000), entry('c', 9000, 1)],
      [1000, 2001, 4001, 6001, 7001],
    );
    expect(said).toEqual(['2001 a begins', '4001 b begins', '6001 b ends', '7001 a ends']);
    expect(states).toEqual(['a over', 'b over', 'c scheduled']);
  });

  it('begins and ends what lies wholly within one tick', () => {
    expect(walk([entry('blink', 1500, 10)], [1000, 60_000]).said).toEqual(['60000 blink begins', '60000 blink ends']);
  });

  it('never ends what has no end', () => {
    const { said, states } = walk([entry('forever', 0, Infinity)], [1001, 1e12]);
    expect(said).toEqual(['1001 forever begins']);
    expect(states).toEqual(['forever happening']);
  });
});

describe('a duration', () => {
  it('is read as people write it', () => {
    expect(['90s', '30m', '1d 6h', '1h30m', '1.5h', '250ms'].map(durationMs)).toEqual([
      90_000, 1_800_000, 108_000_000, 5_400_000, 5_400_000, 250,
    ]);
  });

  it('is nothing else', () => {
    expect(['', '90', 's', '1h 1h', '-5m', '1h later', 'PT1H', '１h'].map(durationMs)).toEqual(
      Array(8).fill(undefined),
    );
  });

  it('is shown with its two largest units', () => {
    expect([0, 59_400, 90_000, 108_000_000, 90_061_000].map(durationText)).toEqual([
      '0s',
      '59s',
      '1m 30s',
      '1d 6h',
      '1d 1h',
    ]);
  });
});
