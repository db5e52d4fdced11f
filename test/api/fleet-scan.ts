// The answers to the fleet questions by brute force: everything is looked at line by line in an export. Written without the api's code, from
// what docs/fleet.md says.

interface Line {
  readonly kind: string;
  readonly device: string;
  readonly ts: number;
  readonly seq: number;
  readonly event?: string;
  readonly state?: string;
  readonly [field: string]: unknown;
}

export interface Asked {
  readonly from?: number;
  readonly to?: number;
  readonly groupBy?: string;
  readonly group?: string;
  readonly field?: string;
  readonly below?: number;
  readonly above?: number;
  /** ms */
  readonly window?: number;
  readonly longer?: number;
  readonly per?: string;
  readonly amount?: number;
  readonly projected?: number;
  readonly event?: string;
}

export interface Answer {
  readonly from: number;
  readonly to: number;
  readonly items: readonly { readonly [name: string]: unknown }[];
}

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

export class Scan {
  readonly #lines: readonly Line[];
  readonly #kind: string;
  readonly #offset: number;
  readonly newest: number;

  constructor(ndjson: string, kind: string, utcOffsetMin: number) {
    const [, ...lines] = ndjson.trimEnd().split('\n');
    this.#lines = lines
      .map((text) => JSON.parse(text) as Line)
      .filter((line) => line.kind === kind)
      .sort((a, b) => a.ts - b.ts || a.seq - b.seq);
    this.#kind = kind;
    this.#offset = utcOffsetMin * MINUTE;
    this.newest = this.#lines.filter(({ event }) => event === undefined).at(-1)!.ts;
  }

