// What the value of a setting may be: parsers that the tables of options share. Each throws what commander shows with the flag and the value.
import { InvalidArgumentError } from 'commander';
import { durationMs } from '../simulator/duration.ts';

/** A setting as the command line, the environment and the config file know it. */
export interface OptionRow {
  readonly flags: string;
  readonly text: string;
  readonly default?: unknown;
  readonly parse?: (text: string, before: unknown) => unknown;
  readonly choices?: readonly string[];
}

export const numberIn = (min: number, max: number, whole: boolean) => (text: string) => {
  const value = Number(text);
  if (
    text.trim() === '' ||
    !Number.isFinite(value) ||
    value < min ||
    value > max ||
    (whole && !Number.isInteger(value))
  ) {
    throw new InvalidArgumentError(`expected ${whole ? 'a whole number' : 'a number'} from ${min} to ${max}`);
  }
  return value;
};

export function duration(text: string): string {
  if (durationMs(text) !== undefined) return text;
  throw new InvalidArgumentError('expected a duration such as 90s, 30m, 12h or 1d 6h');
}

export function url(...protocols: string[]) {
  return (text: string) => {
    const parsed = URL.canParse(text) ? new URL(text) : undefined;
    if (parsed === undefined || !protocols.includes(parsed.protocol)) {
      throw new InvalidArgumentError(
        `expected a URL that starts with ${protocols.map((protocol) => `${protocol}//`).join(' or ')}`,
      );
    }
    return text;
  };
}

/** Adds to those before: the flag may be repeated, one value may hold several with blanks between. */
export function assignments(text: string, before: unknown): string[] {
  return [...(before as readonly string[]), ...text.split(/\s+/).filter((word) => word !== '')];
}
