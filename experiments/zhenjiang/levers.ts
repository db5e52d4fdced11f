// What a dispatch centre and the telematics on its buses can do about fuel, one lever at a time. A lever is a mechanism that is switched on;
// what it saves comes out of the day.

export const LEVERS = {
  frequency: 'timetable by counted demand',
  deadheads: 'shorter empty runs, buses change lines',
  idling: 'engine off after 3 min of rest',
  driving: 'eco-driving feedback',
  priority: 'green lights for late buses on trunk lines',
  holding: 'headway holding',
} as const;
export type Lever = keyof typeof LEVERS;

interface ZhenjiangArm {
  readonly name: string;
  readonly label: string;
  readonly levers: readonly Lever[];
}

const ALL = Object.keys(LEVERS) as Lever[];

export const ARMS: readonly ZhenjiangArm[] = [
  { name: 'base', label: 'base: no centre', levers: [] },
  ...ALL.map((lever, index) => ({ name: `l${index + 1}`, label: `L${index + 1}: ${LEVERS[lever]}`, levers: [lever] })),
  { name: 'dispatch-only', label: 'L1 + L2: dispatch alone', levers: ['frequency', 'deadheads'] },
  { name: 'all', label: 'all six', levers: ALL },
];

/** @throws Error when there is no such arm */
export function leversOf(arm: string): readonly Lever[] {
  const found = ARMS.find(({ name }) => name === arm);
  if (found === undefined) throw new Error(`no such arm of bus-dispatch-zhenjiang: ${arm}`);
  return found.levers;
}
