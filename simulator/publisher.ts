// Sends what the run reports over MQTT: descriptions and timetables first, then records, events and acks, over shared gateway connections or one
// connection per device where a kind wants a last will. Counts what leaves; decides nothing.
import { Client } from '../mqtt/client.ts';
import { RecordEncoder } from '../telemetry/json-codec.ts';
import type { Ack, SimulatorCounters } from '../telemetry/messages.ts';
import type { LineTimetable } from '../telemetry/timetable.ts';
import { deviceTopic, kindTopic, lineTopic, truthTopic } from '../telemetry/topics.ts';
import type { Fields, Model } from './fleet.ts';
import { describe } from './kinds.ts';
import { deviceId } from './devices.ts';
import type { Readings, Sink } from './sink.ts';

export interface BrokerAddress {
  readonly host: string;
  readonly port: number;
  readonly username?: string;
  readonly password?: string;
}

export interface PublisherOptions {
  readonly city: string;
  readonly broker: BrokerAddress;
  readonly models: ReadonlyMap<string, Model>;
  readonly fleets: { readonly [kind: string]: number };
  /** Kinds whose devices have a connection of their own, with a last will on their status topic. */
  readonly ownConnections: ReadonlySet<string>;
  /** Every record at QoS 1, whatever its model says: a backfill must know what has arrived. */
  readonly everythingAcknowledged?: () => boolean;
  /** As they are now; published after every connect. Absent: there are none. */
  readonly timetables?: () => readonly LineTimetable[];
  /** Told of every message that leaves; `acknowledged` settles at the PUBACK of a QoS 1 publish. */
  readonly onSent?: (message: SentMessage) => void;
  /** After every connect: the broker may have forgotten what was retained. */
  readonly onUp?: () => void;
  /** Told of a timetable that is too long for a broker. */
  readonly onTooLong?: (line: string, bytes: number) => void;
  /** Whatever the gateway has subscribed to. */
  readonly onMessage: (topic: string, payload: Uint8Array) => void;
}

export interface SentMessage {
  readonly kind: string;
  readonly device: number;
  readonly ts: number;
  readonly seq: number;
  readonly acknowledged: Promise<void> | undefined;
}

interface Lane {
  readonly qos: 0 | 1;
  readonly encoder: RecordEncoder;
  readonly topicOf: (device: number) => string;
  readonly connectionOf: (device: number) => Client;
}

const encode = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));
const STATUS_ONLINE = new TextEncoder().encode('online');
const STATUS_OFFLINE = new TextEncoder().encode('offline');
/** A longer message would cost the connection: the citytwin broker takes timetables in packets of up to 1 MiB, so does the api. */
const MAX_TIMETABLE_BYTES = 1_048_000;
/** Larger fleets build their topics as they go. */
const REMEMBERED_TOPICS = 100_000;
/** Connections opened at the same time, so that a start is no storm. */
const CONNECT_BATCH = 32;

export class Publisher implements Sink {
  readonly #options: PublisherOptions;
  readonly #gateway: Client;
  readonly #connections: Client[];
  readonly #lanes = new Map<string, Lane>();
  /** The newest QoS 1 publish of each connection: acknowledgements come in order. */
  readonly #newest = new Map<Client, Promise<void>>();
  readonly #json = new TextEncoder();
  /** The newest connection's descriptions and timetables are acknowledged. */
  #described: Promise<void> = Promise.resolve();
  #out = 0;
  /** QoS 1 publishes that a full outbox turned away. */
  #refused = 0;

