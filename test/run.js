// `npm test`: lint, types, unused code, tests; ends with one line `N passed, N failed` and an exit code that means it. Plain JavaScript
// for Node >= 20, because a fresh clone has no other yet.
import { spawnSync } from 'node:child_process';
import { readFileSync, rmSync } from 'node:fs';
import { delimiter, join } from 'node:path';
import { installMissing, root } from '../bin/prepare.js';

installMissing();
const long = process.argv.includes('--long');
const RESULTS = join(root, 'test-results', 'vitest.json');
const env = {
  ...process.env,
  PATH: `${join(root, 'node_modules', '.bin')}${delimiter}${process.env.PATH}`,
  ...(long ? { CITYTWIN_LONG: '1' } : {}),
};

function run(title, command, ...args) {
  const started = Date.now();
  console.log(`\n— ${title}`);
  const { status } = spawnSync(command, args, {
    cwd: root,
    env,
    stdio: 'inherit',
    shell: process.platform === 'win32',
  });
  console.log(
    `  ${title}: ${status === 0 ? 'good' : `failed (${status})`}, ${((Date.now() - started) / 1000).toFixed(1)} s`,
  );
  return status === 0;
}

const checks = long
  ? []
  : [
      run('lint', 'oxlint', '--type-aware', '--deny-warnings'),
      run('format', 'oxfmt', '--check'),
      run('types', 'tsc', '--noEmit'),
      run('unused', 'knip', '--no-progress'),
    ];
rmSync(RESULTS, { force: true });
// The page is part of what is tested.
const built = run('page', 'vite', 'build', '--config', 'dashboard/vite.config.ts', '--logLevel', 'warn');
const green = run('tests', 'vitest', 'run');
const { passed, failed, skipped } = results();
const failures = failed + [...checks, built].filter((good) => !good).length + (green || failed > 0 ? 0 : 1);
console.log(
  `\n${passed + [...checks, built].filter(Boolean).length} passed, ${failures} failed${skipped > 0 ? `, ${skipped} skipped` : ''}`,
);
process.exitCode = failures === 0 ? 0 : 1;

function results() {
  try {
    const report = JSON.parse(readFileSync(RESULTS, 'utf8'));
    return { passed: report.numPassedTests, failed: report.numFailedTests, skipped: report.numPendingTests };
  } catch {
    return { passed: 0, failed: 0, skipped: 0 };
  }
}
