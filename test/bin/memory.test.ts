// What a service's Node is told about memory, and when it is not started again for that.
import { fork, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';

const OURS = ['--max-semi-space-size=16', '--no-allocation-site-pretenuring'];
let folder: string;
let script: string;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'citytwin-memory-'));
  script = join(folder, 'script.mjs');
  writeFileSync(
    script,
    `import { unlinkSync } from 'node:fs';
import { startWithFlags } from ${JSON.stringify(new URL('../../bin/memory.js', import.meta.url).href)};
if (process.argv[3] === 'node-is-gone') unlinkSync(process.execPath);
startWithFlags();
const flags = JSON.stringify(process.execArgv);
if (process.send) process.send(flags);
else console.log(flags);
`,
  );
});
afterAll(() => rmSync(folder, { recursive: true }));

/** → what it says, errors and warnings included */
function say(node: string, flags: string[], words: string[], options = ''): string {
  const env = { ...process.env, NODE_OPTIONS: options };
  const { status, stdout, stderr } = spawnSync(node, [...flags, script, ...words], { encoding: 'utf8', env });
  return `${status} ${stdout.trim()}${stderr}`;
}

it.each([
  ['a service starts with our flags and without a warning', [], 'api', '', OURS],
  ['another command does not', [], 'doctor', '', []],
  ['what the user says stays', ['--max-semi-space-size=4'], 'up', '', ['--max-semi-space-size=4']],
  ['with underscores too', ['--max_semi_space_size=4'], 'up', '', ['--max_semi_space_size=4']],
  ['and in NODE_OPTIONS', [], 'broker', '--max_semi_space_size=4', []],
  ['a process with permissions goes on as it is', ['--permission', '--allow-fs-read=*'], 'up', '', undefined],
])('%s', (_, flags, command, options, expected) => {
  expect(say(process.execPath, flags, [command], options)).toBe(`0 ${JSON.stringify(expected ?? flags)}`);
});

it('a Node that is no longer where it was goes on as it is', () => {
  const copy = join(folder, 'node');
  copyFileSync(process.execPath, copy);
  expect(say(copy, [], ['api', 'node-is-gone'])).toBe('0 []');
});

it('the channel of a fork is kept', async () => {
  const child = fork(script, ['api'], { execArgv: [] });
  expect(await once(child, 'message')).toEqual(['[]', undefined]);
});
