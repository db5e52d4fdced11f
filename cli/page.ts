// The built dashboard: where it is, and building it when a clone has none or its sources are newer.
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import type { Logger } from './log.ts';

const root = fileURLToPath(new URL('..', import.meta.url));
const dist = join(root, 'dashboard', 'dist');
const SOURCES = ['dashboard', 'telemetry'];

/** @returns the folder of the built page; undefined when it is not built and Vite is not installed */
export async function builtPage(log: Logger): Promise<string | undefined> {
  const page = join(dist, 'index.html');
  const fresh = existsSync(page) && SOURCES.every((folder) => newestMs(join(root, folder)) <= statSync(page).mtimeMs);
  if (fresh) return dist;
  if (!existsSync(join(root, 'node_modules', 'vite'))) return existsSync(page) ? dist : undefined;
  log.info('building the page');
  const { build } = await import('vite');
  await build({ configFile: join(root, 'dashboard', 'vite.config.ts'), logLevel: 'warn' });
  return dist;
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
