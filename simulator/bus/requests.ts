// What of a command makes sense for a bus as it stands: the order it becomes, or why not. Changes nothing.
import { nearestChoice } from '../../telemetry/names.ts';
import { show } from '../../telemetry/description.ts';
import { ADVICE_MAX_KMH } from './commands.ts';
import type {
  DeadheadOrder,
  EngineOffOrder,
  Heard,
  Order,
  ReassignOrder,
  ShortTurnOrder,
  SkipOrder,
  SpeedOrder,
} from './order.ts';
import type { LineNetwork } from './network.ts';
import type { Trip } from './schedule.ts';
import { counterpartOf, tripLike } from './short-turn.ts';
import { isHeld, notInService } from './state.ts';
import type { Bus } from './state.ts';

type Args = { readonly [name: string]: unknown };
/** What an order says; who asked, and what the driver makes of it, is added. */
type Said<O extends Order> = Omit<O, 'id' | 'read' | keyof Heard>;
/** Text: why not. */
export type Request<O extends Order> = Said<O> | string;

/** trips: of the line today; timeS: of day */
export function shortTurnOf(
  bus: Bus,
  { atStop }: Args,
  network: LineNetwork,
  trips: readonly Trip[],
  timeS: number,
): Request<ShortTurnOrder> {
  const { side } = bus;
  const idle = notInService(bus);
  if (idle !== undefined) return idle;
  const stop = stopAhead(bus, atStop, 'atStop');
  if (typeof stop === 'string') return stop;
  if (stop === side.lastStop) return `atStop must be before the terminal, got ${show(atStop)}`;
  const counterpart = counterpartOf(network, side, stop);
  if (counterpart === undefined) return `the opposite way has no stop within 300 m of ${show(atStop)}`;
  const like = tripLike(trips, counterpart.to, counterpart.toStop, timeS);
  if (like === undefined) return 'the opposite way is not served today';
  return { name: 'shortTurn', stop, ...counterpart, like };
}

export function skipOf(bus: Bus, { stops }: Args): Request<SkipOrder> {
  const idle = notInService(bus);
  if (idle !== undefined) return idle;
  if (typeof stops !== 'string' || stops === '') return `stops must be ids of stops with commas, got ${show(stops)}`;
  const found: number[] = [];
  for (const id of stops.split(',').map((text) => text.trim())) {
    const stop = stopAhead(bus, id, 'stops');
    if (typeof stop === 'string') return stop;
    if (stop === bus.side.lastStop) return `stops must be before the terminal, got ${show(id)}`;
    if (!found.includes(stop)) found.push(stop);
  }
  return { name: 'skip', stops: found.sort((a, b) => a - b), passed: 0 };
}

export function deadheadOf(bus: Bus, { toStop }: Args, network: LineNetwork): Request<DeadheadOrder> {
  const away = notAtTerminal(bus);
  if (away !== undefined) return away;
  if (bus.mode === 'depot') return 'the bus is in the depot, without a trip';
  const ways = network.sides.filter((_, way) => network.from[way] === bus.terminal);
  const ids = [...new Set(ways.flatMap(({ stopIds }) => stopIds.slice(1, -1)))];
  if (typeof toStop !== 'string' || !ids.includes(toStop)) return unknownOf('toStop', toStop, ids);
  return { name: 'deadhead', toStop };
}

export function speedAdviceOf(bus: Bus, { speedKmh }: Args): Request<SpeedOrder> {
  if (typeof speedKmh !== 'number' || !(speedKmh > 0) || speedKmh > ADVICE_MAX_KMH)
    return `speedKmh must be above 0, up to ${ADVICE_MAX_KMH}, got ${show(speedKmh)}`;
  if (bus.mode !== 'moving' && bus.mode !== 'atStop' && bus.mode !== 'empty') return 'the bus is not under way';
  return { name: 'speedAdvice', speedMps: speedKmh / 3.6 };
}

export function engineOffOf(bus: Bus, nowMs: number): Request<EngineOffOrder> {
  if (bus.mode !== 'layover' && !isHeld(bus, nowMs))
    return 'the bus is neither at its terminal with the engine on nor held';
  if (!bus.tank.engineOn) return 'the engine is off';
  return { name: 'engineOffAdvice' };
}

/** networks: of the city, by line. */
export function reassignOf(bus: Bus, { line }: Args, networks: readonly LineNetwork[]): Request<ReassignOrder> {
  const away = notAtTerminal(bus);
  if (away !== undefined) return away;
  const ids = networks.map(({ sides }) => sides[0]!.line.id);
  const lineIndex = typeof line === 'string' ? ids.indexOf(line) : -1;
  if (lineIndex === -1) return unknownOf('line', line, ids);
  if (lineIndex === bus.side.lineIndex) return `line must be another one, got its own ${show(line)}`;
  return { name: 'reassign', lineIndex };
}

function notAtTerminal({ mode, tank }: Bus): string | undefined {
  if (mode !== 'layover' && mode !== 'depot') return 'the bus is not at a terminal';
  return tank.mustCharge ? 'the bus has to charge first' : undefined;
}

/** @returns index of the stop; text: why not */
function stopAhead({ side, stop, mode }: Bus, id: unknown, arg: string): number | string {
  const first = mode === 'moving' ? stop : stop + 1;
  const found = side.stopIds.indexOf(id as string, first);
  return found === -1 ? unknownOf(arg, id, side.stopIds.slice(first)) : found;
}

function unknownOf(arg: string, got: unknown, choices: readonly string[]): string {
  const near = typeof got === 'string' ? nearestChoice(got, choices) : undefined;
  const few = choices.length === 0 ? 'none is left' : `expected one of ${choices.slice(0, 12).join(', ')}`;
  return `unknown ${arg} ${show(got)}, ${near === undefined ? few : `did you mean ${near}?`}`;
}
