// The messages that travel beside records: commands and their acks, the clock, the counters of each part.
import type { Value } from './description.ts';

/** One device's fields at one time. (kind, device, ts, seq) is its identity. */
export interface TelemetryRecord {
  readonly kind: string;
  readonly device: string;
  /** Device time, ms since 1970 (UTC). */
  readonly ts: number;
  /** Starts at 1 at every device start, counts by one; 0 for outside devices that do not count. */
  readonly seq: number;
  readonly fields: { readonly [name: string]: Value };
}

/** What a device reports at once. `raised` and `cleared` of the same name make an alarm. */
export interface DeviceEvent extends TelemetryRecord {
  readonly name: string;
  readonly state?: 'raised' | 'cleared';
}

export interface Command {
  readonly id: string;
  readonly name: string;
  readonly args: { readonly [name: string]: unknown };
  /** Simulated ms from when the device's network receives it; absent = never. */
  readonly expiresMs?: number;
}

export type AckState = 'accepted' | 'rejected' | 'done' | 'expired';

export interface Ack {
  readonly id: string;
  readonly state: AckState;
  readonly reason?: string;
  /** Device time, ms. */
  readonly ts: number;
}

/** `city/{city}/clock`, retained, every wall second. */
export interface ClockMessage {
  readonly simTimeMs: number;
  /** Civil time = simTimeMs + utcOffsetMin. */
  readonly utcOffsetMin: number;
  /** Requested speed; 0 while paused. */
  readonly speed: number | 'max';
  readonly trueSpeed: number;
  readonly scenario: string;
  readonly seed: number;
  readonly backfillFromMs?: number;
  /** What the sky does now, for the page's top bar. */
  readonly weather?: {
    readonly tempC: number;
    readonly rainMmPerH: number;
    readonly cloud: number;
    readonly sunElevationDeg: number;
  };
}

/** `city/{city}/scenario/state`, retained: on every change, at most twice a wall second, and after every connect. */
export interface ScenarioState {
  readonly scenario: string;
  readonly title?: string;
  readonly startMs: number;
  /** Absent: a live city has no end. */
  readonly endMs?: number;
  readonly timeline: readonly ScenarioEventState[];
  readonly expectations: readonly ExpectationState[];
  /** What may be injected by `POST /api/scenario {"name":"event","args":{"event":…}}`. */
  readonly catalog: readonly InjectableEvent[];
  readonly backfill?: { readonly fromMs: number; readonly toMs: number; readonly atMs: number };
}

export interface ScenarioEventState {
  readonly id: string;
  readonly event: string;
  readonly fromMs: number;
  /** Absent: for good. */
  readonly untilMs?: number;
  readonly state: 'scheduled' | 'happening' | 'over';
  /** For people: where and what. */
  readonly detail: string;
  /** The street it happens on, by its English name: drawn instead of the circle. */
  readonly street?: string;
  /** Centre and radius, where it has one. */
  readonly lat?: number;
  readonly lon?: number;
  readonly radiusM?: number;
}

export interface ExpectationState {
  readonly name: string;
  /** `waiting`: nothing to judge yet; `holding`, `failing`: so far; `met` and `failed` are final. */
  readonly state: 'waiting' | 'holding' | 'failing' | 'met' | 'failed';
  /** Absent: not measured yet. */
  readonly value?: number;
  /** e.g. `>= 4.5` */
  readonly limit: string;
}

/** One event that may be injected: with a place (`where`), on devices of a kind (`kind`), or on the city as a whole. */
export interface InjectableEvent {
  readonly event: string;
  readonly label: string;
  readonly labels?: { readonly [language: string]: string };
  readonly kind?: string;
  readonly where: 'none' | 'optional' | 'required';
  /** JSON Schema of type object for `args`. */
  readonly args: { readonly [keyword: string]: unknown };
}

export interface SimulatorCounters {
  readonly out: number;
  readonly dropped: number;
}
export interface BrokerCounters {
  readonly in: number;
  readonly out: number;
  readonly refused: number;
  readonly refusedByCause: { readonly [cause: string]: number };
  readonly clients: number;
}

/** One MQTT publish on its way into the api. */
export interface Frame {
  readonly topic: string;
  readonly payload: Uint8Array;
  readonly qos: 0 | 1 | 2;
  readonly retain: boolean;
  /** It was refused before: seen, and most likely not stored. Absent: no. */
  readonly again?: true;
}

/**
 * The seam between broker and ingest. The frame is taken at once; the ticket settles when what it carried is durable, and only then may
 * the sender get its acknowledgement. No ticket: nothing to wait for. A ticket never rejects. It throws NoRoom (no-room.ts).
 */
export type Take = (frame: Frame) => Promise<void> | undefined;
