// Filters as a tree of their levels, each with what is filed under it: what a topic concerns is found without a look at every filter.
// The rules of matching are those of filters.ts.

interface Node<Value> {
  readonly children: Map<string, Node<Value>>;
  readonly values: Map<string, Value>;
}

export class FilterTree<Value> {
  readonly #root: Node<Value> = emptyNode();

  get isEmpty(): boolean {
    return this.#root.children.size === 0;
  }

  /** Takes the place of what the key had under this filter. */
  set(filter: string, key: string, value: Value): void {
    let node = this.#root;
    for (const level of filter.split('/')) {
      const child = node.children.get(level) ?? emptyNode<Value>();
      node.children.set(level, child);
      node = child;
    }
    node.values.set(key, value);
  }

  delete(filter: string, key: string): void {
    remove(this.#root, filter.split('/'), 0, key);
  }

  /** Calls back for each filter that matches: more than once for a key that has several. */
  match(topic: string, found: (key: string, value: Value) => void): void {
    visit(this.#root, topic.split('/'), 0, topic.startsWith('$'), found);
  }
}

function emptyNode<Value>(): Node<Value> {
  return { children: new Map(), values: new Map() };
}

/** Leaves no empty branch behind. */
function remove<Value>(node: Node<Value>, levels: readonly string[], at: number, key: string): void {
  const level = levels[at];
  if (level === undefined) {
    node.values.delete(key);
    return;
  }
  const child = node.children.get(level);
  if (!child) return;
  remove(child, levels, at + 1, key);
  if (child.children.size === 0 && child.values.size === 0) node.children.delete(level);
}

/** plain: wildcards do not reach this level, the first of a topic that begins with `$` [MQTT-4.7.2-1]. */
function visit<Value>(
  { children, values }: Node<Value>,
  levels: readonly string[],
  at: number,
  plain: boolean,
  found: (key: string, value: Value) => void,
): void {
  if (!plain) for (const [key, value] of children.get('#')?.values ?? []) found(key, value); // the parent level too [MQTT-4.7.1-2]
  const level = levels[at];
  if (level === undefined) {
    for (const [key, value] of values) found(key, value);
    return;
  }
  const exact = children.get(level);
  if (exact) visit(exact, levels, at + 1, false, found);
  const any = plain ? undefined : children.get('+');
  if (any) visit(any, levels, at + 1, false, found);
}
