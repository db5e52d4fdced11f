// Watches messages from outside on their way through the platform: how long until they are delivered to an MQTT subscriber, stored, and
// visible on the live stream. It sees what any client could see, and measures from the moment of sending.
import { WebSocket } from 'ws';
import { Client } from '../mqtt/client.ts';
import { decodeLiveFrame } from '../telemetry/live-frame.ts';
import type { LiveColumn } from '../telemetry/live-frame.ts';
import { parsePayload } from '../telemetry/json-codec.ts';
import { deviceTopic, parseTopic } from '../telemetry/topics.ts';
import type { Sample } from './simulator-worker.ts';
import { sharedNowMs } from './wiring.ts';
import type { BrokerAddress } from './wiring.ts';

/** Messages that came before their sample was announced are remembered this long, ms. */
const REMEMBER_MS = 5000;
/** Messages remembered to find duplicates. */
const MAX_SEEN = 1_000_000;
/** The live stream is asked for this many frames a second: its share of the latency is part of what a viewer sees. */
const MAX_HZ = 10;

export interface Latencies {
  readonly count: number;
  readonly p50: number;
  readonly p95: number;
  readonly p99: number;
  readonly max: number;
}

export interface ProbeFigures {
  /** Telemetry and events that came to the subscriber, each once. */
  readonly received: number;
  /** The same (kind, device, ts, seq) more than once. */
  readonly duplicates: number;
  readonly deliveredLatencyMs: Latencies | undefined;
  readonly storedLatencyMs: Latencies | undefined;
  readonly visibleLatencyMs: Latencies | undefined;
}

export class Probe {
  readonly #sent = new Map<string, Sample>();
  readonly #arrived = new Map<string, number>();
  /** The newest sample of a device that the page has not shown yet. */
  readonly #unseen = new Map<string, Sample>();
  readonly #delivered: number[] = [];
  readonly #stored: number[] = [];
  readonly #visible: number[] = [];
  readonly #seen = new Set<string>();
  #received = 0;
  #duplicates = 0;
  #subscriber: Client | undefined;
  #viewer: WebSocket | undefined;

