// The api's connection to a broker in another process: everything of the city comes in at QoS 1 and is acknowledged when it is stored.
import { Client } from '../mqtt/client.ts';
import type { Take } from '../telemetry/messages.ts';
import { clockTopic, kindTopic } from '../telemetry/topics.ts';
import type { BrokerAddress } from './wiring.ts';

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
  // The clock says which times are believable, and the descriptions what a record may be: both before the first record.
  for (const filter of [clockTopic(options.city), kindTopic(options.city, '+'), `city/${options.city}/#`]) {
    const [granted] = await client.subscribe([{ filter, qos: 1 }]);
    if (granted === undefined || granted > 2) throw new Error(`the broker refuses the subscription ${filter}`);
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
