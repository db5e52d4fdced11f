// Reads Prometheus' text format as strictly as a test needs it: every sample belongs to a metric with a type, and no metric comes twice.

export interface Exposed {
  /** By full name, labels included. */
  readonly samples: ReadonlyMap<string, number>;
  readonly types: ReadonlyMap<string, string>;
}

/** @throws naming the first line that Prometheus would not take, or that lacks its type */
export function readMetrics(text: string): Exposed {
  if (!text.endsWith('\n')) throw new Error('the last line does not end');
  const samples = new Map<string, number>();
  const types = new Map<string, string>();
  for (const line of text.split('\n')) {
    const type = /^# TYPE (\S+) (counter|gauge|histogram|summary)$/.exec(line);
    const sample = /^([a-zA-Z_:][a-zA-Z0-9_:]*)(\{[^}]*\})? (-?[\d.e+-]+|NaN|[+-]Inf)( \d+)?$/.exec(line);
    if (type) {
      if (types.has(type[1]!)) throw new Error(`two types: ${line}`);
      types.set(type[1]!, type[2]!);
    } else if (sample) {
      const [, name, labels = '', value] = sample;
      const family = name!.replace(/_(bucket|sum|count)$/, '');
      if (!types.has(name!) && !types.has(family)) throw new Error(`no type: ${line}`);
      if (samples.has(name! + labels)) throw new Error(`twice: ${line}`);
      samples.set(name! + labels, Number(value));
    } else if (line !== '' && !line.startsWith('# HELP ')) throw new Error(`not understood: ${line}`);
  }
  return { samples, types };
}
