// History of one field of one device, growing live. Asks the server once per range, then appends what arrives.
import type { JSX } from 'preact';
import { useEffect, useRef } from 'preact/hooks';
import { useSignal } from '@preact/signals';
import type { FieldDescription } from '../../telemetry/description.ts';
import type { HistoryAnswer } from '../answers.ts';
import { fleets } from '../live/fleet.ts';
import { devicePath, getJson } from '../rest.ts';
import { clock, events, fleetStep, language, theme } from '../session.ts';
import { formatClock, formatDate, formatValue, shownUnit } from '../text/format.ts';
import { labelOf, t } from '../i18n/text.ts';
import type { LineChart } from './line-chart.ts';
import { RANGES, appended, pointsOf, tableRows, withGaps, type Point, type Range } from './series.ts';

const TABLE_ROWS = 60;
const ONE_DAY_MS = 86_400_000;
let shownPoints = 0;

/** Points of the chart on screen; 0 without one. For tests. */
export function chartPoints(): number {
  return shownPoints;
}

interface Props {
  readonly kind: string;
  readonly device: string;
  readonly field: string;
  readonly described: FieldDescription;
}

export function DeviceChart({ kind, device, field, described }: Props): JSX.Element {
  const canvas = useRef<HTMLCanvasElement>(null);
  const chart = useRef<LineChart | null>(null);
  const range = useSignal<Range>(RANGES[0]!);
  const points = useSignal<readonly Point[]>([]);
  const state = useSignal<'loading' | 'ready' | 'failed'>('loading');
  const failure = useSignal('');

  useEffect(() => {
    let gone = false;
    void import('./line-chart.ts').then(({ createLineChart }) => {
      if (gone || canvas.current === null) return;
      chart.current = createLineChart(canvas.current);
      redraw();
    });
    return () => {
      gone = true;
      shownPoints = 0;
      chart.current?.destroy();
      chart.current = null;
    };
  }, []);

  const chosen = range.value;
  useEffect(() => {
    let gone = false;
    state.value = 'loading';
    points.value = [];
    const load = async (): Promise<void> => {
      let asked = chosen;
      let answer = await askHistory(kind, device, field, asked);
      // What reports hourly shows nothing in an hour: open such a device at a day.
      if (answer.length < 3 && asked === RANGES[0]) {
        const day = await askHistory(kind, device, field, RANGES[2]!);
        if (day.length > answer.length) [asked, answer] = [RANGES[2]!, day];
      }
      if (gone) return;
      points.value = answer;
      state.value = 'ready';
      if (asked !== chosen) range.value = asked;
    };
    load().catch((error: unknown) => {
      failure.value = (error as Error).message;
      if (!gone) state.value = 'failed';
    });
    return () => {
      gone = true;
    };
  }, [kind, device, field, chosen]);

  useEffect(() => {
    const fleet = fleets.get(kind);
    const index = fleet?.indexOf.get(device);
    const value = index === undefined ? undefined : fleet!.fields[index]![field];
    if (typeof value !== 'number' && typeof value !== 'boolean') return;
    points.value = appended(points.peek(), fleet!.ts[index!]!, Number(value), chosen.lengthMs);
  }, [fleetStep.value, state.value]);

  const redraw = (): void => {
    const toMs = Math.max(clock.peek()?.simTimeMs ?? 0, points.peek().at(-1)?.x ?? 0);
    const offset = clock.peek()?.utcOffsetMin ?? 0;
    const long = range.peek().lengthMs > ONE_DAY_MS;
    shownPoints = points.peek().length;
    chart.current?.update({
      points: withGaps(points.peek()),
      fromMs: toMs - range.peek().lengthMs,
      toMs,
      utcOffsetMin: offset,
      unit: shownUnit(described.unit),
      events: events.peek().filter((event) => event.kind === kind && event.device === device),
      formatTime: (ms) =>
        long
          ? formatDate(ms, offset, language.value).replace(/,? ?\d{4}年?/, '')
          : formatClock(ms, offset, language.value, false),
      formatValue: (value) => formatValue(value, described.unit, language.value, described.resolution),
    });
  };
  useEffect(redraw, [points.value, theme.value, language.value, events.value, described]);

  const last = points.value.at(-1);
  const now = last === undefined ? '–' : formatValue(last.y, described.unit, language.value, described.resolution);
  const name = `${labelOf(described)}, ${device}: ${now} (${chosen.key})`;
  return (
    <div class="device-chart" data-testid="device-chart" data-points={points.value.length}>
      <div class="ranges" role="group" aria-label={t('history')}>
        {RANGES.map((option) => (
          <button
            key={option.key}
            type="button"
            aria-pressed={option.key === chosen.key}
            onClick={() => (range.value = option)}
          >
            {option.key}
          </button>
        ))}
      </div>
      <div class={state.value === 'loading' ? 'chart-box skeleton' : 'chart-box'}>
        <canvas ref={canvas} role="img" aria-label={name} />
      </div>
      {state.value === 'failed' && <p class="problem">{t('historyFailed', { reason: failure.value })}</p>}
      {state.value === 'ready' && points.value.length === 0 && <p class="empty">{t('noHistory')}</p>}
      <PointTable points={points.value} described={described} />
    </div>
  );
}

async function askHistory(kind: string, device: string, field: string, range: Range): Promise<Point[]> {
  const to = Math.round(clock.peek()?.simTimeMs ?? Date.now()) + 1;
  const every = range.every === undefined ? '' : `&every=${range.every}&agg=mean`;
  const query = `field=${field}&from=${to - range.lengthMs}&to=${to}${every}`;
  return pointsOf(await getJson<HistoryAnswer>(`${devicePath(kind, device)}/history?${query}`), field);
}

function PointTable({
  points,
  described,
}: {
  readonly points: readonly Point[];
  readonly described: FieldDescription;
}): JSX.Element {
  const open = useSignal(false);
  const offset = clock.value?.utcOffsetMin ?? 0;
  return (
    <details class="chart-table" onToggle={(event) => (open.value = event.currentTarget.open)}>
      <summary>{t('table')}</summary>
      {open.value && (
        <table>
          <thead>
            <tr>
              <th scope="col">{t('time')}</th>
              <th scope="col">{labelOf(described)}</th>
            </tr>
          </thead>
          <tbody>
            {tableRows(points, TABLE_ROWS).map((point) => (
              <tr key={point.x}>
                <td>{formatClock(point.x, offset, language.value)}</td>
                <td>{formatValue(point.y, described.unit, language.value, described.resolution)}</td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
    </details>
  );
}
