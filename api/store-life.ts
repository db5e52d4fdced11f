// Knows whether the database was started again since it was asked last, in this process or in one before: some databases have then lost what
// they had acknowledged and not yet written to their disk. It fills nothing in again.
import { readFile, rename, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { Store } from './store.ts';

const NAME = 'store-life';

export class StoreLife {
  readonly #store: Store;
  readonly #path: string;
  /** Empty: none was noted. */
  #noted: string;
  #found: string | undefined;

  /** folder: where it keeps what it knows. */
  static async open(store: Store, folder: string): Promise<StoreLife> {
    const path = join(folder, NAME);
    const noted = await readFile(path, 'utf8').catch((error: NodeJS.ErrnoException) => {
      if (error.code === 'ENOENT') return '';
      throw error;
    });
    return new StoreLife(store, path, noted);
  }

  private constructor(store: Store, path: string, noted: string) {
    this.#store = store;
    this.#path = path;
    this.#noted = noted;
  }

  /** True until `note`. mayBe: what is taken for true of one that does not say when it was started. */
  async isAnother(mayBe: boolean): Promise<boolean> {
    if (!this.#store.life) return false;
    this.#found = await this.#store.life();
    if (this.#found === undefined || this.#noted === '') return mayBe;
    return this.#found !== this.#noted;
  }

  /** The life that was found last is the one that is known now. */
  async note(): Promise<void> {
    if (this.#found === undefined || this.#found === this.#noted) return;
    this.#noted = this.#found;
    try {
      await writeFile(`${this.#path}.new`, this.#found, { flush: true });
      await rename(`${this.#path}.new`, this.#path);
    } catch {
      // The disk is full, say: after a restart the database is given more than it needs.
    }
  }
}
