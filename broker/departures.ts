// Connections that end: when thousands do at once, each waits for a turn, so that those who stay do not feel it. What we end ourselves ends at
// once. It changes nothing about what the end of a connection means.
import { Duplex } from 'node:stream';
import { flushAll } from './outflow.ts';
import type { Turns } from './turns.ts';

const TURNS = Symbol('turns');
/** The other side is gone without a word. */
const RESET = 'ECONNRESET';

type Leaving = Duplex & { readonly [TURNS]: Turns };

/** Before anybody reads from the stream. */
export function leaveInTurn(stream: Duplex, turns: Turns): void {
  Object.defineProperty(stream, TURNS, { value: turns });
  stream.push = pushInTurn;
  const destroy = stream.destroy.bind(stream);
  stream.destroy = (error?: Error & { code?: string }) => {
    if (error?.code !== RESET) return destroy(error);
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
