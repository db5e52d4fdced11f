// One live client: what it wants, what it has seen, and how full its pipe is. States are sent in passes over a kind's columns; a pass
// stops when the pipe is full and goes on when it drains, so a client costs a bounded amount of memory however slow it is.
import type { WebSocket } from 'ws';
import { encodeLiveFrame, liveColumns } from '../telemetry/live-frame.ts';
import type { LiveColumn } from '../telemetry/live-frame.ts';
import { columnSize } from './device-index.ts';
import type { Kind, Kinds } from './kinds.ts';
import { parseSubscription } from './subscription.ts';
import type { Subscription } from './subscription.ts';

/** Above this nothing new is sent: the newest state waits for room. */
const FULL_BYTES = 65_536;
/** Events, alarms and acks still go out up to here. */
const FULL_FOR_NEWS_BYTES = 4 * FULL_BYTES;
const TOO_SLOW_BYTES = 1_000_000;
const STUCK_MS = 10_000;
const ROWS_PER_FRAME = 1000;
/** Times in a frame are 32-bit offsets from its first row, 24 days. */
const MAX_SPREAD_MS = 2 ** 31 - 1;
const MAX_MESSAGES_PER_10_S = 100;
/** WebSocket close codes: RFC 6455 7.4.1 and the IANA registry. */
const POLICY_VIOLATION = 1008;
const TRY_AGAIN_LATER = 1013;

export interface LiveCounts {
  frames: number;
  bytes: number;
  skipped: number;
}

/** A message of which only the newest counts; its version grows with every change, 0 before the first. */
export interface Versioned {
  readonly version: number;
  readonly text: string;
}

interface Pass {
  readonly kind: Kind;
  columns: LiveColumn[];
  /** Everything up to this version was sent. */
  since: number;
  /** Version that the running pass brings the client to; undefined between passes. */
  until: number | undefined;
  slot: number;
  /** By slot: handle + 1 of the device that was named to the client, and the number it has on this connection. */
  named: Float64Array;
  numbers: Uint32Array;
  nextNumber: number;
}

export class LiveClient {
  alive = true;
  readonly #socket: WebSocket;
  readonly #kinds: Kinds;
  readonly #counts: LiveCounts;
  readonly #scenario: () => Versioned;
  readonly #passes = new Map<string, Pass>();
  #subscription: Subscription | undefined;
  #kindsDue = false;
  #scenarioSeen = 0;
  #skipped = false;
  #nextAt = 0;
  #fullSince: number | undefined;
  #leastBuffered = 0;
  #messages = 0;
  #messagesSince = 0;

  constructor(socket: WebSocket, kinds: Kinds, counts: LiveCounts, scenario: () => Versioned) {
    this.#socket = socket;
    this.#kinds = kinds;
    this.#counts = counts;
    this.#scenario = scenario;
  }

