import { describe, expect, it } from 'vitest';
import { FilterTree } from '../../broker/filter-tree.ts';
import { matches } from '../../broker/filters.ts';

const LEVELS = ['a', 'b', '', '+', '$s'];

/** All filters of up to three levels, with and without `#` behind them. */
const filters = [1, 2, 3].flatMap((depth) => every(depth, LEVELS).flatMap((filter) => [filter, `${filter}/#`]));
const topics = [1, 2, 3, 4].flatMap((depth) => every(depth, ['a', 'b', '', '$s']));

function every(depth: number, levels: readonly string[]): string[] {
  if (depth === 1) return [...levels];
  return every(depth - 1, levels).flatMap((start) => levels.map((level) => `${start}/${level}`));
}

function found(tree: FilterTree<string>, topic: string): string[] {
  const values: string[] = [];
  tree.match(topic, (_, value) => values.push(value));
  return values.sort();
}

describe('a tree of filters', () => {
  it('finds for each topic exactly the filters that match it', () => {
    const tree = new FilterTree<string>();
    for (const filter of [...filters, '#']) tree.set(filter, 'client', filter);
    for (const topic of topics) {
      expect(found(tree, topic)).toEqual([...filters, '#'].filter((filter) => matches(filter, topic)).sort());
    }
  });

  it('keeps one value for each key and filter, and is empty when all are deleted', () => {
    const tree = new FilterTree<string>();
    for (const [key, value] of [
      ['x', 'old'],
      ['x', 'new'],
      ['y', 'other'],
    ] as const) {
      tree.set('a/+', key, value);
    }
    tree.delete('a', 'x');
    expect(found(tree, 'a/b')).toEqual(['new', 'other']);
    tree.delete('a/+', 'x');
    expect(found(tree, 'a/b')).toEqual(['other']);
    tree.delete('a/+', 'y');
    expect(tree.isEmpty).toBe(true);
  });
});
