// Rows 1 to 4, 15 and 33: parts of the system, or the devices, are killed or ended under load.
import { setTimeout as sleep } from 'node:timers/promises';
import { seeded } from '../../broker/malformed.ts';
import { eventually } from '../../city-process.ts';
import { withInflux } from '../influx.ts';
import { killing } from '../nemesis.ts';
import { atLeast, atMost, exactly, inTime } from '../row.ts';
import type { Length, Outcome, Row } from '../row.ts';
import type { SystemOptions } from '../system.ts';
import { judge, trial } from '../trial.ts';

const UP_MS = 5000;
const CLOSE_MS = 9000;
const DEVICES_BACK_MS = 30_000;
const MAX_BROKER_RSS_MB = 300;

type Place = Pick<SystemOptions, 'shape' | 'store'>;
type Part = 'api' | 'broker';

/** Kill -9 of one part, again and again, at seeded moments. */
function kill(place: Place, part: Part) {
  return async (length: Length, seed: number): Promise<Outcome> => {
    const [rounds, ratePerS, loadMs] =
      length === 'quick' ? ([2, 5000, [200, 1200]] as const) : ([20, 20_000, [500, 3000]] as const);
    const run = async (storeUrl?: string) =>
      trial({ ...place, ...(storeUrl && { storeUrl }) }, async (parts) => {
        const { system, devices } = parts;
        await devices.send(ratePerS);
        const beganMs = performance.now();
        const options = { rounds, random: seeded(seed), loadMs };
        const { upMs, recoveredMs, awayMs } = await killing(system[part], devices, options);
        const { acked } = await devices.state();
        const ackedPerS = acked / ((performance.now() - beganMs - awayMs) / 1000);
        const judged = await judge(parts);
        return {
          checks: [...judged.checks, inTime('up ms', upMs, UP_MS, length)],
          figures: { ...judged.figures, kills: rounds, ratePerS, 'acked/s while up': ackedPerS, recoveredMs },
        };
      });
    return place.store === 'influx1' ? withInflux(({ url }) => run(url)) : run();
  };
}

/** Neither dead nor alive: its connection stays, it reads nothing. */
async function freezeApi(length: Length): Promise<Outcome> {
  const frozenMs = length === 'quick' ? 4000 : 20_000;
  return trial({ shape: 'apart' }, async (parts) => {
    const { system, devices } = parts;
    await devices.send(20_000);
    await sleep(2000);
    const before = await devices.mark();
    system.api.signal('SIGSTOP');
    await sleep(frozenMs);
    const frozen = await devices.mark();
    system.api.signal('SIGCONT');
    const recoveredMs = await devices.acknowledged(5000, 30_000);
    const after = await devices.state();
    const judged = await judge(parts);
    const checks = [
      exactly('connections lost', after.disconnects - before.disconnects, 0),
      atMost('broker RSS MB', system.broker.peakRssMb, MAX_BROKER_RSS_MB),
    ];
    const figures = { frozenMs, unackedMeanwhile: frozen.unacked, held: after.held, recoveredMs };
    return { checks: [...judged.checks, ...checks], figures: { ...judged.figures, ...figures } };
  });
}

async function killPage(): Promise<Outcome> {
  // The page is served by the api; as separate services its end leaves the broker alone.
  return trial({ shape: 'apart' }, async (parts) => {
    const { system, devices } = parts;
    await devices.send(2000);
    await sleep(3000);
    const before = await devices.mark();
    await system.api.end('SIGKILL');
    await system.api.start();
    const pageMs = system.api.readyMs + (await system.ready());
    await sleep(3000);
    const after = await devices.mark();
    const judged = await judge(parts);
    const checks = [
      atMost('page live ms', pageMs, UP_MS),
      exactly('connections lost', after.disconnects - before.disconnects, 0),
    ];
    return { checks: [...judged.checks, ...checks], figures: judged.figures };
  });
}

async function killDevices(length: Length, seed: number): Promise<Outcome> {
  const random = seeded(seed);
  return trial({}, async (parts) => {
    const { devices, system } = parts;
    for (let life = 0; life < 5; life++) {
      await devices.send(5000);
      await sleep(500 + random() * 1500);
      await devices.kill();
      devices.start();
      await devices.acknowledged(0, 10_000);
    }
    await devices.send(5000);
    await devices.acknowledged(5000, 10_000);
    await devices.drain(10_000);
    const { ingest } = await system.counters();
    // What was sent twice by nobody is a duplicate of nothing.
    const judged = await judge(parts);
    return {
      checks: [...judged.checks, exactly('taken for duplicates', ingest.duplicates, 0)],
      figures: { lives: 6, length },
    };
  });
}

