// Draws the headway strip on a canvas: stops, times, a polyline for each trip, what is bunched between them, and what was done about it.
import { BUNCHED, GAP } from '../../telemetry/headways.ts';
import { timeTicks } from '../chart/series.ts';
import type { Run } from './crossings.ts';
import { TOP_PX, crossNames, runsNow, type StripContent, type StripLayout } from './strip.ts';

const LABEL_PX = 12;
const FONT_PX = 11;
/** The time at the right end keeps others this far away. */
const NOW_PX = 38;
const HALF_TIME_PX = 8;

export interface StripColours {
  readonly text: string;
  readonly quiet: string;
  readonly line: string;
  readonly ground: string;
  readonly accent: string;
  readonly bad: string;
  readonly watch: string;
}

export function drawStrip(
  pen: CanvasRenderingContext2D,
  content: StripContent,
  layout: StripLayout,
  colours: StripColours,
): void {
  const font = pen.canvas === undefined ? 'sans-serif' : getComputedStyle(pen.canvas).fontFamily;
  pen.font = `${FONT_PX}px ${font}`;
  pen.textBaseline = 'middle';
  drawStops(pen, content, layout, colours);
  drawTimes(pen, content, layout, colours);
  pen.save();
  pen.beginPath();
  pen.rect(layout.left, 0, layout.right - layout.left + 1, layout.bottom + 2);
  pen.clip();
  drawWedges(pen, content, layout, colours);
  for (const run of content.side.runs) drawTrace(pen, run, content, layout, colours);
  drawMarks(pen, content, layout, colours);
  drawSwitches(pen, content, layout, colours);
  pen.restore();
  drawEnds(pen, content, layout, colours);
}

function drawStops(
  pen: CanvasRenderingContext2D,
  { side }: StripContent,
  { left, right, y }: StripLayout,
  colours: StripColours,
): void {
  const ends = [0, side.stops.length - 1];
  pen.fillStyle = colours.line;
  for (const { alongM } of side.stops) pen.fillRect(left, y(alongM) - 0.5, right - left, 1);
  const labelled = withRoom(side.stops.map(({ alongM }) => y(alongM)));
  const names = crossNames(labelled.map((index) => side.stops[index]!.label));
  pen.textAlign = 'right';
  labelled.forEach((index, rank) => {
    const at = y(side.stops[index]!.alongM);
    const isEnd = ends.includes(index);
    pen.fillStyle = colours.line;
    pen.fillRect(left - 4, at - 0.5, 4, 1);
    pen.fillStyle = isEnd ? colours.text : colours.quiet;
    pen.fillText(shortened(pen, isEnd ? side.stops[index]!.label : names[rank]!, left - 14), left - 8, at);
  });
  pen.textAlign = 'left';
}

/** Which stops can be labelled: the ends always, others where there is room; from top to bottom. */
function withRoom(heights: readonly number[]): number[] {
  const chosen: number[] = [];
  for (const index of [0, heights.length - 1, ...heights.keys()]) {
    const at = heights[index];
    if (at === undefined || chosen.some((other) => Math.abs(heights[other]! - at) < LABEL_PX)) continue;
    chosen.push(index);
  }
  return chosen.sort((a, b) => heights[a]! - heights[b]!);
}

const widths = new Map<string, string>();

function abbreviated(name: string): string {
  return name.replaceAll(/\b(Road|Street|Avenue|Lane)\b/g, (word) => SHORT[word]!);
}
const SHORT: { readonly [word: string]: string } = { Road: 'Rd', Street: 'St', Avenue: 'Ave', Lane: 'Ln' };

/** The name as far as it has room. */
function shortened(pen: CanvasRenderingContext2D, name: string, roomPx: number): string {
  const key = `${name} ${Math.round(roomPx)}`;
  let text = widths.get(key);
  if (text !== undefined) return text;
  text = pen.measureText(name).width > roomPx ? abbreviated(name) : name;
  while (text.length > 1 && pen.measureText(text).width > roomPx)
    text = `${text.slice(0, text.endsWith('…') ? -2 : -1).trimEnd()}…`;
  widths.set(key, text);
  return text;
}

function drawTimes(
  pen: CanvasRenderingContext2D,
  { fromMs, toMs, utcOffsetMin, formatTime }: StripContent,
  { left, right, top, bottom, x }: StripLayout,
  colours: StripColours,
): void {
  pen.fillStyle = colours.line;
  pen.fillRect(left, bottom, right - left, 1);
  pen.textAlign = 'center';
  for (const tick of timeTicks(fromMs, toMs, utcOffsetMin, 6)) {
    pen.fillStyle = colours.line;
    pen.globalAlpha = 0.7;
    pen.fillRect(x(tick) - 0.5, top, 1, bottom - top + 4);
    pen.globalAlpha = 1;
    if (x(tick) < left + HALF_TIME_PX || x(tick) > right - NOW_PX) continue;
    pen.fillStyle = colours.quiet;
    pen.fillText(formatTime(tick), x(tick), bottom + 11);
  }
  pen.textAlign = 'left';
  pen.fillStyle = colours.text;
  pen.fillText(formatTime(toMs), right - 6, bottom + 11);
  pen.fillStyle = colours.quiet;
  pen.fillRect(right - 0.5, top, 1, bottom - top + 4);
}

