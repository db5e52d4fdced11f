// All policies by name, and what may be set about each.
import type { Forecast } from './forecast.ts';
import { FREQUENCY } from './frequency.ts';
import type { Policy, PolicyName } from './policy.ts';
import { DEADHEAD, deadhead } from './policies/deadhead.ts';
import type { Deadhead } from './policies/deadhead.ts';
import { FORWARD_HEADWAY, forwardHeadway } from './policies/forward-headway.ts';
import type { ForwardHeadway } from './policies/forward-headway.ts';
import { frequencySetting } from './policies/frequency-setting.ts';
import type { FrequencySetting } from './policies/frequency-setting.ts';
import { SCHEDULE, schedule } from './policies/schedule.ts';
import type { Schedule } from './policies/schedule.ts';
import { SELF_EQUALIZING, selfEqualizing } from './policies/self-equalizing.ts';
import type { SelfEqualizing } from './policies/self-equalizing.ts';
import { SHORT_TURN, shortTurn } from './policies/short-turn.ts';
import type { ShortTurn } from './policies/short-turn.ts';
import { SIGNAL_PRIORITY, signalPriority } from './policies/signal-priority.ts';
import type { SignalPriority } from './policies/signal-priority.ts';
import { timetable } from './policies/timetable.ts';
import { TWO_WAY_HEADWAY, twoWayHeadway } from './policies/two-way-headway.ts';
import type { TwoWayHeadway } from './policies/two-way-headway.ts';

/** What is left out has the default of the policy's file, which is the law as published. */
export interface PolicyParameters {
  readonly schedule?: Partial<Schedule>;
  readonly 'forward-headway'?: Partial<ForwardHeadway>;
  readonly 'two-way-headway'?: Partial<TwoWayHeadway>;
  readonly 'self-equalizing'?: Partial<SelfEqualizing>;
  readonly 'short-turn'?: Partial<ShortTurn>;
  readonly deadhead?: Partial<Deadhead>;
  readonly 'frequency-setting'?: Partial<FrequencySetting>;
  readonly 'signal-priority'?: Partial<SignalPriority>;
}

/** Buses change lines this seldom, s. */
const REASSIGN_REST_S = 900;

type Create = (set: PolicyParameters, forecast: Forecast) => Policy;

const CREATE: { readonly [name in PolicyName]: Create } = {
  timetable: () => timetable(),
  schedule: (set) => schedule({ ...SCHEDULE, ...set.schedule }),
  'forward-headway': (set) => forwardHeadway({ ...FORWARD_HEADWAY, ...set['forward-headway'] }),
  'two-way-headway': (set, forecast) => twoWayHeadway({ ...TWO_WAY_HEADWAY, ...set['two-way-headway'] }, forecast),
  'self-equalizing': (set, forecast) => selfEqualizing({ ...SELF_EQUALIZING, ...set['self-equalizing'] }, forecast),
  'short-turn': (set) => shortTurn({ ...SHORT_TURN, ...set['short-turn'] }),
  deadhead: (set) => deadhead({ ...DEADHEAD, ...set.deadhead }),
  'frequency-setting': (set) => frequencySetting({ ...FREQUENCY, restS: REASSIGN_REST_S, ...set['frequency-setting'] }),
  'signal-priority': (set) => signalPriority({ ...SIGNAL_PRIORITY, ...set['signal-priority'] }),
};

export function createPolicy(name: PolicyName, set: PolicyParameters, forecast: Forecast): Policy {
  return CREATE[name](set, forecast);
}
