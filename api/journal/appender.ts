// From single entries to groups on disk: one group fills while another is with the thread that appends, never more than one there. It decides
// when a group leaves and tries again on a full disk; quota and deletion are its owner's.
import { Worker } from 'node:worker_threads';
import type { AppendAnswer, AppendRequest } from './append-worker.ts';
import { checkSize, mostBytes } from './entry.ts';
import type { Entry } from './entry.ts';
import { FillingGroup } from './filling-group.ts';
import type { SegmentWriterOptions } from './segment-writer.ts';

/** A group of this size does not linger. */
const PROMPT_BYTES = 512 << 10;
/** Groups waiting for the disk although nobody should have handed anything in: beyond this an entry is refused. */
const MAX_WAITING_GROUPS = 8;
/** Of entries beyond it the size is looked at closely. */
const LARGE_BYTES = 60_000;
const RETRY_MS = 250;
/** What is asked of a journal that ended: never acknowledged. */
const NEVER = new Promise<void>(() => {});

export interface Appended {
  /** First sequence of the segment it went to. */
  readonly segment: number;
  /** Sequence of the group's last entry. */
  readonly last: number;
  /** Where the segment ends now. */
  readonly endBytes: number;
  /** Write and sync. */
  readonly tookMs: number;
}

export interface AppenderOptions {
  readonly writer: SegmentWriterOptions;
  /** Of one buffer. */
  readonly groupBytes: number;
  readonly lingerMs: number;
  /** Numbers begin after it. */
  readonly last: number;
  /** False holds the group back until `resume`. */
  readonly mayWrite: (bytes: number) => boolean;
  /** Called before the group's promise is settled. */
  readonly onDurable: (appended: Appended) => void;
  /** `isBehind` or `waitsForDisk` may have changed; `reason` when the disk is full. */
  readonly onChange: (reason?: string) => void;
  readonly onFatal: (error: Error) => void;
}

export class Appender {
  readonly #options: AppenderOptions;
  readonly #behindBytes: number;
  readonly #worker: Worker;
  #filling: FillingGroup;
  /** Closed, oldest first. */
  readonly #waiting: FillingGroup[] = [];
  #spare: FillingGroup | undefined;
  #inFlight: FillingGroup | undefined;
  #startedMs = -Infinity;
  #timer: NodeJS.Timeout | NodeJS.Immediate | undefined;
  #waitsForDisk = false;
  #ended = false;
  #onIdle: (() => void) | undefined;
  #last: number;

  constructor(options: AppenderOptions) {
    this.#options = options;
    this.#behindBytes = (options.groupBytes * 3) / 4;
    this.#last = options.last;
    this.#filling = new FillingGroup(options.groupBytes);
    this.#spare = new FillingGroup(options.groupBytes);
    this.#worker = new Worker(new URL('./append-worker.ts', import.meta.url), { workerData: options.writer });
    this.#worker.on('message', (answer: AppendAnswer) => this.#take(answer));
    this.#worker.on('error', (error) => this.#fail(error as Error));
    this.#worker.on('exit', (code) => this.#fail(new Error(`its thread ended with code ${code}`)));
  }

  /** The newest sequence that was given. */
  get last(): number {
    return this.#last;
  }

  /** True: both buffers are full, or nearly. */
  get isBehind(): boolean {
    return this.#waiting.length > 0 || this.#filling.bytes >= this.#behindBytes;
  }

  get waitsForDisk(): boolean {
    return this.#waitsForDisk;
  }

