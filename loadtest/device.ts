// One simulated client on the wire: CONNECT, SUBSCRIBE, keep-alive, and what arrives for it. Its part decides when it opens and what
// messages mean; it holds no timer, no closure and no buffer.
import * as mqtt from '../mqtt/packets.ts';
import { MalformedPacket } from '../mqtt/malformed.ts';
import { readConnack5 } from '../mqtt/properties.ts';
import { openLink } from './link.ts';
import type { Link, LinkOwner } from './link.ts';
import { cut } from './packets-in.ts';
import type { Unfinished } from './packets-in.ts';
import type { Plan } from './plan.ts';
import { clientIdOf, expand, filterOf, topicOf } from './profiles.ts';
import type { Role } from './profiles.ts';
import { reasonText } from './reasons.ts';

/** What devices of one thread share and report to. */
export interface Home {
  readonly plan: Plan;
  readonly address: string;
  /** Control packets on their way out; empty between two calls. */
  readonly writer: mqtt.PacketWriter;
  nowNs(): number;
  /** Bytes came in; what follows belongs to this moment. */
  reading(): void;
  /** They are handled. */
  readOver(device: Device): void;
  /** CONNACK accepted; the most un-acknowledged publishes the broker takes. */
  connected(device: Device, receiveMaximum: number): void;
  /** Its filter is answered: the QoS that is granted, or a code from 0x80 on. */
  subscribed(device: Device, code: number): void;
  /** reason: below 0x80 unless MQTT 5 refuses the publish. */
  acknowledged(device: Device, packetId: number, reason: number): void;
  published(device: Device, header: number, bytes: Buffer, start: number, end: number): void;
  /** Its message at QoS 2 is not sent again; the identifier may be used for another. */
  released(device: Device, packetId: number): void;
  /** Lost or refused. */
  down(device: Device, cause: string, wasUp: boolean): void;
  /** It ended because we wanted it. */
  left(device: Device, wasUp: boolean): void;
}

const CLOSED = 0;
const OPENING = 1;
const UP = 2;
const SESSION_EXPIRY_S = 3600;
const FILTER_ID = 65_535;
const NOTHING = new Uint8Array(0);
/** From here on reason codes, and those of a SUBACK, are refusals. */
export const REFUSED_FROM = 0x80;

export class Device implements LinkOwner, Unfinished {
  readonly index: number;
  readonly role: Role;
  readonly #home: Home;
  link: Link | undefined;
  rest: Buffer | undefined;
  filled = 0;
  /** When its connection was meant to begin, at the first of several attempts; ns of clock.ts. */
  dueNs = 0;
  /** When it asked for its filter; 0 once that is answered. */
  askedNs = 0;
  /** It was counted when its part became ready. */
  settled = false;
  #state = CLOSED;
  #heard = true;
  #openedNs = 0;
  /** It is meant to be connected and is not, since `dueNs`. */
  #awaited = false;
  /** It connects only to make the broker forget its session. */
  #forgets = false;

  constructor(home: Home, index: number, role: Role) {
    this.#home = home;
    this.index = index;
    this.role = role;
  }

  get up(): boolean {
    return this.#state === UP;
  }

  /** No connection, and none on its way. */
  get idle(): boolean {
    return this.#state === CLOSED;
  }

  /**
   * Its session outlives its connection. Never that of a publisher: who comes back to a kept session must send again what was un-acknowledged
   * [MQTT-4.4.0-1], and this one does not.
   */
  get keepsSession(): boolean {
    return !this.#home.plan.cleanSession && this.role !== 'publisher';
  }

  /** From now on it connects with a clean session. */
  forget(): void {
    this.#forgets = true;
  }

  /** It has been meant to be connected since `dueNs`, tried or not, and is not. */
  get awaited(): boolean {
    return this.#awaited;
  }

