// The history of a running city, read from its api page by page. Records that come while it is read are taken when they lie ahead of the
// reading; nothing that was stored before is missed.
import type { Description } from '../../telemetry/description.ts';
import type { DeviceEvent, TelemetryRecord } from '../../telemetry/messages.ts';
import { UsageError } from '../options.ts';
import { mergeByTime, selectKinds } from './source.ts';
import type { Message, Selection, Source } from './source.ts';

/** Records in memory, over all kinds together. */
const RECORDS_AT_ONCE = 100_000;
const MAX_PAGE = 10_000;
const MIN_PAGE = 1000;
const EVENTS_PAGE = 10_000;
const FIRST_SPAN_MS = 3_600_000;
/** A city may be ahead of this machine's clock, and records a little ahead of the city's. */
const AHEAD_MS = 300_000;
const TIMEOUT_MS = 60_000;
const TRIES = 5;
const RETRY_MS = 1000;
const TOO_MANY_REQUESTS = 429;

interface Health {
  readonly city: string;
  /** Null without a clock. */
  readonly scenario: string | null;
  readonly seed: number | null;
  readonly simTimeMs: number | null;
  readonly utcOffsetMin: number;
}

/** token: for a city that asks for one. @throws UsageError when there is no city at the address, or a kind is unknown */
export async function openApiSource(address: string, selection: Selection, token?: string): Promise<Source> {
  const api = new Api(address, token);
  const { city, scenario, seed, utcOffsetMin, simTimeMs } = await api.get<Health>('/api/health');
  const kinds = await api.get<(Description & { devices: number })[]>('/api/kinds');
  const descriptions = selectKinds(kinds.map(withoutCount), selection);
  // Without an end a fast city would be followed for ever.
  const toMs = Math.min(selection.toMs, Math.max(Date.now(), simTimeMs ?? 0) + AHEAD_MS);
  const range = { fromMs: selection.fromMs, toMs };
  return {
    header: {
      city,
      ...(scenario !== null && { scenario }),
      ...(seed !== null && { seed }),
      utcOffsetMin,
      descriptions,
    },
    ...(simTimeMs !== null && { newestMs: Math.min(simTimeMs, toMs) }),
    messages: () => {
      const page = Math.max(MIN_PAGE, Math.min(MAX_PAGE, Math.floor(RECORDS_AT_ONCE / descriptions.length)));
      return mergeByTime(
        descriptions.flatMap(({ kind, events = {} }) => [
          recordsOf(api, kind, range, page),
          ...(Object.keys(events).length > 0 ? [eventsOf(api, kind, range)] : []),
        ]),
      );
    },
    close: async () => {},
  };
}

function withoutCount({ devices, ...description }: Description & { devices: number }): Description {
  void devices;
  return description;
}

type Range = Omit<Selection, 'kinds'>;

async function* recordsOf(api: Api, kind: string, range: Range, limit: number): AsyncGenerator<Message[]> {
  const path = `/api/records?kind=${kind}&from=${range.fromMs}&to=${range.toMs}&limit=${limit}`;
  for (let page: Promise<Page<TelemetryRecord>> | undefined = api.get(path); page !== undefined;) {
    const { items, next }: Page<TelemetryRecord> = await page;
    // The next page comes while this one is worked on; should it fail, whoever waits for it hears of it.
    page = next === null ? undefined : api.get(`${path}&cursor=${encodeURIComponent(next)}`);
    page?.catch(() => undefined);
    yield items.map((record) => ({ type: 'record', record }));
  }
}

/** Pages of events begin at the newest: here they are asked for in spans short enough that one page holds all of each. */
async function* eventsOf(api: Api, kind: string, { fromMs, toMs }: Range): AsyncGenerator<Message[]> {
  let spanMs = FIRST_SPAN_MS;
  for (let at = fromMs; at < toMs;) {
    const untilMs = Math.min(toMs, at + spanMs);
    const path = `/api/events?kind=${kind}&from=${at}&to=${untilMs}&limit=${EVENTS_PAGE}`;
    const found = await api.get<Page<DeviceEvent>>(path);
    if (found.next !== null && untilMs - at > 1) {
      spanMs = Math.floor((untilMs - at) / 2);
      continue;
    }
    const older = found.next === null ? [] : await olderEvents(api, path, found.next);
    yield [...older, ...found.items].map((event) => ({ type: 'event', event }));
    at = untilMs;
    if (found.items.length < EVENTS_PAGE / 4) spanMs *= 2;
  }
}

async function olderEvents(api: Api, path: string, cursor: string): Promise<DeviceEvent[]> {
  const pages: (readonly DeviceEvent[])[] = [];
  for (let next: string | null = cursor; next !== null;) {
    const answer: Page<DeviceEvent> = await api.get(`${path}&cursor=${encodeURIComponent(next)}`);
    pages.unshift(answer.items);
    next = answer.next;
  }
  return pages.flat();
}

interface Page<T> {
  readonly items: readonly T[];
  readonly next: string | null;
}

class Api {
  readonly #base: string;
  readonly #headers: { readonly [name: string]: string };

  constructor(address: string, token: string | undefined) {
    this.#base = address.replace(/\/+$/, '');
    this.#headers = token === undefined ? {} : { authorization: `Bearer ${token}` };
  }

  /** Tries again when the city is busy. @throws UsageError when nobody answers, Error with the problem's detail */
  async get<T>(path: string): Promise<T> {
    for (let tried = 1; ; tried++) {
      const response = await this.#ask(path, tried);
      if (response?.ok) return (await response.json()) as T;
      if (response !== undefined && tried === TRIES) throw await this.#problem(path, response);
      if (response !== undefined && response.status < 500 && response.status !== TOO_MANY_REQUESTS)
        throw await this.#problem(path, response);
      const waitS = Number(response?.headers.get('retry-after') ?? 0);
      await new Promise((resolve) => setTimeout(resolve, Math.max(RETRY_MS * tried, waitS * 1000)));
    }
  }

  async #ask(path: string, tried: number): Promise<Response | undefined> {
    try {
      return await fetch(this.#base + path, { headers: this.#headers, signal: AbortSignal.timeout(TIMEOUT_MS) });
    } catch (error) {
      // The first question finds out whether there is a city at all.
      if (tried < TRIES && path !== '/api/health') return undefined;
      const cause = (error as { cause?: Error }).cause ?? (error as Error);
      throw new UsageError(`no city answers at ${this.#base}: ${cause.message || (cause as { code?: string }).code}`);
    }
  }

  async #problem(path: string, response: Response): Promise<Error> {
    const text = await response.text();
    let detail = text.slice(0, 200);
    try {
      detail = (JSON.parse(text) as { detail?: string }).detail ?? detail;
    } catch {
      // Not one of our problem documents.
    }
    return new UsageError(`${this.#base}${path.split('?', 1)[0]} answers ${response.status}: ${detail}`);
  }
}
