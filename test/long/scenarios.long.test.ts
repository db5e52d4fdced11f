// Every shipped scenario at full size: met as it is, not met when what it is about is taken away.
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { SABOTAGES, runSabotaged, runShipped } from '../cli/sabotages.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'citytwin-sabotages-'));
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

describe.each(SABOTAGES)('$scenario', (sabotage) => {
  it('ends with 0 as it is', { timeout: 2_400_000 }, async () => {
    const { status, failed, report } = await runShipped(sabotage.scenario);
    console.log(`${sabotage.scenario}: ${report.records} messages, ${report.wallSeconds} s, ${report.trueSpeed}×`);
    expect([status, failed]).toEqual([0, []]);
  });

  it(`ends with 1 when ${sabotage.what}`, { timeout: 2_400_000 }, async () => {
    const { status, failed } = await runSabotaged(sabotage, folder);
    console.log(`${sabotage.scenario}, ${sabotage.what}: ${failed.join('; ')}`);
    expect(status).toBe(1);
    expect(failed).toEqual(expect.arrayContaining([...sabotage.noticed]));
  });
});