async function restartWithMany(): Promise<Outcome> {
  const connections = 1000;
  return trial({ devices: { connections, devices: connections, window: 100 } }, async (parts) => {
    const { system, devices } = parts;
    const allUp = async () => ((await devices.state()).up === connections ? true : undefined);
    await eventually('all connections to be up', allUp, DEVICES_BACK_MS);
    await devices.send(2000);
    await sleep(2000);
    const { code } = await system.broker.end('SIGTERM');
    await system.broker.start();
    const beganMs = performance.now();
    await eventually('all connections to be back', allUp, DEVICES_BACK_MS);
    const backMs = performance.now() - beganMs;
    await sleep(1000);
    const judged = await judge(parts);
    const checks = [exactly('exit code', String(code), '0'), atMost('all back ms', backMs, DEVICES_BACK_MS)];
    return { checks: [...judged.checks, ...checks], figures: { ...judged.figures, connections } };
  });
}

function terminate(place: Place, part: Part) {
  return async (_length: Length, seed: number): Promise<Outcome> =>
    trial(place, async (parts) => {
      const { system, devices } = parts;
      await devices.send(10_000);
      const options = { rounds: 20, random: seeded(seed), loadMs: [300, 1500] as const, signal: 'SIGTERM' as const };
      const { codes, slowestEndMs, recoveredMs } = await killing(system[part], devices, options);
      const judged = await judge(parts);
      const checks = [
        exactly('ends with code 0', codes.filter((code) => code === 0).length, codes.length),
        atMost('slowest end ms', slowestEndMs, CLOSE_MS),
        atLeast('rounds', codes.length, 20),
      ];
      return { checks: [...judged.checks, ...checks], figures: { ...judged.figures, recoveredMs } };
    });
}

const L0 = 'lost 0, duplicates 0';

export const kills: readonly (Row & { readonly part?: string })[] = [
  {
    number: 1,
    fault: 'kill -9 of the city into DuckDB, under load',
    criterion: `${L0}, up < 5 s`,
    run: kill({}, 'api'),
  },
  {
    number: 1,
    part: 'b',
    fault: 'kill -9 of the city into InfluxDB 1.x',
    criterion: `${L0}, up < 5 s`,
    needs: ['influxd'],
    run: kill({ store: 'influx1' }, 'api'),
  },
  {
    number: 1,
    part: 'c',
    fault: 'kill -9 of the broker, api apart, into DuckDB',
    criterion: `${L0}, up < 5 s`,
    run: kill({ shape: 'apart' }, 'broker'),
  },
  {
    number: 1,
    part: 'd',
    fault: 'kill -9 of the broker, api apart, into InfluxDB 1.x',
    criterion: `${L0}, up < 5 s`,
    needs: ['influxd'],
    run: kill({ shape: 'apart', store: 'influx1' }, 'broker'),
  },
  {
    number: 2,
    fault: 'kill -9 of the api in mid-batch, broker apart, into DuckDB',
    criterion: `${L0}, exactly once`,
    run: kill({ shape: 'apart' }, 'api'),
  },
  {
    number: 2,
    part: 'b',
    fault: 'kill -9 of the api in mid-batch, broker apart, into InfluxDB 1.x',
    criterion: `${L0}, exactly once`,
    needs: ['influxd'],
    run: kill({ shape: 'apart', store: 'influx1' }, 'api'),
  },
  {
    number: 2,
    part: 'c',
    fault: 'the api stands still for 20 s (SIGSTOP), broker apart, into DuckDB',
    criterion: `${L0}, no device loses its connection, the broker's memory stays`,
    run: freezeApi,
  },
  {
    number: 3,
    fault: 'kill -9 of the process that serves the page',
    criterion: 'page live < 5 s, no device loses its connection',
    gap: 'page and ingest are one process (the api): acknowledgements wait until it is back',
    run: killPage,
  },
  {
    number: 4,
    fault: 'kill -9 of the devices',
    criterion: `${L0}, no false duplicates across lives`,
    run: killDevices,
  },
  {
    number: 15,
    fault: 'restart of the broker with 1,000 connections',
    criterion: 'all back < 30 s, lost 0',
    run: restartWithMany,
  },
  {
    number: 33,
    fault: 'SIGTERM of the city under load, 20 times',
    criterion: 'code 0, < 9 s, lost 0',
    run: terminate({}, 'api'),
  },
  {
    number: 33,
    part: 'b',
    fault: 'SIGTERM of the api under load, broker apart, 20 times',
    criterion: 'code 0, < 9 s, lost 0',
    run: terminate({ shape: 'apart' }, 'api'),
  },
  {
    number: 33,
    part: 'c',
    fault: 'SIGTERM of the broker under load, api apart, 20 times',
    criterion: 'code 0, < 9 s, lost 0',
    run: terminate({ shape: 'apart' }, 'broker'),
  },
];
