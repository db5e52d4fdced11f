// The orders that a bus has not answered for: at most one of a name, a newer one takes the place of the older.
import type { Reporter } from '../fleet.ts';
import type { Order } from './order.ts';
import type { Bus } from './state.ts';

export function orderOf<N extends Order['name']>(bus: Bus, name: N): Extract<Order, { name: N }> | undefined {
  if (bus.orders.length === 0) return undefined;
  return bus.orders.find((order): order is Extract<Order, { name: N }> => order.name === name);
}

export function putOrder(bus: Bus, order: Order, nowMs: number, report: Reporter): void {
  const older = orderOf(bus, order.name);
  if (older !== undefined) closeOrder(bus, older, nowMs, report, 'expired', `replaced by a newer ${order.name}`);
  bus.orders.push(order);
}

/** Answers an order for good. */
export function closeOrder(
  bus: Bus,
  order: Order,
  nowMs: number,
  report: Reporter,
  state: 'done' | 'expired',
  reason?: string,
): void {
  bus.orders.splice(bus.orders.indexOf(order), 1);
  report.ack(bus.index, nowMs, order.id, state, reason);
}
