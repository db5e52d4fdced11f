// Remembers to whom a topic goes: Aedes' emitter matches every message against all filters anew. It matches nothing itself.
/* oxlint-disable no-underscore-dangle -- Aedes offers no seam here; these are its own names */
import type { Aedes } from 'aedes';

type Listener = (packet: object, done: () => void) => void;

/** The part of mqemitter that is used here. */
interface Emitter {
  readonly _matcher: { match(topic: string): Listener[] };
  closed: boolean;
  on(topic: string, listener: Listener, done?: () => void): Emitter;
  removeListener(topic: string, listener: Listener, done?: () => void): Emitter;
  emit(packet: { readonly topic: string }, done?: (error?: Error) => void): Emitter;
}

/** Listeners of all remembered topics, of 8 bytes each; a topic itself is about as large as TOPIC_COST of them. */
const MAX_REMEMBERED = 1_000_000;
const TOPIC_COST = 15;

/** Takes the place of the emitter's emit; before the first client. */
export function rememberRoutes(aedes: Aedes): void {
  const { mq } = aedes as Aedes & { mq: Emitter };
  const routes = new Map<string, Listener[]>();
  let remembered = 0;
  const forget = (): void => {
    routes.clear();
    remembered = 0;
  };
  const on = mq.on.bind(mq);
  const removeListener = mq.removeListener.bind(mq);
  const emit = mq.emit.bind(mq);
  mq.on = (...args) => {
    on(...args);
    forget();
    return mq;
  };
  mq.removeListener = (topic, listener, done) =>
    removeListener(topic, listener, () => {
      forget(); // it is removed a turn later
      done?.();
    });
  mq.emit = (packet, done) => {
    if (mq.closed) return emit(packet, done);
    const { topic } = packet;
    let listeners = routes.get(topic);
    if (!listeners) {
      listeners = [...mq._matcher.match(topic)];
      remembered += TOPIC_COST + listeners.length;
      if (remembered > MAX_REMEMBERED) forget();
      routes.set(topic, listeners);
    }
    callAll(listeners, packet, done);
    return mq;
  };
}

/** Calls done when all listeners have called theirs. */
function callAll(listeners: readonly Listener[], packet: object, done: (() => void) | undefined): void {
  let left = listeners.length;
  const oneDone = (): void => {
    if (--left === 0) done?.();
  };
  if (left === 0) done?.();
  for (const listener of listeners) {
    if (listener.length === 1) (listener as (done: () => void) => void)(oneDone);
    else listener(packet, oneDone);
  }
}
