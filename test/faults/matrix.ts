// The fault matrix: every row, in its order, and what this machine lacks for it.
import { program } from '../parts.ts';
import type { Row } from './row.ts';
import { bytes } from './rows/bytes.ts';
import { crowd } from './rows/crowd.ts';
import { disk } from './rows/disk.ts';
import { kills } from './rows/kills.ts';
import { loud } from './rows/loud.ts';
import { machine } from './rows/machine.ts';
import { network } from './rows/network.ts';
import { store } from './rows/store.ts';

export type MatrixRow = Row & { readonly part?: string };

/** Run on every commit. */
export const QUICK = new Set([1, 2, 5, 8, 11, 17, 21, 22, 24, 25]);

const all: readonly MatrixRow[] = [...kills, ...store, ...disk, ...bytes, ...network, ...crowd, ...loud, ...machine];
export const rows: readonly MatrixRow[] = all.toSorted(
  (a, b) => a.number - b.number || (a.part ?? '').localeCompare(b.part ?? ''),
);

/** Programs that are not installed: where parts are required, that is a failure. */
export function partsMissing({ needs = [] }: Row): string[] {
  return needs.filter((name) => program(name) === undefined);
}

/** Empty where the row can be run. */
export function missingFor(row: Row): string[] {
  const root = process.platform === 'linux' && process.getuid?.() === 0;
  return [
    ...partsMissing(row),
    ...(row.mounts === true && !root ? ['root, to mount a tmpfs'] : []),
    ...(row.lacks === undefined ? [] : [row.lacks]),
  ];
}
