// Certificates for tests, made by openssl: authorities, servers, clients, good ones and bad ones.
import { execFileSync } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';

export interface Pair {
  readonly cert: string;
  readonly key: string;
}

const KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];

/** Its key never leaves the folder. */
export class Authority {
  readonly cert: string;
  readonly #folder: string;
  readonly #name: string;

  constructor(folder: string, name: string) {
    this.#folder = folder;
    this.#name = name;
    this.cert = join(folder, `${name}.pem`);
    const files = ['-keyout', join(folder, `${name}.key`), '-out', this.cert];
    openssl('req', '-x509', ...KEY, ...files, '-days', '2', '-subj', `/CN=${name}`);
  }

  /** For localhost, 127.0.0.1 and further addresses. */
  server(file: string, addresses: readonly string[] = []): Pair {
    const names = ['DNS:localhost', 'IP:127.0.0.1', ...addresses.map((address) => `IP:${address}`)];
    return this.#sign(file, 'city', 2, `subjectAltName=${names.join(',')}\n`);
  }

  /** days: -1 for one that has ended */
  client(file: string, commonName: string, days = 2): Pair {
    return this.#sign(file, commonName, days, 'extendedKeyUsage=clientAuth\n');
  }

  #sign(file: string, commonName: string, days: number, extensions: string): Pair {
    const at = (ending: string): string => join(this.#folder, `${file}.${ending}`);
    const subject = `/CN=${commonName.replaceAll('/', '\\/')}`;
    openssl('req', '-new', ...KEY, '-keyout', at('key'), '-out', at('csr'), '-subj', subject);
    writeFileSync(at('ext'), extensions);
    const signer = ['-CA', this.cert, '-CAkey', join(this.#folder, `${this.#name}.key`), '-CAcreateserial'];
    const period = ['-days', String(days), '-extfile', at('ext')];
    openssl('x509', '-req', '-in', at('csr'), ...signer, ...period, '-out', at('pem'));
    return { cert: at('pem'), key: at('key') };
  }
}

function openssl(...args: readonly string[]): void {
  execFileSync('openssl', args, { stdio: 'ignore' });
}
