// Our broker inside a process that also has the api: the take seam between them, and the secrets of the parts that connect to it.
import { startBroker } from '../broker/broker.ts';
import type { Broker } from '../broker/broker.ts';
import { createCredentials, ephemeralCredentials, readSecret } from '../broker/credentials.ts';
import type { Credentials, ServiceName } from '../broker/credentials.ts';
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
  /** Folder of users and secrets; absent: new secrets that nobody else learns. */
  readonly credentials?: string | undefined;
  readonly take: Take;
  readonly log: Logger;
}

export async function startOwnBroker({
  city,
  host,
  port,
  credentials: folder,
  take,
  log,
}: OwnBrokerOptions): Promise<OwnBroker> {
  const { credentials, secrets } = await ownCredentials(folder);
  const broker = await startBroker({ city, host, port, credentials, take, log });
  const counting = publishCounters(broker, city);
  return {
    broker,
    publish: (topic, payload, options) => broker.publish(topic, payload, { retain: false, ...options }),
    addressOf: (part) => ({ host: '127.0.0.1', port: broker.port, username: part, password: secrets[part] }),
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

async function ownCredentials(folder: string | undefined): Promise<{ credentials: Credentials; secrets: Secrets }> {
  if (folder === undefined) {
    const { credentials, secretOf } = ephemeralCredentials();
    return {
      credentials,
      secrets: { simulator: secretOf('simulator'), control: secretOf('control'), api: secretOf('api') },
    };
  }
  const credentials = await createCredentials(folder);
  const [simulator, control, api] = await Promise.all(PARTS.map((part) => readSecret(folder, part)));
  return { credentials, secrets: { simulator: simulator!, control: control!, api: api! } };
}
