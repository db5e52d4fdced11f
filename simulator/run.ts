// One run of the city, one tick at a time: timeline → world → commands → fleets → readings → sink → controllers. Read this first. No wall
// clock and no network: the caller decides when a tick happens and where messages go. Same scenario, seed and command log: same run.
import type { Controller } from '../telemetry/controller.ts';
import type { Command } from '../telemetry/messages.ts';
import type { LineTimetable } from '../telemetry/timetable.ts';
import { Answers } from './answers.ts';
import { Centre } from './centre.ts';
import type { City } from './city.ts';
import { CommandLog } from './command-log.ts';
import type { LogEntry } from './command-log.ts';
import { deviceId, deviceIndex } from './devices.ts';
import type { Model } from './fleet.ts';
import { happen } from './happen.ts';
import { Member } from './member.ts';
import { chooseDevices } from './place.ts';
import { Random } from './random.ts';
import { RecordHash } from './record-hash.ts';
import type { HashSum } from './record-hash.ts';
import type { TimelineEntry } from './scenario.ts';
import { serviceDates } from './service-dates.ts';
import type { Sink } from './sink.ts';
import { Timeline, occurrenceOf } from './timeline.ts';
import type { Occurrence } from './timeline.ts';
import type { DayType, World, WorldEvent } from './world.ts';
import { createWorld } from './world/create.ts';
import { WORLD_EVENTS } from './world/events.ts';
import type { Observations } from './world/observations.ts';

export interface RunOptions {
  readonly city: City;
  readonly models: ReadonlyMap<string, Model>;
  /** Devices by kind that live in this run; kinds left out have none here. */
  readonly fleets: { readonly [kind: string]: number };
  readonly seed: number;
  /** Simulated start, ms since 1970, a whole second. */
  readonly startMs: number;
  readonly utcOffsetMin: number;
  readonly sink: Sink;
  /** What every day is, whatever its date. */
  readonly dayType?: DayType | undefined;
  /** `ideal` when absent. */
  readonly quality?: 'ideal' | 'field' | undefined;
  readonly timeline?: readonly TimelineEntry[] | undefined;
  /** Makes the control centre's controllers, stepped by the simulated clock; each sees only kinds that live here. */
  readonly controllers?: (() => readonly Controller[]) | undefined;
  /** Commands and events of an earlier session, by time; then no controllers are wanted. */
  readonly replay?: readonly LogEntry[] | undefined;
  /** Shared with the worlds of other workers. */
  readonly observations?: Observations | undefined;
  /** Told whom a timeline entry befell. */
  readonly witness?: Witness | undefined;
  /** False: another worker logs the events from outside, which every worker lives through. */
  readonly logsEvents?: boolean | undefined;
}

export interface Witness {
  /** devices: computed when asked for. */
  befell(entryId: string, atMs: number, kind: string, devices: () => readonly number[]): void;
}

/** Commands that wait for the next tick, which may be long in coming when the city is paused. */
const MAX_WAITING = 10_000;

interface QueuedCommand {
  readonly member: Member;
  readonly device: number;
  readonly command: Command;
  readonly receivedMs: number;
  /** Came from outside the scenario. */
  readonly logged: boolean;
}

export class Run {
  readonly #options: RunOptions;
  readonly #random: Random;
  readonly #world: ReturnType<typeof createWorld>;
  readonly #members = new Map<string, Member>();
  readonly #timeline: Timeline;
  readonly #sink: Sink;
  readonly #hash = new RecordHash();
  readonly #answers = new Answers();
  readonly #centre: Centre;
  readonly #log = new CommandLog();
  #queue: QueuedCommand[] = [];
  /** Came from outside since the last tick. */
  #injected: Omit<TimelineEntry, 'atMs'>[] = [];
  #replayed = 0;
  #simTimeMs: number;

