// Connections that end: when thousands do at once, each waits for a turn, so that those who stay do not feel it. What we end ourselves ends at
// once. It changes nothing about what the end of a connection means.
/* oxlint-disable no-underscore-dangle -- Aedes offers no seam here; these are its own names */
import { Duplex } from 'node:stream';
import { flushAll } from './outflow.ts';
import type { Turns } from './turns.ts';

const TURNS = Symbol('turns');
/** The other side is gone without a word. */
const RESET = 'ECONNRESET';

interface Leaving extends Duplex {
  readonly [TURNS]: Turns;
  /** Aedes' own; it has sent DISCONNECT. */
  readonly client?: { readonly _disconnected: boolean };
}

/** Before anybody reads from the stream. */
export function leaveInTurn(stream: Duplex, turns: Turns): void {
  Object.defineProperty(stream, TURNS, { value: turns });
  stream.push = pushInTurn;
  const destroy = stream.destroy.bind(stream);
  let isWaiting = false;
  stream.destroy = (error?: Error & { code?: string }) => {
    const leaves = error ? error.code === RESET : (stream as Leaving).client?._disconnected === true;
    if (!leaves || isWaiting) return destroy(error);
    isWaiting = true;
    turns.take(() => destroy(error));
    return stream;
  };
}

/** null: the other side sends no more. One function for all streams, as in outflow.ts. */
function pushInTurn(this: Duplex, chunk: unknown, encoding?: BufferEncoding): boolean {
  if (chunk !== null) return Duplex.prototype.push.call(this, chunk, encoding);
  // Node reads thousands of ends before it comes to the end of a turn.
  flushAll();
  (this as Leaving)[TURNS].take(() => {
    if (this.destroyed) return;
    Duplex.prototype.push.call(this, null);
    this.read(0);
  });
  return false;
}
