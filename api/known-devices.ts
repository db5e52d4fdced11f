// Devices that are known, by their telemetry topics: most messages come again and again under the same ones. It checks no grammar.
import type { Kinds } from './kinds.ts';

export interface KnownDevice {
  readonly kind: string;
  readonly id: string;
}

const END = '/telemetry';
/** Of a fleet that is larger, some are taken apart again. */
const MAX_TOPICS = 65_536;

export class KnownDevices {
  readonly #prefix: string;
  readonly #kinds: Kinds;
  readonly #topics = new Map<string, KnownDevice>();

  constructor(city: string, kinds: Kinds) {
    this.#prefix = `city/${city}/`;
    this.#kinds = kinds;
  }

  /** @returns undefined for a topic of another type, or of a device that is not known yet */
  find(topic: string): KnownDevice | undefined {
    return this.#topics.get(topic) ?? this.#learn(topic);
  }

  #learn(topic: string): KnownDevice | undefined {
    if (!topic.startsWith(this.#prefix) || !topic.endsWith(END)) return undefined;
    const kindEnd = topic.indexOf('/', this.#prefix.length);
    const kind = topic.slice(this.#prefix.length, kindEnd);
    const devices = this.#kinds.get(kind)?.devices;
    const handle = devices?.handleOf(topic.slice(kindEnd + 1, -END.length));
    if (handle === undefined) return undefined;
    // The index's own copy of the id: a slice would keep the whole topic alive.
    const device = { kind: this.#kinds.get(kind)!.description.kind, id: devices!.idAt(devices!.slotOf(handle)) };
    if (this.#topics.size >= MAX_TOPICS) this.#topics.clear();
    this.#topics.set(topic, device);
    return device;
  }
}
