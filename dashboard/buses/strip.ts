// The headway strip: time to the right, distance along the line downwards. What stands where, and what is under the pointer; strip-drawing.ts
// puts it on a canvas.
import type { Run } from './crossings.ts';
import type { Side } from './state.ts';

export interface StripContent {
  readonly side: Side;
  /** The other way is drawn upside down, so that a place is at the same height in both. */
  readonly mirrored: boolean;
  readonly fromMs: number;
  readonly toMs: number;
  readonly utcOffsetMin: number;
  /** Planned headway, s; undefined: nothing is close or far. */
  readonly targetS: number | undefined;
  readonly marks: readonly StripMark[];
  readonly switches: readonly { readonly ts: number; readonly name: string }[];
  readonly selectedBus: string | undefined;
  readonly hovered: Run | undefined;
  readonly dotColour: (bus: string) => string;
  readonly busName: (bus: string) => string;
  readonly formatTime: (ms: number) => string;
}

/** Something that was done or happened at a place of the line. */
export interface StripMark {
  readonly ts: number;
  readonly alongM: number;
  readonly sort: 'held' | 'steered' | 'breakdown';
  /** Of a hold. */
  readonly durationS: number;
}

export interface StripLayout {
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
  readonly x: (ms: number) => number;
  readonly y: (alongM: number) => number;
}

export const TOP_PX = 16;
const AXIS_PX = 20;
/** Room for the name of a bus at the end of its line. */
const NAME_PX = 40;
const REACH_PX = 14;
/** A bus that was heard longer ago than this is not under way, ms. */
const TRIP_OPEN_MS = 240_000;

export function layoutOf(width: number, height: number, { side, mirrored, fromMs, toMs }: StripContent): StripLayout {
  const left = Math.round(Math.min(138, Math.max(64, 0.27 * width)));
  const [right, top, bottom] = [width - NAME_PX, TOP_PX, height - AXIS_PX];
  const lengthM = Math.max(1, side.stops.at(-1)?.alongM ?? 1);
  const x = (ms: number): number => left + ((ms - fromMs) / (toMs - fromMs)) * (right - left);
  const y = (alongM: number): number => {
    const share = Math.min(1, Math.max(0, alongM / lengthM));
    return top + 4 + (mirrored ? 1 - share : share) * (bottom - top - 8);
  };
  return { left, right, top, bottom, x, y };
}

/** `Canal Road / First Street`, `Canal Road / Second Street` → `Canal Road / First Street`, `/ Second Street`: what differs has room. */
export function crossNames(names: readonly string[]): string[] {
  const roadOf = (name: string | undefined) => name?.split(' / ')[0];
  return names.map((name, index) => {
    const [road, cross] = name.split(' / ');
    return cross !== undefined && index > 0 && road === roadOf(names[index - 1]) ? `/ ${cross}` : name;
  });
}

/** Trips under way: seen lately and not yet at the last stop. */
export function runsNow({ side, toMs }: Pick<StripContent, 'side' | 'toMs'>): Run[] {
  const endM = (side.stops.at(-1)?.alongM ?? 0) - 5;
  return side.runs.filter(
    ({ trace }) => trace.ts.length > 0 && toMs - trace.ts.at(-1)! < TRIP_OPEN_MS && trace.alongM.at(-1)! < endM,
  );
}

/** The run drawn nearest to a point of the canvas, within reach. */
export function runAt(content: StripContent, layout: StripLayout, px: number, py: number): Run | undefined {
  let best = REACH_PX;
  let found: Run | undefined;
  for (const run of content.side.runs) {
    const { ts, alongM } = run.trace;
    for (let at = 0; at < ts.length; at++) {
      const from = Math.max(0, at - 1);
      const distance = toSegment(
        px,
        py,
        [layout.x(ts[from]!), layout.y(alongM[from]!)],
        [layout.x(ts[at]!), layout.y(alongM[at]!)],
      );
      if (distance < best) [best, found] = [distance, run];
    }
  }
  return found;
}

type Px = readonly [x: number, y: number];

function toSegment(px: number, py: number, [ax, ay]: Px, [bx, by]: Px): number {
  const [dx, dy] = [bx - ax, by - ay];
  const share = Math.min(1, Math.max(0, ((px - ax) * dx + (py - ay) * dy) / (dx * dx + dy * dy || 1)));
  return Math.hypot(px - ax - share * dx, py - ay - share * dy);
}
