// Our broker inside a process that also has the api: the take seam between them, and the secrets of the parts that connect to it.
import { startBroker } from '../broker/broker.ts';
import type { Broker } from '../broker/broker.ts';
import type { Credentials } from '../broker/credential-source.ts';
import { ephemeralCredentials, readSecret } from '../broker/credentials.ts';
import type { ServiceName } from '../broker/credentials.ts';
import type { TlsMaterial } from '../broker/tls-listener.ts';
import type { Take } from '../telemetry/messages.ts';
import { countersTopic } from '../telemetry/topics.ts';
import type { Logger } from './log.ts';
import type { BrokerAddress } from './wiring.ts';

const COUNT_EVERY_MS = 1000;

export type Part = Exclude<ServiceName, 'viewer'>;
const PARTS: readonly Part[] = ['simulator', 'control', 'api'];

export type Publish = (topic: string, payload: Uint8Array, options: { qos: 0 | 1; retain?: boolean }) => Promise<void>;

export interface OwnBroker {
  readonly broker: Broker;
  /** For the api. */
  readonly publish: Publish;
  addressOf(part: Part): BrokerAddress;
  close(): Promise<void>;
}

export interface OwnBrokerOptions {
  readonly host: string;
  /** 0: a free one */
  readonly port: number;
  readonly city: string;
  /** Who may come in, and the folder with the secrets of the parts; absent: new secrets that nobody else learns. */
  readonly access?: { readonly credentials: Credentials; readonly folder: string } | undefined;
  /** A second listener with TLS. */
  readonly tls?: { readonly host: string; readonly port: number; readonly material: TlsMaterial } | undefined;
  readonly take: Take;
  readonly log: Logger;
}

export async function startOwnBroker({
  city,
  host,
  port,
  access,
  tls,
  take,
  log,
}: OwnBrokerOptions): Promise<OwnBroker> {
  const { credentials, secrets } = await ownCredentials(access);
  const broker = await startBroker({ city, host, port, ...(tls && { tls }), credentials, take, log });
  const counting = publishCounters(broker, city);
  return {
    broker,
    publish: (topic, payload, options) => broker.publish(topic, payload, { retain: false, ...options }),
    addressOf: (part) => ({ host: ownAddress(host), port: broker.port, username: part, password: secrets[part] }),
    close: async () => {
      clearInterval(counting);
      await broker.close();
    },
  };
}

/** The broker's share of the counters, every second. */
export function publishCounters(broker: Broker, city: string): NodeJS.Timeout {
  return setInterval(() => {
    const counters = new TextEncoder().encode(JSON.stringify(broker.counters()));
    broker.publish(countersTopic(city, 'broker'), counters, { qos: 0, retain: true }).catch(() => undefined);
  }, COUNT_EVERY_MS);
}

type Secrets = { readonly [part in Part]: string };

/** Where a listener is reached from the same machine. */
function ownAddress(host: string): string {
  if (host === '0.0.0.0') return '127.0.0.1';
  return host === '::' ? '::1' : host;
}

async function ownCredentials(
  access: OwnBrokerOptions['access'],
): Promise<{ credentials: Credentials; secrets: Secrets }> {
  if (access === undefined) {
    const { credentials, secretOf } = ephemeralCredentials();
    return {
      credentials,
      secrets: { simulator: secretOf('simulator'), control: secretOf('control'), api: secretOf('api') },
    };
  }
  const { credentials, folder } = access;
  const [simulator, control, api] = await Promise.all(PARTS.map((part) => readSecret(folder, part)));
  return { credentials, secrets: { simulator: simulator!, control: control!, api: api! } };
}
