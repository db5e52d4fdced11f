// The api's start: puts the parts together and opens the HTTP server. Data walks frame → inbox → ingest → store → latest, alarms, live;
// questions walk route → part or store. Read inbox.ts and ingest.ts next.
import type { IncomingMessage, Server } from 'node:http';
import { join } from 'node:path';
import type { Duplex } from 'node:stream';
import type { DeviceEvent, Take } from '../telemetry/messages.ts';
import { countersTopic } from '../telemetry/topics.ts';
import { Alarms } from './alarms.ts';
import { CityClock } from './city-clock.ts';
import { Commands } from './commands.ts';
import { ExperimentReports } from './experiment-reports.ts';
import type { AccessOptions } from './access/accounts.ts';
import { createHttp } from './http.ts';
import type { TlsMaterial } from './http-listener.ts';
import { createTake } from './inbox.ts';
import { Ingest } from './ingest.ts';
import type { Batch } from './batch.ts';
import { Journal } from './journal/journal.ts';
import type { JournalOptions } from './journal/journal.ts';
import { Kinds } from './kinds.ts';
import { Live } from './live.ts';
import type { Logger } from './logger.ts';
import { allCounters, ownCounters } from './parts.ts';
import type { Parts } from './parts.ts';
import { Quarantine } from './quarantine.ts';
import { Rejected } from './rejected.ts';
import { ScenarioBoard } from './scenario-board.ts';
import { Shares } from './shares.ts';
import type { Store } from './store.ts';
import { HfpFeed } from './transit/hfp-feed.ts';
import { streetsOf } from './transit/map-streets.ts';
import { Realtime } from './transit/realtime.ts';
import { Transit } from './transit/transit.ts';

const SECOND_MS = 1000;
const DAY_MS = 86_400_000;
/** Events looked back at for alarms that are still open. */
const ALARM_EVENTS = 100_000;
/** Open alarms that riders are told of. */
const MAX_OPEN_ALARMS = 1000;
/** Ingest and requests in flight get this long each at close. */
const DRAIN_MS = 3000;
const QUARANTINE_BYTES = 128 * 1_048_576;

export interface ApiOptions {
  readonly city: string;
  readonly host: string;
  /** 0: a free one */
  readonly port: number;
  /** Open; closed by whoever opened it, after the api. */
  readonly store: Store;
  /** What is acknowledged is on disk there, before it is in the store, and what is refused; absent: only in the store, and in memory. */
  readonly journal?: Omit<JournalOptions, 'log' | 'storedSequence'> | undefined;
  /** To the broker. */
  publish(topic: string, payload: Uint8Array, options: { qos: 0 | 1; retain?: boolean }): Promise<void>;
  /** Answered by `GET /api/city`. */
  readonly map: object;
  /** The built page, served at `/`. */
  readonly staticFolder?: string;
  /** Where `citytwin experiment` keeps its newest reports. */
  readonly experimentsFolder?: string;
  /** Bus positions are published once more, as HFP v2 below `hfp/`. */
  readonly hfp?: boolean;
  readonly version: string;
  readonly log: Logger;
  /** So much waits for room in the journal that nobody who sends should be read, or half of it is gone. */
  readonly onCrowd?: (isCrowded: boolean) => void;
  /** Who may do what; absent: everyone everything, which is for loopback only. */
  readonly access?: AccessOptions;
  /** Absent: HTTP without TLS. */
  readonly tls?: TlsMaterial;
  /** How often live streams are asked again whether they may [ms]; default a minute. */
  readonly recheckMs?: number;
  /** Names without port, beside loopback and `host`. */
  readonly allowedHosts?: readonly string[];
  readonly brokerState?: () => { ok: boolean };
  /** What others in this process add to `/metrics`, in Prometheus' text format, asked for each time. */
  readonly moreMetrics?: () => string;
  /** Wall time, ms. */
  readonly now?: () => number;
}

export type Upgrade = (request: IncomingMessage, socket: Duplex, head: Buffer) => void;

export interface Api {
  readonly port: number;
  readonly take: Take;
  readonly server: Server;
  /** WebSocket paths beside `/live`, e.g. `/mqtt`. Host and Origin are checked before. */
  readonly upgrades: Map<string, Upgrade>;
  counters(): ReturnType<typeof allCounters>;
  /** Newest device time in the store, ms; resolves when what the journal had before the start is looked through, too. */
  newestTs(): Promise<number | undefined>;
  close(): Promise<void>;
}

