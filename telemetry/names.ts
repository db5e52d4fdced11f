// The nearest valid name to one that is not: for every error that asks "did you mean …?".

/** The choice with the fewest letters changed; undefined when all are too far off to be meant. */
export function nearestChoice(name: string, choices: readonly string[]): string | undefined {
  const limit = Math.max(2, Math.floor(name.length / 2));
  let best: string | undefined;
  let fewest = limit + 1;
  for (const choice of choices) {
    const changes = isBeginning(name, choice) ? 1 : lettersChanged(name.toLowerCase(), choice.toLowerCase());
    if (changes < fewest) [best, fewest] = [choice, changes];
  }
  return best;
}

/** `speed` of `speedMps`. */
function isBeginning(name: string, choice: string): boolean {
  return name.length >= 3 && choice.toLowerCase().startsWith(name.toLowerCase());
}

/** Levenshtein distance, two rows. */
function lettersChanged(a: string, b: string): number {
  let above = Array.from({ length: b.length + 1 }, (_, column) => column);
  for (let row = 1; row <= a.length; row++) {
    const current = [row];
    for (let column = 1; column <= b.length; column++) {
      const replaced = above[column - 1]! + (a[row - 1] === b[column - 1] ? 0 : 1);
      current.push(Math.min(replaced, above[column]! + 1, current[column - 1]! + 1));
    }
    above = current;
  }
  return above[b.length]!;
}