  /** An attempt after a failed one waits on since the first. nowNs: of the attempt, see `giveUp`. */
  open(dueNs: number, nowNs: number): void {
    if (!this.#awaited) this.dueNs = dueNs;
    this.#awaited = true;
    this.#openedNs = nowNs;
    this.askedNs = 0;
    this.#state = OPENING;
    this.#heard = true;
    this.rest = undefined;
    const { plan, address } = this.#home;
    this.link = openLink(plan.target, address, this.index, this);
  }

  opened(): void {
    if (this.#state !== OPENING) return;
    const { plan, writer } = this.#home;
    const { username, password, version } = plan.target;
    const clientId = clientIdOf(plan, this.index);
    const cleanSession = this.#forgets || !this.keepsSession;
    writer.connect({
      clientId,
      cleanSession,
      keepAliveS: plan.keepAliveS,
      username: username === undefined ? undefined : expand(username, this.index, clientId),
      password: password === undefined ? undefined : expand(password, this.index, clientId),
      properties: version === '5' && !cleanSession ? { sessionExpiryS: SESSION_EXPIRY_S } : undefined,
    });
    this.send();
  }

  /** Sends what stands in the writer. */
  send(): void {
    const bytes = this.#home.writer.take();
    if (this.link && bytes.length > 0) this.link.stream.write(bytes);
  }

  /** Asks for its filter; `subscribed` follows. */
  subscribe(): void {
    const { plan, writer } = this.#home;
    const subscriber = this.index - plan.publishers;
    this.askedNs = this.#home.nowNs();
    writer.subscribe(FILTER_ID, [{ filter: filterOf(plan, subscriber), qos: plan.subscribeQos }]);
    this.send();
  }

  unsubscribe(): void {
    const { plan, writer } = this.#home;
    writer.unsubscribe(FILTER_ID, [filterOf(plan, this.index - plan.publishers)]);
    this.send();
  }

  clearRetained(): void {
    this.#home.writer.publish(topicOf(this.#home.plan, this.index), NOTHING, 0, true, false, 0);
    this.send();
  }

  /** Called each half of the keep-alive; a peer that says nothing to two of them is gone. */
  ping(): void {
    if (this.#state !== UP) return;
    if (!this.#heard) {
      this.drop('nothing heard for a keep-alive interval');
      return;
    }
    this.#heard = false;
    this.#home.writer.pingreq();
    this.send();
  }

  /** Ends an attempt of that moment, or before, that still has no CONNACK. */
  giveUp(openedNs: number): void {
    if (this.#state === OPENING && this.#openedNs <= openedNs) this.drop('no CONNACK within 10 s');
  }

  /** DISCONNECT, then the end; not counted as an error. */
  leave(): void {
    const { link } = this;
    const wasUp = this.#state === UP;
    if (wasUp) {
      this.#home.writer.disconnect();
      this.send();
      link?.stream.end();
    } else link?.stream.destroy();
    this.#forget(wasUp);
  }

  /** The connection is lost without a word; not counted as an error. */
  cutOff(): void {
    this.link?.stream.destroy();
    this.#forget(this.#state === UP);
  }

  #forget(wasUp: boolean): void {
    this.#awaited = false;
    if (this.#state === CLOSED) return;
    this.#state = CLOSED;
    this.link = undefined;
    this.#home.left(this, wasUp);
  }

  drop(cause: string): void {
    const { link } = this;
    if (this.#state === CLOSED) return;
    const wasUp = this.#state === UP;
    this.#state = CLOSED;
    this.link = undefined;
    link?.stream.destroy();
    this.#home.down(this, cause, wasUp);
  }

  closed(link: Link, cause: string): void {
    if (this.link === link) this.drop(cause); // otherwise an earlier one
  }

  read(bytes: Buffer, length: number): void {
    if (this.#state === CLOSED) return;
    this.#heard = true;
    this.#home.reading();
    try {
      cut(this, bytes, length, onPacket);
    } catch (error) {
      if (!(error instanceof MalformedPacket)) throw error;
      this.#home.writer.take();
      this.drop(`malformed packet from the broker: ${error.message}`);
      return;
    }
    this.send();
    this.#home.readOver(this);
  }

  /** Answers a delivery; it leaves with everything else that this read brought. */
  acknowledge(qos: number, packetId: number): void {
    if (qos === 1) this.#home.writer.puback(packetId);
    else if (qos === 2) this.#home.writer.pubrec(packetId);
  }

  packet(header: number, bytes: Buffer, start: number, end: number): boolean {
    const home = this.#home;
    const type = header >> 4;
    if (this.#state === OPENING && type !== mqtt.CONNACK) {
      throw new MalformedPacket(`packet type ${type} before CONNACK`); // [MQTT-3.2.0-1]
    }
    switch (type) {
      case mqtt.PUBLISH:
        home.published(this, header, bytes, start, end);
        break;
      case mqtt.PUBACK:
        home.acknowledged(this, idAt(bytes, start, end), reasonAt(bytes, start, end));
        break;
      case mqtt.PUBCOMP:
        // The message was taken with PUBREC; a code here is about the identifier.
        home.acknowledged(this, idAt(bytes, start, end), 0);
        break;
      case mqtt.PUBREC: {
        const reason = reasonAt(bytes, start, end);
        // MQTT 5 ends the exchange with an error code here (4.3.3).
        if (reason >= REFUSED_FROM) home.acknowledged(this, idAt(bytes, start, end), reason);
        else home.writer.pubrel(idAt(bytes, start, end));
        break;
      }
      case mqtt.PUBREL:
        home.released(this, idAt(bytes, start, end));
        home.writer.pubcomp(idAt(bytes, start, end));
        break;
      case mqtt.CONNACK:
        this.#connack(bytes, start, end);
        break;
      case mqtt.SUBACK:
        home.subscribed(this, bytes[end - 1]!);
        break;
      case mqtt.DISCONNECT:
        this.drop(`disconnected by the broker, reason ${end > start ? bytes[start]! : 0}`);
        break;
      case mqtt.PINGRESP:
      case mqtt.UNSUBACK:
        break;
      default:
        throw new MalformedPacket(`unexpected packet type ${type}`);
    }
    return this.#state !== CLOSED;
  }

  #connack(bytes: Buffer, start: number, end: number): void {
    if (this.#state !== OPENING) throw new MalformedPacket('a second CONNACK');
    if (end - start < 2) throw new MalformedPacket('CONNACK is cut short');
    const code = bytes[start + 1]!;
    if (code !== 0) {
      this.drop(`refused: ${reasonText(code)}`);
      return;
    }
    const five = this.#home.plan.target.version === '5';
    this.#state = UP;
    this.#awaited = false;
    this.#home.connected(this, five ? readConnack5(bytes, start, end).properties.receiveMaximum : 65_535);
  }
}

function onPacket(device: Device, header: number, bytes: Buffer, start: number, end: number): boolean {
  return device.packet(header, bytes, start, end);
}

function idAt(bytes: Buffer, start: number, end: number): number {
  if (start + 2 > end) throw new MalformedPacket('packet is cut short');
  return (bytes[start]! << 8) | bytes[start + 1]!;
}

/** Of an acknowledgement: MQTT 3.1.1 has none, MQTT 5 leaves out a success (3.4.2.1). */
function reasonAt(bytes: Buffer, start: number, end: number): number {
  return end - start > 2 ? bytes[start + 2]! : 0;
}
