// How a profile turns a plan into devices: who publishes, who subscribes to what, and how many deliveries each message owes. No sockets.
import type { Plan } from './plan.ts';

export type Role = 'publisher' | 'subscriber' | 'idle';

/** Publisher–subscriber pairs that are told apart; 4 bytes each. */
const MAX_PAIRS = 64_000_000;

/** The plan contradicts itself: nothing was sent. */
export class PlanError extends Error {}

/** @throws PlanError that names what does not go together */
export function checkPlan(plan: Plan): void {
  const { profile, publishers, subscribers, topic, schedule } = plan;
  if (profile === 'connect') return;
  if (publishers < 1) throw new PlanError(`profile ${profile} needs publishers, got ${publishers}`);
  if (needsSubscribers(plan) && subscribers < 1) throw new PlanError(`profile ${profile} needs subscribers, got 0`);
  if (profile === 'p2p' && !/%[ic]/.test(topic)) throw new PlanError(`p2p needs %i or %c in the topic, got ${topic}`);
  if (profile === 'persistent' && (plan.cleanSession || plan.qos === 0 || plan.subscribeQos === 0)) {
    throw new PlanError(
      'persistent needs sessions that are kept and QoS 1 or 2 on both sides: a broker queues nothing else',
    );
  }
  if (profile === 'retained' && publishers > 1 && !/%[ic]/.test(topic))
    throw new PlanError(`retained needs %i or %c in the topic, which retains one message only, got ${topic}`);
  if (profile === 'retained' && !plan.retain) throw new PlanError('retained needs retained messages, got retain false');
  if (profile === 'city' && schedule.kind !== 'spool')
    throw new PlanError(`city plays a spool, got a ${schedule.kind} one`);
  if (pairsOf(plan) > MAX_PAIRS) {
    throw new PlanError(`${publishers} publishers × ${subscribers} subscribers are more than ${MAX_PAIRS} pairs`);
  }
}

function needsSubscribers({ profile }: Plan): boolean {
  return profile !== 'publish' && profile !== 'city' && profile !== 'reconnect-storm' && profile !== 'connect';
}

export type Counts = Pick<Plan, 'profile' | 'publishers' | 'subscribers' | 'connections'>;

/** Of all parts together. */
export function countsOf(plan: Counts): { publishers: number; subscribers: number; connections: number } {
  const publishers = plan.profile === 'connect' ? 0 : plan.publishers;
  const subscribers = plan.profile === 'connect' ? 0 : plan.subscribers;
  return { publishers, subscribers, connections: Math.max(plan.connections, publishers + subscribers) };
}

/** Devices are numbered: publishers first, then subscribers, then those that only stay connected. */
export function roleOf(plan: Plan, device: number): Role {
  const { publishers, subscribers } = countsOf(plan);
  return device < publishers ? 'publisher' : device < publishers + subscribers ? 'subscriber' : 'idle';
}

export function clientIdOf(plan: Plan, device: number): string {
  return `${plan.clientPrefix}${device}`;
}

export function topicOf(plan: Plan, publisher: number): string {
  return expand(plan.topic, publisher, clientIdOf(plan, publisher));
}

/** `%i` and `%c` of a topic, user name or password. */
export function expand(pattern: string, index: number, clientId: string): string {
  return pattern.replaceAll('%i', String(index)).replaceAll('%c', clientId);
}

/** What a subscriber (0…subscribers − 1) asks for: in p2p one publisher's topic, otherwise every publisher's. */
export function filterOf(plan: Plan, subscriber: number): string {
  if (plan.profile === 'p2p') return topicOf(plan, subscriber % plan.publishers);
  const everybody = plan.topic
    .split('/')
    .map((level) => (/%[ic]/.test(level) ? '+' : level))
    .join('/');
  // A group of this run: two testers at one broker must not take each other's messages.
  return plan.profile === 'shared' ? `$share/${plan.clientPrefix}group/${everybody}` : everybody;
}

/** Deliveries that one message of a publisher owes. */
export function fanOutOf(plan: Plan, publisher: number): number {
  const { profile, publishers, subscribers } = plan;
  if (profile === 'shared') return Math.min(1, subscribers);
  if (profile !== 'p2p') return subscribers;
  return Math.floor(subscribers / publishers) + (publisher < subscribers % publishers ? 1 : 0);
}

/** Size of the audit: pairs whose order is told apart. In a shared group the members take turns, so they count as one. */
export function pairsOf(plan: Plan): number {
  const { profile, publishers, subscribers } = plan;
  if (profile === 'p2p') return subscribers;
  return profile === 'shared' ? publishers : publishers * subscribers;
}

export function pairOf(plan: Plan, publisher: number, subscriber: number): number {
  if (plan.profile === 'p2p') return subscriber;
  return plan.profile === 'shared' ? publisher : subscriber * plan.publishers + publisher;
}
