// Rows 10, 31, 32 and 34: a database that forgot, a machine without memory or time, a journal of another version.
import { spawn } from 'node:child_process';
import { readFileSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { crc32 } from 'node:zlib';
import { seeded } from '../../broker/malformed.ts';
import { eventually } from '../../city-process.ts';
import { compare } from '../checker.ts';
import { withInflux } from '../influx.ts';
import { KIND } from '../ledger.ts';
import { MemoryCgroup, mayLimitMemory } from '../memory-cgroup.ts';
import { between } from '../nemesis.ts';
import { atLeast, atMost, exactly } from '../row.ts';
import type { Length, Outcome, Row } from '../row.ts';
import { StoreFront } from '../store-front.ts';
import { inInflux } from '../stored.ts';
import { judge, trial } from '../trial.ts';

const MEMORY_LIMIT_MB = 300;

async function forgetful(): Promise<Outcome> {
  return withInflux(async (influxd) =>
    trial({ store: 'influx1', storeUrl: influxd.url }, async (parts) => {
      const { devices, system } = parts;
      await devices.send(2000);
      await sleep(10_000);
      await devices.drain(10_000);
      await system.settle(10_000);
      const q = `DELETE FROM "${KIND}" WHERE time > now() - 6s`;
      const answer = await fetch(`${influxd.url}/query?db=citytwin`, {
        method: 'POST',
        body: new URLSearchParams({ q }),
      });
      const ledgers = devices.ledgers();
      const forgotten = await compare(ledgers, inInflux(influxd.url));
      // Something must be written for the city to notice that the database was away.
      await devices.send(200);
      await influxd.restart();
      await sleep(15_000);
      const judged = await judge(parts);
      const checks = [exactly('forgetting was done', answer.status, 200), atLeast('forgotten', forgotten.lost, 1000)];
      return { checks: [...judged.checks, ...checks], figures: judged.figures };
    }),
  );
}

async function littleMemory(_length: Length, seed: number): Promise<Outcome> {
  const cgroup = new MemoryCgroup(MEMORY_LIMIT_MB);
  try {
    return await squeezed(cgroup.wrap, seeded(seed));
  } finally {
    cgroup.remove();
  }
}

function squeezed(wrap: readonly string[], random: () => number): Promise<Outcome> {
  return trial({ wrap }, async (parts) => {
    const { devices, system } = parts;
    const untilMs = performance.now() + 60_000;
    let kills = 0;
    while (performance.now() < untilMs) {
      await devices.send(between(random, 2000, 20_000));
      await sleep(1000);
      if (system.api.isRunning) continue;
      kills++;
      await system.api.start();
    }
    const judged = await judge(parts);
    return { checks: [...judged.checks, exactly('killed for memory', kills, 0)], figures: judged.figures };
  });
}

async function noTime(): Promise<Outcome> {
  return trial({}, async (parts) => {
    const { devices } = parts;
    await devices.send(2000);
    await devices.acknowledged(2000, 10_000);
    await devices.mark();
    const loops = [0, 1].map(() => spawn(process.execPath, ['-e', 'for (;;);'], { stdio: 'ignore' }));
    try {
      await sleep(30_000);
    } finally {
      for (const loop of loops) loop.kill('SIGKILL');
    }
    const { disconnects, ackMs } = await devices.mark();
    const judged = await judge(parts);
    return {
      checks: [...judged.checks, exactly('connections lost', disconnects, 0)],
      figures: { ...judged.figures, ackP50Ms: ackMs.p50, ackP99Ms: ackMs.p99 },
    };
  });
}

async function otherVersion(): Promise<Outcome> {
  return withInflux(async ({ url }) => {
    const front = await StoreFront.start(url);
    try {
      return await trial({ store: 'influx1', storeUrl: front.url }, async (parts) => {
        const { system, devices } = parts;
        front.set({ status: 503 });
        await devices.send(2000);
        await devices.acknowledged(4000, 20_000);
        await devices.drain(10_000);
        await system.api.end('SIGKILL');
        front.set({});
        const journal = join(system.data, 'journal');
        const version = setVersion(journal, 2);
        const refusal = await system.api.start().then(
          () => 'none',
          (error: unknown) => String(error),
        );
        setVersion(journal, version);
        await system.api.start();
        await eventually('devices to be back', async () => ((await devices.state()).up > 0 ? true : undefined));
        const judged = await judge(parts);
        const checks = [
          exactly('a newer version is refused', String(refusal !== 'none'), 'true'),
          exactly('and named', String(/version|format/i.test(refusal)), 'true'),
          atMost('version now', version, 1),
        ];
        return { checks: [...judged.checks, ...checks], figures: judged.figures };
      });
    } finally {
      await front.close();
    }
  });
}

/** In both copies of each segment's header, 40 bytes each: version at 4, CRC of 32 bytes at 32. → the version before */
function setVersion(journal: string, version: number): number {
  let before = version;
  for (const name of readdirSync(journal).filter((each) => each.endsWith('.log'))) {
    const bytes = readFileSync(join(journal, name));
    for (const header of [bytes.subarray(0, 40), bytes.subarray(40, 80)]) {
      before = header.readUInt32LE(4);
      header.writeUInt32LE(version, 4);
      header.writeUInt32LE(crc32(header.subarray(0, 32)), 32);
    }
    writeFileSync(join(journal, name), bytes);
  }
  return before;
}

export const machine: readonly Row[] = [
  {
    number: 10,
    fault: 'the database restarts and has lost its newest 6 s',
    criterion: 'lost 0 once the journal was given again',
    needs: ['influxd'],
    run: forgetful,
  },
  {
    number: 31,
    fault: `${MEMORY_LIMIT_MB} MB of memory, 2,000 to 20,000 records a second`,
    criterion: 'not killed; if killed, lost 0',
    ...(!mayLimitMemory() && { lacks: 'a memory cgroup of our own, to put one below it' }),
    run: littleMemory,
  },
  {
    number: 32,
    fault: 'two busy loops on the same processors, 30 s',
    criterion: 'lost 0, no connection lost',
    run: noTime,
  },
  {
    number: 34,
    fault: 'a journal of a newer version, then of this one',
    criterion: 'refused in words, nothing touched; lost 0',
    needs: ['influxd'],
    gap: 'there is one format so far: what an older one becomes is tested from its golden segments',
    run: otherVersion,
  },
];
