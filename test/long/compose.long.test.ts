// Each service of docker compose stopped, killed and started again while the others go on: all are healthy again, and records arrive.
import { afterAll, beforeAll, expect, it } from 'vitest';
import { eventually } from '../city-process.ts';
import {
  COMPOSE_PARTS,
  HEALTHY_MS,
  SERVICES,
  addressOf,
  allHealthy,
  build,
  containerOf,
  docker,
  engineThere,
  remove,
  stop,
  up,
} from '../compose/project.ts';
import { describeWith } from '../parts.ts';

const BUILD_MS = 400_000;
const AWAY_MS = 3000;

describeWith(
  COMPOSE_PARTS,
  'docker compose',
  () => {
    beforeAll(async () => {
      await build();
      await up();
      await allHealthy();
    }, BUILD_MS + HEALTHY_MS);
    afterAll(remove, 60_000);

    interface Ingest {
      readonly stored: number;
      readonly rejected: number;
      readonly dropped: number;
      readonly backlog: number;
    }
    /** Undefined: the api does not answer. */
    async function ingest(): Promise<Ingest | undefined> {
      const { port } = await addressOf('api', 8080);
      const answer = await fetch(`http://127.0.0.1:${port}/api/counters`).catch(() => undefined);
      return answer?.ok ? ((await answer.json()) as { ingest: Ingest }).ingest : undefined;
    }

    /** More of them are in InfluxDB than there were, and none is refused. */
    async function recordsArrive(): Promise<void> {
      await allHealthy();
      const before = await eventually('an answer', ingest);
      await eventually(
        'records in the store',
        async () => {
          const now = await ingest();
          return now !== undefined && now.stored > before.stored + 100 ? true : undefined;
        },
        HEALTHY_MS,
      );
      expect(await ingest()).toMatchObject({ rejected: 0, dropped: 0 });
    }

    it.each(SERVICES)('goes on after %s was stopped and started again', { timeout: 180_000 }, async (service) => {
      expect(stop(service)).toEqual({ [service]: 'exit 0' });
      await new Promise((resolve) => setTimeout(resolve, AWAY_MS));
      docker('start', containerOf(service)!);
      await recordsArrive();
    });

    it.each(SERVICES)('goes on after %s was killed', { timeout: 180_000 }, async (service) => {
      docker('kill', '-s', 'KILL', containerOf(service)!);
      docker('start', containerOf(service)!);
      await recordsArrive();
    });
  },
  engineThere,
);
