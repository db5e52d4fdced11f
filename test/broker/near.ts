// A client without sockets in between: what it does not read waits in the broker, not in the system.
import type { Socket } from 'node:net';
import { duplexPair } from 'node:stream';
import type { Broker } from '../../broker/broker.ts';
import { Wire } from './wire.ts';

/** Sends CONNECT and waits for CONNACK. */
export async function connectedNear(broker: Broker, clientId: string): Promise<Wire> {
  const [stream, other] = duplexPair();
  broker.handle(other);
  const wire = new Wire(stream as Socket);
  wire.writer.connect({ clientId, cleanSession: true, keepAliveS: 60 });
  wire.send();
  await wire.until(() => wire.returnCode === 0);
  return wire;
}
