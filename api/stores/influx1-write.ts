// Sends lines to InfluxDB 1.x. A line the server refuses for good is found by halving and put aside, the others are stored; anything
// that time may heal (no answer, 5xx, 429, no permission) is an error for the caller to retry.
import type { DeviceEvent, TelemetryRecord } from '../../telemetry/messages.ts';

export interface Line {
  readonly text: string;
  /** What it was made of; absent for lines that are no device's. */
  readonly record?: TelemetryRecord | DeviceEvent;
}

interface Write {
  readonly url: string;
  readonly headers: { readonly [name: string]: string };
  readonly lines: readonly Line[];
  readonly onBadLine: (line: Line, reason: string) => void;
}

/** About 1 MB; the server's own recommendation. */
const MAX_LINES = 5_000;
const WRITE_TIMEOUT_MS = 10_000;
const MAX_REASON_LENGTH = 300;
/** Bad request: a line, or some. Too large: all of them together. */
const LINES_AT_FAULT = new Set([400, 413]);

/** Resolves when every line is stored or was given to `onBadLine`. @throws Error naming the server and its answer */
export async function writeLines({ lines, ...write }: Write): Promise<void> {
  for (let start = 0; start < lines.length; start += MAX_LINES) {
    let open: readonly Line[] = lines.slice(start, start + MAX_LINES);
    while (open.length > 0) {
      const reason = await post(write, open);
      open = reason === undefined ? [] : await findBadLine(write, open, reason);
    }
  }
}

/**
 * Narrows lines of which at least one is bad down to a bad one: sends first halves and goes on in the half that is refused.
 * @returns the lines not sent yet: for one bad line in 5,000 that makes 14 more requests
 */
async function findBadLine(write: Omit<Write, 'lines'>, lines: readonly Line[], reason: string): Promise<Line[]> {
  const unsent: Line[] = [];
  let suspected = lines;
  let answer = reason;
  while (suspected.length > 1) {
    const middle = suspected.length >>> 1;
    const first = suspected.slice(0, middle);
    const second = suspected.slice(middle);
    const refused = await post(write, first);
    if (refused === undefined) suspected = second;
    else {
      answer = refused;
      unsent.push(...second);
      suspected = first;
    }
  }
  write.onBadLine(suspected[0]!, answer);
  return unsent;
}

/** @returns the reason when lines are at fault */
async function post({ url, headers }: Omit<Write, 'lines'>, lines: readonly Line[]): Promise<string | undefined> {
  const { origin } = new URL(url);
  const body = lines.map(({ text }) => text).join('\n');
  let response: Response;
  let answer: string;
  try {
    response = await fetch(url, { method: 'POST', headers, body, signal: AbortSignal.timeout(WRITE_TIMEOUT_MS) });
    answer = (await response.text()).slice(0, MAX_REASON_LENGTH).trim();
  } catch (error) {
    const cause = (error as { cause?: unknown }).cause ?? error;
    throw new Error(
      `InfluxDB at ${origin} does not answer: ${cause instanceof Error ? cause.message || cause.name : String(cause)}`,
      {
        cause: error,
      },
    );
  }
  if (response.ok) return undefined;
  if (LINES_AT_FAULT.has(response.status)) return answer;
  throw new Error(`InfluxDB at ${origin} refuses a write: ${response.status} ${answer}`);
}
