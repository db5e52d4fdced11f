// Lets a judge see what a run sends.
import type { Judge } from './scenario/judge.ts';
import type { Sink } from './sink.ts';

export function judgeSink(judge: Judge): Sink {
  return {
    record: (kind, device, ts, _seq, readings) => judge.record(kind, device, ts, readings),
    event: (kind, device, ts, _seq, name, state) => judge.event(kind, device, ts, name, state),
    ack: () => {},
  };
}
