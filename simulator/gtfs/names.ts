// Names of a feed as names of ours: letters that topics and addresses can carry, each one once.

/** Longest name of a device; a suffix fits behind what is cut. */
const LONGEST = 64;
const SUFFIX_LENGTH = 6;

/** Gives every name once; a second one gets `-2`. */
export class UniqueNames {
  readonly #taken = new Set<string>();

  /** The first wish that has any letters left, then whatever `otherwise` says. */
  give(wishes: readonly string[], otherwise: string): string {
    const base = wishes.map(safeName).find((name) => name !== '') ?? otherwise;
    let name = base;
    for (let n = 2; this.#taken.has(name); n++) name = `${base.slice(0, LONGEST - SUFFIX_LENGTH)}-${n}`;
    this.#taken.add(name);
    return name;
  }
}

/** `Ö 12/b` → `O-12-b`; '' when no letter is left. */
export function safeName(text: string): string {
  return text
    .normalize('NFKD')
    .replaceAll(/\p{M}/gu, '')
    .replaceAll(/[^A-Za-z0-9_.:-]+/g, '-')
    .replaceAll(/^-+|-+$/g, '')
    .slice(0, LONGEST);
}

/** `Vilniaus viešasis transportas` → `vilniaus-viesasis-transportas`: what a city is called in topics; '' when no letter is left. */
export function cityName(text: string): string {
  return safeName(text.toLowerCase())
    .replaceAll(/[^a-z0-9-]+/g, '-')
    .replaceAll(/-{2,}/g, '-')
    .replaceAll(/^-+|-+$/g, '');
}
