// Delivers what no session keeps, in place of Aedes' own delivery: at once and through the client's outflow. What a session keeps has been
// taken by kept-delivery.ts. The packet's QoS is the one to deliver at (granted-qos.ts).
/* oxlint-disable no-underscore-dangle -- Aedes offers no seam here; these are its own names */
import type { AedesPublishPacket, Client } from 'aedes';
import type { Outflow, Publish } from './outflow.ts';

type Done = () => void;
type Deliver = (packet: AedesPublishPacket, done: Done) => void;

/** The part of Aedes' client that delivers. */
interface Recipient extends Client {
  /** The newest message that each broker had delivered. */
  readonly duplicates: { [brokerId: string]: number };
  readonly connected: boolean;
  deliver0: Deliver;
  deliverQoS: Deliver;
  waitForDrain(done: Done): void;
}

/** mayForward: the hook that Aedes would ask; takeId: for the next above QoS 0. Must be called before the client subscribes anything. */
export function deliverThrough(
  outflow: Outflow,
  client: Client,
  mayForward: (client: Client, packet: AedesPublishPacket) => boolean,
  takeId: (client: Client) => number,
): void {
  const recipient = client as Recipient;
  // Aedes' own output too: nobody waits for a client that does not read.
  recipient.waitForDrain = (done) => setImmediate(done);
  const deliver = (packet: AedesPublishPacket, qos: 0 | 1 | 2, done: Done): void => {
    if (recipient.connected && isNew(recipient, packet) && mayForward(client, packet)) {
      packet.qos = qos;
      outflow.publish(packet as Publish, qos > 0 ? takeId(client) : 0);
    }
    done();
  };
  recipient.deliver0 = (packet, done) => deliver(packet, 0, done);
  recipient.deliverQoS = (packet, done) => {
    if (client.clean || isRetained(packet)) deliver(packet, packet.qos, done);
    else done();
  };
}

/** For a new subscription: these come from no broker (retained-delivery.ts). */
function isRetained({ brokerId }: AedesPublishPacket): boolean {
  return !brokerId;
}

/** False when the client has had the message under another of its filters. */
function isNew({ duplicates }: Recipient, packet: AedesPublishPacket): boolean {
  if (isRetained(packet)) return true;
  const { brokerId, brokerCounter } = packet;
  if ((duplicates[brokerId] ?? 0) >= brokerCounter) return false;
  duplicates[brokerId] = brokerCounter;
  return true;
}
