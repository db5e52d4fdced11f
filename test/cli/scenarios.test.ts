// The quickest of the shipped scenarios, as it is and broken; all of them in test/long.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { listScenarios } from '../../simulator/scenario/load.ts';
import { SABOTAGES, runSabotaged, runShipped } from './sabotages.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'citytwin-scenarios-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe('a shipped scenario', () => {
  it('has a sabotage that it must notice, each of them', () => {
    expect(SABOTAGES.map(({ scenario }) => scenario).sort()).toEqual(listScenarios());
  });

  it.each(SABOTAGES.filter(({ scenario }) => scenario === 'power-cut'))(
    '$scenario ends with 0 as it is, and with 1 when $what',
    { timeout: 120_000 },
    async (sabotage) => {
      expect(await runShipped(sabotage.scenario)).toMatchObject({ status: 0, failed: [] });
      const broken = await runSabotaged(sabotage, folder);
      expect(broken.status).toBe(1);
      expect(broken.failed).toEqual(expect.arrayContaining([...sabotage.noticed]));
    },
  );
});
