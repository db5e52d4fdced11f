// Brokers of others as targets of a load run, for the length of a test file: mosquitto with a listener for each transport, with certificates
// made on the spot, and nats-server. What needs only a plain mosquitto takes that of plans.ts.
import { execFileSync, spawn } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Target } from '../../loadtest/plan.ts';
import { connectable, freePort } from '../ports.ts';
import { program } from '../parts.ts';
import { target } from './plans.ts';

export interface Certificates {
  /** PEM files. */
  readonly ca: string;
  /** Signed nobody that is used here. */
  readonly otherCa: string;
  readonly server: Pair;
  readonly device: Pair;
}

interface Pair {
  readonly cert: string;
  readonly key: string;
}

const KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
const DAYS = ['-days', '2'];

/** Into the folder: an authority, one that signed nothing, a server for localhost and 127.0.0.1, a device. */
export function makeCertificates(folder: string): Certificates {
  const at = (name: string) => join(folder, name);
  const openssl = (...args: string[]) => execFileSync('openssl', args, { stdio: 'ignore' });
  const authority = (name: string) => {
    const files = ['-keyout', at(`${name}.key`), '-out', at(`${name}.pem`), '-subj', `/CN=${name}`];
    openssl('req', '-x509', ...KEY, ...DAYS, ...files);
    return at(`${name}.pem`);
  };
  const signed = (name: string, names: string): Pair => {
    const [request, extensions] = [at(`${name}.csr`), at(`${name}.ext`)];
    const pair = { cert: at(`${name}.pem`), key: at(`${name}.key`) };
    openssl('req', ...KEY, '-keyout', pair.key, '-out', request, '-subj', `/CN=${name}`);
    writeFileSync(extensions, `subjectAltName=${names}\n`);
    const signer = ['-CA', at('ca.pem'), '-CAkey', at('ca.key'), '-CAcreateserial', '-extfile', extensions];
    openssl('x509', '-req', '-in', request, ...signer, ...DAYS, '-out', pair.cert);
    // The broker gives up its rights before it reads them.
    chmodSync(pair.key, 0o644);
    return pair;
  };
  return {
    ca: authority('ca'),
    otherCa: authority('other-ca'),
    server: signed('server', 'DNS:localhost,IP:127.0.0.1'),
    device: signed('device', 'DNS:device'),
  };
}

export interface Transports {
  readonly certificates: Certificates;
  /** A plan's target for each transport, with what it takes to be let in; `tls` wants a certificate of the devices. */
  readonly targets: { readonly [transport in Target['transport']]: Target };
  /** A listener that wants a password: user-N has secret-of-CLIENT for the clients 0…19 with that prefix. */
  readonly withPassword: Target;
  end(): void;
}

/** mosquitto with a listener for each transport. clientPrefix: of the clients that have passwords. */
export async function startTransports(clientPrefix: string): Promise<Transports> {
  const folder = mkdtempSync(join(tmpdir(), 'citytwin-transports-'));
  chmodSync(folder, 0o755);
  const certificates = makeCertificates(folder);
  const passwords = join(folder, 'passwords');
  const users = Array.from({ length: 20 }, (_, at) => `user-${at}:secret-of-${clientPrefix}${at}\n`);
  writeFileSync(passwords, users.join(''), { mode: 0o644 });
  execFileSync(program('mosquitto_passwd')!, ['-U', passwords]);
  chmodSync(passwords, 0o644);
  const { ca, server, device } = certificates;
  const ports = { tcp: await freePort(), tls: await freePort(), ws: await freePort(), wss: await freePort() };
  const guarded = await freePort();
  const open = 'allow_anonymous true';
  const secure = [`certfile ${server.cert}`, `keyfile ${server.key}`];
  const child = startMosquittoWith(folder, [
    [ports.tcp, open],
    [ports.tls, open, `cafile ${ca}`, ...secure, 'require_certificate true'],
    [ports.ws, open, 'protocol websockets'],
    [ports.wss, open, 'protocol websockets', ...secure],
    [guarded, 'allow_anonymous false', `password_file ${passwords}`],
  ]);
  await Promise.all([...Object.values(ports), guarded].map((port) => connectable(port)));
  const text = (file: string) => readFileSync(file, 'utf8');
  const host = 'localhost';
  return {
    certificates,
    targets: {
      tcp: target(ports.tcp),
      tls: target(ports.tls, {
        transport: 'tls',
        host,
        ca: text(ca),
        cert: text(device.cert),
        key: text(device.key),
      }),
      ws: target(ports.ws, { transport: 'ws' }),
      wss: target(ports.wss, { transport: 'wss', host, ca: text(ca) }),
    },
    withPassword: target(guarded),
    end: () => {
      child.kill('SIGKILL');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}

/** Each listener: its port, then its lines. */
function startMosquittoWith(folder: string, listeners: readonly (readonly [number, ...string[]])[]) {
  const file = join(folder, 'mosquitto.conf');
  const lines = listeners.flatMap(([port, ...more]) => [`listener ${port} 127.0.0.1`, ...more]);
  const general = ['per_listener_settings true', 'set_tcp_nodelay true', 'max_queued_messages 0'];
  writeFileSync(file, [...general, ...lines, ''].join('\n'));
  return spawn(program('mosquitto')!, ['-c', file], { stdio: 'ignore' });
}

/** nats-server with MQTT, which there needs JetStream and a name. */
export async function startNats(): Promise<{ readonly port: number; end(): void }> {
  const port = await freePort();
  const folder = mkdtempSync(join(tmpdir(), 'citytwin-nats-'));
  const file = join(folder, 'nats.conf');
  const lines = ['server_name: target', 'host: "127.0.0.1"', 'port: -1', `jetstream { store_dir: "${folder}" }`];
  writeFileSync(file, [...lines, `mqtt { host: "127.0.0.1", port: ${port} }`, ''].join('\n'));
  const child = spawn(program('nats-server')!, ['-c', file], { stdio: 'ignore' });
  await connectable(port);
  return {
    port,
    end: () => {
      child.kill('SIGKILL');
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
