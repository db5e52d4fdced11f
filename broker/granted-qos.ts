// At which QoS a message goes to one client: the lower of what was published and the best that its matching filters were granted
// [MQTT-3.3.5-1] [MQTT-3.8.4-6]. Aedes decides by one filter only, and for retained messages by none.
import type { Client } from 'aedes';
import { matches } from './filters.ts';

interface Delivered {
  qos: 0 | 1 | 2;
  readonly topic: string;
  readonly brokerId: string | null;
  readonly brokerCounter: number;
}
interface Subscription {
  qos: 0 | 1 | 2;
}
type Deliver = (packet: Delivered, done: () => void) => void;

interface Deliverer {
  readonly subscriptions: { readonly [filter: string]: Subscription };
  /** The newest message that each broker had delivered. */
  readonly duplicates: { readonly [brokerId: string]: number };
  deliver0: Deliver;
  deliverQoS: Deliver;
}

/** What was granted where Aedes' own record had to be raised. */
const granted = new WeakMap<Subscription, 0 | 1 | 2>();

/** Must be called before the client subscribes anything. */
export function deliverAtGrantedQos(client: Client): void {
  const deliverer = client as unknown as Deliverer;
  const { deliver0, deliverQoS } = deliverer;
  const deliver: Deliver = (packet, done) => {
    if (wasDelivered(deliverer, packet)) {
      done(); // not by Aedes, which would take the message out of the session as well
      return;
    }
    if (packet.qos > 0) {
      packet.qos = bestGranted(deliverer.subscriptions, packet);
      raise(deliverer.subscriptions[packet.topic], packet.qos);
    }
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

/** Aedes lowers the QoS once more when the topic itself is one of the filters, whatever the others were granted. */
function raise(exact: Subscription | undefined, qos: 0 | 1 | 2): void {
  if (!exact || exact.qos >= qos) return;
  granted.set(exact, exact.qos);
  exact.qos = 2;
}

function bestGranted(subscriptions: Deliverer['subscriptions'], { qos, topic }: Delivered): 0 | 1 | 2 {
  let best: 0 | 1 | 2 = 0;
  for (const filter in subscriptions) {
    const subscription = subscriptions[filter]!;
    const of = granted.get(subscription) ?? subscription.qos;
    if (of > best && matches(filter, topic)) best = of;
    if (best >= qos) return qos;
  }
  return best;
}
