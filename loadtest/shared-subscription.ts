// Whether a broker shares a subscription among its members: two members, a few messages, each to be delivered once. Asked before a run of
// that profile, because many brokers grant the filter and then deliver nothing, or everything to everybody.
import { once } from 'node:events';
import { Client } from '../mqtt/client.ts';
import type { Plan } from './plan.ts';
import { clientIdOf, expand } from './profiles.ts';

const MESSAGES = 20;
const PATIENCE_MS = 1500;
const REFUSED = 0x80;

/** The reason why not; undefined when it does. Speaks MQTT 3.1.1, in which $share is an extension that most brokers have. */
export async function whyNotShared(plan: Plan, address: string): Promise<string | undefined> {
  if (plan.target.transport !== 'tcp') return undefined; // told by the run itself
  const got = [0, 0];
  const total = new EventTarget();
  const count = (at: number) => {
    got[at]!++;
    total.dispatchEvent(new Event('one'));
  };
  const members = got.map((_, at) => clientOf(plan, address, at, () => count(at)));
  try {
    await Promise.all(members.map((member) => member.start()));
    const topic = `${plan.clientPrefix}probe/shared`;
    const requests = [{ filter: `$share/citytwin-probe/${topic}`, qos: 1 as const }];
    const granted = await Promise.all(members.map((member) => member.subscribe(requests)));
    if (granted.some(([code]) => (code ?? REFUSED) >= REFUSED)) return 'the broker refuses shared subscriptions';
    await Promise.all(Array.from({ length: MESSAGES }, () => members[0]!.publish(topic, Buffer.of(1), 1)));
    await delivered(total, () => got[0]! + got[1]! >= MESSAGES);
    return verdictOf(got);
  } finally {
    await Promise.all(members.map((member) => member.stop()));
  }
}

function clientOf(plan: Plan, address: string, at: number, onMessage: () => void): Client {
  const { port, username, password } = plan.target;
  const clientId = clientIdOf(plan, at);
  return new Client({
    host: address,
    port,
    clientId,
    ...(username === undefined ? {} : { username: expand(username, at, clientId) }),
    ...(password === undefined ? {} : { password: expand(password, at, clientId) }),
    onMessage,
  });
}

function verdictOf(got: readonly number[]): string | undefined {
  const sum = got.reduce((total, one) => total + one, 0);
  if (sum === 0) return 'the broker grants shared subscriptions and delivers nothing';
  if (sum > MESSAGES) return 'the broker delivers to every member of a shared subscription';
  if (sum < MESSAGES) return `the broker delivers ${sum} of ${MESSAGES} messages to a shared subscription`;
  return got.includes(0)
    ? 'the broker balances nothing: one member of a shared subscription gets everything'
    : undefined;
}

async function delivered(total: EventTarget, all: () => boolean): Promise<void> {
  const patience = AbortSignal.timeout(PATIENCE_MS);
  while (!all() && !patience.aborted) await once(total, 'one', { signal: patience }).catch(() => undefined);
}
