// Real parts that tests talk to: found on PATH, or the tests that need them are skipped by name, loudly; where parts are required (CI)
// a missing one is a failure.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { describe, it } from 'vitest';

/** True where a missing part fails the tests instead of skipping them. */
export const partsRequired = process.env.CI === 'true' || process.env.CITYTWIN_REQUIRE_PARTS === '1';

/** Path of a program, undefined when it is not installed. */
export function program(name: string): string | undefined {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin'];
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
}

/** `it` for a test that needs what not every machine gives: `needs` names it, and whether it is here. */
export function itWith(needs: { readonly [name: string]: boolean }, title: string, body: () => Promise<void>): void {
  const missing = Object.keys(needs).filter((name) => !needs[name]);
  if (missing.length === 0) {
    it(title, body);
    return;
  }
  const notice = `${title}: needs ${missing.join(', ')}, not here`;
  if (partsRequired) {
    it(title, () => {
      throw new Error(notice);
    });
    return;
  }
  console.warn(`SKIPPED ${notice}`);
  it.skip(title, body);
}

/** True where strace is installed and may be used. */
export function canTrace(): boolean {
  return program('strace') !== undefined && spawnSync('strace', ['-qq', '-o', '/dev/null', 'true']).status === 0;
}

/** `describe` for tests that need the given programs. `running` names what must also answer, and whether it does. */
export function describeWith(
  programs: readonly string[],
  title: string,
  body: () => void,
  running: { readonly [name: string]: boolean } = {},
): void {
  const silent = Object.keys(running).filter((name) => !running[name]);
  const missing = [...programs.filter((name) => program(name) === undefined), ...silent];
  if (missing.length === 0) {
    describe(title, body);
    return;
  }
  const notice = `${title}: needs ${missing.join(', ')}, not here`;
  if (partsRequired) {
    describe(title, () => {
      it('finds its parts', () => {
        throw new Error(notice);
      });
    });
    return;
  }
  console.warn(`SKIPPED ${notice}`);
  describe.skip(title, body);
}
