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
  const lack = lackOf(title, absent(needs));
  if (lack === undefined) it(title, body);
  else if (partsRequired) it(title, lack);
  else it.skip(title, body);
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
  const missing = programs.filter((name) => program(name) === undefined);
  const lack = lackOf(title, [...missing, ...absent(running)]);
  if (lack === undefined) describe(title, body);
  else if (partsRequired) describe(title, () => it('finds its parts', lack));
  else describe.skip(title, body);
}

function absent(parts: { readonly [name: string]: boolean }): string[] {
  return Object.keys(parts).filter((name) => !parts[name]);
}

/** Says that a test is skipped where it may be; the test that fails in its place. Undefined: all is there. */
function lackOf(title: string, missing: readonly string[]): (() => never) | undefined {
  if (missing.length === 0) return undefined;
  const notice = `${title}: needs ${missing.join(', ')}, not here`;
  if (!partsRequired) console.warn(`SKIPPED ${notice}`);
  return () => {
    throw new Error(notice);
  };
}
