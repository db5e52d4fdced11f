// What a run can count at all, by its plan: what nobody could see is not nought but unknown. It knows no figures.
import type { Plan } from './plan.ts';

type Shape = Pick<Plan, 'profile' | 'subscribers' | 'qos'>;

/** Somebody hears what arrives, or at QoS 1 and 2 what is taken. */
export function tellsLoss(plan: Shape): boolean {
  return tellsArrival(plan) || plan.qos > 0;
}

/** How often a message arrived. */
export function tellsArrival({ profile, subscribers }: Shape): boolean {
  return profile !== 'connect' && subscribers > 0;
}

/**
 * In which order. Members of a shared group take turns, a topic retains one message, and a publisher of the city sends to many topics: MQTT
 * promises the order of one topic only (4.6).
 */
export function tellsOrder(plan: Shape): boolean {
  return tellsArrival(plan) && plan.profile !== 'shared' && plan.profile !== 'retained' && plan.profile !== 'city';
}
