// The bottom strip: records per second as a thin area, events and alarms as marks, since this page was opened. It looks back only.
import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { signal } from '@preact/signals';
import { alarms, clock, events, language, rates, theme, timeOf, type RatePoint } from '../session.ts';
import { formatClock, formatNumber } from '../text/format.ts';
import { t } from '../i18n/text.ts';
import { Icon } from './icons.tsx';

const WINDOW_MS = 10 * 60_000;
const LEAST_WINDOW_MS = 60_000;
const TOP_PX = 16;
const BASE_PX = 18;
/** Seconds that are averaged into the line. */
const SMOOTH_S = 5;
export const stripOpen = signal(!matchMedia('(max-width: 720px)').matches);

export function TimeStrip(): JSX.Element {
  const canvas = useRef<HTMLCanvasElement>(null);
  const open = stripOpen.value;
  useEffect(() => {
    if (open && canvas.current !== null) draw(canvas.current);
  }, [open, rates.value, events.value, alarms.value, theme.value, language.value]);
  const now = smoothed(rates.value).at(-1)?.perS;
  const name = `${t('messageRate')}: ${now === undefined ? '–' : formatNumber(now, language.value)}`;
  return (
    <section class={open ? 'strip' : 'strip strip-closed'} aria-label={t('timeline')}>
      <button type="button" class="plain strip-toggle" aria-expanded={open} onClick={() => (stripOpen.value = !open)}>
        <Icon name={open ? 'down' : 'up'} size={16} />
        <span>{name}</span>
      </button>
      {open && <canvas ref={canvas} role="img" aria-label={name} />}
    </section>
  );
}

function smoothed(points: readonly RatePoint[]): RatePoint[] {
  return points.map((point, index) => {
    const recent = points.slice(Math.max(0, index - SMOOTH_S + 1), index + 1);
    return { ts: point.ts, perS: recent.reduce((sum, other) => sum + other.perS, 0) / recent.length };
  });
}

function draw(canvas: HTMLCanvasElement): void {
  const { clientWidth: width, clientHeight: height } = canvas;
  const ratio = devicePixelRatio;
  canvas.width = width * ratio;
  canvas.height = height * ratio;
  const pen = canvas.getContext('2d')!;
  pen.scale(ratio, ratio);
  const style = getComputedStyle(canvas);
  const colour = (name: string): string => style.getPropertyValue(name).trim();
  const points = smoothed(rates.peek());
  const endMs = Date.now();
  const first = points[0]?.ts ?? endMs;
  const startMs = Math.max(endMs - WINDOW_MS, Math.min(first, endMs - LEAST_WINDOW_MS));
  const base = height - BASE_PX;
  const most = Math.max(1, ...points.map((point) => point.perS)) * 1.1;
  const x = (ms: number): number => ((ms - startMs) / (endMs - startMs)) * width;
  const y = (perS: number): number => base - (perS / most) * (base - TOP_PX);
  pen.font = `11px ${style.fontFamily}`;
  drawAxis(pen, startMs, endMs, x, base, width, colour('--line'), colour('--quiet'));
  drawArea(
    pen,
    points.filter((point) => point.ts >= startMs),
    x,
    y,
    base,
    colour('--accent'),
  );
  drawMarks(pen, endMs, x, colour);
}

function drawAxis(
  pen: CanvasRenderingContext2D,
  startMs: number,
  endMs: number,
  x: (ms: number) => number,
  base: number,
  width: number,
  line: string,
  text: string,
): void {
  pen.fillStyle = line;
  pen.fillRect(0, base, width, 1);
  const message = clock.peek();
  if (message === null || message.speed !== message.trueSpeed * 1 || message.speed !== 1) {
    // Civil time runs at another pace than this strip: say how long ago instead.
    pen.fillStyle = text;
    for (let minutes = 1; minutes * 60_000 < endMs - startMs; minutes += endMs - startMs > 240_000 ? 2 : 1) {
      pen.fillText(`−${minutes} min`, x(endMs - minutes * 60_000), base + 14);
    }
    return;
  }
  const shiftMs = message.simTimeMs - endMs;
  const stepMs = endMs - startMs > 240_000 ? 120_000 : 30_000;
  pen.fillStyle = text;
  for (let at = Math.ceil(startMs / stepMs) * stepMs; at < endMs; at += stepMs) {
    const label = formatClock(at + shiftMs, message.utcOffsetMin, language.peek(), stepMs < 60_000);
    if (x(at) < width - 60) pen.fillText(label, x(at), base + 14);
  }
}

function drawArea(
  pen: CanvasRenderingContext2D,
  points: readonly RatePoint[],
  x: (ms: number) => number,
  y: (perS: number) => number,
  base: number,
  colour: string,
): void {
  const first = points[0];
  const last = points.at(-1);
  if (first === undefined || last === undefined) return;
  pen.beginPath();
  for (const point of points) pen.lineTo(x(point.ts), y(point.perS));
  pen.strokeStyle = colour;
  pen.lineWidth = 1.5;
  pen.stroke();
  pen.lineTo(x(last.ts), base);
  pen.lineTo(x(first.ts), base);
  pen.globalAlpha = 0.18;
  pen.fillStyle = colour;
  pen.fill();
  pen.globalAlpha = 1;
}

/** Alarms as triangles on top, other events as ticks on the base. */
function drawMarks(
  pen: CanvasRenderingContext2D,
  endMs: number,
  x: (ms: number) => number,
  colour: (name: string) => string,
): void {
  const message = clock.peek();
  const toWall = (ts: number): number =>
    endMs - ((message?.simTimeMs ?? ts) - ts) / Math.max(1, message?.trueSpeed ?? 1);
  pen.fillStyle = colour('--quiet');
  for (const event of events.peek()) pen.fillRect(x(toWall(event.ts)), TOP_PX - 8, 1.5, 6);
  for (const alarm of alarms.peek()) {
    const at = x(toWall(timeOf(alarm.raisedAt)));
    pen.fillStyle = colour(alarm.severity === 'critical' ? '--bad' : '--watch');
    pen.beginPath();
    pen.moveTo(at - 5, TOP_PX - 2);
    pen.lineTo(at + 5, TOP_PX - 2);
    pen.lineTo(at, TOP_PX - 11);
    pen.fill();
  }
}
