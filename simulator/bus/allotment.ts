// Which line a bus belongs to: lines get buses one by one, in proportion to what they need, so that a larger fleet moves no bus.

/** needed: buses a line, ≥ 0. @returns the line of each bus; by highest average (Sainte-Laguë), so equal needs take turns */
export function linesOfBuses(count: number, needed: readonly number[]): number[] {
  const has = needed.map(() => 0);
  return Array.from({ length: count }, () => {
    let line = 0;
    for (let other = 1; other < needed.length; other++) {
      if (needed[other]! / (2 * has[other]! + 1) > needed[line]! / (2 * has[line]! + 1)) line = other;
    }
    has[line]!++;
    return line;
  });
}
