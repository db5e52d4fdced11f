// All lines, the most irregular first: level, buses, lateness. Choosing one makes it the subject of the view.
import type { JSX } from 'preact';
import type { LineSummary } from '../buses/answers.ts';
import { levelOf, stateOf } from '../buses/quality.ts';
import { chooseLine, lines, shownLine } from '../buses/state.ts';
import { labelOf, t } from '../i18n/text.ts';
import { language } from '../session.ts';
import { formatDuration, formatFixed } from '../text/format.ts';

export function BusesLines(): JSX.Element | null {
  const all = lines.value;
  if (all === null) return null;
  if (all.length === 0) return <p class="empty">{t('noLines')}</p>;
  const ranked = all.toSorted((a, b) => (b.headwayCv ?? -1) - (a.headwayCv ?? -1));
  return (
    <section>
      <h3 class="section-head">
        {t('allLines')}
        <span class="quiet caption">{t('linesColumns')}</span>
      </h3>
      <ul class="lines" data-testid="lines">
        {ranked.map((line) => (
          <Row key={line.line} line={line} />
        ))}
      </ul>
    </section>
  );
}

function Row({ line }: { readonly line: LineSummary }): JSX.Element {
  const { headwayCv, meanDelayS } = line;
  const level = typeof headwayCv === 'number' ? levelOf(headwayCv) : undefined;
  return (
    <li>
      <button
        type="button"
        class="line-row"
        aria-current={shownLine.value === line.line ? 'true' : undefined}
        onClick={() => chooseLine(line.line)}
      >
        <i class="line-badge" style={{ background: line.color }} />
        <b>{line.line}</b>
        <span class="quiet">{labelOf(line)}</span>
        <span class="line-delay">
          {typeof meanDelayS === 'number' ? formatDuration(meanDelayS, language.value) : ''}
        </span>
        {typeof headwayCv === 'number' && <span class="line-cv">{formatFixed(headwayCv, 2, language.value)}</span>}
        {level !== undefined && (
          <b class={`level level-${stateOf(level)}`} aria-label={t('level', { level })}>
            {level}
          </b>
        )}
      </button>
    </li>
  );
}
