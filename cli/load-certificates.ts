// Whether the certificates of a load test can be used at all, before anything is sent: what a file holds, and whether certificate and key
// belong together. Who trusts whom, only the target can say.
import { X509Certificate, createPrivateKey } from 'node:crypto';
import type { Target } from '../loadtest/plan.ts';
import { UsageError } from './options.ts';

type Files = { readonly [flag in 'ca' | 'cert' | 'key']?: string };

/** files: what the texts of the target were read from. @throws UsageError that names the file */
export function checkCertificates({ ca, cert, key }: Target, files: Files): void {
  if (ca !== undefined) certificateOf(ca, `--ca ${files.ca}`);
  if (cert === undefined || key === undefined) return;
  const [certFlag, keyFlag] = [`--cert ${files.cert}`, `--key ${files.key}`];
  const certificate = certificateOf(cert, certFlag);
  const privateKey = privateKeyOf(key, keyFlag);
  if (!certificate.checkPrivateKey(privateKey)) throw new UsageError(`${keyFlag} is not the key of ${certFlag}`);
}

function certificateOf(pem: string, flag: string): X509Certificate {
  try {
    return new X509Certificate(pem);
  } catch (error) {
    throw new UsageError(`${flag} holds no certificate: expected PEM, BEGIN CERTIFICATE`, { cause: error });
  }
}

function privateKeyOf(pem: string, flag: string) {
  if (pem.includes('ENCRYPTED')) throw new UsageError(`${flag} is encrypted: expected a key without a passphrase`);
  try {
    return createPrivateKey(pem);
  } catch (error) {
    throw new UsageError(`${flag} holds no private key: expected PEM, BEGIN PRIVATE KEY`, { cause: error });
  }
}
