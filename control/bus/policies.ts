// All policies by name, and what may be set about each.
import type { Policy, PolicyName } from './policy.ts';
import { FORWARD_HEADWAY, forwardHeadway } from './policies/forward-headway.ts';
import type { ForwardHeadway } from './policies/forward-headway.ts';
import { timetable } from './policies/timetable.ts';

/** What is left out has the default of the policy's file, which is the law as published. */
export interface PolicyParameters {
  readonly 'forward-headway'?: Partial<ForwardHeadway>;
}

export function createPolicy(name: PolicyName, parameters: PolicyParameters): Policy {
  switch (name) {
    case 'forward-headway':
      return forwardHeadway({ ...FORWARD_HEADWAY, ...parameters[name] });
    default:
      return timetable();
  }
}
