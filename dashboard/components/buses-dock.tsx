// The wide area over the map's lower part: head with what may be chosen, then the strip, the loads or the table of the shown line. On a phone
// the same content stands in the sheet.
import type { JSX } from 'preact';
import {
  chooseLine,
  dockSize,
  dockTab,
  lineAnswers,
  lineProblem,
  lines,
  linesProblem,
  pastKnown,
  shownLine,
  sides,
} from '../buses/state.ts';
import { lineTitle } from '../buses/words.ts';
import { t, type TextKey } from '../i18n/text.ts';
import { view } from '../session.ts';
import type { DockTab } from '../url-state.ts';
import { DockFrame, hasDock } from './buses-dock-frame.tsx';
import { BusesLoads } from './buses-loads.tsx';
import { StripPane } from './buses-strip.tsx';
import { BusesTable } from './buses-table.tsx';
import { ExperimentDock } from './buses-experiments.tsx';

/** The dock of the current view, if it has one. */
export function Dock(): JSX.Element | null {
  if (!hasDock()) return null;
  return view.value === 'bus' ? (
    <DockFrame label={t('headways')} head={<LineHead />}>
      <LineBody />
    </DockFrame>
  ) : (
    <ExperimentDock />
  );
}

const TABS: readonly (readonly [DockTab, TextKey])[] = [
  ['headways', 'headways'],
  ['loads', 'loads'],
  ['table', 'tableView'],
];

export function LineHead(): JSX.Element {
  const shown = shownLine.value;
  const summary = lines.value?.find(({ line }) => line === shown);
  return (
    <>
      <LinePicker />
      <span class="segments" role="group" aria-label={summary === undefined ? t('line') : lineTitle(summary)}>
        {TABS.map(([tab, text]) => (
          <button
            key={tab}
            type="button"
            aria-pressed={dockTab.value === tab}
            data-testid={`dock-${tab}`}
            onClick={() => {
              dockTab.value = tab;
              if (dockSize.value === 'closed') dockSize.value = 'half';
            }}
          >
            {t(text)}
          </button>
        ))}
      </span>
      {dockTab.value === 'headways' && <StripKeys />}
    </>
  );
}

function LinePicker(): JSX.Element {
  const shown = shownLine.value;
  const summary = lines.value?.find(({ line }) => line === shown);
  return (
    <span class="line-picker">
      <i class="line-badge" style={{ background: summary?.color ?? 'var(--unknown)' }} />
      <select
        aria-label={t('chooseLine')}
        title={`${t('keyLine')} ([ ])`}
        data-testid="line-choice"
        value={shown ?? ''}
        disabled={lines.value === null}
        onChange={(event) => chooseLine(event.currentTarget.value)}
      >
        {shown === null && <option value="" />}
        {(lines.value ?? []).map((line) => (
          <option key={line.line} value={line.line}>
            {lineTitle(line)}
          </option>
        ))}
      </select>
    </span>
  );
}

function StripKeys(): JSX.Element {
  return (
    <span class="strip-keys" aria-label={t('stripKey')}>
      <span>
        <i class="key-close" /> {t('keyClosePair')}
      </span>
      <span>
        <i class="key-gap" /> {t('keyGap')}
      </span>
      <span>
        <i class="key-held" /> {t('keyHeld')}
      </span>
      <span>
        <b class="key-breakdown">✕</b> {t('keyBreakdown')}
      </span>
    </span>
  );
}

export function LineBody(): JSX.Element {
  const line = shownLine.value;
  const answer = line === null ? undefined : lineAnswers.value[line];
  const problem = linesProblem.value ?? lineProblem.value;
  if (answer === undefined && problem !== null)
    return (
      <p class="problem dock-note" role="alert">
        {t('linesFailed', { reason: problem })}
      </p>
    );
  if (lines.value?.length === 0) return <p class="empty dock-note">{t('noLines')}</p>;
  if (answer === undefined || !pastKnown.value.has(answer.line))
    return (
      <div class="strip-panes" aria-label={t('loading')}>
        <div class="skeleton" />
        <div class="skeleton" />
      </div>
    );
  if (dockTab.value === 'loads') return <BusesLoads answer={answer} />;
  if (dockTab.value === 'table') return <BusesTable />;
  return (
    <div class="strip-panes" data-testid="strip">
      {sides.value.map((side) => (
        <StripPane key={`${answer.line} ${side.direction}`} side={side} mirrored={side.direction === 'back'} />
      ))}
    </div>
  );
}