  /** @throws Error naming an unknown kind, or a timeline entry that this city cannot have */
  constructor(options: RunOptions) {
    const { city, seed, startMs, utcOffsetMin, dayType, observations } = options;
    this.#options = options;
    this.#random = new Random(seed);
    this.#simTimeMs = startMs;
    this.#centre = new Centre(options.controllers ?? (() => []));
    this.#sink = this.#counted(options.sink);
    this.#world = createWorld({
      city,
      random: this.#random.fork('world'),
      startMs,
      utcOffsetMin,
      ...(dayType === undefined ? {} : { dayType }),
      ...(observations === undefined ? {} : { observations }),
    });
    this.#timeline = new Timeline(options.timeline ?? [], startMs);
    for (const occurrence of this.#timeline.ahead) this.#impose(occurrence);
    for (const [kind, count] of Object.entries(options.fleets)) if (count > 0) this.#join(kind, count);
  }

  get simTimeMs(): number {
    return this.#simTimeMs;
  }
  get world(): World {
    return this.#world;
  }
  /** Over every message that left a device. */
  get hash(): HashSum {
    return this.#hash.sum;
  }
  get log(): CommandLog {
    return this.#log;
  }
  /** Messages that a network lost. */
  get lost(): number {
    return [...this.#members.values()].reduce((sum, { channel }) => sum + channel.counts.lost, 0);
  }
  get timeline(): Timeline {
    return this.#timeline;
  }

  /** What the fleets offer on the days around now. */
  timetables(): LineTimetable[] {
    const { utcOffsetMin, dayType } = this.#options;
    const dates = serviceDates(this.#simTimeMs + utcOffsetMin * 60_000, this.#world.calendar.dayType, dayType);
    return [...this.#members.values()].flatMap(({ fleet }) => fleet.timetables?.(this.#world, dates) ?? []);
  }

  /** Moves the city on by one tick of `dtMs`. @returns true when an entry of the timeline began or ended */
  tick(dtMs: number): boolean {
    if (this.#options.replay !== undefined) this.#replayUntil(this.#simTimeMs + dtMs, this.#options.replay);
    this.#logInjected();
    const nowMs = (this.#simTimeMs += dtMs);
    this.#world.advance(nowMs);
    this.#centre.isReachable = this.#world.centreReachable;
    const changed = this.#timeline.advance(
      nowMs,
      (occurrence) => this.#begin(occurrence),
      (occurrence) => this.#end(occurrence),
    );
    this.#obeyAll();
    for (const member of this.#members.values()) member.tick(nowMs, dtMs);
    this.#centre.decide(nowMs, ({ name }, { kind, device, command }) => {
      // Takes effect in the next tick, like any command.
      this.command(kind, device, { ...command, id: `${name}-${this.#log.nextNumber(name)}` });
    });
    return changed;
  }

  /** A command has reached the device's network; it takes effect in the next tick. @returns why not, or undefined when it was taken */
  command(kind: string, deviceName: string, command: Command): string | undefined {
    const member = this.#members.get(kind);
    const device = deviceIndex(kind, deviceName);
    if (member === undefined || device === undefined || device >= member.count)
      return `there is no ${kind} ${deviceName}`;
    if (!this.#centre.isReachable) return 'the control centre is cut off';
    if (this.#queue.length >= MAX_WAITING) return `${MAX_WAITING} commands already wait for the city to go on`;
    this.#queue.push({ member, device, command, receivedMs: this.#simTimeMs, logged: true });
    return undefined;
  }

  /** An event from outside; it begins with the next tick. @throws Error when this city cannot have it */
  inject(entry: Omit<TimelineEntry, 'atMs'>): void {
    const occurrence = occurrenceOf({ ...entry, atMs: 0 }, this.#simTimeMs);
    this.#impose(occurrence);
    this.#timeline.add(occurrence);
    this.#injected.push(entry);
  }

  #join(kind: string, count: number): void {
    const { city, models, startMs, utcOffsetMin, quality = 'ideal' } = this.#options;
    const model = models.get(kind);
    if (model === undefined) throw new Error(`unknown kind ${kind}, expected one of ${[...models.keys()].join(', ')}`);
    const member = new Member({
      model,
      count,
      city,
      startMs,
      utcOffsetMin,
      quality,
      random: this.#random.fork(kind),
      world: this.#world,
      sink: this.#sink,
      ack: (device, ts, id, state, reason) =>
        this.#answer(member, device, reason === undefined ? { id, state, ts } : { id, state, reason, ts }),
    });
    this.#members.set(kind, member);
  }

  /** Counts what leaves the devices, and lets the control centre see it as it is on the wire. */
  #counted(sink: Sink): Sink {
    // A device often sends several messages in a row.
    let last = { kind: '', device: -1, id: '' };
    const idOf = (kind: string, device: number) => {
      if (last.device !== device || last.kind !== kind) last = { kind, device, id: deviceId(kind, device) };
      return last.id;
    };
    const counted: Sink = {
      record: (kind, device, ts, seq, readings) => {
        const id = idOf(kind, device);
        this.#hash.add(kind, id, ts, seq, readings);
        sink.record(kind, device, ts, seq, readings);
        const listeners = this.#centre.readers(kind);
        if (listeners === undefined) return;
        const record = { kind, device: id, ts, seq, fields: readings };
        for (const controller of listeners) controller.observe(record);
      },
      event: (kind, device, ts, seq, name, state, readings) => {
        this.#hash.add(kind, idOf(kind, device), ts, seq, readings, name, state);
        sink.event(kind, device, ts, seq, name, state, readings);
      },
      ack: (kind, device, ack) => sink.ack(kind, device, ack),
    };
    return sink.truth === undefined ? counted : { ...counted, truth: sink.truth.bind(sink) };
  }

  /** What happens to the whole city is known to the world from the start, so that it begins to the millisecond. */
  #impose(occurrence: Occurrence): void {
    if (isWorldEvent(occurrence)) this.#world.impose(worldEventOf(occurrence));
  }

  #begin(occurrence: Occurrence): void {
    if (isWorldEvent(occurrence)) {
      this.#tellFleets(occurrence, true);
      for (const member of this.#members.values())
        this.#testify(occurrence, member, () => this.#chosen(occurrence, member));
      return;
    }
    const member = this.#members.get(occurrence.target?.kind ?? '');
    if (member === undefined) return;
    const devices = this.#chosen(occurrence, member);
    this.#testify(occurrence, member, () => devices);
    if (occurrence.event === 'command') this.#commandAll(occurrence, member, devices);
    else for (const device of devices) happen(member, device, occurrence, this.#simTimeMs);
  }

  #end(occurrence: Occurrence): void {
    if (isWorldEvent(occurrence)) this.#tellFleets(occurrence, false);
  }

  #tellFleets(occurrence: Occurrence, began: boolean): void {
    const event = worldEventOf(occurrence);
    for (const { fleet, report } of this.#members.values()) {
      fleet.notice?.(event, began, this.#simTimeMs, this.#world, report);
    }
  }

  #testify(occurrence: Occurrence, { kind }: Member, devices: () => readonly number[]): void {
    this.#options.witness?.befell(occurrence.id, occurrence.fromMs, kind, devices);
  }

  #chosen({ id, target, where }: Occurrence, { kind, count, fleet }: Member): number[] {
    return chooseDevices({
      city: this.#options.city,
      target: target ?? { kind },
      where,
      count,
      placeOf: (device) => fleet.placeOf(device),
      indexOf: (name) => deviceIndex(kind, name),
      random: this.#random.fork(`timeline/${kind}/${id}`),
      purpose: 0,
    });
  }

  #commandAll({ id, args }: Occurrence, member: Member, devices: readonly number[]): void {
    const name = args.name as string;
    const commandArgs = (args.args ?? {}) as Command['args'];
    for (const device of devices) {
      const command = { id: `${id}/${deviceId(member.kind, device)}`.slice(0, 64), name, args: commandArgs };
      this.#queue.push({ member, device, command, receivedMs: this.#simTimeMs, logged: false });
    }
  }

  /** Not before the tick that feels them: what a run ended without having felt is no part of it. */
  #logInjected(): void {
    if (this.#injected.length === 0) return;
    if (this.#options.logsEvents !== false) for (const entry of this.#injected) this.#log.event(this.#simTimeMs, entry);
    this.#injected = [];
  }

  #obeyAll(): void {
    const queue = this.#queue;
    if (queue.length === 0) return;
    this.#queue = [];
    for (const queued of queue) {
      const { kind } = queued.member;
      if (queued.logged) this.#log.command(this.#simTimeMs, kind, deviceId(kind, queued.device), queued.command);
      this.#obey(queued);
    }
  }

  #obey({ member, device, command, receivedMs }: QueuedCommand): void {
    const ts = this.#simTimeMs;
    const { id } = command;
    const before = this.#answers.get(member.kind, device, id);
    if (before !== undefined) {
      this.#sink.ack(member.kind, device, before);
      return;
    }
    if (member.fleet.command === undefined) {
      return this.#answer(member, device, { id, state: 'rejected', reason: `${member.kind} takes no commands`, ts });
    }
    if (command.expiresMs !== undefined && ts - receivedMs > command.expiresMs) {
      return this.#answer(member, device, { id, state: 'expired', ts });
    }
    const { state, reason = 'refused' } = member.fleet.command(device, command, ts, member.report);
    if (state === 'rejected') return this.#answer(member, device, { id, state, reason, ts });
    this.#answer(member, device, { id, state: 'accepted', ts });
    if (state === 'done') this.#answer(member, device, { id, state, ts });
  }

  #answer({ kind }: Member, device: number, ack: Parameters<Answers['remember']>[2]): void {
    this.#answers.remember(kind, device, ack);
    this.#sink.ack(kind, device, ack);
  }

  /** Feeds what took effect in the tick that ends at `nowMs`. */
  #replayUntil(nowMs: number, entries: readonly LogEntry[]): void {
    for (; this.#replayed < entries.length; this.#replayed++) {
      const entry = entries[this.#replayed]!;
      if ('command' in entry) {
        if (entry.atMs > nowMs) return;
        this.command(entry.kind, entry.device, entry.command);
      } else {
        if (entry.atMs >= nowMs) return;
        this.inject(entry.event);
      }
    }
  }
}

function isWorldEvent({ event }: Occurrence): boolean {
  return Object.hasOwn(WORLD_EVENTS, event);
}

/** A tick is lived under the world of its end: what begins at that moment is felt by the next one. */
function worldEventOf({ id, event, fromMs, untilMs, where, args }: Occurrence): WorldEvent {
  const base = { id, event: event as WorldEvent['event'], fromMs: fromMs + 1, untilMs: untilMs + 1, args };
  return where === undefined ? base : { ...base, where };
}
