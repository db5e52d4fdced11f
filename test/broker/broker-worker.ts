// A broker in a thread of its own, so that the clients of a test do not share its event loop; it says its port, asked for `lag` how late
// its event loop was (p99, ms), and ends at `close`.
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { parentPort } from 'node:worker_threads';
import { startBroker } from '../../broker/broker.ts';

const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };
const broker = await startBroker({ city: 'wuxi', host: '127.0.0.1', port: 0, take: () => undefined, log: quiet });
const delay = monitorEventLoopDelay({ resolution: 10 });
delay.enable();
parentPort!.postMessage(broker.port);
parentPort!.on('message', (asked: 'lag' | 'close') => {
  if (asked === 'lag') parentPort!.postMessage(delay.percentile(99) / 1e6);
  else void broker.close().then(() => process.exit(0));
});
