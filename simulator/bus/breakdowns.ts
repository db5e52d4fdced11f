// Breakdowns: by themselves after a distance, or because something befalls the bus. It stands where it is, with everybody on board, until
// it is repaired. No towing, no replacement bus.
import type { Happening, HappeningDescription, Reporter } from '../fleet.ts';
import type { Random } from '../random.ts';
import { DRAW } from './draws.ts';
import type { Bus } from './state.ts';
import { helpFlat, isFlat } from './tank.ts';

/** Service vehicle distance between breakdowns, m. */
const MEAN_M = 10_000_000;
/** Repaired on the spot, s (engineering estimate). */
const REPAIR_S = 2_700;

export const BREAKDOWN: HappeningDescription = {
  label: 'The bus breaks down',
  labels: { zh: '车辆故障' },
  args: {
    type: 'object',
    properties: {
      repairS: { type: 'integer', title: 'Repaired after, s', minimum: 1, maximum: 86_400, default: REPAIR_S },
    },
    additionalProperties: false,
  },
};

/** Sets the distance to the next breakdown; to be called at birth and after each. */
export function planBreakdown(bus: Bus, random: Random): void {
  bus.nextBreakdownM = bus.odometerM + random.exponential(MEAN_M, bus.index, DRAW.breakdown, bus.breakdowns);
}

/** Breaks a bus down that has come its distance, or whose battery is flat. */
export function wearOut(bus: Bus, nowMs: number, report: Reporter): void {
  if (bus.odometerM >= bus.nextBreakdownM || isFlat(bus.tank)) breakDown(bus, nowMs + 1000 * REPAIR_S, nowMs, report);
}

/** Ends with the happening, or after `repairS` when that has no end. A bus that is broken stays so until the later of both. */
export function befallBreakdown(bus: Bus, { args, untilMs }: Happening, nowMs: number, report: Reporter): void {
  const { repairS = REPAIR_S } = args as { readonly repairS?: number };
  breakDown(bus, untilMs < Infinity ? untilMs : nowMs + 1000 * repairS, nowMs, report);
}

export function repairWhenDue(bus: Bus, random: Random, nowMs: number, report: Reporter): void {
  if (bus.brokenUntilMs === undefined || nowMs < bus.brokenUntilMs) return;
  bus.brokenUntilMs = undefined;
  helpFlat(bus.tank);
  if (bus.odometerM >= bus.nextBreakdownM) {
    bus.breakdowns++;
    planBreakdown(bus, random);
  }
  reportBreakdown(bus, 'cleared', nowMs, report);
}

function breakDown(bus: Bus, untilMs: number, nowMs: number, report: Reporter): void {
  const wasBroken = bus.brokenUntilMs !== undefined;
  bus.brokenUntilMs = Math.max(untilMs, bus.brokenUntilMs ?? 0);
  if (!wasBroken) reportBreakdown(bus, 'raised', nowMs, report);
}

function reportBreakdown(bus: Bus, state: 'raised' | 'cleared', nowMs: number, report: Reporter): void {
  const { side, load, odometerM } = bus;
  report.event(bus.index, nowMs, 'breakdown', state, { line: side.line.id, load, odometerM });
}