  /** A message from the client. now: monotonic ms */
  receive(text: string, now: number): void {
    if (now - this.#messagesSince > 10_000) [this.#messages, this.#messagesSince] = [0, now];
    if (++this.#messages > MAX_MESSAGES_PER_10_S) {
      this.#socket.close(POLICY_VIOLATION, 'too many messages');
      return;
    }
    try {
      this.#subscription = parseSubscription(text);
    } catch (error) {
      this.#say(JSON.stringify({ type: 'error', detail: (error as Error).message }));
      return;
    }
    for (const pass of this.#passes.values()) [pass.since, pass.until] = [0, undefined];
    this.#kindsDue = true;
    this.#scenarioSeen = 0;
    this.#nextAt = 0;
  }

  /** The kinds changed: names and columns go out again before the next frame. */
  describe(): void {
    this.#kindsDue = true;
  }

  /** News that may be lost when the client is slow. kind: only for who subscribed it */
  tell(text: string, kind?: string): void {
    if (!this.#subscription || !this.#wants(kind)) return;
    if (this.#socket.bufferedAmount > FULL_FOR_NEWS_BYTES) this.#counts.skipped++;
    else this.#say(text);
  }

  /** What the next second repeats anyway. */
  tellIfIdle(text: string): void {
    if (this.#subscription && this.#socket.bufferedAmount <= FULL_BYTES) this.#say(text);
  }

  /** Called often; sends when it is time. now: monotonic ms */
  tick(now: number): void {
    if (this.#isStuck(now)) {
      this.#socket.close(TRY_AGAIN_LATER, 'too slow');
      // A closing handshake would wait behind all that is buffered.
      setTimeout(() => this.#socket.terminate(), 2000).unref();
      return;
    }
    if (!this.#subscription || now < this.#nextAt) return;
    this.#nextAt = now + 1000 / this.#subscription.maxHz;
    if (this.#socket.bufferedAmount > FULL_BYTES) {
      if (this.#hasNews()) {
        this.#skipped = true;
        this.#counts.skipped++;
      }
      return;
    }
    this.#sayScenario();
    for (const kind of this.#wanted()) {
      const pass = this.#passOf(kind);
      if (pass.until === undefined && kind.latest.version > pass.since) {
        pass.until = kind.latest.version;
        pass.slot = 0;
      }
    }
    this.#pump();
  }

  /** Sends what the running passes still owe, as long as there is room. */
  #pump(): void {
    if (this.#kindsDue) this.#sayKinds();
    for (const kind of this.#wanted()) {
      const pass = this.#passOf(kind);
      while (pass.until !== undefined) {
        if (this.#socket.readyState !== this.#socket.OPEN || this.#socket.bufferedAmount > FULL_BYTES) return;
        const found: number[] = [];
        pass.slot = kind.latest.changed(pass.since, pass.slot, this.#subscription?.bbox, ROWS_PER_FRAME, found);
        if (pass.slot >= kind.devices.slots) [pass.since, pass.until] = [pass.until, undefined];
        if (found.length > 0) this.#sendRows(pass, found);
      }
    }
  }

  #sendRows(pass: Pass, slots: number[]): void {
    const { kind, columns } = pass;
    const rows = slots.map((slot) => ({
      handle: 0,
      slot,
      ts: kind.latest.tsAt(slot),
      fields: kind.latest.fieldsAt(slot),
    }));
    this.#nameDevices(pass, rows);
    for (let rest = rows; rest.length > 0;) {
      const base = rest[0]!.ts;
      const near = rest.filter((row) => Math.abs(row.ts - base) < MAX_SPREAD_MS);
      rest = near.length === rest.length ? [] : rest.filter((row) => Math.abs(row.ts - base) >= MAX_SPREAD_MS);
      const frame = encodeLiveFrame(kind.index, columns, near, this.#skipped);
      this.#skipped = false;
      this.#counts.frames++;
      this.#counts.bytes += frame.length;
      this.#socket.send(frame, (error) => {
        if (!error) this.#pump();
      });
    }
  }

  /** Gives every row its number on this connection; new ones are told first. */
  #nameDevices(pass: Pass, rows: { handle: number; slot: number }[]): void {
    const from = pass.nextNumber;
    const ids: string[] = [];
    for (const row of rows) {
      if (row.slot >= pass.named.length) growNames(pass, row.slot);
      const mark = pass.kind.devices.handleAt(row.slot) + 1;
      if (pass.named[row.slot] !== mark) {
        pass.named[row.slot] = mark;
        pass.numbers[row.slot] = pass.nextNumber++;
        ids.push(pass.kind.devices.idAt(row.slot));
      }
      row.handle = pass.numbers[row.slot]!;
    }
    if (ids.length > 0) this.#say(JSON.stringify({ type: 'devices', kind: pass.kind.index, from, ids }));
  }

  #sayKinds(): void {
    this.#kindsDue = false;
    const kinds = this.#wanted().map((kind) => {
      const pass = this.#passOf(kind);
      pass.columns = liveColumns(kind.description, this.#subscription?.fields);
      return { index: kind.index, ...kind.description, columns: pass.columns };
    });
    this.#say(JSON.stringify({ type: 'kinds', kinds }));
  }

  #sayScenario(): void {
    const { version, text } = this.#scenario();
    if (version === this.#scenarioSeen) return;
    this.#scenarioSeen = version;
    this.#say(text);
  }

  #passOf(kind: Kind): Pass {
    const name = kind.description.kind;
    const known = this.#passes.get(name);
    if (known) return known;
    const columns = liveColumns(kind.description, this.#subscription?.fields);
    const names = { named: new Float64Array(0), numbers: new Uint32Array(0), nextNumber: 0 };
    const pass: Pass = { kind, columns, since: 0, until: undefined, slot: 0, ...names };
    this.#passes.set(name, pass);
    return pass;
  }

  #wanted(): Kind[] {
    return this.#kinds.all().filter((kind) => this.#wants(kind.description.kind));
  }

  #wants(kind: string | undefined): boolean {
    const kinds = this.#subscription?.kinds;
    return kind === undefined || kinds === undefined || kinds.has(kind);
  }

  #hasNews(): boolean {
    return this.#wanted().some((kind) => kind.latest.version > (this.#passes.get(kind.description.kind)?.since ?? 0));
  }

  /** Far behind, or full for ten seconds without a byte leaving. */
  #isStuck(now: number): boolean {
    const buffered = this.#socket.bufferedAmount;
    if (buffered > TOO_SLOW_BYTES) return true;
    if (buffered <= FULL_BYTES) this.#fullSince = undefined;
    else if (this.#fullSince === undefined || buffered < this.#leastBuffered) {
      this.#fullSince = now;
      this.#leastBuffered = buffered;
    }
    return this.#fullSince !== undefined && now - this.#fullSince > STUCK_MS;
  }

  #say(text: string): void {
    if (this.#socket.readyState !== this.#socket.OPEN) return;
    this.#counts.bytes += text.length;
    this.#socket.send(text);
  }
}

function growNames(pass: Pass, slot: number): void {
  const size = columnSize(slot);
  const named = new Float64Array(size);
  named.set(pass.named);
  const numbers = new Uint32Array(size);
  numbers.set(pass.numbers);
  [pass.named, pass.numbers] = [named, numbers];
}
