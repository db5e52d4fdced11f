// Starts brokers for tests and ends them after each one.
import { afterEach } from 'vitest';
import { startBroker } from '../../broker/broker.ts';
import type { Broker, BrokerOptions } from '../../broker/broker.ts';
import type { Frame } from '../../telemetry/messages.ts';

const brokers: Broker[] = [];
export const errors: object[] = [];
export const log = {
  info: () => undefined,
  warn: () => undefined,
  error: (details: object) => void errors.push(details),
};

export async function start(options: Partial<BrokerOptions> = {}): Promise<Broker & { frames: Frame[] }> {
  const frames: Frame[] = [];
  const take = (frame: Frame): undefined => void frames.push({ ...frame, payload: Buffer.from(frame.payload) });
  const broker = await startBroker({ city: 'wuxi', host: '127.0.0.1', port: 0, take, log, ...options });
  brokers.push(broker);
  return { ...broker, frames };
}

/** Waits until the condition holds, looking again at each turn of the event loop. */
export async function until(condition: () => boolean, withinMs = 5000): Promise<void> {
  const deadlineMs = performance.now() + withinMs;
  while (!condition()) {
    if (performance.now() > deadlineMs) throw new Error(`not within ${withinMs} ms: ${String(condition)}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}

afterEach(async () => {
  await Promise.all(brokers.splice(0).map((broker) => broker.close()));
  errors.length = 0;
});
