import { describe, expect, it } from 'vitest';
import { runExperiment } from '../../experiments/runner.ts';
import type { RunOptions } from '../../experiments/runner.ts';
import { readSettings } from '../../experiments/settings.ts';
import { FAKE_CATALOG, fake } from './fake-experiments.ts';

function run(name: Parameters<typeof fake>[0], options: Partial<RunOptions> = {}) {
  const experiment = fake(name);
  return runExperiment(experiment, {
    settings: readSettings(experiment, []),
    firstSeed: 1,
    seeds: 24,
    threads: 1,
    catalog: FAKE_CATALOG,
    worthThreadsMs: 0,
    ...options,
  });
}

describe('the runner', () => {
  it('gives the same numbers to the last bit on one, two and three threads', async () => {
    const [one, two, three] = await Promise.all([1, 2, 3].map((threads) => run('shelter', { threads })));
    expect(one!.complete).toBe(true);
    expect(one!.done).toEqual({ none: 24, roof: 24 });
    expect(new Set(one!.samples.none!.waitS).size).toBe(24);
    expect(two).toEqual(one);
    expect(three).toEqual(one);
  });

  it('lets all threads work until the end', async () => {
    const { samples } = await run('threads', { threads: 3, seeds: 150 });
    const lives = Map.groupBy(samples.only!.queueM!, (thread) => thread);
    expect(lives.size).toBe(3);
  });

  it('starts no thread for what is done sooner without', async () => {
    const { samples } = await run('threads', { threads: 3, seeds: 4, worthThreadsMs: 1000 });
    expect(new Set(samples.only!.queueM).size).toBe(1);
  });

  it('lives the same seed the same way, whichever is the first', async () => {
    const [all, late] = await Promise.all([run('shelter', { seeds: 6 }), run('shelter', { firstSeed: 5, seeds: 2 })]);
    expect([...late.samples.roof!.waitS!]).toEqual([...all.samples.roof!.waitS!.subarray(4)]);
  });

  it('says how far it is', async () => {
    const seen: number[] = [];
    await run('shelter', { onProgress: (done, tasks) => seen.push(done / tasks) });
    expect(seen).toEqual(Array.from({ length: 48 }, (_, index) => (index + 1) / 48));
  });

  it('names arm and seed of a life that fails, on any thread', async () => {
    for (const threads of [1, 3]) {
      await expect(run('failing', { threads })).rejects.toThrow('failing, arm roof, seed 3: the roof leaks');
    }
  });

  it('accepts no experiment that leaves a KPI out', async () => {
    await expect(run('forgetful')).rejects.toThrow('forgetful, arm none, seed 1: no queueM');
  });

  it('stops when it is interrupted, with whole seeds behind it', async () => {
    const interruption = new AbortController();
    const { complete, done } = await run('shelter', {
      interrupted: interruption.signal,
      onProgress: (lives) => {
        if (lives === 10) interruption.abort();
      },
    });
    expect(complete).toBe(false);
    expect(done).toEqual({ none: 5, roof: 5 });
  });

  it('ends its threads when it is interrupted', async () => {
    const interruption = new AbortController();
    const { done } = await run('threads', {
      seeds: 10_000,
      threads: 3,
      interrupted: interruption.signal,
      onProgress: (lives) => {
        if (lives > 60) interruption.abort();
      },
    });
    expect(done.only).toBeGreaterThan(60);
    expect(done.only).toBeLessThan(1000);
  });
});
