// What one client has subscribed and what each filter was granted; which QoS a topic gets of it, without a look at every filter. Who may
// subscribe what is in roles.ts.
import { FilterTree } from './filter-tree.ts';
import { matches } from './filters.ts';

type Qos = 0 | 1 | 2;

/** With more filters above QoS 0, a tree finds those that match sooner. */
const FEW = 8;

export class Grants {
  readonly #all = new Map<string, Qos>();
  /** Those above QoS 0, alone able to change what a topic gets. */
  readonly #above = new Map<string, 1 | 2>();
  /** The same, once there are many. */
  #tree: FilterTree<1 | 2> | undefined;

  /** Filters. */
  get size(): number {
    return this.#all.size;
  }

  has(filter: string): boolean {
    return this.#all.has(filter);
  }

  /** Takes the place of what the filter was granted before [MQTT-3.8.4-3]. */
  set(filter: string, qos: Qos): void {
    this.delete(filter);
    this.#all.set(filter, qos);
    if (qos === 0) return;
    this.#above.set(filter, qos);
    this.#tree?.set(filter, '', qos);
    if (!this.#tree && this.#above.size > FEW) this.#tree = treeOf(this.#above);
  }

  delete(filter: string): void {
    this.#all.delete(filter);
    if (this.#above.delete(filter)) this.#tree?.delete(filter, '');
    if (this.#above.size === 0) this.#tree = undefined;
  }

  /** The best of the filters that match, but at most that of the message [MQTT-3.3.5-1]. */
  best(topic: string, published: Qos): Qos {
    if (this.#tree) return bestInTree(this.#tree, topic, published);
    let best: Qos = 0;
    for (const [filter, qos] of this.#above) {
      if (qos > best && matches(filter, topic)) best = qos;
      if (best >= published) return published;
    }
    return best;
  }
}

function treeOf(filters: ReadonlyMap<string, 1 | 2>): FilterTree<1 | 2> {
  const tree = new FilterTree<1 | 2>();
  for (const [filter, qos] of filters) tree.set(filter, '', qos);
  return tree;
}

function bestInTree(tree: FilterTree<1 | 2>, topic: string, published: Qos): Qos {
  let best: Qos = 0;
  tree.match(topic, (_, qos) => {
    if (qos > best) best = qos;
  });
  return Math.min(best, published) as Qos;
}
