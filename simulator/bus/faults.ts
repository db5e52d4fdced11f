// What a scenario may break on a bus beside the bus itself: its receiver, its passenger counter, its doors. None of them comes by itself, and
// only the doors change what the bus does.
import type { Happening, HappeningDescription, Reporter } from '../fleet.ts';
import { BREAKDOWN, befallBreakdown } from './breakdowns.ts';
import { SEATS } from './state.ts';
import type { Bus } from './state.ts';
import { TERMINAL_REBOOT } from './terminals.ts';
import type { Terminals } from './terminals.ts';

/** Lengths of a freeze, and what a counter misses of a crowd (engineering estimates). */
const FREEZE_S = { least: 30, most: 600, usual: 120 } as const;
const BIAS_PCT = { least: 5, most: 10, usual: 7.5 } as const;
/** Until the driver has freed a door (engineering estimate). */
const DOOR_S = 180;

export const HAPPENINGS: { readonly [name: string]: HappeningDescription } = {
  breakdown: BREAKDOWN,
  'gnss-freeze': {
    label: 'The position freezes',
    labels: { zh: '定位卡死' },
    args: argsOf({
      durationS: {
        type: 'integer',
        title: 'Duration, s',
        minimum: FREEZE_S.least,
        maximum: FREEZE_S.most,
        default: FREEZE_S.usual,
      },
    }),
  },
  'counter-bias': {
    label: 'The passenger counter misses some of a crowd',
    labels: { zh: '客流计数偏低' },
    args: argsOf({
      biasPct: {
        type: 'number',
        title: 'Share that is missed, %',
        minimum: BIAS_PCT.least,
        maximum: BIAS_PCT.most,
        default: BIAS_PCT.usual,
      },
    }),
  },
  'door-stuck': {
    label: 'The doors do not close',
    labels: { zh: '车门卡滞' },
    args: argsOf({
      repairS: { type: 'integer', title: 'Freed after, s', minimum: 1, maximum: 3600, default: DOOR_S },
    }),
  },
  'terminal-reboot': TERMINAL_REBOOT,
};

export function befall(bus: Bus, happening: Happening, terminals: Terminals, nowMs: number, report: Reporter): void {
  const { name, args, untilMs } = happening;
  const { durationS = FREEZE_S.usual, biasPct = BIAS_PCT.usual, repairS = DOOR_S } = args as { [arg: string]: number };
  const lasts = (seconds: number) => (untilMs < Infinity ? untilMs : nowMs + 1000 * seconds);
  if (name === 'breakdown') befallBreakdown(bus, happening, nowMs, report);
  else if (name === 'terminal-reboot') terminals.reboot(bus.index, nowMs, happening);
  else if (name === 'gnss-freeze') bus.frozenUntilMs = Math.max(bus.frozenUntilMs, lasts(durationS));
  else if (name === 'counter-bias') {
    bus.biasShare = biasPct / 100;
    bus.biasUntilMs = untilMs;
  } else if (bus.doorStuckUntilMs === undefined) bus.doorStuckS = (lasts(repairS) - nowMs) / 1000;
}

/** What the counter at the doors says of so many people. */
export function counted({ load, biasUntilMs, biasShare }: Bus, people: number, nowMs: number): number {
  return nowMs < biasUntilMs && load > SEATS ? Math.round(people * (1 - biasShare)) : people;
}

/** When the doors should close: whether they do. A door that is stuck keeps the bus until it is freed. */
export function doorsClose(bus: Bus, nowMs: number, report: Reporter): boolean {
  if (bus.doorStuckS !== undefined) {
    bus.doorStuckUntilMs = nowMs + 1000 * bus.doorStuckS;
    bus.doorStuckS = undefined;
    bus.readyMs = bus.doorStuckUntilMs;
    reportDoor(bus, 'raised', nowMs, report);
    return false;
  }
  if (bus.doorStuckUntilMs === undefined) return true;
  bus.doorStuckUntilMs = undefined;
  reportDoor(bus, 'cleared', nowMs, report);
  return true;
}

function reportDoor(bus: Bus, state: 'raised' | 'cleared', nowMs: number, report: Reporter): void {
  report.event(bus.index, nowMs, 'doorStuck', state, { line: bus.side.line.id, nextStop: bus.side.stopIds[bus.stop]! });
}

function argsOf(properties: { readonly [name: string]: unknown }): { readonly [keyword: string]: unknown } {
  return { type: 'object', properties, additionalProperties: false };
}
