// Sends what the run reports over MQTT: descriptions first, then records, events and acks, over shared gateway connections or one
// connection per device where a kind wants a last will. Counts what leaves; decides nothing.
import { Client } from '../mqtt/client.ts';
import { RecordEncoder } from '../telemetry/json-codec.ts';
import type { Ack, SimulatorCounters } from '../telemetry/messages.ts';
import { deviceTopic, kindTopic } from '../telemetry/topics.ts';
import type { Model } from './fleet.ts';
import { describe } from './kinds.ts';
import { deviceId } from './run.ts';
import type { Readings, Sink } from './run.ts';

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
  /** Whatever the gateway has subscribed to. */
  readonly onMessage: (topic: string, payload: Uint8Array) => void;
}

interface Lane {
  readonly qos: 0 | 1;
  readonly encoder: RecordEncoder;
  readonly telemetryTopics: readonly string[];
  readonly connectionOf: (device: number) => Client;
}

const encode = (value: unknown) => new TextEncoder().encode(JSON.stringify(value));
const STATUS_ONLINE = new TextEncoder().encode('online');
const STATUS_OFFLINE = new TextEncoder().encode('offline');
/** Connections opened at the same time, so that a start is no storm. */
const CONNECT_BATCH = 32;

export class Publisher implements Sink {
  readonly #options: PublisherOptions;
  readonly #gateway: Client;
  readonly #connections: Client[];
  readonly #lanes = new Map<string, Lane>();
  /** The newest connection's descriptions are acknowledged. */
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
        this.#described = this.#describeAll();
        // The start waits for the first; a later one that a full outbox turns away comes again with the next connection.
        this.#described.catch(() => undefined);
      },
    });
    this.#connections = [this.#gateway];
    for (const [kind, count] of Object.entries(options.fleets)) this.#lanes.set(kind, this.#lane(kind, count));
  }

  /** Resolves when every description is acknowledged and every connection stands. @throws when the broker refuses us for ever */
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
    this.#out++;
    void lane
      .connectionOf(device)
      .publish(lane.telemetryTopics[device]!, lane.encoder.encode(ts, seq, readings), lane.qos);
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
    this.#out++;
    const topic = deviceTopic(this.#options.city, kind, deviceId(kind, device), 'event');
    this.#send(lane.connectionOf(device), topic, lane.encoder.encodeEvent(ts, seq, name, state, readings), 1);
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

  #send(connection: Client, topic: string, payload: Uint8Array, qos: 0 | 1): void {
    connection.publish(topic, payload, qos)?.catch(() => this.#refused++);
  }

  /** Settles when no connection is congested: the run waits for this and slows down instead of dropping. */
  async drained(): Promise<void> {
    for (const client of this.#connections) if (client.congested) await client.drained();
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
      telemetryTopics: Array.from({ length: count }, (_, device) =>
        deviceTopic(city, kind, deviceId(kind, device), 'telemetry'),
      ),
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
