// How full the buses of a line leave each stop: a bar for the mean load of the last hour, lines for seats and for the whole bus, and people
// left behind. Each bar opens the arrivals at its stop.
import type { JSX } from 'preact';
import type { LineAnswer, StopLoad } from '../buses/answers.ts';
import { sides, type Side } from '../buses/state.ts';
import { t } from '../i18n/text.ts';
import { css, viridis } from '../map/colour.ts';
import { kinds, language, select, selection, theme } from '../session.ts';
import { formatNumber } from '../text/format.ts';

/** Of a 12 m city bus: 34 seats and 46 standing, usual in Chinese cities. How many fit in is described by the kind. */
const SEATS = 34;
const CAPACITY = 80;

function capacity(): number {
  return kinds.value?.find(({ kind }) => kind === 'bus')?.fields.load?.max ?? CAPACITY;
}

export function BusesLoads({ answer }: { readonly answer: LineAnswer }): JSX.Element {
  const loads = new Map(answer.loads?.map((load) => [`${load.direction} ${load.stop}`, load]));
  if (loads.size === 0) return <p class="empty dock-note">{t('noLoads')}</p>;
  return (
    <div class="strip-panes" data-testid="loads">
      {sides.value.map((side) => (
        <LoadPane key={side.direction} line={answer.line} side={side} loads={loads} />
      ))}
    </div>
  );
}

interface PaneProps {
  readonly line: string;
  readonly side: Side;
  readonly loads: ReadonlyMap<string, StopLoad>;
}

function LoadPane({ line, side, loads }: PaneProps): JSX.Element {
  const rows = side.stops.map((stop) => ({ stop, load: loads.get(`${side.direction} ${stop.id}`) }));
  const fullest = rows.toSorted((a, b) => (b.load?.meanLoad ?? 0) - (a.load?.meanLoad ?? 0))[0];
  const most = capacity();
  const name = t('loadsName', {
    line,
    most: formatNumber(Math.round(fullest?.load?.meanLoad ?? 0), language.value),
    capacity: most,
    stop: fullest?.stop.label ?? '',
  });
  return (
    <div class="strip-pane">
      <h4>
        {t('towards', { stop: side.headsign })}{' '}
        <span class="quiet">
          {t('meanLoad')} · ▲ {t('leftBehind')}
        </span>
      </h4>
      <div class="load-bars" role="list" aria-label={name}>
        <span aria-hidden="true" class="load-line" style={{ bottom: `${(100 * SEATS) / most}%` }}>
          {t('seats', { n: SEATS })}
        </span>
        <span aria-hidden="true" class="load-line load-full" style={{ bottom: '100%' }}>
          {t('capacity', { n: most })}
        </span>
        {rows.map(({ stop, load }) => (
          <LoadBar key={stop.id} stop={stop} load={load} />
        ))}
      </div>
      <div class="load-ends quiet caption">
        <span>{side.stops[0]?.label}</span>
        <span>{side.stops.at(-1)?.label}</span>
      </div>
    </div>
  );
}

function LoadBar({
  stop,
  load,
}: {
  readonly stop: Side['stops'][number];
  readonly load: StopLoad | undefined;
}): JSX.Element {
  const mean = load?.meanLoad ?? null;
  const share = (mean ?? 0) / capacity();
  const said = mean === null ? '–' : formatNumber(Math.round(mean * 10) / 10, language.value);
  const left = load?.denied ?? 0;
  const counts =
    load === undefined
      ? ''
      : ` · ${t('boarded')} ${load.boarded} · ${t('alighted')} ${load.alighted} · ${t('leftBehind')} ${left}`;
  const title = `${stop.label}: ${said}${counts}`;
  const chosen = selection.value?.kind === 'stop' && selection.value.device === stop.id;
  return (
    <div role="listitem" class={chosen ? 'load-slot load-chosen' : 'load-slot'}>
      <button type="button" title={title} aria-label={title} onClick={() => select('stop', stop.id)}>
        {left > 0 && <b class="load-denied">{left}</b>}
        <b class="load-value">{mean === null ? '' : Math.round(mean)}</b>
        <i style={{ height: `${Math.max(1, 100 * share)}%`, background: css(viridis(share, theme.value)) }} />
      </button>
    </div>
  );
}
