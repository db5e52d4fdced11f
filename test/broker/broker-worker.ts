// A broker in a thread of its own, so that the clients of a test do not share its event loop; it says its port and ends when told to.
import { parentPort } from 'node:worker_threads';
import { startBroker } from '../../broker/broker.ts';

const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };
const broker = await startBroker({ city: 'wuxi', host: '127.0.0.1', port: 0, take: () => undefined, log: quiet });
parentPort!.postMessage(broker.port);
parentPort!.once('message', () => {
  void broker.close().then(() => process.exit(0));
});
