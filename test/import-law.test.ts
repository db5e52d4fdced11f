// The law of the house: imports point one way. Reads the sources as text.
import { readFileSync, readdirSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('..', import.meta.url));
const PARTS = ['simulator', 'control', 'broker', 'api', 'dashboard', 'loadtest'];
const LANGUAGES = ['telemetry', 'mqtt', 'report'];

interface Import {
  readonly file: string;
  readonly target: string;
}

function sources(folder: string): string[] {
  return readdirSync(join(root, folder), { withFileTypes: true, recursive: true })
    .filter(
      (entry) => entry.isFile() && /\.tsx?$/.test(entry.name) && !entry.parentPath.includes(join('dashboard', 'dist')),
    )
    .map((entry) => relative(root, join(entry.parentPath, entry.name)));
}

function importsOf(file: string): Import[] {
  const text = readFileSync(join(root, file), 'utf8');
  const specifiers = [...text.matchAll(/(?:\bfrom\s*|\bimport\s*\(?\s*)'([^']+)'/g)].map((match) => match[1]!);
  return specifiers.map((specifier) => {
    const target = specifier.startsWith('.') ? relative(root, resolve(root, dirname(file), specifier)) : specifier;
    return { file, target };
  });
}

const existing = (folders: readonly string[]) => folders.filter((folder) => readdirSync(root).includes(folder));
const importsIn = (folder: string) => sources(folder).flatMap(importsOf);
const isIn = (folder: string) => (imported: Import) => imported.target.startsWith(`${folder}/`);
const show = ({ file, target }: Import) => `${file} imports ${target}`;

describe('the import law', () => {
  it('lets no part import another part, the command or the tests', () => {
    const broken = existing(PARTS).flatMap((part) =>
      importsIn(part).filter((imported) =>
        [...PARTS, 'cli', 'test', 'experiments'].some((other) => other !== part && isIn(other)(imported)),
      ),
    );
    expect(broken.map(show)).toEqual([]);
  });

  it('keeps telemetry and report free of everything, and mqtt free of ours', () => {
    const free = ['telemetry', 'report'].flatMap((folder) =>
      importsIn(folder).filter((imported) => !imported.target.startsWith(`${folder}/`)),
    );
    const mqtt = importsIn('mqtt').filter((imported) =>
      [...PARTS, ...LANGUAGES, 'cli'].some((part) => part !== 'mqtt' && isIn(part)(imported)),
    );
    expect([...free, ...mqtt].map(show)).toEqual([]);
  });

  it('lets a model see no other model, no clock, no network, no node:*', () => {
    const forbidden = [
      'simulator/models/',
      'simulator/clock.ts',
      'simulator/publisher.ts',
      'simulator/live.ts',
      'mqtt/',
      'node:',
    ];
    const broken = importsIn('simulator/models').filter(({ target }) =>
      forbidden.some((start) => target.startsWith(start)),
    );
    expect(broken.map(show)).toEqual([]);
  });

  it('keeps Math.random out of everything and fractional powers out of the simulator', () => {
    const code = (file: string) => readFileSync(join(root, file), 'utf8').replace(/\/\/.*|\/\*[\s\S]*?\*\//g, '');
    const all = existing([...PARTS, ...LANGUAGES, 'cli']).flatMap(sources);
    expect(all.filter((file) => /Math\.random/.test(code(file)))).toEqual([]);
    expect(sources('simulator').filter((file) => /Math\.pow|\*\*(?!\s*\d+\b(?!\.))/.test(code(file)))).toEqual([]);
  });

  it('reads settings from the environment in the option files only', () => {
    const readers = existing([...PARTS, ...LANGUAGES, 'cli'])
      .flatMap(sources)
      .filter((file) => readFileSync(join(root, file), 'utf8').includes('process.env'));
    expect(readers.filter((file) => !['cli/options.ts', 'cli/log.ts'].includes(file))).toEqual([]);
  });

  it('has no folders whose name says nothing, and no barrel files', () => {
    const files = existing([...PARTS, ...LANGUAGES, 'cli']).flatMap(sources);
    expect(files.filter((file) => /(^|\/)(utils?|helpers?|common|lib|core|misc)\//.test(file))).toEqual([]);
    const barrels = files.filter((file) => {
      const lines = readFileSync(join(root, file), 'utf8')
        .split('\n')
        .filter((line) => /^\s*\w/.test(line));
      return lines.length > 0 && lines.every((line) => /^\s*export .* from /.test(line));
    });
    expect(barrels).toEqual([]);
  });
});
