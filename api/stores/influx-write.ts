// Sends lines to InfluxDB, one write at a time, its requests two at a time while the server is quick. Lines that the server refuses for good
// are found and put aside, all others are stored; anything that time may heal (no answer, 5xx, 429, no permission) is an error for the caller to try again.
import type { TelemetryRecord } from '../../telemetry/messages.ts';
import { StoreBusy } from '../store.ts';
import type { InfluxConnection, WriteAnswer } from './influx-connection.ts';

/** What one request carries; its lines one by one only when some may be bad. */
export interface LineBlock {
  readonly body: Buffer<ArrayBuffer>;
  lines(): readonly Line[];
}

/** → the next lines, at most so many; undefined: there are no more */
export type LineSource = (most: number) => LineBlock | undefined;

export interface Line {
  readonly text: string;
  /** What it was made of, where that was a record. */
  readonly record?: TelemetryRecord;
  /** Of the record, or of the event, among those that its writer was given. */
  readonly at: number;
}

export interface RefusedLine {
  readonly line: Line;
  readonly reason: string;
}

/** An answer that lines are to blame for. */
interface Complaint {
  readonly reason: string;
  /** All but these lines are stored already; absent: the server did not say. */
  readonly dropped?: number;
  readonly tooLarge: boolean;
}

const MAX_REASON_LENGTH = 300;
const MAX_RETRY_AFTER_MS = 300_000;
/** Bad request: a line, or some, and the others may be stored (1.x). Unprocessable: likewise (2.x). */
const LINES_AT_FAULT = new Set([400, 422]);
const TOO_LARGE = 413;
const BUSY = new Set([429, 503]);
/** Of one write: while the server works on one it reads the other, and we encode the next. */
const REQUESTS_AT_ONCE = 2;
/** A server whose last answer took longer is given one: it would have to answer both in the time of one. */
const QUICK_MS = 500;

export class LineWriter {
  readonly #connection: InfluxConnection;
  #linesAtOnce: number;
  #last: Promise<unknown> = Promise.resolve();
  #tookMs = 0;

  constructor(connection: InfluxConnection) {
    this.#connection = connection;
    this.#linesAtOnce = connection.linesAtOnce;
  }

  /**
   * Resolves when every line is stored or refused for good; they are asked for a request at a time. @throws Error naming the server and its
   * answer; StoreBusy when it said how long to wait
   */
  write(source: LineSource): Promise<RefusedLine[]> {
    const done = this.#last.then(() => this.#writeAll(source));
    this.#last = done.catch(() => undefined);
    return done;
  }

  async #writeAll(source: LineSource): Promise<RefusedLine[]> {
    const refused: RefusedLine[] = [];
    const failures: unknown[] = [];
    const underWay = new Set<Promise<void>>();
    for (let block = source(this.#linesAtOnce); block && failures.length === 0; block = source(this.#linesAtOnce)) {
      const begunMs = performance.now();
      const storing: Promise<void> = this.#store(block, refused)
        .catch((error: unknown) => void failures.push(error))
        .finally(() => {
          this.#tookMs = performance.now() - begunMs;
          underWay.delete(storing);
        });
      underWay.add(storing);
      // The next ones are encoded while the server has these: first let them leave.
      await Promise.race([storing, new Promise((resolve) => setImmediate(resolve))]);
      while (underWay.size >= (this.#tookMs < QUICK_MS ? REQUESTS_AT_ONCE : 1)) await Promise.race(underWay);
    }
    // Nothing of a write that failed may come after the next one.
    await Promise.all(underWay);
    if (failures.length > 0) throw failures[0];
    return refused;
  }

  async #store(block: LineBlock, refused: RefusedLine[]): Promise<void> {
    const complaint = await this.#post(block);
    if (complaint) await this.#isolate(block.lines(), complaint, refused);
  }

  async #storeAgain(lines: readonly Line[], refused: RefusedLine[]): Promise<void> {
    if (lines.length > 0) await this.#store(blockOf(lines), refused);
  }

