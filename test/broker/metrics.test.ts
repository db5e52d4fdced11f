import { expect, it } from 'vitest';
import { metricsText } from '../../broker/metrics.ts';
import { readMetrics } from '../prometheus.ts';
import { start } from './start.ts';
import { Wire } from './wire.ts';

it('the broker shows what it counts in the words of Prometheus, refusals by cause', async () => {
  const broker = await start();
  const wire = await Wire.connected(broker.port);
  for (const [at, topic] of ['city/wuxi/bus/b/event', 'city/wuxi/bus/b/event', 'home/x'].entries())
    wire.writer.publish(topic, Buffer.from('{}'), 1, false, false, at + 1);
  wire.send();
  await wire.until(() => wire.ofType(4).length === 3);
  const { samples, types } = readMetrics(metricsText(broker));
  expect(Object.fromEntries(samples)).toMatchObject({
    citytwin_broker_in_total: 2,
    'citytwin_broker_refused_total{cause="foreign-topic"}': 1,
    citytwin_broker_messages_received_total: 4,
    citytwin_broker_publishes_received_total: 3,
    citytwin_broker_received_bytes_total: wire.socket.bytesWritten,
    citytwin_broker_clients: 1,
    citytwin_broker_connections_total: 1,
  });
  for (const [name, type] of types) expect([name, name.endsWith('_total')]).toEqual([name, type === 'counter']);
});
