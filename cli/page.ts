// The built dashboard: where it is, and building it when a clone has none or its sources are newer, in a process of its own, which takes its
// memory along.
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Logger } from './log.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const dist = join(root, 'dashboard', 'dist');
const vite = join(root, 'node_modules', 'vite', 'bin', 'vite.js');
const SOURCES = ['dashboard', 'telemetry'];

/** @returns the folder of the built page; undefined when it is not built and Vite is not installed */
export async function builtPage(log: Logger): Promise<string | undefined> {
  const page = join(dist, 'index.html');
  const fresh = existsSync(page) && SOURCES.every((folder) => newestMs(join(root, folder)) <= statSync(page).mtimeMs);
  if (fresh) return dist;
  if (!existsSync(vite)) return existsSync(page) ? dist : undefined;
  log.info('building the page');
  await build();
  return dist;
}

/** @throws Error when it fails; why, Vite has said */
async function build(): Promise<void> {
  const args = [vite, 'build', '--config', join(root, 'dashboard', 'vite.config.ts'), '--logLevel', 'warn'];
  // Our own output may be one line of JSON.
  const child = spawn(process.execPath, args, { stdio: ['ignore', 2, 2] });
  const [code, signal] = (await once(child, 'exit')) as [number | null, NodeJS.Signals | null];
  if (code !== 0) throw new Error(`the page was not built: Vite ended with ${code ?? signal}`);
}

function newestMs(folder: string): number {
  let newest = 0;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    if (entry.name === 'dist' || entry.name === 'node_modules') continue;
    const path = join(folder, entry.name);
    newest = Math.max(newest, entry.isDirectory() ? newestMs(path) : statSync(path).mtimeMs);
  }
  return newest;
}
