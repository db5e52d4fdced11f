// Real parts that tests talk to: found on PATH, or the tests that need them are skipped by name, loudly; where parts are required (CI)
// a missing one is a failure.
import { existsSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { describe, it } from 'vitest';

const required = process.env.CI === 'true' || process.env.CITYTWIN_REQUIRE_PARTS === '1';

/** Path of a program, undefined when it is not installed. */
export function program(name: string): string | undefined {
  const folders = [...(process.env.PATH ?? '').split(delimiter), '/usr/sbin', '/usr/local/sbin'];
  return folders.map((folder) => join(folder, name)).find((path) => existsSync(path));
}

/** `describe` for tests that need the given programs. */
export function describeWith(programs: readonly string[], title: string, body: () => void): void {
  const missing = programs.filter((name) => program(name) === undefined);
  if (missing.length === 0) {
    describe(title, body);
    return;
  }
  const notice = `${title}: needs ${missing.join(', ')}, not installed here`;
  if (required) {
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
