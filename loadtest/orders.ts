// What the run tells the threads and processes that hold its devices, and what they report. Plain data for structured cloning.
import type { Cells, CellsState } from './cells.ts';
import type { Plan } from './plan.ts';

/** What a part is started with. */
export interface Setup {
  readonly plan: Plan;
  /** In every payload, so that messages of other runs are told apart. */
  readonly runId: number;
  /** Senders hold publishers and idle devices, the receiver all subscribers. */
  readonly kind: 'send' | 'receive';
  /** Of the senders, 0…count − 1. */
  readonly part: number;
  readonly parts: number;
  /** The target's address, looked up once. */
  readonly address: string;
}

export type Order =
  /** Opens all devices, device i at beginNs + (i − first)/connectPerS. */
  | { readonly type: 'connect'; readonly beginNs: number; readonly first: number }
  /** startNs: when the first measured message is due. */
  | { readonly type: 'start'; readonly startNs: number }
  /** Subscribers disconnect in good order and stay away until `back`. */
  | { readonly type: 'away' }
  | { readonly type: 'back'; readonly beginNs: number }
  /** Idle devices (everybody where there is none) lose their connections and come back. */
  | { readonly type: 'storm'; readonly beginNs: number }
  /** No further message becomes due. */
  | { readonly type: 'halt' }
  /** Says the final word and disconnects. */
  | { readonly type: 'finish' }
  /** After `finish`, where sessions are kept: makes the target forget them; device i at beginNs + (i − first)/connectPerS. */
  | { readonly type: 'clean'; readonly beginNs: number; readonly first: number };

/** What happened to the messages that were due in one second. C: structured cloning keeps the data of a class, not its methods. */
export interface Bucket<C extends CellsState = Cells> {
  offered: number;
  sent: number;
  acked: number;
  received: number;
  /** End to end. */
  readonly latency: C;
  /** To the acknowledgement. */
  readonly acks: C;
  /** How late they were written, by the generator's own fault. */
  readonly lag: C;
}

export type Report =
  /** The thread or process is there and takes orders. */
  | { readonly type: 'born' }
  /** Every device of the part has been connected and subscribed, or failed for the first time. */
  | { readonly type: 'ready' }
  | {
      readonly type: 'stats';
      readonly buckets: readonly (readonly [second: number, Bucket<CellsState>])[];
      readonly connected: number;
      /** Deliveries owed for what was due so far. */
      readonly owed: number;
      readonly received: number;
      /** Nothing will be due any more, nothing waits, everything is acknowledged. */
      readonly done: boolean;
    }
  | ({ readonly type: 'final' } & Final)
  /** left: sessions that the target may still hold. */
  | { readonly type: 'cleaned'; readonly left: number };

export interface Final {
  /** Established when the run ended. */
  readonly connected: number;
  readonly offered: number;
  readonly sent: number;
  readonly acked: number;
  readonly owed: number;
  /** Unique deliveries. */
  readonly received: number;
  readonly duplicated: number;
  readonly reordered: number;
  /** Due and never written. */
  readonly unsent: number;
  /** Of the last message written or received, ns of clock.ts; 0 without one. */
  readonly lastNs: number;
  readonly connect: CellsState;
  readonly subscribe: CellsState;
  readonly ack: CellsState;
  readonly latency: CellsState;
  readonly lag: CellsState;
  /** How late deliveries (of a sender: acknowledgements) were read, by the thread's own fault. */
  readonly readLag: CellsState;
  /** Waiting for the target: window or socket full, no connection. */
  readonly blocked: CellsState;
  /** How late connections were begun. */
  readonly opening: CellsState;
  /** A sender: how late it woke from its naps; a receiver: delay of its event loop. */
  readonly loopDelayMsP99: number;
  /** CPU time over wall time since `start`. */
  readonly cpuShare: number;
  /** The same while devices were told to connect, until all were; the highest of several times. */
  readonly connectCpuShare: number;
  readonly errors: { readonly [cause: string]: number };
}
