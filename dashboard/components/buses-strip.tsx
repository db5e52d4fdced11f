// One direction of the headway strip on the page: canvas, pointer, keys, and a card about the bus under the pointer.
import type { JSX } from 'preact';
import { useEffect, useMemo, useRef } from 'preact/hooks';
import { useSignal } from '@preact/signals';
import { policySwitches, switchesOf } from '../buses/centre.ts';
import { newestHeadway, type Run } from '../buses/crossings.ts';
import { BUNCHED } from '../../telemetry/headways.ts';
import { centreHistory, decisions, lines, shownLine, targetOf, type Side } from '../buses/state.ts';
import { drawStrip, type StripColours } from '../buses/strip-drawing.ts';
import { layoutOf, runAt, runsNow, type StripContent, type StripMark } from '../buses/strip.ts';
import { alongAt } from '../buses/traces.ts';
import { policyName, shortBus } from '../buses/words.ts';
import { sentCommands } from '../commands.ts';
import { t } from '../i18n/text.ts';
import { fleets } from '../live/fleet.ts';
import { drawTime, simClock, wantsLessMotion } from '../live/sim-clock.ts';
import { css } from '../map/colour.ts';
import { markColour, shownField } from '../map/looks.ts';
import { clock, colourField, events, language, select, selection, theme } from '../session.ts';
import { formatClock, formatFixed } from '../text/format.ts';
import { RunCard } from './buses-run-card.tsx';

const HOUR_MS = 3_600_000;
const FASTEST_FRAME_MS = 40;
const SLOWEST_FRAME_MS = 1000;
/** What moves less than this between two frames is not seen to move, px. */
const STEP_PX = 0.35;
/** Records this far ahead of the clock are of a city that was set to another time, ms. */
const MOST_LEAD_MS = 300_000;
const LEAD_SHARE = 0.15;
/** The trip of a decision was seen at most this long before or after it, ms. */
const NEAR_MS = 120_000;

interface PaneProps {
  readonly side: Side;
  readonly mirrored: boolean;
}

export function StripPane({ side, mirrored }: PaneProps): JSX.Element {
  const canvas = useRef<HTMLCanvasElement>(null);
  const hovered = useSignal<{ readonly run: Run; readonly x: number; readonly y: number } | null>(null);
  const marks = useMemo(() => marksOf(side), [side, decisions.value, events.value]);
  const content = useRef<() => StripContent>(() => contentOf(side, mirrored, marks, undefined));
  content.current = () => contentOf(side, mirrored, marks, hovered.peek()?.run);

  useEffect(() => {
    let timer: ReturnType<typeof setTimeout>;
    const frame = (): void => {
      if (canvas.current !== null && document.visibilityState === 'visible') paint(canvas.current, content.current());
      const pxPerS = ((canvas.current?.clientWidth ?? 400) * simClock.running * 1000) / HOUR_MS;
      const everyMs = wantsLessMotion() ? SLOWEST_FRAME_MS : (1000 * STEP_PX) / Math.max(0.01, pxPerS);
      timer = setTimeout(frame, Math.min(SLOWEST_FRAME_MS, Math.max(FASTEST_FRAME_MS, everyMs)));
    };
    frame();
    return () => clearTimeout(timer);
  }, []);
  // What is not motion shows at once.
  useEffect(() => {
    if (canvas.current !== null) paint(canvas.current, content.current());
  }, [theme.value, language.value, selection.value, hovered.value, colourField.value]);

  const point = (event: PointerEvent): void => {
    const { offsetX, offsetY } = event;
    const now = content.current();
    const box = canvas.current!;
    const run = runAt(now, layoutOf(box.clientWidth, box.clientHeight, now), offsetX, offsetY);
    hovered.value = run === undefined ? null : { run, x: offsetX, y: offsetY };
  };
  const step = (by: 1 | -1): void => {
    const now = content.current();
    const box = canvas.current!;
    const layout = layoutOf(box.clientWidth, box.clientHeight, now);
    const runs = runsNow(now).sort((a, b) => layout.y(a.trace.alongM.at(-1)!) - layout.y(b.trace.alongM.at(-1)!));
    const at = runs.findIndex(({ trace }) => trace.trip === hovered.peek()?.run.trace.trip);
    const run = runs[at === -1 ? (by === 1 ? 0 : runs.length - 1) : (at + by + runs.length) % runs.length];
    if (run !== undefined) hovered.value = { run, x: layout.right - 90, y: layout.y(run.trace.alongM.at(-1)!) };
  };
  const name = paneName(side);
  return (
    <div class="strip-pane">
      <h4>
        {t('towards', { stop: side.headsign })}{' '}
        <span class="quiet">{t('busesOn', { n: runsNow(content.current()).length })}</span>
      </h4>
      <div class="strip-box">
        <canvas
          ref={canvas}
          role="img"
          tabIndex={0}
          aria-label={name}
          data-testid={`strip-${side.direction}`}
          data-runs={side.runs.length}
          style={{ cursor: hovered.value === null ? '' : 'pointer' }}
          onPointerMove={point}
          onPointerLeave={() => (hovered.value = null)}
          onClick={() => {
            const run = hovered.peek()?.run;
            if (run !== undefined) select('bus', run.trace.bus);
          }}
          onKeyDown={(event) => {
            if (event.key === 'ArrowDown' || event.key === 'ArrowUp') step(event.key === 'ArrowDown' ? 1 : -1);
            else if (event.key === 'Enter' && hovered.value !== null) select('bus', hovered.value.run.trace.bus);
            else return;
            event.preventDefault();
          }}
        />
        {side.runs.length === 0 && <p class="empty strip-empty">{t('noPassages')}</p>}
        {hovered.value !== null && (
          <RunCard {...hovered.value} side={side} width={canvas.current?.clientWidth ?? 400} />
        )}
      </div>
    </div>
  );
}

