// A bounded memory of what is costly to compute and always comes out the same.

/** Looks up, else computes; forgets all when full, which is cheaper than to remember an order and just as right. */
export function remember<K, T>(cache: Map<K, T>, limit: number, key: K, compute: () => T): T {
  let value = cache.get(key);
  if (value === undefined) {
    value = compute();
    if (cache.size >= limit) cache.clear();
    cache.set(key, value);
  }
  return value;
}
