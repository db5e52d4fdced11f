// The order of test files: those that take longest begin first, so that no worker has a long one left when the others have nothing to do.
// Vitest knows that from a run before; a fresh clone has none, and there the size of a file says little.
import { BaseSequencer } from 'vitest/node';
import type { TestSpecification } from 'vitest/node';

/** Half a minute or more, the longest first: they start cities, databases and browsers. */
const LONGEST = [
  'faults/quick',
  'compose/compose',
  'cli/run',
  'e2e/dashboard',
  'e2e/city',
  'e2e/backfill',
  'cli/export',
  'loadtest/run',
  'loadtest/honesty',
];
/** Seconds rather than milliseconds, most of them. */
const SLOW = ['cli', 'e2e', 'security', 'loadtest', 'examples', 'docs', 'dashboard'];

export class SlowFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const others = await super.sort(files);
    return others.toSorted((a, b) => rank(a.moduleId) - rank(b.moduleId));
  }
}

function rank(file: string): number {
  const [, path = ''] = /\/test\/(.*)\.test\.ts$/.exec(file) ?? [];
  const place = LONGEST.indexOf(path);
  if (place >= 0) return place;
  return SLOW.includes(path.split('/')[0]!) ? LONGEST.length : LONGEST.length + 1;
}
