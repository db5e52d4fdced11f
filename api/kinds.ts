// The kinds of devices the city has: descriptions from MQTT or from the store, each with its decoder, its devices and their newest
// records. A description counts only once the store made room for it. Records are not its business.
import { setTimeout as sleep } from 'node:timers/promises';
import { MAX_FIELDS, descriptionProblems, show } from '../telemetry/description.ts';
import type { Description } from '../telemetry/description.ts';
import { RecordDecoder, Rejection, parsePayload } from '../telemetry/json-codec.ts';
import { Backoff } from './backoff.ts';
import { DeviceIndex } from './device-index.ts';
import { Identity, SeenWindow } from './identity.ts';
import { Latest } from './latest.ts';
import type { Logger } from './logger.ts';
import type { Rejected } from './rejected.ts';
import type { Store } from './store.ts';

const MAX_KINDS = 256;
/** A store that answers a ping and still refuses this often means what it says. */
const REFUSALS_BELIEVED = 3;

export interface Kind {
  /** Stands for the kind in live frames and cursors; stable while the api runs. */
  readonly index: number;
  readonly devices: DeviceIndex;
  readonly identity: Identity;
  readonly latest: Latest;
  description: Description;
  decoder: RecordDecoder;
  /** True while the store makes room for a changed description: records wait. */
  describing: boolean;
}

export interface KindsOptions {
  readonly store: Store;
  readonly rejected: Rejected;
  readonly log: Logger;
  readonly devicesInMemory?: number;
  /** Default: of 262,144 records. */
  readonly window?: SeenWindow;
}

export class Kinds {
  readonly sequences = { gaps: 0, restarts: 0 };
  readonly #options: KindsOptions;
  readonly #window: SeenWindow;
  readonly #byName = new Map<string, Kind>();
  /** Newest description of each kind that the store is being asked about, one at a time. */
  readonly #asking = new Map<string, { next: Description; topic: string; done: Promise<void> }>();
  readonly #listeners: ((name: string) => void)[] = [];
  readonly #stop = new AbortController();

  constructor(options: KindsOptions) {
    this.#options = options;
    this.#window = options.window ?? new SeenWindow();
  }

  /** Everything the store knows: descriptions and the newest record of each device. */
  async load(): Promise<void> {
    const { store } = this.#options;
    for (const description of await store.descriptions()) {
      const kind = this.#add(description);
      for (const record of await store.latest(description.kind)) {
        const handle = kind.devices.handleOf(record.device) ?? kind.devices.add(record.device);
        kind.identity.recall(handle, record.ts, record.seq);
        kind.latest.update(handle, record, 1);
      }
    }
  }

  get(name: string): Kind | undefined {
    return this.#byName.get(name);
  }

