// What a load run measured. Latencies count from the moment a message was meant to leave, not from when it left; plain data, ms unless a name
// says otherwise.
import type { OwnLateness } from './own-share.ts';
import type { Plan } from './plan.ts';

/** Key among the errors of a run that is none of a connection: another run, or a city, speaks on the same topics. */
export const FOREIGN = 'message of somebody else received';
/** A subscriber got what it had not subscribed to. */
export const MISROUTED = 'message to the wrong subscriber';
/** It came so late that the audit has no memory of it. */
export const UNTOLD = 'message too late to tell whether it had come before';
/** How many messages were read at less than the QoS that publish and subscription asked for. */
export const deliveredAt = (qos: number, due: number) => `message delivered at QoS ${qos}, due at ${due}`;
export const grantedAt = (qos: number, asked: number) => `subscription granted at QoS ${qos}, asked for ${asked}`;
export const publishRefused = (reason: string) => `publish refused: ${reason}`;

/** What was measured was not at the QoS that the plan has. */
export function isDowngrade(cause: string): boolean {
  return /^(message delivered|subscription granted) at QoS/.test(cause);
}

/** Another such key: the target could not be made to forget what it keeps for a device. */
export const SESSION_LEFT = 'session left at the broker';

export interface Distribution {
  readonly count: number;
  readonly min: number;
  readonly mean: number;
  readonly p50: number;
  readonly p90: number;
  readonly p99: number;
  readonly p999: number;
  readonly max: number;
  /** HdrHistogram V2, compressed, base64; values in microseconds. */
  readonly hdr: string;
}

/** One second of the timeline. */
export interface Second {
  /** Since the first measured message was due, s; negative: warm-up. */
  readonly atS: number;
  /** Due in it. */
  readonly offered: number;
  readonly sent: number;
  readonly acked: number;
  /** By subscribers. */
  readonly received: number;
  readonly connected: number;
  /** End to end, of messages that were due in it; of acknowledgements where nobody subscribes. 0 without any. */
  readonly p50Ms: number;
  readonly p99Ms: number;
  readonly maxMs: number;
  /** How late messages were written, at the 99th percentile. */
  readonly lagP99Ms: number;
}

export interface GeneratorState {
  /**
   * Intended time to the write into the socket, median, 99th percentile and worst, as far as it is the generator's own fault: counted from the
   * moment at which the target was last seen to take nothing (window full, socket full, no connection).
   */
  readonly lagMsP50: number;
  readonly lagMsP99: number;
  readonly lagMsMax: number;
  /**
   * How long deliveries (acknowledgements where nobody subscribes) lay in a socket before their thread read them, at most, 99th percentile.
   */
  readonly readLagMsP99: number;
  /** Both together, late to write and late to read, by percentile: so much of a latency is the generator's own, at most. */
  readonly ownMs: OwnLateness;
  /** The rest of that time: waiting for the target, 99th percentile over all messages. */
  readonly blockedMsP99: number;
  /** CPU time over wall time of the busiest thread; 0 on a Node before 23.9. */
  readonly cpuShare: number;
  /** How late connections were begun, 99th percentile; the busiest thread while it connected. */
  readonly connectLagMsP99: number;
  readonly connectCpuShare: number;
  readonly loopDelayMsP99: number;
  /** It could not keep its own schedule: the run says nothing about the broker. */
  readonly saturated: boolean;
  /** What was at its limit, in words; absent unless saturated. */
  readonly why?: string;
}

/** Measured messages only, without those of the warm-up. */
export interface Result {
  readonly plan: Plan;
  /** Reason why the target cannot do this profile; everything else is then empty. */
  readonly skipped?: string;
  /** Established at the same time, at most. */
  readonly connections: number;
  /** Still established when the run ended, however it went in between. */
  readonly connectedAtEnd: number;
  readonly offeredPerS: number;
  readonly sentPerS: number;
  readonly receivedPerS: number;
  readonly sent: number;
  /** Due in the measured time and never written, because the target took nothing until the end. */
  readonly unsent: number;
  /** Deliveries that subscribers should have had for what was due. */
  readonly expected: number;
  /** Each delivery once. */
  readonly received: number;
  readonly acked: number;
  /** expected − received; without subscribers what was never sent or, above QoS 0, never acknowledged. */
  readonly lost: number;
  readonly duplicated: number;
  readonly reordered: number;
  /**
   * From the moment at which a connection was meant to begin to its CONNACK, over all attempts; where none came, with the time it was
   * waited for until the run ended.
   */
  readonly connectMs: Distribution;
  /** From SUBSCRIBE to SUBACK; where none came, until the run ended. */
  readonly subscribeMs: Distribution;
  /** To PUBACK or PUBCOMP; where none came, with the time it was waited for, until the connection or the run ended. */
  readonly ackMs: Distribution;
  /**
   * End to end. Messages that were never sent are in it with the time they had waited when the run ended, for each delivery they owed:
   * their latency is at least that. Messages lost on the way are not. Profile retained: from the moment the subscriber
   * was meant to connect to the retained message.
   */
  readonly latencyMs: Distribution;
  readonly timeline: readonly Second[];
  /** Connections that ended or could not be made, refusals, and messages that are not as they should be, by cause. */
  readonly errors: { readonly [cause: string]: number };
  readonly generator: GeneratorState;
  /** What the clocks can and cannot tell. */
  readonly clock: string;
  readonly wallSeconds: number;
}