function contentOf(side: Side, mirrored: boolean, marks: readonly StripMark[], hovered: Run | undefined): StripContent {
  const toMs = newsMs();
  const offset = clock.peek()?.utcOffsetMin ?? 0;
  const line = shownLine.peek();
  const switches = switchesOf(policySwitches(centreHistory.peek(), sentCommands.peek()), line);
  return {
    side,
    mirrored,
    fromMs: toMs - HOUR_MS,
    toMs,
    utcOffsetMin: offset,
    targetS: targetOf(line),
    marks,
    switches: switches.map(({ ts, policy }) => ({ ts, name: policyName(policy) })),
    selectedBus: selection.peek()?.kind === 'bus' ? selection.peek()!.device : undefined,
    hovered,
    dotColour,
    busName: shortBus,
    formatTime: (ms) => formatClock(ms, offset, language.peek(), false),
  };
}

let leadMs = 0;

/** The strip's right end: the city's time, or that of the newest record where records come before the clock. Moves smoothly. */
function newsMs(): number {
  const simMs = drawTime().simMs || (clock.peek()?.simTimeMs ?? 0);
  const newest = (fleets.get('bus')?.ts ?? []).reduce((most, ts) => Math.max(most, ts), simMs);
  leadMs += (Math.min(MOST_LEAD_MS, newest - simMs) - leadMs) * LEAD_SHARE;
  return simMs + leadMs;
}

/** The colour that the bus has on the map. */
function dotColour(bus: string): string {
  const fleet = fleets.get('bus');
  const index = fleet?.indexOf.get(bus);
  if (fleet === undefined || index === undefined)
    return css(markColour('bus', undefined, undefined, undefined, theme.peek()));
  const field = shownField(fleet, colourField.peek().bus);
  return css(markColour('bus', field, fleet.fields[index]![field ?? ''], undefined, theme.peek()));
}

/** Decisions about buses of this direction, and breakdowns, where and when they were. */
function marksOf(side: Side): StripMark[] {
  const steered = decisions.value.flatMap(({ ts, bus, stop, action, durationS }) => {
    const trace = side.runs.find(({ trace }) => trace.bus === bus && isDuring(trace.ts, ts))?.trace;
    if (trace === undefined) return [];
    const alongM = side.stops.find(({ id }) => id === stop)?.alongM ?? alongAt(trace, ts);
    if (alongM === undefined) return [];
    return [{ ts, alongM, sort: action === 'hold' ? 'held' : 'steered', durationS: durationS ?? 0 } as const];
  });
  const broken = events.value.flatMap(({ kind, device, name, state, ts }) => {
    if (kind !== 'bus' || name !== 'breakdown' || state === 'cleared') return [];
    const trace = side.runs.find(({ trace }) => trace.bus === device && isDuring(trace.ts, ts))?.trace;
    const alongM = trace === undefined ? undefined : (alongAt(trace, ts) ?? trace.alongM.at(-1));
    return alongM === undefined ? [] : [{ ts, alongM, sort: 'breakdown', durationS: 0 } as const];
  });
  return [...steered, ...broken];
}

function isDuring(times: readonly number[], ts: number): boolean {
  return times.length > 0 && ts >= times[0]! - NEAR_MS && ts <= times.at(-1)! + NEAR_MS;
}

function paneName(side: Side): string {
  const line = lines.value?.find((other) => other.line === shownLine.value);
  const targetS = targetOf(shownLine.value);
  const toMs = clock.value?.simTimeMs ?? 0;
  const now = runsNow({ side, toMs });
  const close = now.filter((run) => (newestHeadway(run)?.headwayS ?? Infinity) < BUNCHED * (targetS ?? 0)).length;
  const cv = line?.headwayCv;
  return `${t('towards', { stop: side.headsign })}. ${t('headwaysName', {
    line: line?.line ?? '',
    buses: now.length,
    cv: typeof cv === 'number' ? formatFixed(cv, 2, language.value) : '–',
    close,
  })}`;
}

function paint(canvas: HTMLCanvasElement, content: StripContent): void {
  const { clientWidth: width, clientHeight: height } = canvas;
  if (width === 0 || height === 0) return;
  const ratio = devicePixelRatio;
  if (canvas.width !== Math.round(width * ratio)) canvas.width = Math.round(width * ratio);
  if (canvas.height !== Math.round(height * ratio)) canvas.height = Math.round(height * ratio);
  const pen = canvas.getContext('2d')!;
  pen.setTransform(ratio, 0, 0, ratio, 0, 0);
  pen.clearRect(0, 0, width, height);
  drawStrip(pen, content, layoutOf(width, height, content), coloursOf(canvas));
}

let palette: { readonly theme: string; readonly colours: StripColours } | undefined;

function coloursOf(canvas: HTMLCanvasElement): StripColours {
  if (palette?.theme === theme.peek()) return palette.colours;
  const style = getComputedStyle(canvas);
  const colour = (name: string): string => style.getPropertyValue(name).trim();
  const colours = {
    text: colour('--text'),
    quiet: colour('--quiet'),
    line: colour('--line'),
    ground: colour('--panel'),
    accent: colour('--accent'),
    bad: colour('--bad'),
    watch: colour('--watch'),
  };
  palette = { theme: theme.peek(), colours };
  return colours;
}