  answer(question: string, asked: Asked): Answer {
    const to = asked.to ?? this.newest + 1;
    const spans: { [question: string]: number } = {
      'last-location': DAY,
      'low-fuel': DAY,
      'high-load': DAY,
      stationary: 10 * MINUTE,
      'long-driving-sessions': 4 * HOUR,
    };
    const civil = new Date(to - 1 + this.#offset);
    civil.setUTCHours(0, 0, 0, 0);
    civil.setUTCDate(civil.getUTCDate() - 6);
    const span = spans[question] ?? to - (civil.getTime() - this.#offset);
    const from = asked.from ?? to - span;
    const within = this.#lines.filter(({ ts }) => ts >= from && ts < to);
    const lines = within.filter(({ event }) => event === undefined);
    const groups = this.#groups(lines, asked.groupBy);
    const groupOf = (device: string): string | null =>
      asked.groupBy === undefined ? this.#kind : (groups.get(device) ?? null);
    const isWanted = (device: string): boolean => asked.group === undefined || groupOf(device) === asked.group;
    const all = { asked, groupOf, lines: lines.filter(({ device }) => isWanted(device)) };
    const events = within.filter(({ device, event }) => event !== undefined && isWanted(device));
    return { from, to, items: this.#itemsOf(question, all, events) };
  }

  #groups(lines: readonly Line[], field: string | undefined): Map<string, string> {
    const groups = new Map<string, string>();
    if (field !== undefined) for (const line of lines) if (field in line) groups.set(line.device, String(line[field]));
    return groups;
  }

  #itemsOf(question: string, all: Wanted, events: readonly Line[]): { [name: string]: unknown }[] {
    const { asked, groupOf } = all;
    switch (question) {
      case 'last-location':
        return this.#newest(all, ['lat', 'lon']).map(({ device, ts, lat, lon }) => ({
          device,
          group: groupOf(device),
          ts,
          lat,
          lon,
        }));
      case 'low-fuel':
        return this.#values(all).filter(({ value }) => value < asked.below!);
      case 'high-load':
        return this.#values(all).filter(({ value }) => value > asked.above!);
      case 'stationary':
        return this.#means(all)
          .map(({ device, mean }) => ({ device, group: groupOf(device), mean }))
          .filter(({ mean }) => isAbove(asked.below!, mean));
      case 'long-driving-sessions':
        return this.#moving(all)
          .map(({ device, moved }) => ({
            device,
            group: groupOf(device),
            hours: (moved.length * windowOf(asked)) / HOUR,
          }))
          .filter(({ hours }) => hours > asked.longer! / HOUR);
      case 'long-daily-sessions':
        return this.#days(all).filter(({ hours }) => hours > asked.longer! / HOUR);
      case 'avg-vs-projected-consumption':
        return this.#consumption(all);
      case 'avg-daily-driving-duration': {
        const days = this.#days(all).filter(({ hours }) => hours > 0);
        return devicesOf(days).map((device) => {
          const own = days.filter((day) => day.device === device).map(({ hours }) => hours);
          return { device, group: groupOf(device), days: own.length, meanHours: mean(own) };
        });
      }
      case 'avg-daily-driving-session':
        return this.#sessions(all);
      case 'avg-load': {
        const means = this.#means(all);
        return inGroups(means, groupOf).map(({ group, some }) => ({
          group,
          devices: some.length,
          mean: mean(some.map((one) => one.mean)),
        }));
      }
      case 'daily-activity': {
        const days = this.#days(all);
        return inGroups(days, groupOf).flatMap(({ group, some }) =>
          [...new Set(some.map(({ day }) => day))].sort().map((day) => {
            const ofDay = some.filter((one) => one.day === day);
            return { group, day, devices: ofDay.length, hours: ofDay.reduce((sum, { hours }) => sum + hours, 0) };
          }),
        );
      }
      case 'breakdown-frequency': {
        const raised = events.filter(
          ({ event, state }) => event === (asked.event ?? 'breakdown') && state !== 'cleared',
        );
        const devices = devicesOf([...all.lines, ...raised]).map((device) => ({ device }));
        return inGroups(devices, groupOf).map(({ group, some }) => ({
          group,
          devices: some.length,
          count: raised.filter(({ device }) => some.some((one) => one.device === device)).length,
        }));
      }
      default:
        throw new Error(`no such question: ${question}`);
    }
  }

  /** The newest line of each device that has all fields. */
  #newest({ lines }: Wanted, fields: readonly string[]): Line[] {
    const newest = new Map<string, Line>();
    for (const line of lines) if (fields.every((field) => field in line)) newest.set(line.device, line);
    return devicesOf([...newest.values()]).map((device) => newest.get(device)!);
  }

  #values(all: Wanted): { device: string; group: string | null; ts: number; value: number }[] {
    const field = all.asked.field!;
    return this.#newest(all, [field]).map((line) => ({
      device: line.device,
      group: all.groupOf(line.device),
      ts: line.ts,
      value: Number(line[field]),
    }));
  }

  #means({ lines, asked }: Wanted): { device: string; mean: number }[] {
    const having = lines.filter((line) => (asked.field ?? '') in line);
    return devicesOf(having).map((device) => ({
      device,
      mean: mean(having.filter((line) => line.device === device).map((line) => Number(line[asked.field!]))),
    }));
  }

  /** Starts of windows, by device: all with a value, and those in which it moved. */
  #moving({ lines, asked }: Wanted): { device: string; seen: number[]; moved: number[] }[] {
    const window = windowOf(asked);
    const sums = new Map<string, Map<number, { sum: number; count: number }>>();
    for (const line of lines) {
      if (!((asked.field ?? '') in line)) continue;
      const start = line.ts - (line.ts % window);
      const own = sums.get(line.device) ?? new Map<number, { sum: number; count: number }>();
      sums.set(line.device, own);
      const { sum, count } = own.get(start) ?? { sum: 0, count: 0 };
      own.set(start, { sum: sum + Number(line[asked.field!]), count: count + 1 });
    }
    return [...sums.keys()].sort().map((device) => {
      const own = [...sums.get(device)!].sort(([a], [b]) => a - b);
      const moved = own.filter(([, { sum, count }]) => isAbove(sum / count, asked.above ?? 1));
      return { device, seen: own.map(([start]) => start), moved: moved.map(([start]) => start) };
    });
  }

  /** Every day on which a device reported, also when it did not move. */
  #days(all: Wanted): { device: string; group: string | null; day: string; hours: number }[] {
    return this.#moving(all).flatMap(({ device, seen, moved }) => {
      const days = [...new Set(seen.map((start) => this.#day(start)))];
      return days.map((day) => {
        const windows = moved.filter((start) => this.#day(start) === day).length;
        return { device, group: all.groupOf(device), day, hours: (windows * windowOf(all.asked)) / HOUR };
      });
    });
  }

  #sessions(all: Wanted): { [name: string]: unknown }[] {
    const window = windowOf(all.asked);
    return this.#moving(all).flatMap(({ device, moved }) => {
      const lengths = new Map<string, number[]>();
      const isMoving = new Set(moved);
      for (const start of moved) {
        if (isMoving.has(start - window)) continue;
        let end = start;
        while (isMoving.has(end)) end += window;
        const day = this.#day(start);
        lengths.set(day, [...(lengths.get(day) ?? []), (end - start) / HOUR]);
      }
      return [...lengths].map(([day, hours]) => ({
        device,
        group: all.groupOf(device),
        day,
        sessions: hours.length,
        meanHours: mean(hours),
      }));
    });
  }

  /** Of counters that never begin anew: last minus first. */
  #consumption(all: Wanted): { [name: string]: unknown }[] {
    const { field, per, amount = 1, projected } = all.asked;
    const rise = (device: string, name: string): number | undefined => {
      const values = all.lines
        .filter((line) => line.device === device && name in line)
        .map((line) => Number(line[name]));
      return values.length === 0 ? undefined : values.at(-1)! - values[0]!;
    };
    const both = devicesOf(all.lines)
      .map((device) => ({ device, used: rise(device, field!), way: rise(device, per!) }))
      .filter(({ used, way }) => used !== undefined && way !== undefined);
    return inGroups(both, all.groupOf).map(({ group, some }) => {
      const used = some.reduce((sum, one) => sum + one.used!, 0);
      const way = some.reduce((sum, one) => sum + one.way!, 0);
      const actual = way > 0 ? (amount * used) / way : null;
      const ratio = actual === null ? null : actual / projected!;
      return { group, devices: some.length, used, per: way, actual, projected, ratio };
    });
  }

  #day(ms: number): string {
    return new Date(ms + this.#offset).toISOString().slice(0, 10);
  }
}

interface Wanted {
  readonly asked: Asked;
  readonly lines: readonly Line[];
  readonly groupOf: (device: string) => string | null;
}

function windowOf({ window = 10 * MINUTE }: Asked): number {
  return window;
}

/** @throws Error when the sums of another order could say otherwise: then the test asks for another limit */
function isAbove(value: number, limit: number): boolean {
  if (Math.abs(value - limit) < 1e-9 * Math.abs(limit))
    throw new Error(`${value} is too near to the limit of ${limit}`);
  return value > limit;
}

function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

function devicesOf(items: readonly { readonly device: string }[]): string[] {
  return [...new Set(items.map(({ device }) => device))].sort();
}

function inGroups<T extends { readonly device: string }>(
  items: readonly T[],
  groupOf: (device: string) => string | null,
): { group: string | null; some: T[] }[] {
  const names = new Set(items.map(({ device }) => groupOf(device)));
  const sorted = [...names].filter((name) => name !== null).sort();
  return [...sorted, ...(names.has(null) ? [null] : [])].map((group) => ({
    group,
    some: items.filter(({ device }) => groupOf(device) === group),
  }));
}
