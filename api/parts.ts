// The parts of the api that routes answer from, and the counters over all of them.
import type { Alarms } from './alarms.ts';
import type { CityClock } from './city-clock.ts';
import type { Commands } from './commands.ts';
import type { ExperimentReports } from './experiment-reports.ts';
import type { Ingest } from './ingest.ts';
import type { Kinds } from './kinds.ts';
import type { Live } from './live.ts';
import type { Logger } from './logger.ts';
import type { Take } from '../telemetry/messages.ts';
import type { Journal } from './journal/journal.ts';
import type { Quarantine } from './quarantine.ts';
import type { Rejected } from './rejected.ts';
import type { ScenarioBoard } from './scenario-board.ts';
import type { Shares } from './shares.ts';
import type { Store } from './store.ts';
import type { Realtime } from './transit/realtime.ts';
import type { Transit } from './transit/transit.ts';

export interface Parts {
  readonly city: string;
  readonly version: string;
  readonly map: object;
  readonly store: Store;
  readonly log: Logger;
  readonly now: () => number;
  readonly brokerState: () => { ok: boolean };
  /** Of other parts of this process, in Prometheus' text format. */
  readonly moreMetrics: () => string;
  readonly isClosing: () => boolean;
  readonly kinds: Kinds;
  readonly ingest: Ingest;
  readonly rejected: Rejected;
  /** Absent without a disk. */
  readonly quarantine: Quarantine | undefined;
  readonly journal: Journal | undefined;
  readonly take: Take;
  readonly clock: CityClock;
  readonly scenario: ScenarioBoard;
  readonly shares: Shares;
  readonly commands: Commands;
  readonly alarms: Alarms;
  readonly live: Live;
  readonly transit: Transit;
  readonly realtime: Realtime;
  readonly experiments: ExperimentReports;
}

const NO_SIMULATOR = { out: 0, dropped: 0 };
const NO_BROKER = { in: 0, out: 0, refused: 0, clients: 0 };

/** Answer of `GET /api/counters`. */
export function allCounters(parts: Parts) {
  return { simulator: NO_SIMULATOR, broker: NO_BROKER, ...parts.shares.all(), ...ownCounters(parts) };
}

/** The api's share. */
export function ownCounters({ ingest, live, commands }: Parts) {
  return { ingest: ingest.counters(), live: live.counters(), acks: commands.counters() };
}