  /** Subscribes to all telemetry and events of the city. @throws when the broker refuses */
  async subscribe(city: string, broker: BrokerAddress): Promise<void> {
    this.#subscriber = new Client({
      ...broker,
      clientId: `probe-${process.pid}`,
      onMessage: (topic, payload) => this.#receive(topic, payload),
    });
    await this.#subscriber.start();
    const filters = (['telemetry', 'event'] as const).map((channel) => deviceTopic(city, '+', '+', channel));
    const granted = await this.#subscriber.subscribe(filters.map((filter) => ({ filter, qos: 1 })));
    if (granted.some((qos) => qos > 2)) throw new Error(`the broker refuses the subscriptions ${filters.join(', ')}`);
  }

  /** Opens the live stream like a page does. */
  async watch(http: string): Promise<void> {
    const viewer = new WebSocket(`${http.replace(/^http/, 'ws')}/live`);
    this.#viewer = viewer;
    viewer.binaryType = 'arraybuffer';
    const columns = new Map<number, { kind: string; columns: readonly LiveColumn[] }>();
    const ids = new Map<number, string[]>();
    viewer.on('message', (data: ArrayBuffer | Buffer, binary: boolean) => {
      if (binary) return this.#look(new Uint8Array(data as ArrayBuffer), columns, ids);
      learn(JSON.parse(Buffer.from(data as ArrayBuffer).toString()) as LiveText, columns, ids);
    });
    await new Promise<void>((resolve, reject) => {
      viewer.once('open', () => resolve());
      viewer.once('error', reject);
    });
    viewer.send(JSON.stringify({ type: 'subscribe', fields: [], maxHz: MAX_HZ }));
  }

  sent(sample: Sample): void {
    const arrivedMs = this.#arrived.get(sample.key);
    if (arrivedMs !== undefined) this.#delivered.push(arrivedMs - sample.sentMs);
    this.#sent.set(sample.key, sample);
    if (this.#viewer !== undefined) this.#unseen.set(sample.address, sample);
  }

  stored(key: string, atMs: number): void {
    const sample = this.#sent.get(key);
    if (sample !== undefined) this.#stored.push(atMs - sample.sentMs);
  }

  get received(): number {
    return this.#received;
  }

  figures(): ProbeFigures {
    return {
      received: this.#received,
      duplicates: this.#duplicates,
      deliveredLatencyMs: latenciesOf(this.#delivered),
      storedLatencyMs: latenciesOf(this.#stored),
      visibleLatencyMs: latenciesOf(this.#visible),
    };
  }

  async stop(): Promise<void> {
    this.#viewer?.terminate();
    await this.#subscriber?.stop();
  }

  #receive(topicText: string, payload: Uint8Array): void {
    const nowMs = sharedNowMs();
    const topic = parseTopic(topicText);
    if (topic?.type !== 'telemetry' && topic?.type !== 'event') return;
    const { ts, seq } = parsePayload(payload) as { ts?: number; seq?: number };
    const key = `${topic.kind}/${topic.device}/${ts}/${seq}`;
    if (this.#seen.has(key)) {
      this.#duplicates++;
      return;
    }
    this.#seen.add(key);
    if (this.#seen.size > MAX_SEEN) this.#seen.delete(this.#seen.values().next().value!);
    this.#received++;
    const sample = this.#sent.get(key);
    if (sample !== undefined) this.#delivered.push(nowMs - sample.sentMs);
    else this.#rememberArrival(key, nowMs);
  }

  #rememberArrival(key: string, nowMs: number): void {
    this.#arrived.set(key, nowMs);
    for (const [old, atMs] of this.#arrived) {
      if (nowMs - atMs < REMEMBER_MS) return;
      this.#arrived.delete(old);
    }
  }

  #look(
    bytes: Uint8Array,
    columns: ReadonlyMap<number, { kind: string; columns: readonly LiveColumn[] }>,
    ids: ReadonlyMap<number, readonly string[]>,
  ): void {
    if (this.#unseen.size === 0) return;
    const nowMs = sharedNowMs();
    const { kindIndex, rows } = decodeLiveFrame(bytes, (index) => columns.get(index)?.columns ?? []);
    const kind = columns.get(kindIndex)?.kind;
    for (const { handle, ts } of rows) {
      const address = `${kind}/${ids.get(kindIndex)?.[handle]}`;
      const sample = this.#unseen.get(address);
      if (sample === undefined || ts < sample.ts) continue;
      this.#unseen.delete(address);
      this.#visible.push(nowMs - sample.sentMs);
    }
  }
}

type LiveText =
  | { type: 'kinds'; kinds: { index: number; kind: string; columns: LiveColumn[] }[] }
  | { type: 'devices'; kind: number; from: number; ids: string[] }
  | { type: 'other' };

function learn(
  message: LiveText,
  columns: Map<number, { kind: string; columns: readonly LiveColumn[] }>,
  ids: Map<number, string[]>,
): void {
  if (message.type === 'kinds') for (const { index, ...kind } of message.kinds) columns.set(index, kind);
  if (message.type !== 'devices') return;
  const known = ids.get(message.kind) ?? [];
  message.ids.forEach((id, at) => (known[message.from + at] = id));
  ids.set(message.kind, known);
}

function latenciesOf(values: number[]): Latencies | undefined {
  if (values.length === 0) return undefined;
  const sorted = values.toSorted((a, b) => a - b);
  const at = (share: number) => rounded(sorted[Math.min(sorted.length - 1, Math.ceil(share * sorted.length) - 1)]!);
  return { count: sorted.length, p50: at(0.5), p95: at(0.95), p99: at(0.99), max: at(1) };
}

function rounded(ms: number): number {
  return Math.round(ms * 100) / 100;
}
