// 100,000 malformed streams: the broker lives, serves its healthy client, and gives all the memory back.
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { expect, it } from 'vitest';
import { sendMalformed } from '../broker/malformed.ts';
import { errors, start, until } from '../broker/start.ts';
import { Wire } from '../broker/wire.ts';

const STREAMS = 100_000;
/** Until compiled code, pools and the sessions and retained topics that such streams leave have their size. */
const WARM_UP = 10_000;
const AT_ONCE = 50;

setFlagsFromString('--expose-gc');
const collectGarbage = runInNewContext('gc') as () => void;

async function memoryBytes(): Promise<number> {
  for (let round = 0; round < 5; round++) {
    collectGarbage();
    await new Promise((resolve) => setTimeout(resolve, 100)); // finalizers run between two collections
  }
  const { heapUsed, external, rss } = process.memoryUsage();
  console.log(`heap and buffers ${((heapUsed + external) / 1e6).toFixed(1)} MB, resident ${(rss / 1e6).toFixed(1)} MB`);
  return heapUsed + external;
}

it('100,000 malformed streams crash nothing and leave no more than 20 % of memory behind', async () => {
  const broker = await start({
    take: () => undefined,
    // What such clients may leave behind is bounded; small bounds are reached during the warm-up.
    limits: { connectsPerS: 1e6, sessions: 50, sessionMessages: 50, retainedTopics: 200 },
  });
  const healthy = await Wire.connected(broker.port, { clientId: 'healthy', keepAliveS: 30 });
  const pings = setInterval(() => void healthy.ping().catch(() => undefined), 5000);
  await sendMalformed(broker.port, 0, WARM_UP, AT_ONCE);
  await until(() => broker.status().connections === 1);
  const baseBytes = await memoryBytes();
  await sendMalformed(broker.port, WARM_UP, STREAMS, AT_ONCE);
  await until(() => broker.status().connections === 1);
  clearInterval(pings);
  await healthy.ping();
  expect([healthy.closed, broker.counters().clients, errors]).toEqual([false, 1, []]);
  expect(await memoryBytes()).toBeLessThan(1.2 * baseBytes);
}, 600_000);