  constructor(options: PublisherOptions) {
    this.#options = options;
    this.#gateway = new Client({
      ...options.broker,
      clientId: `simulator-${options.city}`,
      onMessage: (topic, payload) => options.onMessage(topic, payload),
      // After every connect: the broker may have forgotten the descriptions.
      onUp: () => {
        this.#described = Promise.all([this.#describeAll(), this.publishTimetables()]).then(() => undefined);
        // The start waits for the first; a later one that a full outbox turns away comes again with the next connection.
        this.#described.catch(() => undefined);
        options.onUp?.();
      },
    });
    this.#connections = [this.#gateway];
    for (const [kind, count] of Object.entries(options.fleets)) this.#lanes.set(kind, this.#lane(kind, count));
  }

  /** Resolves when every description and timetable is acknowledged and every connection stands. @throws when the broker refuses us for ever */
  async start(): Promise<void> {
    await this.#gateway.start();
    await this.#described;
    const own = this.#connections.slice(1);
    for (let at = 0; at < own.length; at += CONNECT_BATCH) {
      await Promise.all(own.slice(at, at + CONNECT_BATCH).map((client) => client.start()));
    }
    const commands = [...this.#lanes.keys()].map((kind) => deviceTopic(this.#options.city, kind, '+', 'command'));
    await this.subscribe(commands);
  }

  async subscribe(filters: readonly string[]): Promise<void> {
    const granted = await this.#gateway.subscribe(filters.map((filter) => ({ filter, qos: 1 })));
    const refused = filters.filter((_, index) => granted[index]! > 2);
    if (refused.length > 0) throw new Error(`the broker refuses the subscriptions ${refused.join(', ')}`);
  }

  /** A message of the simulator itself (clock, counters, scenario acks). */
  publish(topic: string, value: unknown, options: { qos: 0 | 1; retain: boolean }): Promise<void> | undefined {
    return this.#gateway.publish(topic, encode(value), options.qos, options.retain)?.catch(() => undefined);
  }

  record(kind: string, device: number, ts: number, seq: number, readings: Readings): void {
    const lane = this.#lanes.get(kind)!;
    const qos = this.#options.everythingAcknowledged?.() === true ? 1 : lane.qos;
    const payload = lane.encoder.encode(ts, seq, readings);
    const acknowledged = this.#send(lane.connectionOf(device), lane.topicOf(device), payload, qos);
    this.#options.onSent?.({ kind, device, ts, seq, acknowledged });
  }

  truth(kind: string, device: number, ts: number, seq: number, fields: Fields): void {
    const topic = truthTopic(this.#options.city, kind, deviceId(kind, device));
    this.#gateway.publish(topic, this.#json.encode(JSON.stringify({ ts, seq, ...fields })), 0);
  }

  event(
    kind: string,
    device: number,
    ts: number,
    seq: number,
    name: string,
    state: 'raised' | 'cleared' | undefined,
    readings: Readings,
  ): void {
    const lane = this.#lanes.get(kind)!;
    const topic = deviceTopic(this.#options.city, kind, deviceId(kind, device), 'event');
    const payload = lane.encoder.encodeEvent(ts, seq, name, state, readings);
    const acknowledged = this.#send(lane.connectionOf(device), topic, payload, 1);
    this.#options.onSent?.({ kind, device, ts, seq, acknowledged });
  }

  ack(kind: string, device: number, ack: Ack): void {
    const topic = deviceTopic(this.#options.city, kind, deviceId(kind, device), 'ack');
    this.#lanes
      .get(kind)!
      .connectionOf(device)
      .publish(topic, encode(ack), 1)
      ?.catch(() => undefined);
  }

  counters(): SimulatorCounters {
    return {
      out: this.#out,
      dropped: this.#refused + this.#connections.reduce((sum, client) => sum + client.dropped, 0),
    };
  }

  #send(connection: Client, topic: string, payload: Uint8Array, qos: 0 | 1): Promise<void> | undefined {
    this.#out++;
    const acknowledged = connection.publish(topic, payload, qos);
    if (acknowledged === undefined) return undefined;
    this.#newest.set(connection, acknowledged);
    acknowledged.catch(() => this.#refused++);
    return acknowledged;
  }

  /** Settles when no connection is congested: the run waits for this and slows down instead of dropping. */
  async drained(): Promise<void> {
    for (const client of this.#connections) if (client.congested) await client.drained();
  }

  /** Settles when every QoS 1 message sent so far is acknowledged. @throws when one never will be */
  async settled(): Promise<void> {
    await Promise.all(this.#newest.values());
  }

  async stop(): Promise<void> {
    await Promise.all(this.#connections.map((client) => client.stop()));
  }

  async #describeAll(): Promise<void> {
    const { city, models } = this.#options;
    await Promise.all(
      [...this.#lanes.keys()].map((kind) =>
        this.#gateway.publish(kindTopic(city, kind), encode(describe(models.get(kind)!)), 1, true),
      ),
    );
  }

  /** Lets the city know its timetables, which have changed. A line whose timetable no broker would take goes without. */
  async publishTimetables(): Promise<void> {
    const { city, timetables = () => [], onTooLong } = this.#options;
    const sent: Promise<void>[] = [];
    for (const timetable of timetables()) {
      const payload = encode(timetable);
      if (payload.length > MAX_TIMETABLE_BYTES) {
        onTooLong?.(timetable.line, payload.length);
        continue;
      }
      const acknowledged = this.#gateway.publish(lineTopic(city, 'timetable', timetable.line), payload, 1, true);
      if (acknowledged !== undefined) sent.push(acknowledged);
    }
    await Promise.all(sent);
  }

  #lane(kind: string, count: number): Lane {
    const { city, models, ownConnections } = this.#options;
    const model = models.get(kind)!;
    const own = ownConnections.has(kind)
      ? Array.from({ length: count }, (_, device) => this.#ownConnection(kind, device))
      : undefined;
    if (own !== undefined) this.#connections.push(...own);
    return {
      qos: model.qos,
      encoder: new RecordEncoder(describe(model)),
      topicOf: topicsOf(city, kind, count),
      connectionOf: own === undefined ? () => this.#gateway : (device) => own[device]!,
    };
  }

  #ownConnection(kind: string, device: number): Client {
    const id = deviceId(kind, device);
    const topic = deviceTopic(this.#options.city, kind, id, 'status');
    const client: Client = new Client({
      ...this.#options.broker,
      clientId: id,
      will: { topic, payload: STATUS_OFFLINE, qos: 1, retain: true },
      onUp: () => void client.publish(topic, STATUS_ONLINE, 1, true),
    });
    return client;
  }
}

function topicsOf(city: string, kind: string, count: number): (device: number) => string {
  const topicOf = (device: number) => deviceTopic(city, kind, deviceId(kind, device), 'telemetry');
  if (count > REMEMBERED_TOPICS) return topicOf;
  const topics = Array.from({ length: count }, (_, device) => topicOf(device));
  return (device) => topics[device]!;
}