/** Between a bus and its leader: red where it is bunched, faint where the gap is wide. */
function drawWedges(
  pen: CanvasRenderingContext2D,
  { side, targetS }: StripContent,
  { x, y }: StripLayout,
  colours: StripColours,
): void {
  if (targetS === undefined) return;
  const { runs, stops } = side;
  for (const run of runs) {
    for (let place = 0; place + 1 < stops.length; place++) {
      const ratio = run.headwayS[place + 1]! / targetS;
      const ahead = runs[run.leader[place + 1]!];
      if (ahead === undefined || run.leader[place] !== run.leader[place + 1] || (ratio >= BUNCHED && ratio <= GAP))
        continue;
      const corners: [Run, number][] = [
        [ahead, place],
        [ahead, place + 1],
        [run, place + 1],
        [run, place],
      ];
      pen.beginPath();
      for (const [of, at] of corners) pen.lineTo(x(of.leftMs[at]!), y(stops[at]!.alongM));
      pen.closePath();
      pen.globalAlpha = ratio < BUNCHED ? 0.4 : 0.09;
      pen.fillStyle = ratio < BUNCHED ? colours.bad : colours.watch;
      pen.fill();
    }
  }
  pen.globalAlpha = 1;
}

function drawTrace(
  pen: CanvasRenderingContext2D,
  run: Run,
  { side, selectedBus, hovered, targetS }: StripContent,
  { x, y }: StripLayout,
  colours: StripColours,
): void {
  const { ts, alongM, bus } = run.trace;
  const chosen = bus === selectedBus;
  const pointed = hovered?.trace.trip === run.trace.trip && hovered.trace.bus === bus;
  pen.beginPath();
  ts.forEach((time, index) => pen.lineTo(x(time), y(alongM[index]!)));
  pen.lineJoin = 'round';
  pen.strokeStyle = chosen ? colours.accent : colours.text;
  pen.globalAlpha = chosen || pointed ? 1 : 0.62;
  pen.lineWidth = chosen ? 2.6 : pointed ? 2.2 : 1.3;
  pen.stroke();
  pen.globalAlpha = 1;
  if (targetS === undefined) return;
  pen.strokeStyle = colours.bad;
  pen.lineWidth = 2.2;
  for (let place = 0; place + 1 < side.stops.length; place++) {
    if (!(run.headwayS[place + 1]! / targetS < BUNCHED)) continue;
    pen.beginPath();
    pen.moveTo(x(run.leftMs[place]!), y(side.stops[place]!.alongM));
    pen.lineTo(x(run.leftMs[place + 1]!), y(side.stops[place + 1]!.alongM));
    pen.stroke();
  }
}

function drawMarks(
  pen: CanvasRenderingContext2D,
  { marks }: StripContent,
  { x, y }: StripLayout,
  colours: StripColours,
): void {
  for (const { ts, alongM, sort, durationS } of marks) {
    const [px, py] = [x(ts), y(alongM)];
    if (sort === 'held') {
      const widthPx = Math.max(5, x(ts + durationS * 1000) - px);
      pen.fillStyle = colours.accent;
      pen.strokeStyle = colours.ground;
      pen.lineWidth = 1;
      pen.beginPath();
      pen.roundRect(px, py - 2.5, widthPx, 5, 2);
      pen.fill();
      pen.stroke();
    } else if (sort === 'steered') {
      pen.fillStyle = colours.accent;
      pen.beginPath();
      pen.moveTo(px, py - 5);
      pen.lineTo(px + 5, py);
      pen.lineTo(px, py + 5);
      pen.lineTo(px - 5, py);
      pen.fill();
    } else {
      pen.strokeStyle = colours.bad;
      pen.lineWidth = 2.4;
      pen.beginPath();
      pen.moveTo(px - 4, py - 4);
      pen.lineTo(px + 4, py + 4);
      pen.moveTo(px + 4, py - 4);
      pen.lineTo(px - 4, py + 4);
      pen.stroke();
    }
  }
}

function drawSwitches(
  pen: CanvasRenderingContext2D,
  { switches, fromMs }: StripContent,
  { x, top, bottom, right }: StripLayout,
  colours: StripColours,
): void {
  for (const { ts, name } of switches) {
    if (ts < fromMs) continue;
    const at = x(ts);
    pen.strokeStyle = colours.accent;
    pen.lineWidth = 1.5;
    pen.setLineDash([4, 3]);
    pen.beginPath();
    pen.moveTo(at, top - 4);
    pen.lineTo(at, bottom);
    pen.stroke();
    pen.setLineDash([]);
    const widthPx = pen.measureText(name).width;
    const from = Math.min(at, right - widthPx - 10);
    pen.fillStyle = colours.ground;
    pen.fillRect(from, 0, widthPx + 10, TOP_PX - 1);
    pen.fillStyle = colours.accent;
    pen.fillText(name, from + 5, TOP_PX / 2);
  }
}

/** The buses under way now, by name where there is room. */
function drawEnds(
  pen: CanvasRenderingContext2D,
  content: StripContent,
  layout: StripLayout,
  colours: StripColours,
): void {
  const { right, x, y } = layout;
  const named: number[] = [];
  for (const { trace } of runsNow(content)) {
    const at = y(trace.alongM.at(-1)!);
    const px = Math.min(right, x(trace.ts.at(-1)!));
    const chosen = trace.bus === content.selectedBus;
    pen.beginPath();
    pen.arc(px, at, chosen ? 5.5 : 4, 0, 2 * Math.PI);
    pen.fillStyle = content.dotColour(trace.bus);
    pen.fill();
    pen.strokeStyle = chosen ? colours.accent : colours.ground;
    pen.lineWidth = chosen ? 2.5 : 1.2;
    pen.stroke();
    if (named.some((other) => Math.abs(other - at) < LABEL_PX - 1)) continue;
    named.push(at);
    pen.fillStyle = chosen ? colours.text : colours.quiet;
    pen.fillText(content.busName(trace.bus), right + 9, at);
  }
}
