// The publisher, a process of its own: describes the kind, then sends records over several connections, as fast as windows and credit allow
// or by the clock. Latency counts from when a record was handed to its socket, by the clock from when it was due.
import { Client } from '../../mqtt/client.ts';
import { kindTopic } from '../../telemetry/topics.ts';
import { Lane } from './lane.ts';
import { Latencies } from './latencies.ts';
import type { Quantiles } from './latencies.ts';
import { CITY, TRACKER } from './records.ts';

export interface Job {
  readonly port: number;
  readonly qos: 0 | 1;
  readonly connections: number;
  /** A multiple of the connections. */
  readonly devices: number;
  /** Of all connections together, on their way to be acknowledged. */
  readonly window: number;
  /** Absent: as fast as it goes. */
  readonly ratePerS?: number;
  /** Nothing is sent beyond what `credit` allows. */
  readonly needsCredit: boolean;
  readonly warmUpS: number;
  readonly measureS: number;
}

/** To the publisher: how many may be sent in all. */
export interface Credit {
  readonly credit: number;
}

export type Report =
  | { readonly step: 'measuring' }
  /** Of the time that was measured. Acknowledged counts as sent at QoS 0. */
  | { readonly step: 'measured'; readonly ackedPerS: number; readonly ackMs: Quantiles }
  /** All is acknowledged; of the whole run. */
  | { readonly step: 'done'; readonly sent: number };

/** Records of one write at most. */
const BURST = 20;
const TICK_MS = 1;
const LAST_ACK_MS = 20_000;

class Publisher {
  readonly #job: Job;
  readonly #lanes: Lane[] = [];
  #turn = 0;
  #credit = 0;
  #isSending = false;
  #startedMs = 0;
  sent = 0;
  acked = 0;
  latencies = new Latencies();

  constructor(job: Job) {
    this.#job = job;
    if (!job.needsCredit) this.#credit = Infinity;
  }

  async connect(): Promise<void> {
    const { port, qos, connections, devices, window } = this.#job;
    const client = new Client({ host: '127.0.0.1', port, clientId: 'bench-describer' });
    await client.start();
    await client.publish(kindTopic(CITY, TRACKER.kind), Buffer.from(JSON.stringify(TRACKER)), 1, true);
    await client.stop();
    const onAck = (sinceMs: number): void => {
      this.acked++;
      this.latencies.add(performance.now() - sinceMs);
    };
    const onRoom = (): void => this.#fill();
    for (let index = 0; index < connections; index++) {
      const ours = { index, step: connections, devices: devices / connections };
      this.#lanes.push(await Lane.open({ port, qos, ...ours, window: Math.ceil(window / connections), onAck, onRoom }));
    }
  }

  start(): void {
    this.#isSending = true;
    this.#startedMs = performance.now();
    if (this.#job.ratePerS === undefined) this.#fill();
    else this.#tick();
  }

  allow(credit: number): void {
    this.#credit = credit;
    this.#fill();
  }

  /** Resolves when all is acknowledged. */
  async finish(): Promise<void> {
    this.#isSending = false;
    const untilMs = performance.now() + LAST_ACK_MS;
    while (this.#lanes.some(({ unacked }) => unacked > 0)) {
      if (performance.now() > untilMs) throw new Error('the last acknowledgements do not come');
      await seconds(0.01);
    }
    for (const lane of this.#lanes) lane.close();
  }

  #tick(): void {
    if (!this.#isSending) return;
    this.#fill();
    setTimeout(() => this.#tick(), TICK_MS);
  }

  /** Lanes take turns; one without room sits out. */
  #fill(): void {
    const { ratePerS } = this.#job;
    const nowMs = performance.now();
    const due = ratePerS === undefined ? Infinity : ((nowMs - this.#startedMs) * ratePerS) / 1000;
    const apartMs = ratePerS === undefined ? 0 : 1000 / ratePerS;
    for (let idle = 0; this.#isSending && idle < this.#lanes.length;) {
      const most = Math.min(BURST, Math.floor(Math.min(due, this.#credit) - this.sent));
      if (most <= 0) return;
      const lane = this.#lanes[this.#turn++ % this.#lanes.length]!;
      const count = Math.min(most, lane.room);
      // A window that has only a little room waits for more: writes cost more than what is in them.
      if (count <= 0 || (ratePerS === undefined && count < BURST)) {
        idle++;
        continue;
      }
      idle = 0;
      lane.send(count, ratePerS === undefined ? nowMs : this.#startedMs + this.sent * apartMs, apartMs);
      this.sent += count;
      if (this.#job.qos === 0) this.acked += count;
    }
  }
}

function seconds(duration: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, duration * 1000));
}

function report(what: Report): void {
  process.send!(what);
}

async function publish(job: Job): Promise<void> {
  const publisher = new Publisher(job);
  process.on('message', ({ credit }: Credit) => publisher.allow(credit));
  await publisher.connect();
  publisher.start();
  await seconds(job.warmUpS);
  report({ step: 'measuring' });
  publisher.latencies = new Latencies();
  const { acked } = publisher;
  const startedMs = performance.now();
  await seconds(job.measureS);
  const ackedPerS = Math.round((publisher.acked - acked) / ((performance.now() - startedMs) / 1000));
  report({ step: 'measured', ackedPerS, ackMs: publisher.latencies.quantiles() });
  await publisher.finish();
  report({ step: 'done', sent: publisher.sent });
  process.disconnect();
}

process.once('message', (job: Job) => void publish(job));
