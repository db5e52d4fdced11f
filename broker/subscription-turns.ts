// SUBSCRIBE and UNSUBSCRIBE of one client do not overtake each other: Aedes takes up the one while the other is still on its way through its
// tables, and then takes out what was just put in. While some wait, their client is not read. Several of a kind go together.
import type { Aedes, Client } from 'aedes';
import { HOLD } from './guard.ts';
import type { Guard } from './guard.ts';

type Change = 'subscribe' | 'unsubscribe';

interface Turns {
  readonly guard: Guard;
  /** What Aedes has now, and how many of them are not answered. */
  change: Change;
  unanswered: number;
  waiting: { readonly change: Change; readonly handOn: () => void }[];
}

export class SubscriptionTurns {
  readonly #busy = new WeakMap<Client, Turns>();

  constructor(aedes: Aedes) {
    aedes.on('subscribe', (_, client) => this.#answered(client));
    aedes.on('unsubscribe', (_, client) => this.#answered(client));
  }

  /** Calls handOn, which gives the packet to Aedes, when what came before it is answered. */
  take(client: Client, guard: Guard, change: Change, handOn: () => void): void {
    const turns = this.#busy.get(client) ?? { guard, change, unanswered: 0, waiting: [] };
    this.#busy.set(client, turns);
    if (turns.change !== change || turns.waiting.length > 0) {
      turns.waiting.push({ change, handOn });
      guard.hold(HOLD.subscribing);
      return;
    }
    turns.unanswered++;
    handOn();
  }

  #answered(client: Client): void {
    const turns = this.#busy.get(client);
    if (!turns || --turns.unanswered > 0) return; // without turns: a session that was resumed
    // Others who listen to the same answer come first.
    setImmediate(() => {
      if (turns.unanswered === 0) this.#next(client, turns);
    });
  }

  #next(client: Client, turns: Turns): void {
    const [first] = turns.waiting;
    if (!first || client.closed) {
      this.#busy.delete(client);
      turns.guard.release(HOLD.subscribing);
      return;
    }
    const end = turns.waiting.findIndex(({ change }) => change !== first.change);
    const together = turns.waiting.splice(0, end === -1 ? turns.waiting.length : end);
    turns.change = first.change;
    turns.unanswered = together.length;
    for (const { handOn } of together) handOn();
  }
}