/** Resolves when the store's kinds are loaded and the server listens. Throws when the port is taken. */
export async function startApi(options: ApiOptions): Promise<Api> {
  const { city, store, log, now = Date.now } = options;
  const quarantine = options.journal && (await openQuarantine(options.journal, log));
  const rejected = new Rejected(log, now, quarantine);
  await rejected.recall();
  const kinds = new Kinds({ store, rejected, log });
  const clock = new CityClock();
  const scenario = new ScenarioBoard();
  const shares = new Shares();
  const alarms = new Alarms();
  const commands = new Commands((topic, payload) => options.publish(topic, payload, { qos: 1 }));
  const cityTime = () => clock.message;
  const onDurable = (batch: Batch) => show(batch);
  const hfp =
    options.hfp === true ? new HfpFeed((topic, payload) => options.publish(topic, payload, { qos: 0 })) : undefined;
  const transit = new Transit({
    city,
    clock,
    now,
    ...(hfp && { onRunning: (record, running) => hfp.publish(record, running) }),
  });
  const position = await store.position();
  const journal =
    options.journal &&
    (await Journal.open({ ...options.journal, log, ...(position !== undefined && { storedSequence: position }) }));
  const ingest = new Ingest({
    city,
    store,
    kinds,
    rejected,
    log,
    now,
    cityClock: clock,
    onDurable,
    ...(options.onCrowd && { onCrowd: options.onCrowd }),
    ...(journal && { journal }),
    onFatal: options.journal?.onFatal ?? ((error) => log.error({ error: error.message }, 'the store is lost')),
  });
  let closing = false;
  await kinds.load();
  const recalled = await recallEvents(kinds, alarms, store, now());
  transit.observeEvents(recalled);

  const brokerState = options.brokerState ?? (() => ({ ok: true }));
  const isClosing = () => closing;
  const { version, map, moreMetrics = () => '' } = options;
  const counted = {
    city,
    version,
    map,
    store,
    log,
    now,
    brokerState,
    moreMetrics,
    isClosing,
    kinds,
    ingest,
    rejected,
    quarantine,
    journal,
    clock,
    scenario,
    shares,
    transit,
    realtime: new Realtime({
      transit,
      alarms: () => alarms.list(true, MAX_OPEN_ALARMS),
      timeline: () => scenario.state?.timeline ?? [],
      streetOf: streetsOf(map),
    }),
    experiments: new ExperimentReports(options.experimentsFolder, log),
  };
  const live: Live = new Live({
    city,
    kinds,
    clock: cityTime,
    counters: () => allCounters(parts),
    scenario: () => scenario.message,
  });
  const take = createTake({ ...counted, commands, onAck: (kind, device, ack) => live.ack(kind, device, ack) });
  const parts: Parts = { ...counted, commands, alarms, live, take };

  // Versions count commits; what was loaded from the store is version 1.
  let commits = 1;
  function show(batch: Batch): void {
    commits++;
    batch.records.forEach((record, index) =>
      batch.recordKinds[index]!.latest.update(batch.recordHandles[index]!, record, commits),
    );
    transit.observe(batch.records);
    transit.observeEvents(batch.events);
    for (const event of batch.events) {
      live.event(event);
      const severity = kinds.get(event.kind)?.description.events?.[event.name]?.severity ?? 'info';
      const alarm = alarms.take(event, severity);
      if (alarm) live.alarm(alarm);
    }
  }

  const recall = await (journal && ingest.recall(position ?? journal.cursor() ?? 0));
  const http = await createHttp(parts, options);
  http.upgrades.set('/live', (request, socket, head) => live.upgrade(request, socket, head));
  const announcer = setInterval(() => {
    const share = Buffer.from(JSON.stringify(ownCounters(parts)));
    options.publish(countersTopic(city, 'api'), share, { qos: 0, retain: true }).catch((error: unknown) => {
      log.debug({ error: String(error) }, 'counters were not published');
    });
  }, SECOND_MS);

  return {
    port: http.port,
    take,
    server: http.server,
    upgrades: http.upgrades,
    counters: () => allCounters(parts),
    newestTs: async () => {
      await recall?.shown;
      return kinds.newestTs();
    },
    async close() {
      closing = true;
      clearInterval(announcer);
      live.close();
      await Promise.all([http.close(DRAIN_MS), ingest.close(DRAIN_MS)]);
      kinds.close();
      await Promise.all([journal?.close(), quarantine?.close()]);
    },
  };
}

/** Beside the journal, a ring of its own. */
async function openQuarantine({ folder, onFatal }: Omit<JournalOptions, 'log'>, log: Logger): Promise<Quarantine> {
  return new Quarantine(
    await Journal.open({ folder: join(folder, 'quarantine'), maxBytes: QUARANTINE_BYTES, onFatal, log }),
  );
}

/** Alarms of the last day, and the sequence numbers that events took. @returns those events */
async function recallEvents(kinds: Kinds, alarms: Alarms, store: Store, now: number): Promise<DeviceEvent[]> {
  const newest = Math.max(now, kinds.newestTs() ?? 0);
  const range = { fromMs: Math.min(now, kinds.newestTs() ?? now) - DAY_MS, toMs: newest + DAY_MS, limit: ALARM_EVENTS };
  const events = await store.events(range);
  for (const event of events) {
    const kind = kinds.get(event.kind);
    if (!kind) continue;
    const handle = kind.devices.handleOf(event.device) ?? kind.devices.add(event.device);
    kind.identity.recall(handle, event.ts, event.seq);
    alarms.take(event, kind.description.events?.[event.name]?.severity ?? 'info');
  }
  return events;
}
