// What sessions that outlive their connection have subscribed, and which of them a message concerns. In place of Aedes' own memory, which
// answers with promises: whatever came meanwhile would overtake the message. What the sessions keep is in queues.ts.
import { FilterTree } from './filter-tree.ts';

type Qos = 0 | 1 | 2;

const NOBODY: ReadonlyMap<string, 1 | 2> = new Map();

export interface Subscribed {
  readonly topic: string;
  readonly qos: Qos;
}

export class KeptSubscriptions {
  readonly #byClient = new Map<string, Map<string, Qos>>();
  /** Those above QoS 0: of the others nothing is kept. */
  readonly #tree = new FilterTree<1 | 2>();

  readonly #isKept: (clientId: string) => boolean;

  /** isKept: whether there is such a session. */
  constructor(isKept: (clientId: string) => boolean) {
    this.#isKept = isKept;
  }

  /** A SUBSCRIBE is judged a turn after it came: the session may be over by then. */
  add(clientId: string, subscriptions: readonly Subscribed[]): void {
    if (!this.#isKept(clientId)) return;
    const own = this.#byClient.get(clientId) ?? new Map<string, Qos>();
    this.#byClient.set(clientId, own);
    for (const { topic, qos } of subscriptions) {
      own.set(topic, qos);
      if (qos !== 0) this.#tree.set(topic, clientId, qos);
      else this.#tree.delete(topic, clientId); // [MQTT-3.8.4-3]
    }
  }

  remove(clientId: string, filters: Iterable<string>): void {
    const own = this.#byClient.get(clientId);
    for (const filter of filters) if (own?.delete(filter)) this.#tree.delete(filter, clientId);
    if (own?.size === 0) this.#byClient.delete(clientId);
  }

  forget(clientId: string): void {
    this.remove(clientId, [...(this.#byClient.get(clientId)?.keys() ?? [])]);
  }

  of(clientId: string): Subscribed[] {
    return [...(this.#byClient.get(clientId) ?? [])].map(([topic, qos]) => ({ topic, qos }));
  }

  /** Each session once, however many of its filters match, at the best QoS of them, but at most that of the message [MQTT-3.3.5-1]. */
  concerned(topic: string, published: 1 | 2): ReadonlyMap<string, 1 | 2> {
    if (this.#tree.isEmpty) return NOBODY;
    const best = new Map<string, 1 | 2>();
    this.#tree.match(topic, (clientId, qos) => {
      const granted = Math.min(qos, published) as 1 | 2;
      if (granted > (best.get(clientId) ?? 0)) best.set(clientId, granted);
    });
    return best;
  }
}
