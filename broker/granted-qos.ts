// At which QoS a message goes to one client: the lower of what was published and the best that its matching filters were granted
// [MQTT-3.3.5-1] [MQTT-3.8.4-6]. Aedes decides by one filter only, and for retained messages by none.
import type { Client } from 'aedes';
import type { Grants } from './grants.ts';

interface Delivered {
  qos: 0 | 1 | 2;
  readonly topic: string;
  readonly brokerId: string | null;
  readonly brokerCounter: number;
}
type Deliver = (packet: Delivered, done: () => void) => void;

interface Deliverer {
  /** The newest message that each broker had delivered. */
  readonly duplicates: { readonly [brokerId: string]: number };
  deliver0: Deliver;
  deliverQoS: Deliver;
}

/** Must be called before the client subscribes anything. */
export function deliverAtGrantedQos(client: Client, grants: Grants): void {
  const deliverer = client as unknown as Deliverer;
  const { deliver0, deliverQoS } = deliverer;
  const deliver: Deliver = (packet, done) => {
    if (wasDelivered(deliverer, packet)) {
      done(); // not by Aedes, which would take the message out of the session as well
      return;
    }
    if (packet.qos > 0) packet.qos = grants.best(packet.topic, packet.qos);
    if (packet.qos === 0) deliver0(packet, done);
    else deliverQoS(packet, done);
  };
  deliverer.deliver0 = deliver;
  deliverer.deliverQoS = deliver;
}

/** Under another filter of the same client. */
function wasDelivered({ duplicates }: Deliverer, { brokerId, brokerCounter }: Delivered): boolean {
  return brokerId !== null && brokerCounter <= (duplicates[brokerId] ?? 0);
}