  all(): Kind[] {
    return [...this.#byName.values()];
  }

  names(): string[] {
    return [...this.#byName.keys()];
  }

  newestTs(): number | undefined {
    const newest = this.all().reduce((max, kind) => Math.max(max, kind.latest.newestTs), 0);
    return newest > 0 ? newest : undefined;
  }

  /** True while records of this kind have to wait for the store. */
  isDescribing(name: string): boolean {
    return this.#asking.has(name);
  }

  /** Called with the kind's name when its description became valid, and when the store refused one. */
  onSettled(listener: (name: string) => void): void {
    this.#listeners.push(listener);
  }

  /** A description from MQTT; the ticket settles when records of the kind are welcome, or the description was rejected and is kept. */
  take(name: string, payload: Uint8Array, topic: string): Promise<void> | undefined {
    let description: Description;
    try {
      description = this.#checked(name, parsePayload(payload));
    } catch (error) {
      const cause = error instanceof Rejection ? error.reason : 'bad-description';
      return this.#options.rejected.add(cause, (error as Error).message, { topic, kind: name, payload });
    }
    const asking = this.#asking.get(name);
    if (asking) {
      asking.next = description;
      return asking.done;
    }
    const known = this.#byName.get(name);
    if (known && JSON.stringify(known.description) === JSON.stringify(description)) return undefined;
    if (known) known.describing = true;
    const entry = { next: description, topic, done: Promise.resolve() };
    this.#asking.set(name, entry);
    entry.done = this.#ask(name, entry);
    return entry.done;
  }

  close(): void {
    this.#stop.abort();
  }

  #checked(name: string, value: { [key: string]: unknown }): Description {
    const problems = descriptionProblems(value);
    if (value.kind !== name) problems.push(`kind must be the topic's ${name}, got ${show(value.kind)}`);
    if (this.#byName.size >= MAX_KINDS && !this.#byName.has(name)) problems.push(`at most ${MAX_KINDS} kinds`);
    if (problems.length > 0) throw new Rejection('bad-description', problems.join('; '));
    const description = value as unknown as Description;
    const before = this.#byName.get(name)?.description.fields ?? {};
    for (const [field, { type = 'number' }] of Object.entries(description.fields)) {
      const old = before[field] && (before[field].type ?? 'number');
      if (old && old !== type) {
        throw new Rejection('bad-description', `${name}.${field} is a ${old} and cannot become a ${show(type)}`);
      }
    }
    const all = this.#withKnown(name, description);
    const count = Object.keys(all.fields).length;
    if (count > MAX_FIELDS) {
      const detail = `at most ${MAX_FIELDS} fields, got ${count} with those of earlier descriptions`;
      throw new Rejection('bad-description', detail);
    }
    return all;
  }

  /** A later description adds to a kind and corrects it, but takes nothing away: devices out there still use it. */
  #withKnown(name: string, description: Description): Description {
    const known = this.#byName.get(name)?.description;
    if (known === undefined) return description;
    return {
      ...description,
      fields: { ...known.fields, ...description.fields },
      ...(known.events || description.events ? { events: { ...known.events, ...description.events } } : {}),
      ...(known.commands || description.commands ? { commands: { ...known.commands, ...description.commands } } : {}),
    };
  }

  async #ask(name: string, entry: { next: Description; topic: string }): Promise<void> {
    const backoff = new Backoff();
    let refusals = 0;
    for (;;) {
      const description = entry.next;
      try {
        await this.#options.store.describe(description);
        if (entry.next !== description) continue;
        this.#accept(description);
        break;
      } catch (error) {
        if (await this.#options.store.ping().catch(() => false)) refusals++;
        if (refusals >= REFUSALS_BELIEVED && entry.next === description) {
          const payload = Buffer.from(JSON.stringify(description));
          const origin = { topic: entry.topic, kind: name, payload };
          await this.#options.rejected.add('bad-description', (error as Error).message, origin);
          break;
        }
        this.#options.log.warn({ kind: name, error: (error as Error).message }, 'the store made no room for a kind');
        try {
          await sleep(backoff.nextMs(), undefined, { signal: this.#stop.signal });
        } catch {
          // Closing: records of the kind stay unacknowledged, their senders send them again.
          return;
        }
      }
    }
    this.#asking.delete(name);
    const kind = this.#byName.get(name);
    if (kind) kind.describing = false;
    for (const listener of this.#listeners) listener(name);
  }

  #accept(description: Description): void {
    const known = this.#byName.get(description.kind);
    if (!known) {
      this.#add(description);
      return;
    }
    known.description = description;
    known.decoder = new RecordDecoder(description);
    known.latest.describe(description);
  }

  #add(description: Description): Kind {
    const index = this.#byName.size;
    const devices = new DeviceIndex(this.#options.devicesInMemory);
    const kind: Kind = {
      index,
      devices,
      identity: new Identity(index, devices, this.#window, this.sequences),
      latest: new Latest(devices, description),
      description,
      decoder: new RecordDecoder(description),
      describing: false,
    };
    this.#byName.set(description.kind, kind);
    return kind;
  }
}
