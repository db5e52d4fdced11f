// The arrival board of one stop: what comes when, predicted or by timetable, asked again every ten seconds.
import type { JSX } from 'preact';
import { useEffect } from 'preact/hooks';
import { useSignal } from '@preact/signals';
import type { Arrival, ArrivalsAnswer } from '../buses/answers.ts';
import { chooseLine, lines } from '../buses/state.ts';
import { headsignName, stopName, stopOnMap } from '../buses/words.ts';
import { t } from '../i18n/text.ts';
import { getJson } from '../rest.ts';
import { clock, fleetStep, language, select, selection, wallMs } from '../session.ts';
import { formatClock, formatDuration } from '../text/format.ts';
import { Icon } from './icons.tsx';

const ASK_EVERY_MS = 10_000;
const ROWS = 14;
/** Nearer than this it is about to come. */
const DUE_MS = 45_000;

export function StopPanel({ stop }: { readonly stop: string }): JSX.Element {
  const answer = useSignal<ArrivalsAnswer | null>(null);
  const problem = useSignal<string | null>(null);
  const askedMs = useSignal(0);
  useEffect(() => {
    let gone = false;
    const ask = async (): Promise<void> => {
      try {
        const got = await getJson<ArrivalsAnswer>(`/api/stops/${encodeURIComponent(stop)}/arrivals`);
        if (gone) return;
        [answer.value, problem.value, askedMs.value] = [got, null, Date.now()];
      } catch (error) {
        if (!gone) problem.value = (error as Error).message;
      }
    };
    answer.value = null;
    void ask();
    const timer = setInterval(() => void ask(), ASK_EVERY_MS);
    return () => {
      gone = true;
      clearInterval(timer);
    };
  }, [stop]);
  return (
    <article class="device slide-in" data-testid="stop-panel">
      <header class="device-head">
        <button type="button" class="plain" aria-label={t('back')} onClick={() => (selection.value = null)}>
          <Icon name="back" />
        </button>
        <div>
          <h2 data-testid="stop-title">{stopName(stop)}</h2>
          <span class="quiet">{t('stopCode', { stop })}</span>
        </div>
        {askedMs.value > 0 && (
          <span class="age quiet">
            {t('updated', { age: formatDuration(Math.max(0, (wallMs.value - askedMs.value) / 1000), language.value) })}
          </span>
        )}
      </header>
      <LinesHere stop={stop} />
      <section>
        <h3>{t('arrivals')}</h3>
        {problem.value !== null && (
          <p class="problem" role="alert">
            {t('arrivalsFailed', { reason: problem.value })}
          </p>
        )}
        {answer.value === null && problem.value === null && (
          <div class="skeleton skeleton-table" aria-label={t('loading')} />
        )}
        {answer.value !== null && <Board items={answer.value.items} />}
      </section>
    </article>
  );
}

function LinesHere({ stop }: { readonly stop: string }): JSX.Element | null {
  const served = stopOnMap(stop)?.properties.lines ?? [];
  if (served.length === 0) return null;
  return (
    <p class="lines-here">
      <span class="only-spoken">{t('linesHere')}</span>
      {served.map((line) => (
        <button key={line} type="button" class="line-chip" onClick={() => chooseLine(line)}>
          <i class="line-badge" style={{ background: colourOf(line) }} />
          {line}
        </button>
      ))}
    </p>
  );
}

function colourOf(line: string): string {
  return lines.value?.find((other) => other.line === line)?.color ?? 'var(--unknown)';
}

function Board({ items }: { readonly items: readonly Arrival[] }): JSX.Element {
  void fleetStep.value;
  const nowMs = clock.value?.simTimeMs ?? 0;
  const coming = items.filter(({ expectedMs }) => expectedMs > nowMs - DUE_MS).slice(0, ROWS);
  if (coming.length === 0) return <p class="empty">{t('arrivalsEmpty')}</p>;
  return (
    <ul class="board" data-testid="board">
      {coming.map((arrival) => (
        <BoardRow key={`${arrival.line} ${arrival.trip} ${arrival.expectedMs}`} arrival={arrival} nowMs={nowMs} />
      ))}
    </ul>
  );
}

function BoardRow({ arrival, nowMs }: { readonly arrival: Arrival; readonly nowMs: number }): JSX.Element {
  const { line, headsign, bus, expectedMs, scheduledMs, uncertaintyS, source } = arrival;
  const offset = clock.value?.utcOffsetMin ?? 0;
  const inMs = expectedMs - nowMs;
  const predicted = source === 'predicted';
  const lateS = scheduledMs === undefined ? 0 : (expectedMs - scheduledMs) / 1000;
  const late =
    predicted && Math.abs(lateS) >= 60
      ? t(lateS < 0 ? 'earlyOf' : 'delayOf', { delay: formatDuration(Math.abs(lateS), language.value) })
      : '';
  const doubt = predicted && uncertaintyS !== undefined ? t('uncertainty', { s: Math.round(uncertaintyS) }) : '';
  const notes = [t(predicted ? 'predicted' : 'scheduled_'), doubt, late].filter((note) => note !== '');
  return (
    <li class={predicted ? '' : 'board-planned'}>
      <b class="board-line" style={{ borderColor: colourOf(line) }}>
        {line}
      </b>
      <span class="board-what">
        <span>{headsignName(line, headsign)}</span>
        <span class="quiet caption">
          {predicted && <i class="live-dot" />}
          {notes.join(' · ')}
        </span>
      </span>
      <span class="board-when">
        <b>{inMs < DUE_MS ? t('due') : t('minutesUntil', { n: Math.max(1, Math.round(inMs / 60_000)) })}</b>
        <span class="quiet caption">{formatClock(expectedMs, offset, language.value, false)}</span>
      </span>
      {bus !== undefined && bus !== '' && (
        <button
          type="button"
          class="plain board-bus"
          title={`${t('showBus')} ${bus}`}
          onClick={() => select('bus', bus)}
        >
          <Icon name="bus" size={18} />
          <span class="only-spoken">{`${t('showBus')} ${bus}`}</span>
        </button>
      )}
    </li>
  );
}
