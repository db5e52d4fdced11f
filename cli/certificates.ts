// Certificate, key and the client certificates' authority from files, for MQTT and HTTP alike. They are looked at once a second: a renewed
// pair takes effect without a restart, a broken or half-written one does not.
import { X509Certificate, createPrivateKey } from 'node:crypto';
import type { SecureContextOptions } from 'node:tls';
import { createSecureContext } from 'node:tls';
import { WatchedFile } from '../broker/watched-file.ts';
import type { Logger } from './log.ts';
import { UsageError } from './options.ts';
import type { Settings } from './options.ts';

export interface Certificates {
  readonly options: SecureContextOptions;
  onChange(listener: (options: SecureContextOptions) => void): void;
  close(): void;
}

type TlsSettings = Pick<Settings, 'tlsCert' | 'tlsKey' | 'tlsClientCa'>;
type Files = {
  readonly cert: WatchedFile<string>;
  readonly key: WatchedFile<string>;
  readonly ca?: WatchedFile<string>;
};

/** Undefined when none are named. @throws UsageError when they cannot be used */
export async function openCertificates(
  { tlsCert, tlsKey, tlsClientCa }: TlsSettings,
  log: Logger,
): Promise<Certificates | undefined> {
  if (tlsCert === undefined && tlsKey === undefined && tlsClientCa === undefined) return undefined;
  if (tlsCert === undefined || tlsKey === undefined) {
    throw new UsageError('TLS needs both --tls-cert FILE and --tls-key FILE');
  }
  const open = (path: string) => openPem(path, (error) => log.error(`TLS goes on as before: ${error.message}`));
  const files: Files = {
    cert: await open(tlsCert),
    key: await open(tlsKey),
    ...(tlsClientCa === undefined ? {} : { ca: await open(tlsClientCa) }),
  };
  try {
    return watching(files, checked(files), log);
  } catch (error) {
    throw new UsageError(`--tls-cert ${tlsCert} and --tls-key ${tlsKey} cannot be used: ${(error as Error).message}`);
  }
}

function watching(files: Files, options: SecureContextOptions, log: Logger): Certificates {
  const listeners: ((options: SecureContextOptions) => void)[] = [];
  const all = Object.values(files);
  const take = (): void => {
    try {
      const fresh = checked(files);
      for (const listener of listeners) listener(fresh);
      log.info('TLS uses the changed files from now on');
    } catch (error) {
      // Certificate and key are not written at the same moment: the second one that changes makes a pair.
      log.warn(`TLS goes on as before: ${(error as Error).message}`);
    }
  };
  for (const file of all) file.onChange(take);
  return {
    options,
    onChange: (listener) => void listeners.push(listener),
    close: () => all.forEach((file) => file.close()),
  };
}

/** No message quotes a key. @throws when key and certificate are no pair */
function checked({ cert, key, ca }: Files): SecureContextOptions {
  const certificate = new X509Certificate(cert.value);
  if (!certificate.checkPrivateKey(createPrivateKey(key.value)))
    throw new Error('the key is not that of the certificate');
  if (Date.parse(certificate.validTo) < Date.now()) throw new Error(`the certificate ended on ${certificate.validTo}`);
  const options = { cert: cert.value, key: key.value, ...(ca && { ca: ca.value }) };
  createSecureContext(options);
  return options;
}

async function openPem(path: string, onBad: (error: Error) => void): Promise<WatchedFile<string>> {
  const parse = (text: string | undefined): string => {
    if (text?.includes('-----BEGIN') === true) return text;
    throw new UsageError(text === undefined ? `there is no file ${path}` : `${path} holds nothing in PEM format`);
  };
  return WatchedFile.open(path, parse, onBad);
}
