// `/metrics` for Prometheus, read from the counters when asked. No label per device: ten million devices would be ten million series.
import { Counter, Gauge, Registry, collectDefaultMetrics } from 'prom-client';
import type { IngestCounters } from './ingest.ts';
import type { JournalState } from './journal/journal.ts';

export interface MetricsSource {
  readonly ingest: () => IngestCounters;
  readonly live: () => { clients: number; frames: number; bytes: number; skipped: number };
  readonly acks: () => { stored: number; waiting: number };
  readonly storeFails: () => boolean;
  /** Undefined without a journal. */
  readonly journal: () => JournalState | undefined;
  readonly rejectedGivenUp: () => number;
  readonly rejectedByCause: () => { [cause: string]: number };
  readonly devicesByKind: () => { [kind: string]: number };
}

export function createMetrics(source: MetricsSource): Registry {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  const total = (name: string, help: string, read: () => number) =>
    new Counter({
      name: `citytwin_${name}_total`,
      help,
      registers: [registry],
      collect() {
        this.reset();
        this.inc(read());
      },
    });
  const gauge = (name: string, help: string, read: () => number) =>
    new Gauge({
      name: `citytwin_${name}`,
      help,
      registers: [registry],
      collect() {
        this.set(read());
      },
    });
  const { ingest, live, acks } = source;
  total('ingest_in', 'Telemetry and events taken', () => ingest().in);
  total('ingest_stored', 'Records and events stored', () => ingest().stored);
  total('ingest_rejected', 'Telemetry and events refused', () => ingest().rejected);
  total('ingest_duplicates', 'Records that were stored already', () => ingest().duplicates);
  total('ingest_dropped', 'QoS 0 records dropped because the backlog was full', () => ingest().dropped);
  total('ingest_gaps', 'Sequence numbers that never came', () => ingest().gaps);
  total('ingest_restarts', 'Devices that began to count anew', () => ingest().restarts);
  gauge('ingest_backlog', 'Records taken and not stored yet', () => ingest().backlog);
  gauge('store_failing', '1: the store did not take the last batch', () => Number(source.storeFails()));
  if (source.journal() !== undefined) journalMetrics(total, gauge, () => source.journal()!);
  total('rejected_given_up', 'Refused messages that are not kept whole', source.rejectedGivenUp);
  gauge('live_clients', 'Live clients connected', () => live().clients);
  total('live_frames', 'Live frames sent', () => live().frames);
  total('live_bytes', 'Bytes sent to live clients', () => live().bytes);
  total('live_skipped', 'States and messages skipped for slow live clients', () => live().skipped);
  total('acks_stored', 'Acks taken', () => acks().stored);
  gauge('commands_waiting', 'Commands without their last ack', () => acks().waiting);
  labelled(registry, 'rejected_total', 'Messages refused', 'cause', source.rejectedByCause);
  labelled(registry, 'devices', 'Devices with a newest record in memory', 'kind', source.devicesByKind);
  return registry;
}

type Measure = (name: string, help: string, read: () => number) => unknown;

function journalMetrics(total: Measure, gauge: Measure, state: () => JournalState): void {
  gauge('journal_bytes', 'Acknowledged data on disk, with what is kept after it was stored', () => state().bytes);
  gauge('journal_max_bytes', 'What the journal may take', () => state().maxBytes);
  gauge('journal_free_bytes', 'Free on its disk', () => state().freeBytes);
  gauge('journal_behind', 'Entries that are durable and not stored', () => {
    const { durableSequence, storedSequence } = state();
    return durableSequence - storedSequence;
  });
  gauge('journal_last_sync_seconds', 'The last write with its sync', () => state().lastSyncMs / 1000);
  total('journal_syncs', 'Writes with their sync', () => state().syncs);
  total('journal_lost', 'Entries that are damaged on disk', () => state().lostEntries);
}

function labelled(
  registry: Registry,
  name: string,
  help: string,
  label: string,
  read: () => { [key: string]: number },
): void {
  const Metric = name.endsWith('_total') ? Counter : Gauge;
  const metric: Counter | Gauge = new Metric({
    name: `citytwin_${name}`,
    help,
    labelNames: [label],
    registers: [registry],
    collect() {
      metric.reset();
      for (const [value, count] of Object.entries(read())) metric.inc({ [label]: value }, count);
    },
  });
}
