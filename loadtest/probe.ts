// One connection before the run: is anybody there, does it let us in, at which address. So that a wrong target is one clear error and not
// ten thousand counted ones.
import { lookup } from 'node:dns/promises';
import { PacketWriter } from '../mqtt/packets.ts';
import { nowNs } from './clock.ts';
import { Device } from './device.ts';
import type { Home } from './device.ts';
import type { Plan } from './plan.ts';

const PATIENCE_MS = 10_000;

/** The address that answered. @throws an Error that says where and why not */
export async function probe(plan: Plan): Promise<string> {
  const { host, port } = plan.target;
  let reason = '';
  for (const { address } of await addressesOf(host, port)) {
    const refused = await tryOnce(plan, address);
    if (refused === undefined) return address;
    // A broker that refuses says more than an address at which nobody listens.
    if (!reason || !refused.startsWith('ECONNREFUSED')) reason = refused;
  }
  throw new Error(`${host}:${port}: ${reason}`);
}

async function addressesOf(host: string, port: number): Promise<{ address: string }[]> {
  try {
    return await lookup(host, { all: true });
  } catch (error) {
    throw new Error(`${host}:${port}: ${(error as NodeJS.ErrnoException).code ?? String(error)}`, { cause: error });
  }
}

/** Why not; undefined when the broker accepts. */
function tryOnce(plan: Plan, address: string): Promise<string | undefined> {
  return new Promise((resolve) => {
    const home = {
      plan,
      address,
      writer: new PacketWriter(plan.target.version === '5' ? 5 : 4),
      nowNs,
      reading: ignore,
      connected: (device: Device) => device.leave(),
      subscribed: ignore,
      acknowledged: ignore,
      published: ignore,
      down: (_: Device, cause: string) => settle(`${cause} (${address})`),
      left: () => settle(undefined),
    } satisfies Home;
    const device = new Device(home, 0, 'idle');
    const late = setTimeout(() => device.drop(`no CONNACK within ${PATIENCE_MS / 1000} s`), PATIENCE_MS);
    function settle(reason: string | undefined): void {
      clearTimeout(late);
      resolve(reason);
    }
    device.open(nowNs());
  });
}

function ignore(): void {
  // nothing to do with a connection that only knocks
}