  append(entry: Entry): { readonly sequence: number; readonly durable: Promise<void> } {
    if (this.#ended) return { sequence: this.#last, durable: NEVER };
    const needed = mostBytes(entry);
    if (needed > LARGE_BYTES) checkSize(entry);
    if (!this.#filling.fits(needed)) this.#turnOver();
    const filling = this.#filling;
    const sequence = ++this.#last;
    filling.put(entry, sequence);
    if (this.#timer === undefined || filling.bytes >= PROMPT_BYTES) this.#schedule();
    return { sequence, durable: filling.durable };
  }

  /** There may be room again. */
  resume(): void {
    if (this.#waiting.length > 0 && !this.#waitsForDisk) this.#send();
  }

  /** Resolves when everything is durable, or cannot be now. */
  async flush(): Promise<void> {
    if (this.#ended) return;
    await new Promise<void>((resolve) => {
      this.#onIdle = resolve;
      this.#send();
    });
  }

  /** At once; what is in flight may become durable, and is not acknowledged. */
  end(): void {
    this.#ended = true;
    this.#clearTimer();
    this.#onIdle?.();
  }

  /** Resolves when the thread has closed its file and ended. */
  async stop(): Promise<void> {
    this.end();
    if (this.#worker.threadId < 0) return;
    const exited = new Promise((resolve) => this.#worker.once('exit', resolve));
    this.#worker.postMessage('close');
    await exited;
  }

  /** The filling group has no room: it waits, another one fills. */
  #turnOver(): void {
    if (this.#waiting.length >= MAX_WAITING_GROUPS)
      throw new Error(`the journal is full, and ${MAX_WAITING_GROUPS} groups of entries wait for room already`);
    this.#closeFilling();
    this.#send();
    this.#options.onChange();
  }

  #closeFilling(): void {
    this.#filling.closeRecord();
    this.#waiting.push(this.#filling);
    this.#filling = this.#spare ?? new FillingGroup(this.#options.groupBytes);
    this.#spare = undefined;
  }

  /** What one turn of the event loop brings goes together, and groups keep their distance. */
  #schedule(): void {
    if (this.#inFlight || this.#waitsForDisk) {
      // Told when it comes to be behind, not for every entry after that.
      if (this.#filling.bytes >= this.#behindBytes) this.#options.onChange();
      return;
    }
    if (this.#filling.bytes >= PROMPT_BYTES) this.#send();
    else if (this.#timer === undefined) {
      const waitMs = this.#startedMs + this.#options.lingerMs - performance.now();
      this.#timer = waitMs < 1 ? setImmediate(() => this.#send()) : setTimeout(() => this.#send(), waitMs);
    }
  }

  #send(): void {
    this.#clearTimer();
    if (this.#inFlight || this.#ended) return;
    if (this.#waiting.length === 0 && this.#filling.bytes > 0) this.#closeFilling();
    const [group] = this.#waiting;
    if (!group || !this.#options.mayWrite(group.bytes)) {
      this.#onIdle?.();
      return;
    }
    this.#waiting.shift();
    this.#inFlight = group;
    this.#startedMs = performance.now();
    const { buffer, bytes, first, last } = group;
    this.#worker.postMessage({ buffer, bytes, first, last } satisfies AppendRequest, [buffer]);
  }

  #take(answer: AppendAnswer): void {
    if (this.#ended) return;
    if (answer.kind === 'fatal') {
      this.#fail(new Error(answer.reason));
      return;
    }
    const group = this.#inFlight!;
    this.#inFlight = undefined;
    group.giveBack(answer.buffer);
    if (answer.kind === 'no-room') this.#waitForDisk(group, answer.reason);
    else this.#finish(group, answer);
  }

  #finish(group: FillingGroup, { segment, endBytes, tookMs }: AppendAnswer & { kind: 'durable' }): void {
    this.#waitsForDisk = false;
    this.#options.onDurable({ segment, last: group.last, endBytes, tookMs });
    group.settle();
    this.#spare ??= group;
    if (this.#waiting.length > 0 || this.#onIdle) this.#send();
    else if (this.#filling.bytes > 0) this.#schedule();
    this.#options.onChange();
  }

  /** Nothing is lost: the same group goes again, until there is room. */
  #waitForDisk(group: FillingGroup, reason: string): void {
    this.#waitsForDisk = true;
    this.#waiting.unshift(group);
    if (this.#onIdle) this.#onIdle();
    else this.#timer = setTimeout(() => this.#send(), RETRY_MS);
    this.#options.onChange(reason);
  }

  #clearTimer(): void {
    clearTimeout(this.#timer as NodeJS.Timeout);
    clearImmediate(this.#timer as NodeJS.Immediate);
    this.#timer = undefined;
  }

  #fail(error: Error): void {
    if (this.#ended) return;
    this.end();
    this.#options.onFatal(error);
  }
}
