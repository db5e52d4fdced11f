// What is wrong with a feed, collected so that all of it is said at once: errors refuse the feed, repairs and omissions are told.

/** One defect of a feed: where it is, what stands there and what should. */
export interface FeedDefect {
  /** `stops.txt` */
  readonly file: string;
  /** From 1, the header; absent: the file as a whole. */
  readonly line?: number;
  readonly field?: string;
  readonly value?: string;
  readonly expected: string;
}

const SHOWN = 20;
/** A value longer than this is cut. */
const VALUE_LENGTH = 60;
/** More are counted, not kept. */
const KEPT = 1000;

/** A feed that cannot be used, with all its defects in one message. */
export class GtfsError extends Error {
  readonly defects: readonly FeedDefect[];

  constructor(feed: string, defects: readonly FeedDefect[], count = defects.length) {
    const more = count - Math.min(SHOWN, defects.length);
    const lines = defects.slice(0, SHOWN).map((defect) => `  ${describe(defect)}`);
    if (more > 0) lines.push(`  and ${more} more`);
    super(
      `${feed} cannot be used as a GTFS feed, ${count === 1 ? 'one problem' : `${count} problems`}:\n${lines.join('\n')}`,
    );
    this.name = 'GtfsError';
    this.defects = defects;
  }
}

/** Collects what is found while a feed is read. */
export class Problems {
  readonly #feed: string;
  readonly #defects: FeedDefect[] = [];
  readonly #repairs = new Map<string, { count: number; example: string }>();
  #count = 0;

  constructor(feed: string) {
    this.#feed = feed;
  }

  add(defect: FeedDefect): void {
    this.#count++;
    if (this.#defects.length < KEPT) this.#defects.push(defect);
  }

  /** Something was repaired or left out: counted by what it is, with its first example. */
  tell(what: string, example: string): void {
    const told = this.#repairs.get(what);
    if (told === undefined) this.#repairs.set(what, { count: 1, example });
    else told.count++;
  }

  /** @throws GtfsError when anything was wrong so far */
  check(): void {
    if (this.#count > 0) throw new GtfsError(this.#feed, this.#defects, this.#count);
  }

  /** Adds a defect and gives up at once. @throws GtfsError always */
  fail(defect: FeedDefect): never {
    this.add(defect);
    throw new GtfsError(this.#feed, this.#defects, this.#count);
  }

  /** One line for each sort of repair: `blank times filled in: 12, first stop_times.txt line 4`. */
  repairs(): string[] {
    return [...this.#repairs].map(([what, { count, example }]) => `${what}: ${count}, first ${shortened(example)}`);
  }
}

function describe({ file, line, field, value, expected }: FeedDefect): string {
  const where = line === undefined ? file : `${file} line ${line}`;
  const what = [field, value === undefined ? undefined : JSON.stringify(shortened(value))].filter(
    (part) => part !== undefined,
  );
  return `${where}: ${what.length === 0 ? '' : `${what.join(' ')}, `}expected ${expected}`;
}

function shortened(value: string): string {
  return value.length > VALUE_LENGTH ? `${value.slice(0, VALUE_LENGTH)}…` : value;
}
