// Takes over data from outside (JSON, a TypeScript file, an HTTP body): a deep copy that holds nothing but plain objects, arrays, texts,
// finite numbers and booleans. What is not plain is reported and left out.
import type { Path } from './problems.ts';

/** Deeper than any scenario needs; also ends cycles. */
export const MAX_DEPTH = 20;
/** Keys that reach into JavaScript's own objects, and YAML's merge key, which would hide where a value comes from. */
const REFUSED_KEYS = new Set(['__proto__', 'constructor', 'prototype', '<<']);

export type Report = (path: Path, message: string) => void;

/** Why a key may not be used, or undefined. */
export function keyProblem(key: string): string | undefined {
  return REFUSED_KEYS.has(key) ? `the key ${key} is not allowed` : undefined;
}

/** undefined members are left out, as JSON does. */
export function plainCopy(value: unknown, report: Report, path: Path = []): unknown {
  if (typeof value === 'string' || typeof value === 'boolean' || value === null) return value;
  if (typeof value === 'number') {
    if (!Number.isFinite(value)) report(path, `expected a finite number, got ${value}`);
    return value;
  }
  if (typeof value !== 'object') {
    report(path, `expected plain data, got a ${typeof value}`);
    return null;
  }
  if (path.length >= MAX_DEPTH) {
    report(path, `nested deeper than ${MAX_DEPTH} levels`);
    return null;
  }
  if (Array.isArray(value)) return value.map((part, index) => plainCopy(part, report, [...path, index]));
  const prototype: unknown = Object.getPrototypeOf(value);
  if (prototype !== Object.prototype && prototype !== null) {
    report(path, 'expected plain data, got an instance of a class');
    return null;
  }
  const copy: { [key: string]: unknown } = {};
  for (const [key, part] of Object.entries(value)) {
    const problem = keyProblem(key);
    if (problem !== undefined) report([...path, key], problem);
    else if (part !== undefined) copy[key] = plainCopy(part, report, [...path, key]);
  }
  return copy;
}
