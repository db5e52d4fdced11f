// The journal: an append-only log on disk between the broker and the store. An entry is durable when its promise resolves; it stays until
// the store has it. It knows nothing of what the entries mean, and it never throws any away that is not stored.
import type { Logger } from '../logger.ts';
import { Appender } from './appender.ts';
import type { Appended } from './appender.ts';
import { CursorFile } from './cursor-file.ts';
import type { Entry, Group } from './entry.ts';
import { lockFolder } from './folder-lock.ts';
import { readGroups } from './reader.ts';
import { prepareFolder, recover } from './recovery.ts';
import type { Recovered, Recovery } from './recovery.ts';
import { MIN_FREE_BYTES, Room } from './room.ts';
import type { Level } from './room.ts';
import type { Hole } from './scan.ts';
import { Segments } from './segments.ts';

const MB = 1 << 20;
const DEFAULT_MAX_BYTES = 1 << 30;
const MIN_MAX_BYTES = 16 * MB;
const DEFAULT_LINGER_MS = 4;
/** Free disk and the age of stored segments are looked at this often. */
const WATCH_MS = 1000;
/** Stored segments are kept for their time as long as all segments take no more than this part of the quota. */
const KEEP_SHARE = 0.5;

export interface JournalOptions {
  readonly folder: string;
  /** Of all segments, bytes; at least 16 MB, default 1 GB (2^30). */
  readonly maxBytes?: number;
  /** Below this much free disk it is full; default 500 MB. */
  readonly minFreeBytes?: number;
  /** Of one segment; default a 64th of maxBytes, between 1 and 16 MB. */
  readonly segmentBytes?: number;
  /** Segments that are stored are kept this long all the same, as long as they fit into half of the quota; default 0. */
  readonly keepMs?: number;
  /** A group begins no sooner than this after the one before, unless it is large; default 4. */
  readonly lingerMs?: number;
  /**
   * The newest position of a store that keeps it itself, 0 when it has none yet; absent: the cursor file says it. Up to here entries may be
   * deleted, and numbers go on behind it whatever happened to the files: an entry with a number that the store has seen would be taken for
   * stored.
   */
  readonly storedSequence?: number;
  readonly log: Logger;
  /** It can promise nothing any more (failed sync, dead thread): the process must end within a second. */
  readonly onFatal: (error: Error) => void;
}

export interface JournalState {
  /** Of all segments. */
  readonly bytes: number;
  readonly maxBytes: number;
  /** Of the disk, when it was last looked at. */
  readonly freeBytes: number;
  readonly segments: number;
  /** The oldest entry that can be read; one more than the newest where there is none. */
  readonly firstSequence: number;
  readonly durableSequence: number;
  readonly storedSequence: number;
  /** Taken and not durable yet. */
  readonly waitingEntries: number;
  readonly level: Level;
  /** True while a group could not be written for want of disk. */
  readonly waitsForDisk: boolean;
  /** The last write with its sync. */
  readonly lastSyncMs: number;
  readonly syncs: number;
  /** Damaged on disk, found since the start. */
  readonly lostEntries: number;
}

export class Journal {
  /** What was found when it was opened. */
  readonly recovered: Recovered;
  readonly #options: JournalOptions;
  readonly #segments: Segments;
  readonly #cursor: CursorFile;
  readonly #room: Room;
  readonly #unlock: () => void;
  readonly #appender: Appender;
  readonly #holes: Hole[];
  readonly #roomListeners: (() => void)[] = [];
  readonly #watch: NodeJS.Timeout;
  #isFull = false;
  #toldLevel: Level = 'ok';
  #closing: Promise<void> | undefined;
  #ended = false;
  #durable: number;
  #stored: number;
  #lastSyncMs = 0;
  #syncs = 0;
  #moving: Promise<void> = Promise.resolve();

  /**
   * Recovers what is there, or begins. @throws Error that names the folder: not writable, in use by another process, written by a newer
   * version
   */
  static async open(options: JournalOptions): Promise<Journal> {
    const { folder, maxBytes = DEFAULT_MAX_BYTES, minFreeBytes = MIN_FREE_BYTES } = options;
    if (!(maxBytes >= MIN_MAX_BYTES))
      throw new RangeError(`maxBytes must be at least ${MIN_MAX_BYTES}, got ${maxBytes}`);
    await prepareFolder(folder);
    const unlock = lockFolder(folder);
    try {
      const recovery = await recover(folder, options.log);
      const room = await Room.open(folder, maxBytes, minFreeBytes);
      const cursor = await CursorFile.open(folder);
      return new Journal(options, recovery, cursor, room, unlock);
    } catch (error) {
      unlock();
      throw error;
    }
  }

