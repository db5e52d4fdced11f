// What the service says about itself: probes, health, counters, kinds, the map, what it refused.
import type { FastifyInstance } from 'fastify';
import { Type } from 'typebox';
import { createMetrics } from '../metrics.ts';
import { allCounters } from '../parts.ts';
import type { Parts } from '../parts.ts';
import { Problem } from '../problems.ts';
import { answers } from './schemas.ts';

const NUMBERS = Type.Record(Type.String(), Type.Unknown());
/** The store is asked this often at most; probes may come much more often. */
const PING_AGE_MS = 1000;

export function systemRoutes(app: FastifyInstance, parts: Parts): void {
  const { kinds, ingest, live, commands, rejected } = parts;
  const storeAnswers = recentPing(parts);
  const metrics = createMetrics({
    ingest: () => ingest.counters(),
    live: () => live.counters(),
    acks: () => commands.counters(),
    storeFails: () => ingest.storeFails,
    journal: () => parts.journal?.state,
    rejectedGivenUp: () => rejected.givenUp,
    rejectedByCause: () => rejected.byCause(),
    devicesByKind: () => Object.fromEntries(kinds.all().map((kind) => [kind.description.kind, kind.latest.count])),
  });

  app.get('/healthz', { schema: { tags: ['system'], summary: 'The process lives' } }, () => ({ ok: true }));
  app.get('/readyz', { schema: { tags: ['system'], summary: 'Data can be taken and seen' } }, async () => {
    if (parts.isClosing()) throw new Problem(503, 'closing');
    await refuseUnready(parts, storeAnswers);
    if (!parts.brokerState().ok) throw new Problem(503, 'the broker is not connected');
    return { ok: true };
  });
  app.get('/metrics', { schema: { tags: ['system'], summary: 'Prometheus' } }, async (_request, reply) =>
    reply.type(metrics.contentType).send((await metrics.metrics()) + parts.moreMetrics()),
  );

  const healthAnswer = Type.Object({ status: Type.Enum(['ok', 'degraded', 'down']) });
  app.get(
    '/api/health',
    { schema: { tags: ['system'], summary: 'How the whole city is', response: answers({ 200: healthAnswer }) } },
    async (_request, reply) => {
      const health = healthOf(parts, await storeAnswers());
      return reply.code(health.status === 'down' ? 503 : 200).send(health);
    },
  );
  app.get(
    '/api/counters',
    { schema: { tags: ['system'], summary: 'What went in, out and missing', response: answers({ 200: NUMBERS }) } },
    () => allCounters(parts),
  );
  app.get(
    '/api/city',
    { schema: { tags: ['city'], summary: 'The map: water, streets, lines, stops' } },
    () => parts.map,
  );
  app.get('/api/kinds', { schema: { tags: ['city'], summary: 'Kinds of devices: fields, events, commands' } }, () =>
    kinds.all().map((kind) => ({ ...kind.description, devices: kind.latest.count })),
  );
}

function healthOf(parts: Parts, storeOk: boolean) {
  const broker = parts.brokerState();
  const storeWell = storeOk && !parts.ingest.storeFails;
  const { scenario, seed, speed, trueSpeed, simTimeMs } = parts.clock.message ?? {};
  const journal = journalOf(parts);
  const well = storeWell && broker.ok && (journal?.level ?? 'ok') === 'ok' && !parts.isClosing();
  const status = !storeWell && !broker.ok ? 'down' : well ? 'ok' : 'degraded';
  return {
    status,
    version: parts.version,
    city: parts.city,
    scenario: scenario ?? null,
    seed: seed ?? null,
    speed: speed ?? null,
    trueSpeed: trueSpeed ?? null,
    simTimeMs: simTimeMs ?? null,
    utcOffsetMin: parts.clock.utcOffsetMin,
    store: { kind: parts.store.name, ok: storeWell, backlog: parts.ingest.counters().backlog },
    journal,
    broker: { ok: broker.ok, clients: parts.shares.of('broker')?.clients ?? 0 },
  };
}

/** With a journal messages are taken, and kept, while the store is away. @throws Problem */
async function refuseUnready({ journal, store }: Parts, storeAnswers: () => Promise<boolean>): Promise<void> {
  if (journal?.state.level === 'full') throw new Problem(503, 'the journal is full, nothing is acknowledged');
  if (!journal && !(await storeAnswers())) throw new Problem(503, `the store (${store.name}) does not answer`);
}

function journalOf({ journal }: Parts) {
  if (!journal) return null;
  const { level, bytes, maxBytes, freeBytes, waitsForDisk, lostEntries } = journal.state;
  return { level, bytes, maxBytes, freeBytes, waitsForDisk, lostEntries };
}

/** Asks the store at most once a second; everyone waiting shares the answer. */
function recentPing({ store }: Parts): () => Promise<boolean> {
  let answer: Promise<boolean> = Promise.resolve(false);
  let askedAt = -Infinity;
  return () => {
    const now = performance.now();
    if (now - askedAt > PING_AGE_MS) {
      askedAt = now;
      answer = store.ping().catch(() => false);
    }
    return answer;
  };
}
