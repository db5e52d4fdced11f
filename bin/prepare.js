// What a clone needs before anything of ours can run: its packages, and a Node that reads TypeScript. Plain JavaScript for Node >= 20.
import { execFileSync } from 'node:child_process';
import { existsSync, lstatSync, statSync } from 'node:fs';
import module from 'node:module';
import { dirname, join, sep } from 'node:path';
import { fileURLToPath } from 'node:url';

export const root = dirname(dirname(fileURLToPath(import.meta.url)));

export function canRunTypeScript(version) {
  const [major, minor] = version.split('.').map(Number);
  return major > 22 || (major === 22 && minor >= 18);
}

/** Path of the Node that came with the clone; undefined when there is none. */
export function projectNode() {
  const path = join(root, 'node_modules', 'node', 'bin', process.platform === 'win32' ? 'node.exe' : 'node');
  return existsSync(path) ? path : undefined;
}

/** From the second start on half a second less: what Node has compiled stays beside the packages, where only their owner writes. */
export function keepCompiled() {
  const packages = join(root, 'node_modules');
  if (!existsSync(packages)) return;
  // Worker threads look there.
  process.env.NODE_COMPILE_CACHE ??= join(packages, '.cache', 'node');
  module.enableCompileCache?.(process.env.NODE_COMPILE_CACHE);
}

/** In a clone: runs `npm ci` when packages are missing or older than the lock file, and says so. Elsewhere: nothing. */
export function installMissing() {
  const lock = join(root, 'package-lock.json');
  const installed = join(root, 'node_modules', '.package-lock.json');
  if (root.includes(`${sep}node_modules${sep}`) || !existsSync(lock)) return;
  if (existsSync(installed) && statSync(installed).mtimeMs >= statSync(lock).mtimeMs - 1000) return;
  // npm would empty the folder that the link leads to, and with it somebody else's clone.
  if (lstatSync(join(root, 'node_modules'), { throwIfNoEntry: false })?.isSymbolicLink()) {
    console.error(
      'citytwin: node_modules is a link to packages older than package-lock.json; run `npm ci` where it leads to',
    );
    return;
  }
  console.error('citytwin: installing packages (first start after a clone or an update, about a minute)');
  // npm's own talk goes to stderr: stdout belongs to the command's result.
  const npm = process.platform === 'win32' ? 'npm.cmd' : 'npm';
  try {
    execFileSync(npm, ['ci', '--no-audit', '--no-fund', '--loglevel=error'], { cwd: root, stdio: ['ignore', 2, 2] });
  } catch {
    console.error('citytwin: `npm ci` failed, see above; run it by hand and start again');
    process.exit(1);
  }
}
