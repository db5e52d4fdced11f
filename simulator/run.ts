// One run of the city, one tick at a time: commands → world → fleets → readings → sink. Read this first. No wall clock and no network:
// the caller decides when a tick happens and where readings go.
import type { Value } from '../telemetry/description.ts';
import type { Ack, Command } from '../telemetry/messages.ts';
import type { City } from './city.ts';
import type { Fleet, Model, Reporter } from './fleet.ts';
import { Random } from './random.ts';
import { createSensor } from './sensor.ts';
import type { World } from './world.ts';
import { createWorld } from './world/create.ts';

export type Readings = { readonly [name: string]: Value | undefined };

/** Where readings go. `device` is the index in the fleet of `kind`. */
export interface Sink {
  record(kind: string, device: number, ts: number, seq: number, readings: Readings): void;
  event(
    kind: string,
    device: number,
    ts: number,
    seq: number,
    name: string,
    state: 'raised' | 'cleared' | undefined,
    readings: Readings,
  ): void;
  ack(kind: string, device: number, ack: Ack): void;
}

export interface RunOptions {
  readonly city: City;
  readonly models: ReadonlyMap<string, Model>;
  /** Devices by kind; kinds left out have none. */
  readonly fleets: { readonly [kind: string]: number };
  readonly seed: number;
  /** Simulated start, ms since 1970, a whole second. */
  readonly startMs: number;
  readonly utcOffsetMin: number;
  readonly sink: Sink;
}

/** Acks remembered per run, so that a repeated command id is answered and not obeyed twice. */
const REMEMBERED_COMMANDS = 10_000;

interface Member {
  readonly kind: string;
  readonly fleet: Fleet;
  readonly count: number;
  readonly seq: Uint32Array;
  readonly report: Reporter;
}

interface QueuedCommand {
  readonly member: Member;
  readonly device: number;
  readonly command: Command;
  readonly receivedMs: number;
}

export class Run {
  readonly #world: ReturnType<typeof createWorld>;
  readonly #members = new Map<string, Member>();
  readonly #sink: Sink;
  readonly #queue: QueuedCommand[] = [];
  readonly #answered = new Map<string, Ack>();
  #simTimeMs: number;

  constructor(options: RunOptions) {
    const root = new Random(options.seed);
    this.#sink = options.sink;
    this.#simTimeMs = options.startMs;
    this.#world = createWorld(options.city, root.fork('world'), options.startMs, options.utcOffsetMin);
    for (const [kind, count] of Object.entries(options.fleets)) {
      const model = options.models.get(kind);
      if (model === undefined)
        throw new Error(`unknown kind ${kind}, expected one of ${[...options.models.keys()].join(', ')}`);
      if (count > 0) this.#members.set(kind, this.#join(model, count, options, root.fork(kind)));
    }
  }

  get simTimeMs(): number {
    return this.#simTimeMs;
  }
  get world(): World {
    return this.#world;
  }

  /** Moves the city on by one tick of `dtMs`. */
  tick(dtMs: number): void {
    this.#simTimeMs += dtMs;
    this.#world.advance(this.#simTimeMs);
    for (const queued of this.#queue.splice(0)) this.#obey(queued);
    for (const { fleet, report } of this.#members.values()) fleet.tick(this.#simTimeMs, dtMs, this.#world, report);
  }

  /** A command has reached the device's network; it takes effect in the next tick. Unknown devices are refused here. */
  command(kind: string, deviceId: string, command: Command): 'taken' | 'unknown-device' {
    const member = this.#members.get(kind);
    const device = deviceIndex(kind, deviceId);
    if (member === undefined || device === undefined || device >= member.count) return 'unknown-device';
    this.#queue.push({ member, device, command, receivedMs: this.#simTimeMs });
    return 'taken';
  }

  #join(model: Model, count: number, options: RunOptions, random: Random): Member {
    const { kind } = model.description;
    const sensor = createSensor(model.description.fields, random.fork('sensor'));
    const seq = new Uint32Array(count);
    const sink = this.#sink;
    const report: Reporter = {
      record: (device, ts, truth) => {
        const number = ++seq[device]!;
        sink.record(kind, device, ts, number, sensor.read(device, number, truth));
      },
      event: (device, ts, name, state, truth = {}) => {
        const number = ++seq[device]!;
        sink.event(kind, device, ts, number, name, state, sensor.read(device, number, truth));
      },
      ack: (device, ts, id, state, reason) =>
        this.#answer(kind, device, reason === undefined ? { id, state, ts } : { id, state, reason, ts }),
    };
    const { city, startMs, utcOffsetMin } = options;
    const fleet = model.createFleet({
      count,
      city,
      random,
      startMs,
      utcOffsetMin,
      deviceId: (index) => deviceId(kind, index),
    });
    return { kind, fleet, count, seq, report };
  }

  #obey({ member, device, command, receivedMs }: QueuedCommand): void {
    const ts = this.#simTimeMs;
    const before = this.#answered.get(answerKey(member.kind, device, command.id));
    if (before !== undefined) {
      this.#sink.ack(member.kind, device, before);
      return;
    }
    const refuse = (reason: string) =>
      this.#answer(member.kind, device, { id: command.id, state: 'rejected', reason, ts });
    if (member.fleet.command === undefined) return refuse(`${member.kind} takes no commands`);
    if (command.expiresMs !== undefined && ts - receivedMs > command.expiresMs) {
      return this.#answer(member.kind, device, { id: command.id, state: 'expired', ts });
    }
    const { state, reason } = member.fleet.command(device, command, ts, member.report);
    if (state === 'rejected') return refuse(reason ?? 'refused');
    this.#answer(member.kind, device, { id: command.id, state: 'accepted', ts });
    if (state === 'done') this.#answer(member.kind, device, { id: command.id, state: 'done', ts });
  }

  #answer(kind: string, device: number, ack: Ack): void {
    const key = answerKey(kind, device, ack.id);
    this.#answered.delete(key);
    this.#answered.set(key, ack);
    if (this.#answered.size > REMEMBERED_COMMANDS) this.#answered.delete(this.#answered.keys().next().value!);
    this.#sink.ack(kind, device, ack);
  }
}

function answerKey(kind: string, device: number, id: string): string {
  return `${kind}/${device}/${id}`;
}

/** `bus-0007` for index 6: ids come from the fleet index, so scale never renames one. */
export function deviceId(kind: string, index: number): string {
  return `${kind}-${String(index + 1).padStart(4, '0')}`;
}

/** The index behind an id; undefined when it is not one of the kind's. */
export function deviceIndex(kind: string, id: string): number | undefined {
  if (!id.startsWith(`${kind}-`)) return undefined;
  const index = Number(id.slice(kind.length + 1)) - 1;
  return Number.isInteger(index) && index >= 0 && deviceId(kind, index) === id ? index : undefined;
}
