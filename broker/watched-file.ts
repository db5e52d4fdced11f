// A file whose content takes effect while we run: looked at once a second, read again when it has changed. A bad content is reported and the
// one before stays. It polls, because a file that is replaced, or lies in a container's volume, does not reliably tell.
import { readFile, stat } from 'node:fs/promises';
import { clearInterval, setInterval } from 'node:timers';

const LOOK_EVERY_MS = 1000;

export class WatchedFile<T> {
  readonly #path: string;
  readonly #parse: (content: string | undefined) => T | Promise<T>;
  readonly #timer: NodeJS.Timeout;
  readonly #listeners: ((value: T) => void)[] = [];
  #seen: string;
  #value: T;

  private constructor(
    path: string,
    parse: (content: string | undefined) => T | Promise<T>,
    seen: string,
    value: T,
    onBad: (error: Error) => void,
    everyMs: number,
  ) {
    this.#path = path;
    this.#parse = parse;
    this.#seen = seen;
    this.#value = value;
    this.#timer = setInterval(() => void this.look().catch(onBad), everyMs).unref();
  }

  /** parse: of undefined when there is no file. onBad: once for every content that cannot be used. @throws when the first one cannot */
  static async open<T>(
    path: string,
    parse: (content: string | undefined) => T | Promise<T>,
    onBad: (error: Error) => void,
    everyMs = LOOK_EVERY_MS,
  ): Promise<WatchedFile<T>> {
    const seen = await stampOf(path);
    return new WatchedFile(path, parse, seen, await parse(await contentOf(path)), onBad, everyMs);
  }

  get value(): T {
    return this.#value;
  }

  onChange(listener: (value: T) => void): void {
    this.#listeners.push(listener);
  }

  /** Reads it again now if it has changed. @throws when the new content cannot be used */
  async look(): Promise<void> {
    const stamp = await stampOf(this.#path);
    if (stamp === this.#seen) return;
    this.#seen = stamp;
    this.#value = await this.#parse(await contentOf(this.#path));
    for (const listener of this.#listeners) listener(this.#value);
  }

  close(): void {
    clearInterval(this.#timer);
  }
}

async function contentOf(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').catch(missing);
}

function missing(error: NodeJS.ErrnoException): undefined {
  if (error.code !== 'ENOENT') throw error;
}

/** Missing is a state like any other: it ends when the file is back. */
async function stampOf(path: string): Promise<string> {
  const found = await stat(path).catch(missing);
  return found ? [found.ino, found.size, found.mtimeMs, found.ctimeMs].join(' ') : 'missing';
}