  private constructor(options: JournalOptions, recovery: Recovery, cursor: CursorFile, room: Room, unlock: () => void) {
    const { folder, storedSequence, lingerMs = DEFAULT_LINGER_MS } = options;
    const { maxBytes } = room;
    const { segmentBytes = between(MB, maxBytes / 64, 16 * MB) } = options;
    const { recovered, segments, last } = recovery;
    this.recovered = recovered;
    this.#options = options;
    this.#segments = new Segments(folder, segments);
    this.#cursor = cursor;
    this.#room = room;
    this.#unlock = unlock;
    this.#holes = [...recovered.holes];
    this.#stored = storedSequence ?? cursor.sequence ?? 0;
    this.#durable = Math.max(last, this.#stored, cursor.sequence ?? 0);
    if (last > 0 && this.#stored > last)
      options.log.warn({ folder, last, stored: this.#stored }, 'the end of the journal is gone; all of that is stored');
    this.#appender = new Appender({
      writer: { folder, segmentBytes, last },
      groupBytes: between(MB, maxBytes / 16, 4 * MB),
      lingerMs,
      last: this.#durable,
      mayWrite: (bytes) => this.#segments.bytes + bytes <= maxBytes,
      onDurable: (appended) => this.#grow(appended),
      onChange: (reason) => this.#judge(reason),
      onFatal: (error) => this.#fail(error),
    });
    this.#watch = setInterval(() => void this.#look(), WATCH_MS).unref();
    this.#judge();
  }

  /**
   * Copies the entry. `durable` is shared by the entries of its group and resolves in the order of the groups; it never rejects, and never
   * settles when the journal ends before. @throws RangeError when the entry is larger than 512 KB, Error when far more was handed in than
   * `isFull` asked for
   */
  append(entry: Entry): { readonly sequence: number; readonly durable: Promise<void> } {
    return this.#appender.append(entry);
  }

  get folder(): string {
    return this.#options.folder;
  }

  /** True: nothing more should be handed in now. Both buffers, the quota or the disk are full, or it has ended. */
  get isFull(): boolean {
    return this.#isFull;
  }

  /** The listener is called whenever there is room again. */
  onRoom(listener: () => void): void {
    this.#roomListeners.push(listener);
  }

  get state(): JournalState {
    return {
      bytes: this.#segments.bytes,
      maxBytes: this.#room.maxBytes,
      freeBytes: this.#room.freeBytes,
      segments: this.#segments.count,
      firstSequence: this.keptFrom + 1,
      durableSequence: this.#durable,
      storedSequence: this.#stored,
      waitingEntries: this.#appender.last - this.#durable,
      level: this.#level,
      waitsForDisk: this.#appender.waitsForDisk,
      lastSyncMs: this.#lastSyncMs,
      syncs: this.#syncs,
      lostEntries: this.#holes.reduce((sum, { lostEntries }) => sum + lostEntries, 0),
    };
  }

  /** All segments that are still there: reading after this sequence gives their entries again, also those that are stored. */
  get keptFrom(): number {
    return (this.#segments.oldest?.first ?? this.#durable + 1) - 1;
  }

  /**
   * Entries after `sequence` that are durable, in order, in groups of about 1 MB; ends at the newest durable one. What was deleted because it
   * is stored is left out, and so is what is damaged, which is reported. Rejects when a file cannot be read.
   */
  read(sequence: number): AsyncIterable<Group> {
    return readGroups(this.#segments, sequence, (hole) => this.#reportHole(hole));
  }

  /**
   * Everything up to `sequence` is stored; `persist` when the store does not keep that number itself. Deletes segments that nobody needs. It
   * may be less than before: a database that lost its newest minutes is filled again from there. It resolves when that is done, and deletes
   * nothing while a full disk keeps the number from being written. @throws RangeError for what is not durable
   */
  async stored(sequence: number, persist: boolean): Promise<void> {
    if (!(sequence >= 0 && sequence <= this.#durable))
      throw new RangeError(`stored must be 0 … ${this.#durable}, which is durable, got ${sequence}`);
    await this.#inTurn(async () => {
      if (persist && sequence !== this.#cursor.sequence) await this.#cursor.write(sequence);
      this.#stored = sequence;
      await this.#removeStored();
    });
  }

  /** Where the cursor file stands; undefined without one. */
  cursor(): number | undefined {
    return this.#cursor.sequence;
  }

  /** Syncs what was taken; what has no room on the disk now is never acknowledged. */
  close(): Promise<void> {
    this.#closing ??= this.#close();
    return this.#closing;
  }

  async #close(): Promise<void> {
    await this.#appender.flush();
    this.#end();
    await this.#moving;
    await this.#appender.stop();
    await this.#cursor.close();
    this.#unlock();
  }

  get #level(): Level {
    return this.#appender.waitsForDisk ? 'full' : this.#room.level(this.#segments.bytes);
  }

  #grow({ segment, last, endBytes, tookMs }: Appended): void {
    this.#segments.grow(segment, last, endBytes, Date.now());
    this.#durable = last;
    this.#lastSyncMs = tookMs;
    this.#syncs++;
  }

  /** Says so, and tells who waits, when there is no room any more, or room again. `reason`: why the disk takes nothing. */
  #judge(reason?: string): void {
    const wasFull = this.#isFull;
    const level = this.#level;
    this.#isFull = this.#ended || this.#appender.isBehind || level === 'full';
    if (level !== this.#toldLevel) this.#tell(level, reason);
    if (wasFull && !this.#isFull) for (const listener of this.#roomListeners) listener();
  }

  #tell(level: Level, reason: string | undefined): void {
    const { folder, log } = this.#options;
    const data = { folder, level, bytes: this.#segments.bytes, freeBytes: this.#room.freeBytes, reason };
    if (level === 'full') log.warn(data, 'the journal is full: nothing more is taken in');
    else if (this.#toldLevel === 'full') log.info(data, 'the journal has room again');
    this.#toldLevel = level;
  }

  /** Now and then: free disk, stored segments whose time is over. */
  async #look(): Promise<void> {
    await this.#inTurn(async () => {
      await this.#room.look();
      await this.#removeStored();
    });
  }

