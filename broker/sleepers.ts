// Knows whether any session that outlives its connection waits for messages of QoS 1 or 2. While there is none, Aedes need not look for
// one at every publish, and a publish is on its way before the next is read. Nor does it wait for the retained one to be stored.
import type { Aedes } from 'aedes';

/** In memory: what it does is done when it returns. */
interface Persistence {
  storeRetained(packet: object): PromiseLike<void>;
  addSubscriptions(client: { readonly id: string }, subscriptions: { readonly qos: number }[]): Promise<void>;
  cleanSubscriptions(client: { readonly id: string }): Promise<void>;
  subscriptionsByTopic(topic: string): PromiseLike<object[]>;
  outgoingEnqueueCombi(subscriptions: object[], packet: object): PromiseLike<void>;
}

export class Sleepers {
  /** Client ids of sessions with a subscription above QoS 0, until the session ends. */
  readonly #ids = new Set<string>();

  /** Before the first client, and after all else that changes the broker's memory. */
  constructor(aedes: Aedes) {
    const { persistence } = aedes as Aedes & { persistence: Persistence };
    const store = persistence.storeRetained.bind(persistence);
    const add = persistence.addSubscriptions.bind(persistence);
    const clean = persistence.cleanSubscriptions.bind(persistence);
    const find = persistence.subscriptionsByTopic.bind(persistence);
    const enqueue = persistence.outgoingEnqueueCombi.bind(persistence);
    persistence.storeRetained = (packet) => {
      void store(packet);
      return settled(undefined);
    };
    persistence.addSubscriptions = (client, subscriptions) => {
      if (subscriptions.some(({ qos }) => qos > 0)) this.#ids.add(client.id);
      return add(client, subscriptions);
    };
    persistence.cleanSubscriptions = (client) => {
      this.#ids.delete(client.id);
      return clean(client);
    };
    persistence.subscriptionsByTopic = (topic) => (this.any ? find(topic) : settled([]));
    persistence.outgoingEnqueueCombi = (subscriptions, packet) =>
      subscriptions.length > 0 ? enqueue(subscriptions, packet) : settled(undefined);
  }

  get any(): boolean {
    return this.#ids.size > 0;
  }
}

/** Calls back at once, unlike a promise: the order of publishes is then the order in which they came. */
function settled<T>(value: T): PromiseLike<T> {
  // oxlint-disable-next-line unicorn/no-thenable -- a promise would call back a turn later
  const done = { then: (onValue: (value: T) => unknown) => (onValue(value), done) };
  return done as unknown as PromiseLike<T>;
}
