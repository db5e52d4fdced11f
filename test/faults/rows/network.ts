// Rows 18 to 20: the network between devices and broker falls silent, is slow and narrow, cuts and slices.
import { setTimeout as sleep } from 'node:timers/promises';
import { seeded } from '../../broker/malformed.ts';
import type { DevicesPlan } from '../devices.ts';
import { Proxy } from '../proxy.ts';
import { atLeast, atMost, exactly } from '../row.ts';
import type { Length, Outcome, Row } from '../row.ts';
import { judge, trial } from '../trial.ts';
import type { Trial } from '../trial.ts';

/** Devices behind a proxy of ours. */
async function behindProxy(
  plan: Partial<DevicesPlan>,
  body: (proxy: Proxy, parts: Trial) => Promise<Outcome>,
): Promise<Outcome> {
  let proxy: Proxy | undefined;
  const through = async (port: number) => {
    proxy = await Proxy.start(port);
    return proxy.port;
  };
  try {
    return await trial({ through, devices: plan }, (parts) => body(proxy!, parts));
  } finally {
    await proxy?.close();
  }
}

async function silence(): Promise<Outcome> {
  const keepAliveS = 5;
  return behindProxy({ keepAliveS }, async (proxy, parts) => {
    const { devices, system } = parts;
    await devices.send(2000);
    await sleep(3000);
    proxy.set({ hangs: true });
    await sleep(30_000);
    const { broker } = await system.get<{ broker: { clients: number } }>('/api/counters');
    proxy.set({});
    const backMs = await devices.acknowledged(100, 30_000);
    await sleep(2000);
    const judged = await judge(parts);
    const checks = [
      atMost('ghost sessions after 1.5 keep-alives', broker.clients, 0),
      atMost('back ms', backMs, 15_000),
    ];
    return { checks: [...judged.checks, ...checks], figures: judged.figures };
  });
}

async function narrow(_length: Length, seed: number): Promise<Outcome> {
  return behindProxy({ keepAliveS: 5 }, async (proxy, parts) => {
    const { devices } = parts;
    await sleep(1000);
    proxy.set({ latencyMs: 300, jitterMs: 100, random: seeded(seed), bytesPerS: 65_536 });
    await devices.send(500);
    await sleep(30_000);
    const { disconnects, ackMs } = await devices.mark();
    const judged = await judge(parts);
    return {
      checks: [...judged.checks, exactly('connections lost', disconnects, 0)],
      figures: { ...judged.figures, ackP50Ms: ackMs.p50, ackP99Ms: ackMs.p99 },
    };
  });
}

async function cuts(): Promise<Outcome> {
  return behindProxy({}, async (proxy, parts) => {
    const { devices, system } = parts;
    await devices.send(500);
    proxy.set({ slices: true });
    await sleep(10_000);
    const sliced = await devices.state();
    await devices.send(5000);
    proxy.set({ resetAfterBytes: 50_000 });
    await sleep(15_000);
    proxy.set({});
    const { disconnects } = await devices.state();
    await devices.acknowledged(100, 15_000);
    const alive = Number(system.api.isRunning);
    const judged = await judge(parts);
    const checks = [
      exactly('connections lost by slices', sliced.disconnects, 0),
      atLeast('connections cut in mid-packet', disconnects, 20),
      exactly('alive', alive, 1),
    ];
    return { checks: [...judged.checks, ...checks], figures: judged.figures };
  });
}

const L0 = 'lost 0, duplicates 0';

export const network: readonly Row[] = [
  {
    number: 18,
    fault: 'the network drops everything silently for 30 s',
    criterion: `${L0}, no ghost sessions after 1.5 keep-alives`,
    run: silence,
  },
  { number: 19, fault: '300 ms latency with jitter, 64 KB/s', criterion: `${L0}, no connection lost`, run: narrow },
  { number: 20, fault: 'resets in mid-packet, bytes one by one', criterion: `${L0}, no crash`, run: cuts },
];
