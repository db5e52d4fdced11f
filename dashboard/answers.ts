// Shapes of what the server answers (REST) and pushes (`/live`), as far as the page reads them. Types only.
import type { ColumnType } from '../telemetry/live-frame.ts';
import type { Description, Severity, Value } from '../telemetry/description.ts';
import type { AckState, ClockMessage, ScenarioState } from '../telemetry/messages.ts';

export interface KindDescription extends Description {
  readonly devices?: number;
}

export interface Label {
  readonly en: string;
  readonly zh: string;
}

/** `GET /api/city`; layers are GeoJSON FeatureCollections in WGS-84. */
export interface CityMap {
  readonly id: string;
  readonly name: Label;
  readonly center: readonly [lon: number, lat: number];
  readonly bounds: readonly [west: number, south: number, east: number, north: number];
  readonly note: string;
  readonly layers: {
    readonly land: object;
    readonly water: object;
    readonly parks: object;
    readonly streets: object;
    readonly busLines: object;
    readonly stops: object;
    readonly labels: object;
  };
}

export interface Counters {
  readonly simulator?: { readonly out: number; readonly dropped: number };
  readonly broker?: { readonly in: number; readonly out: number; readonly refused: number; readonly clients: number };
  readonly ingest?: {
    readonly in: number;
    readonly stored: number;
    readonly rejected: number;
    readonly duplicates: number;
    readonly dropped: number;
    readonly gaps: number;
    readonly restarts: number;
    readonly backlog: number;
  };
  readonly live?: {
    readonly clients: number;
    readonly frames: number;
    readonly bytes: number;
    readonly skipped: number;
  };
  readonly acks?: { readonly stored: number; readonly waiting: number };
  /** The last load test that aimed at this platform, second by second. */
  readonly load?: LoadShare;
}

export interface LoadShare {
  /** 1 while it goes on. */
  readonly running: number;
  /** Wall time of the tester: it is gone when this stands still. */
  readonly atMs: number;
  readonly sentPerS: number;
  readonly receivedPerS: number;
  readonly p99Ms: number;
  readonly lagMsP99: number;
  /** 0: the generator was at its limit; counts when the test is over. */
  readonly valid: number;
}

export interface Alarm {
  readonly id: string;
  readonly kind: string;
  readonly device: string;
  readonly name: string;
  readonly severity: Severity;
  readonly raisedAt: string | number;
  readonly clearedAt?: string | number;
  readonly ackedBy?: string;
}

export interface EventItem {
  readonly kind: string;
  readonly device: string;
  readonly ts: number;
  readonly seq: number;
  readonly name: string;
  readonly state?: 'raised' | 'cleared';
  readonly fields?: { readonly [name: string]: Value };
}

export interface DeviceAnswer {
  readonly kind: string;
  readonly device: string;
  readonly ts: number;
  readonly fields: { readonly [name: string]: Value };
}

export interface RejectedAnswer {
  readonly total: number;
  readonly byCause: { readonly [cause: string]: number };
  readonly items: readonly {
    readonly cause: string;
    readonly topic: string;
    readonly device?: string;
    /** For an admin. */
    readonly payload?: string;
    readonly at: string | number;
  }[];
}

export interface HealthAnswer {
  readonly status: string;
  readonly version?: string;
  readonly scenario?: string;
  readonly seed?: number;
  readonly store?: { readonly kind: string; readonly ok: boolean; readonly backlog: number };
  readonly journal?: {
    readonly level: 'ok' | 'degraded' | 'full';
    readonly bytes: number;
    readonly maxBytes: number;
    readonly lostEntries: number;
  } | null;
  readonly broker?: { readonly ok: boolean; readonly clients: number };
}

export interface AggregateAnswer {
  readonly groups: readonly {
    readonly key: string;
    readonly ts: readonly number[];
    readonly value: readonly (number | null)[];
  }[];
}

export type HistoryAnswer = { readonly ts: readonly number[] } & {
  readonly [field: string]: readonly (Value | null)[];
};

export interface CommandAnswer {
  readonly id: string;
  readonly state: AckState | 'waiting';
  readonly reason?: string;
  readonly ts?: number;
}

export type LiveMessage =
  | { readonly type: 'hello'; readonly version: number; readonly city: string; readonly clock: ClockMessage | null }
  | { readonly type: 'kinds'; readonly kinds: readonly LiveKind[] }
  | { readonly type: 'devices'; readonly kind: number; readonly from: number; readonly ids: readonly string[] }
  | ({ readonly type: 'clock' } & ClockMessage)
  | { readonly type: 'scenario'; readonly state: ScenarioState | null }
  | ({ readonly type: 'counters' } & Counters)
  | ({ readonly type: 'event' } & EventItem)
  | { readonly type: 'alarm'; readonly alarm: Alarm }
  | {
      readonly type: 'ack';
      readonly kind: string;
      readonly device: string;
      readonly id: string;
      readonly state: AckState;
      readonly reason?: string;
      readonly ts: number;
    }
  | { readonly type: 'error'; readonly detail: string };

export interface LiveKind extends Description {
  readonly index: number;
  readonly columns: readonly { readonly name: string; readonly type: ColumnType }[];
}
