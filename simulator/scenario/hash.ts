// The fingerprint of a scenario: the same for the same content, however it is written.
import { createHash } from 'node:crypto';
import type { Scenario } from '../scenario.ts';

/** 16 hex digits over everything but `hash`, title and description; neither the order of keys nor the language of the file matter. */
export function scenarioHash(scenario: Omit<Scenario, 'hash'>): string {
  const { title: _title, description: _description, hash: _hash, ...content } = scenario as Scenario;
  return createHash('sha256').update(canonical(content)).digest('hex').slice(0, 16);
}

/** JSON with sorted keys; Infinity, which JSON does not know, as text. */
function canonical(value: unknown): string {
  return JSON.stringify(value, (_key, part: unknown) => {
    if (part === Infinity) return 'Infinity';
    if (typeof part !== 'object' || part === null || Array.isArray(part)) return part;
    return Object.fromEntries(Object.entries(part).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}
