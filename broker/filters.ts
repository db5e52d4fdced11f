// Does a topic match a filter (MQTT 3.1.1, section 4.7)? Who may use which filter is in roles.ts.

/** Empty levels count; wildcards at the first level do not reach topics that begin with `$` [MQTT-4.7.2-1]. */
export function matches(filter: string, topic: string): boolean {
  if (filter === topic) return true;
  if (topic.startsWith('$') && filter[0] !== '$') return false;
  let at = 0; // in the topic; topic.length + 1 = behind its last level
  for (let from = 0; ;) {
    const slash = filter.indexOf('/', from);
    const to = slash < 0 ? filter.length : slash;
    if (filter[from] === '#') return true; // also the parent level [MQTT-4.7.1-2]
    if (at > topic.length) return false;
    const end = topic.indexOf('/', at);
    const levelEnd = end < 0 ? topic.length : end;
    const isPlus = to === from + 1 && filter[from] === '+';
    if (!isPlus && !(levelEnd - at === to - from && topic.startsWith(filter.slice(from, to), at))) return false;
    at = levelEnd + 1;
    if (slash < 0) return at > topic.length;
    from = slash + 1;
  }
}
