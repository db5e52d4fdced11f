// The api's connection to a broker in another process: everything of the city comes in at QoS 1 and is acknowledged when it is stored. A broker
// of ours may let the devices wait for that (--await-api), any other has acknowledged before.
import { Client } from '../mqtt/client.ts';
import type { Take } from '../telemetry/messages.ts';
import { clockTopic, ingestFilter, kindTopic } from '../telemetry/topics.ts';
import type { BrokerAddress } from './wiring.ts';

const REFUSED = 0x80; // 3.9.3

export interface ApiClient {
  publish(topic: string, payload: Uint8Array, options: { qos: 0 | 1; retain?: boolean }): Promise<void>;
  readonly up: boolean;
  stop(): Promise<void>;
}

export async function connectApi(options: {
  readonly city: string;
  readonly broker: BrokerAddress;
  readonly take: Take;
}): Promise<ApiClient> {
  let up = false;
  let subscribed = false;
  const client = new Client({
    ...options.broker,
    clientId: `api-${options.city}`,
    onMessage: (topic, payload, qos, retain) => options.take({ topic, payload, qos, retain }),
    onUp: () => {
      up = subscribed;
    },
    onDown: () => {
      up = false;
    },
  });
  await client.start();
  const { city } = options;
  const link = ingestFilter(city);
  // The clock says which times are believable, and the descriptions what a record may be: both before the first record, after a reconnect too.
  for (const filter of [clockTopic(city), kindTopic(city, '+'), link, `city/${city}/#`]) {
    const [granted = REFUSED] = await client.subscribe([{ filter, qos: 1 }]);
    // Only our broker knows the link; to others it is a filter that nobody publishes to.
    if (granted > 2 && filter !== link) throw new Error(`the broker refuses the subscription ${filter}`);
  }
  subscribed = true;
  up = client.connected;
  return {
    publish: async (topic, payload, { qos, retain = false }) => {
      // A command must not wait for a broker that is away: whoever sent it is told at once.
      if (!up) throw new Error('the broker is not connected');
      await client.publish(topic, payload, qos, retain);
    },
    get up() {
      return up;
    },
    stop: () => client.stop(),
  };
}