  /** Lines of which at least one is bad: what the server says of them is believed only as far as it can be checked. */
  async #isolate(lines: readonly Line[], complaint: Complaint, refused: RefusedLine[]): Promise<void> {
    if (complaint.tooLarge && lines.length > 1) {
      const middle = lines.length >>> 1;
      this.#linesAtOnce = Math.min(this.#linesAtOnce, middle);
      await this.#storeAgain(lines.slice(0, middle), refused);
      await this.#storeAgain(lines.slice(middle), refused);
      return;
    }
    if (lines.length === 1 || complaint.dropped === lines.length) {
      for (const line of lines) refused.push({ line, reason: shortened(complaint.reason) });
      return;
    }
    const quoted = quotedLines(complaint.reason, lines);
    if (quoted.size > 0) {
      for (const [line, reason] of quoted) refused.push({ line, reason: shortened(reason) });
      await this.#storeAgain(
        lines.filter((line) => !quoted.has(line)),
        refused,
      );
      return;
    }
    const suspects = suspectedLines(complaint, lines);
    if (suspects.size > 0 && suspects.size < lines.length) await this.#check(lines, suspects, complaint, refused);
    else await this.#halve(lines, complaint, refused);
  }

  /** Suspects are guilty when all others pass and as many were dropped as are suspected. */
  async #check(
    lines: readonly Line[],
    suspects: ReadonlySet<Line>,
    complaint: Complaint,
    refused: RefusedLine[],
  ): Promise<void> {
    const others = lines.filter((line) => !suspects.has(line));
    const next = await this.#post(blockOf(others));
    if (next) await this.#isolate(others, next, refused);
    if (!next && complaint.dropped === suspects.size) {
      for (const line of suspects) refused.push({ line, reason: shortened(complaint.reason) });
    } else await this.#storeAgain([...suspects], refused);
  }

  /**
   * Narrows the lines down to a bad one: sends first halves and goes on in the half that is refused. For one bad line in 5,000 that makes
   * 14 more requests.
   */
  async #halve(lines: readonly Line[], complaint: Complaint, refused: RefusedLine[]): Promise<void> {
    const unsent: Line[] = [];
    let bad = lines;
    let { reason, dropped } = complaint;
    while (bad.length > 1 && dropped !== bad.length) {
      const middle = bad.length >>> 1;
      const first = bad.slice(0, middle);
      const second = bad.slice(middle);
      const next = await this.#post(blockOf(first));
      if (next) {
        ({ reason, dropped } = { dropped: undefined, ...next });
        unsent.push(...second);
        bad = first;
      } else bad = second;
    }
    for (const line of bad) refused.push({ line, reason: shortened(reason) });
    await this.#storeAgain(unsent, refused);
  }

  async #post({ body }: LineBlock): Promise<Complaint | undefined> {
    const answer = await this.#connection.write(body);
    const { status, reason } = answer;
    // 200 may be any proxy's.
    if (status === 204) return undefined;
    if (status === TOO_LARGE) return { reason, tooLarge: true };
    if (!LINES_AT_FAULT.has(status)) throw this.#error(answer);
    const count = /^[^']*partial write: [\s\S]* dropped=(\d+)\s*$/.exec(reason)?.[1];
    // Lines that cannot be read are not counted there.
    const dropped = Number(count ?? 0);
    return { reason, tooLarge: false, ...(dropped > 0 && { dropped }) };
  }

  #error({ status, reason, retryAfter }: WriteAnswer): Error {
    const { origin, advice } = this.#connection;
    const what = advice.get(status);
    const message = `InfluxDB at ${origin} refuses a write: ${status} ${shortened(reason)}${what === undefined ? '' : `: ${what}`}`;
    const waitMs = BUSY.has(status) ? waitOf(retryAfter) : undefined;
    return waitMs === undefined ? new Error(message) : new StoreBusy(message, waitMs);
  }
}

export function blockOf(lines: readonly Line[]): LineBlock {
  return { body: Buffer.from(lines.map(({ text }) => text).join('\n')), lines: () => lines };
}

/** Seconds, or a date of HTTP. → ms, at most five minutes */
function waitOf(retryAfter: string | undefined): number | undefined {
  if (retryAfter === undefined) return undefined;
  const ms = /^\s*\d+\s*$/.test(retryAfter) ? Number(retryAfter) * 1000 : Date.parse(retryAfter) - Date.now();
  return Number.isNaN(ms) ? undefined : Math.min(Math.max(ms, 0), MAX_RETRY_AFTER_MS);
}

const QUOTE = "unable to parse '";

/** Lines that the server quotes word for word, with what it says of each: `unable to parse '<line>': <reason>`, one after the other. */
function quotedLines(reason: string, lines: readonly Line[]): Map<Line, string> {
  const quoted = new Map<Line, string>();
  if (!reason.includes(QUOTE)) return quoted;
  const byText = new Map(lines.map((line) => [line.text, line]));
  for (const part of reason.split(QUOTE).slice(1)) {
    // A line may hold what looks like its end.
    for (let end = part.indexOf("': "); end >= 0; end = part.indexOf("': ", end + 1)) {
      const line = byText.get(part.slice(0, end));
      if (!line) continue;
      quoted.set(
        line,
        `unable to parse: ${part
          .slice(end + 3)
          .split('\n', 1)[0]!
          .replace(/ dropped=\d+$/, '')}`,
      );
      break;
    }
  }
  return quoted;
}

/** Lines that fit what the server says without naming them: one reason, and how many it dropped. */
function suspectedLines({ reason, dropped }: Complaint, lines: readonly Line[]): Set<Line> {
  const conflict = /input field "([^"]+)" on measurement "([^"]+)" is type (\w+), already exists/.exec(reason);
  if (conflict) {
    const [, field = '', kind, type] = conflict;
    return new Set(lines.filter(({ record }) => record?.kind === kind && influxType(record?.fields[field]) === type));
  }
  const [, measurement, device] = /measurement="([^"]+)" tag="device" value="([^"]+)"/.exec(reason) ?? [];
  if (device !== undefined)
    return new Set(lines.filter(({ record }) => record?.kind === measurement && record?.device === device));
  if (!/retention policy/.test(reason) || dropped === undefined) return new Set();
  const oldest = lines.filter(({ record }) => record !== undefined).sort((a, b) => a.record!.ts - b.record!.ts);
  return new Set(oldest.slice(0, dropped));
}

function influxType(value: unknown): string | undefined {
  return value === undefined ? undefined : typeof value === 'number' ? 'float' : typeof value;
}

function shortened(reason: string): string {
  return reason.length > MAX_REASON_LENGTH ? `${reason.slice(0, MAX_REASON_LENGTH)}…` : reason;
}
