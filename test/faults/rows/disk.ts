// Rows 11 to 14: the disk is full, fails to sync, or gives back other bytes than were written.
import { cpSync, mkdirSync, readFileSync, readdirSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { seeded } from '../../broker/malformed.ts';
import { eventually } from '../../city-process.ts';
import { compare } from '../checker.ts';
import { Disk } from '../disk.ts';
import { withInflux } from '../influx.ts';
import { KIND } from '../ledger.ts';
import { atLeast, atMost, exactly, inTime } from '../row.ts';
import type { Length, Outcome, Row } from '../row.ts';
import { StoreFront } from '../store-front.ts';
import { inInflux } from '../stored.ts';
import { judge, trial } from '../trial.ts';
import type { Trial } from '../trial.ts';

/** The journal stops at 500 MB of free disk: room enough to work, small enough to fill in a second. */
const DISK_MB = 700;
const NOTICED_MS = 10_000;
const RESUMED_MS = 5000;
const EXIT_MS = 1000;
/** A record of the journal is closed at 128 KB; ours take 78 bytes and more. */
const MOST_IN_A_GROUP = 1700;

async function fullUnderLog(length: Length): Promise<Outcome> {
  const fullMs = length === 'quick' ? 2000 : 20_000;
  const disk = await Disk.mount(DISK_MB);
  try {
    return await withInflux(({ url }) =>
      // A client whose broker does not read it for a while must not give it up.
      trial({ store: 'influx1', storeUrl: url, data: disk.folder, devices: { keepAliveS: 60 } }, async (parts) => {
        const { system, devices } = parts;
        await devices.send(2000);
        await devices.acknowledged(2000, 10_000);
        disk.fill();
        const stoppedMs = await eventually('acknowledgements to stop', () => hasStopped(parts), NOTICED_MS);
        const { disconnects } = await devices.state();
        await sleep(fullMs);
        const [readyStatus, during] = [await system.status('/readyz'), await devices.state()];
        disk.grow(2 * DISK_MB);
        const resumedMs = await devices.acknowledged(1, 30_000);
        await sleep(1000);
        const judged = await judge(parts);
        const checks = [
          exactly('readyz while full', readyStatus, 503),
          exactly('connections lost', during.disconnects - disconnects, 0),
          inTime('acks resume ms', resumedMs, RESUMED_MS, length),
        ];
        return { checks: [...judged.checks, ...checks], figures: { ...judged.figures, stoppedMs, held: during.held } };
      }),
    );
  } finally {
    await disk.unmount();
  }
}

/** How long nothing was acknowledged: half a second. */
async function hasStopped({ devices }: Trial): Promise<number | undefined> {
  const { acked } = await devices.state();
  await sleep(500);
  return (await devices.state()).acked === acked ? 500 : undefined;
}

async function fullUnderDuckDb(): Promise<Outcome> {
  const disk = await Disk.mount(100);
  const elsewhere = `${disk.folder}-journal`;
  mkdirSync(elsewhere);
  symlinkSync(elsewhere, join(disk.folder, 'journal'));
  try {
    return await trial({ data: disk.folder }, async (parts) => {
      const { system, devices } = parts;
      await devices.send(5000);
      await devices.acknowledged(5000, 10_000);
      disk.fill();
      await devices.mark();
      await sleep(10_000);
      const during = await devices.mark();
      const { backlog } = (await system.counters()).ingest;
      disk.empty();
      await system.settle(30_000, 5000);
      const judged = await judge(parts);
      const checks = [
        atLeast('backlog while full', backlog, 20_000),
        atLeast('acked while full', during.ackMs.count, 40_000),
      ];
      return { checks: [...judged.checks, ...checks], figures: { ...judged.figures, ackP99Ms: during.ackMs.p99 } };
    });
  } finally {
    await disk.unmount();
    rmSync(elsewhere, { recursive: true, force: true });
  }
}

async function failedSync(): Promise<Outcome> {
  const inject = ['-e', 'trace=fdatasync', '-e', 'inject=fdatasync:error=EIO:when=300+'];
  return withInflux(({ url }) => {
    const trace = join('/tmp', `citytwin-strace-${process.pid}`);
    const wrap = ['strace', '-f', '-qq', '--seccomp-bpf', '-ttt', ...inject, '-o', trace];
    return trial({ store: 'influx1', storeUrl: url, wrap }, async (parts) => {
      const { system, devices } = parts;
      await devices.send(2000);
      const code = await system.api.exit();
      const endedMs = Date.now();
      const failedS = /^\d+ +([\d.]+) .*EIO/m.exec(readFileSync(trace, 'utf8'))?.[1];
      rmSync(trace);
      const afterMs = endedMs - Number(failedS) * 1000;
      system.api.wrap = [];
      await system.api.start();
      await devices.acknowledged(1000, 30_000);
      const judged = await judge(parts);
      const checks = [atMost('exit after the failed sync ms', afterMs, EXIT_MS), atLeast('exit code', code ?? -1, 1)];
      return { checks: [...judged.checks, ...checks], figures: judged.figures };
    });
  });
}

/** A journal full of records that the store has not seen; a byte of it is flipped, or its end cut, seed after seed. */
async function flipped(length: Length, seed: number): Promise<Outcome> {
  const rounds = length === 'quick' ? 3 : 25;
  return withInflux(async ({ url }) => {
    const front = await StoreFront.start(url);
    try {
      return await trial({ store: 'influx1', storeUrl: front.url }, async (parts) => {
        const { system, devices, folder } = parts;
        front.set({ status: 503 });
        await devices.send(5000);
        await devices.acknowledged(20_000, 20_000);
        await devices.drain(10_000);
        await system.api.end('SIGKILL');
        const ledgers = devices.ledgers();
        const journal = join(system.data, 'journal');
        const spare = join(folder, 'journal');
        cpSync(journal, spare, { recursive: true });
        front.set({});
        let [mostLost, silent, crashed, lost] = [0, 0, 0, 0];
        for (let round = 0; round < rounds; round++) {
          await fetch(`${url}/query?db=citytwin`, {
            method: 'POST',
            body: new URLSearchParams({ q: `DROP MEASUREMENT "${KIND}"` }),
          });
          rmSync(journal, { recursive: true });
          cpSync(spare, journal, { recursive: true });
          damageOne(journal, seeded(seed * 1000 + round));
          await system.api.start();
          await system.settle(30_000);
          const verdict = await compare(ledgers, inInflux(url));
          if (verdict.lost > 0 && !/damage|hole|corrupt|lost|torn/i.test(system.api.log)) silent++;
          mostLost = Math.max(mostLost, verdict.lost);
          lost += verdict.lost;
          if (!system.api.isRunning) crashed++;
          await system.api.end('SIGKILL');
        }
        const acked = ledgers.reduce((sum, { rows }) => sum + rows.length, 0);
        const checks = [
          exactly('crashes', crashed, 0),
          exactly('losses that nobody was told of', silent, 0),
          atMost(`most lost of ${acked} by one flip`, mostLost, MOST_IN_A_GROUP),
        ];
        return { checks, figures: { rounds, lostOnAverage: lost / rounds } };
      });
    } finally {
      await front.close();
    }
  });
}

function damageOne(journal: string, random: () => number): void {
  const names = readdirSync(journal).filter((name) => name.endsWith('.log'));
  const path = join(journal, names[Math.floor(random() * names.length)]!);
  const bytes = readFileSync(path);
  const at = Math.floor(random() * bytes.length);
  bytes[at]! ^= 1 << Math.floor(random() * 8);
  writeFileSync(path, bytes);
}

export const disk: readonly Row[] = [
  {
    number: 11,
    fault: 'the disk under the journal is full, then grows',
    criterion: 'lost 0, no connection lost, readyz 503, acks resume < 5 s',
    needs: ['influxd', 'mount'],
    mounts: true,
    run: fullUnderLog,
  },
  {
    number: 12,
    fault: 'the disk under DuckDB is full for 10 s, the journal has room',
    criterion: 'lost 0, acknowledgements go on',
    needs: ['mount'],
    mounts: true,
    run: fullUnderDuckDb,
  },
  {
    number: 13,
    fault: 'fdatasync of the journal fails with EIO',
    criterion: 'exit < 1 s, lost 0 after the restart',
    needs: ['influxd', 'strace'],
    run: failedSync,
  },
  {
    number: 14,
    fault: 'a bit of the journal flips before it is stored',
    criterion: 'no crash, the loss is one group and is told',
    needs: ['influxd'],
    gap: '25 seeds through the whole system; thousands of cuts and flips of the journal alone are in its own tests',
    run: flipped,
  },
];
