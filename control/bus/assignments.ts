// Which line runs under which policy, and the command that changes it.
import type { Command } from '../../telemetry/messages.ts';
import { nearestChoice } from '../../telemetry/names.ts';
import { POLICY_NAMES } from './policy.ts';
import type { PolicyName } from './policy.ts';

export class Assignments {
  #everywhere: PolicyName;
  readonly #byLine = new Map<string, PolicyName>();

  constructor(everywhere: PolicyName) {
    this.#everywhere = everywhere;
  }

  of(line: string): PolicyName {
    return this.#byLine.get(line) ?? this.#everywhere;
  }

  /** The one of all these lines; undefined when they differ. */
  common(lines: Iterable<string>): PolicyName | undefined {
    const names = new Set([...lines].map((line) => this.of(line)));
    if (names.size === 0) return this.#everywhere;
    return names.size === 1 ? [...names][0] : undefined;
  }

  /** setPolicy{policy, line?}; without a line it holds for all. @returns why not */
  obey({ name, args }: Command, lines: readonly string[]): string | undefined {
    if (name !== 'setPolicy') return `there is no command ${JSON.stringify(name)}, expected setPolicy`;
    const extra = Object.keys(args).find((key) => key !== 'policy' && key !== 'line');
    if (extra !== undefined) return `setPolicy takes policy and line, got ${JSON.stringify(extra)}`;
    const policy = POLICY_NAMES.find((known) => known === args.policy);
    if (policy === undefined) return unknown('policy', args.policy, POLICY_NAMES);
    const { line } = args;
    if (line === undefined) {
      this.#byLine.clear();
      this.#everywhere = policy;
      return undefined;
    }
    if (typeof line !== 'string' || !lines.includes(line)) return unknown('line', line, lines);
    this.#byLine.set(line, policy);
    return undefined;
  }
}

function unknown(what: string, got: unknown, choices: readonly string[]): string {
  const nearest = typeof got === 'string' ? nearestChoice(got, choices) : undefined;
  const known = choices.length === 0 ? 'none heard of yet' : choices.join(', ');
  const expected = nearest === undefined ? `expected one of: ${known}` : `did you mean ${nearest}?`;
  return `unknown ${what} ${got === undefined ? 'undefined' : JSON.stringify(got)}, ${expected}`;
}
