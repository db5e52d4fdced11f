// Durations as people write them: `90s`, `30m`, `1d 6h`, `1h30m`.

const UNITS_MS: { readonly [unit: string]: number } = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** ms; undefined when the text is no duration. Each unit at most once, numbers may have a fraction. */
export function durationMs(text: string): number | undefined {
  const parts = [...text.trim().matchAll(/(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)\s*/gy)];
  const length = parts.reduce((sum, [part]) => sum + part.length, 0);
  if (parts.length === 0 || length !== text.trim().length) return undefined;
  if (new Set(parts.map(([, , unit]) => unit)).size < parts.length) return undefined;
  return Math.round(parts.reduce((sum, [, number, unit]) => sum + Number(number) * UNITS_MS[unit!]!, 0));
}

/** `1d 6h`, to the second; `0s` for nothing. */
export function durationText(ms: number): string {
  let rest = Math.round(ms / 1000) * 1000;
  const parts: string[] = [];
  for (const unit of ['d', 'h', 'm', 's']) {
    const count = Math.floor(rest / UNITS_MS[unit]!);
    rest -= count * UNITS_MS[unit]!;
    if (count > 0) parts.push(`${count}${unit}`);
  }
  return parts.length === 0 ? '0s' : parts.slice(0, 2).join(' ');
}
