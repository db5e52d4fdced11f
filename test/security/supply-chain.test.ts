// What comes from others, and what must never go to them: packages are pinned by their digest, run nothing at their installation, may be used;
// and no file of the project holds a secret.
import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';

interface Package {
  readonly resolved?: string;
  readonly integrity?: string;
  readonly license?: string;
  readonly dev?: boolean;
  readonly hasInstallScript?: boolean;
}

const root = fileURLToPath(new URL('../..', import.meta.url));
const json = (name: string): unknown => JSON.parse(readFileSync(`${root}/${name}`, 'utf8'));
const { packages } = json('package-lock.json') as { packages: { [path: string]: Package } };
const manifest = json('package.json') as {
  dependencies: { [name: string]: string };
  devDependencies: { [name: string]: string };
  allowScripts: { [name: string]: boolean };
};
const installed = Object.entries(packages).filter(([path]) => path !== '');

/** Permissive ones, and who has them as one of several. */
const LICENSES = new Set([
  '0BSD',
  'Apache-2.0',
  'BlueOak-1.0.0',
  'BSD-2-Clause',
  'BSD-3-Clause',
  'ISC',
  'MIT',
  '(MIT AND Zlib)',
]);

describe('a package', () => {
  it('is asked for in one version', () => {
    for (const [name, version] of Object.entries({ ...manifest.dependencies, ...manifest.devDependencies }))
      expect([name, version]).toEqual([name, expect.stringMatching(/^\d+\.\d+\.\d+(-[\w.]+)?$/)]);
  });

  it('comes from the registry that npm is set to, and is what it was when it was chosen', () => {
    expect(installed.length).toBeGreaterThan(100);
    for (const [path, { resolved, integrity }] of installed)
      expect([path, resolved, integrity]).toEqual([path, undefined, expect.stringMatching(/^sha512-/)]);
  });

  it('runs nothing when it is installed, unless it is named', () => {
    const named = Object.keys(manifest.allowScripts);
    for (const [path, { hasInstallScript }] of installed)
      if (hasInstallScript === true) expect(named).toContain(path.replace(/^.*node_modules\//, ''));
  });

  it('that goes along with the program is free to use', () => {
    for (const [path, { dev, license }] of installed)
      if (dev !== true) expect([path, LICENSES.has(license ?? '')]).toEqual([path, true]);
  });
});

describe('a file of the project', () => {
  const files = execFileSync('git', ['ls-files', '-z'], { cwd: root, encoding: 'utf8' }).split('\0').filter(Boolean);
  const secrets: [what: string, pattern: RegExp][] = [
    ['a private key', /-----BEGIN [A-Z ]*PRIVATE KEY-----\s+[\w+/]{40}/],
    ['a token of ours', /citytwin_(?!(.)\1{11})[0-9a-f]{12}_[\w-]{32}/],
    ['a hash of a password', /scrypt:[\w-]{22}:[\w-]{43}/],
    ['a signed token', /eyJ[\w-]{10,}\.eyJ[\w-]{10,}\.[\w-]{20,}/],
    ['a key of a cloud', /AKIA[0-9A-Z]{16}|gh[pousr]_\w{36}|xox[bap]-[\w-]{20,}/],
  ];

  it.each(secrets)('holds no secret such as %s', (_, pattern) => {
    expect(files.length).toBeGreaterThan(100);
    expect(files.filter((file) => pattern.test(readFileSync(`${root}/${file}`, 'latin1')))).toEqual([]);
  });

  it('is none that keeps them', () => {
    expect(
      files.filter((file) => /\.(pem|key|p12|password)$|(^|\/)(users|tokens)\.json$|(^|\/)\.env/.test(file)),
    ).toEqual([]);
  });
});