  async #removeStored(): Promise<void> {
    const { keepMs = 0 } = this.#options;
    const oldestMs = Date.now() - keepMs;
    const isTight = () =>
      this.#segments.bytes > KEEP_SHARE * this.#room.maxBytes || this.#room.isShort || this.#appender.waitsForDisk;
    await this.#segments.remove(({ last, changedMs }) => last <= this.#stored && (changedMs <= oldestMs || isTight()));
    this.#appender.resume();
    this.#judge();
  }

  /** One after the other; an error is fatal, but a full disk's. */
  #inTurn(step: () => Promise<void>): Promise<void> {
    const done = this.#moving.then(async () => {
      if (!this.#ended) await step();
    });
    this.#moving = done.catch((error: unknown) => {
      const { code, message } = error as NodeJS.ErrnoException;
      if (code === 'ENOSPC')
        this.#options.log.warn({ folder: this.#options.folder, error: message }, 'no cursor written');
      else this.#fail(error as Error);
    });
    return this.#moving;
  }

  #reportHole(hole: Hole): void {
    if (this.#holes.some(({ segment, from }) => segment === hole.segment && from === hole.from)) return;
    this.#holes.push(hole);
    this.#options.log.error({ ...hole, folder: this.#options.folder }, 'entries of the journal are damaged and lost');
  }

  #fail(error: Error): void {
    if (this.#ended) return;
    this.#end();
    this.#appender.end();
    const failure = new Error(`the journal ${this.#options.folder} can promise nothing any more: ${error.message}`);
    this.#options.log.error({ error: failure.message }, 'the journal failed');
    this.#options.onFatal(failure);
  }

  #end(): void {
    this.#ended = true;
    this.#isFull = true;
    clearInterval(this.#watch);
  }
}

function between(least: number, value: number, most: number): number {
  return Math.floor(Math.min(Math.max(least, value), most));
}
