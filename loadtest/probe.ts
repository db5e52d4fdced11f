// A connection before the run, from each source address: is anybody there, does it let us in, at which address. So that a wrong target is one
// clear error and not ten thousand counted ones.
import { lookup } from 'node:dns/promises';
import { PacketWriter } from '../mqtt/packets.ts';
import { nowNs } from './clock.ts';
import { Device } from './device.ts';
import type { Home } from './device.ts';
import type { Plan } from './plan.ts';
import { TargetError, explained } from './refusal.ts';

const PATIENCE_MS = 10_000;

/** The address that answered. @throws TargetError that says where and why not */
export async function probe(plan: Plan, signal?: AbortSignal): Promise<string> {
  const { host, port, sources } = plan.target;
  const where = `${host.includes(':') ? `[${host}]` : host}:${port}`;
  let reason = '';
  for (const address of await addressesOf(plan, where)) {
    const refused = await tryOnce(plan, address, 0, signal);
    if (refused === undefined) {
      await tryOtherSources(plan, address, where, signal);
      return address;
    }
    // A broker that refuses says more than an address at which nobody listens.
    if (reason && refused === 'ECONNREFUSED') continue;
    reason = `${address === host ? '' : ` (${address})`}: ${explained(refused, plan.target, sources[0])}`;
  }
  throw new TargetError(`${where}${reason}`);
}

async function addressesOf({ target }: Plan, where: string): Promise<string[]> {
  try {
    const found = await lookup(target.host, { all: true });
    return found.map(({ address }) => address);
  } catch (error) {
    const cause = (error as NodeJS.ErrnoException).code ?? String(error);
    throw new TargetError(`${where}: ${explained(cause, target)}`, { cause: error });
  }
}

/** Device i goes out from source i. @throws TargetError */
async function tryOtherSources(plan: Plan, address: string, where: string, signal?: AbortSignal): Promise<void> {
  for (const [at, source] of plan.target.sources.entries()) {
    const refused = at === 0 ? undefined : await tryOnce(plan, address, at, signal);
    if (refused !== undefined)
      throw new TargetError(`${where} from ${source}: ${explained(refused, plan.target, source)}`);
  }
}

/** Why not; undefined when the broker accepts. */
function tryOnce(plan: Plan, address: string, index: number, signal?: AbortSignal): Promise<string | undefined> {
  return new Promise((resolve) => {
    const home = {
      plan: { ...plan, cleanSession: true },
      address,
      writer: new PacketWriter(plan.target.version === '5' ? 5 : 4),
      nowNs,
      reading: ignore,
      readOver: ignore,
      connected: (device: Device) => device.leave(),
      subscribed: ignore,
      acknowledged: ignore,
      published: ignore,
      released: ignore,
      down: (_: Device, cause: string) => settle(cause),
      left: () => settle(undefined),
    } satisfies Home;
    const device = new Device(home, index, 'idle');
    const late = setTimeout(() => device.drop(`no CONNACK within ${PATIENCE_MS / 1000} s`), PATIENCE_MS);
    const interrupt = () => device.drop('interrupted');
    signal?.addEventListener('abort', interrupt);
    function settle(reason: string | undefined): void {
      clearTimeout(late);
      signal?.removeEventListener('abort', interrupt);
      resolve(reason);
    }
    device.open(nowNs(), nowNs());
  });
}

function ignore(): void {
  // nothing to do with a connection that only knocks
}
