// Finds a scenario: one that ships, a YAML file, or a TypeScript or JavaScript file whose default export is one. The only file of scenarios
// that touches the disk.
import { existsSync, readFileSync, readdirSync, statSync } from 'node:fs';
import { resolve } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { Scenario } from '../scenario.ts';
import type { ReadContext } from './build.ts';
import { MAX_FILE_BYTES } from './document.ts';
import { ScenarioError, unknownWord } from './problems.ts';
import { readScenario, readSource } from './read.ts';

import type { ScenarioModule } from './source.ts';

const SHIPPED = fileURLToPath(new URL('../../scenarios/', import.meta.url));

/** Names of the scenarios that ship, in alphabetical order. */
export function listScenarios(): string[] {
  return readdirSync(SHIPPED)
    .filter((file) => file.endsWith('.yaml'))
    .map((file) => file.slice(0, -'.yaml'.length))
    .sort();
}

/** nameOrFile: `rainstorm`, `my-city.yaml`, `my-city.ts`. seed: for files that make one of it. @throws ScenarioError */
export async function loadScenario(
  nameOrFile: string,
  context: ReadContext & { readonly seed?: number },
): Promise<Scenario> {
  if (/\.ya?ml$/i.test(nameOrFile)) return readScenario(textOf(nameOrFile), nameOrFile, context);
  if (/\.[mc]?[jt]s$/i.test(nameOrFile))
    return readSource(await sourceOf(nameOrFile, context.seed ?? 1), nameOrFile, context);
  const names = listScenarios();
  if (!names.includes(nameOrFile)) {
    throw failure(nameOrFile, `${unknownWord('scenario', nameOrFile, names)}, or give a file .yaml or .ts`);
  }
  return readScenario(textOf(`${SHIPPED}${nameOrFile}.yaml`), `scenarios/${nameOrFile}.yaml`, context);
}

function textOf(file: string): string {
  checkFile(file);
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(readFileSync(file));
  } catch (error) {
    throw failure(file, error instanceof TypeError ? 'is not UTF-8 text' : (error as Error).message);
  }
}

async function sourceOf(file: string, seed: number): Promise<unknown> {
  checkFile(file);
  try {
    const { default: exported } = (await import(pathToFileURL(resolve(file)).href)) as { default?: ScenarioModule };
    if (exported === undefined) throw new Error('must export a scenario as default');
    return typeof exported === 'function' ? exported({ seed }) : exported;
  } catch (error) {
    throw failure(file, error instanceof Error ? error.message : String(error));
  }
}

function checkFile(file: string): void {
  if (!existsSync(file)) throw failure(file, 'there is no such file');
  const { size } = statSync(file);
  if (!statSync(file).isFile()) throw failure(file, 'is not a file');
  if (size > MAX_FILE_BYTES) throw failure(file, `a scenario has at most ${MAX_FILE_BYTES} bytes, got ${size}`);
}

function failure(file: string, message: string): ScenarioError {
  return new ScenarioError([{ file, message }]);
}
